//! WebP decoder: decodes lossy pictures, which are key frames of VP8 (RFC 6386), and lossless ones, VP8L (RFC 9649).
//! The caller reads the container.
//!
//! A [`Decoder`] borrows a lossy compressed picture and hands out finished rows of pixels, about sixteen at a time. It
//! holds the rows of two macroblocks and never the whole picture, so that a high picture takes no more memory than a
//! low one. The caller can stop after each piece. For a small result it delivers a half, a quarter or an eighth of the
//! size ([`Scale`]). At full size, pixels are bit by bit those of libwebp with its default settings. For
//! values that no encoder writes (levels and sums out of range) they are those of RFC 6386.
//!
//! A [`PlaneDecoder`] does the same work but for the last step: it delivers luma and chroma and no colours.
//!
//! A [`LosslessDecoder`] does the same for lossless pictures. It holds as many pixels as a back-reference can reach.
//!
//! Nothing here panics, whatever the data is. The lossy decoder's memory depends on the width alone. The lossless
//! decoder's memory for transforms and prefix codes depends on the data, is bounded, and is reported.

mod bool_reader;
mod colour;
mod decoder;
mod error;
mod filter_strength;
mod header;
mod loop_filter;
mod lossless;
mod macroblock;
mod macroblock_rows;
mod plane_decoder;
mod planes;
mod prediction;
mod quantiser;
mod residual;
mod scale;
mod subblock;
mod tables;
mod transform;

pub use colour::Pixels;
pub use decoder::{Decoder, Rows};
pub use error::DecodeError;
pub use lossless::{LosslessDecoder, NEIGHBOURS};
pub use plane_decoder::PlaneDecoder;
pub use scale::Scale;
