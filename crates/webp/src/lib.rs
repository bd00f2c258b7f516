//! Decodes the pictures of WebP files: those with loss, which are key frames of VP8 (RFC 6386), and those without
//! (RFC 9649). The container around them is the caller's.
//!
//! A [`Decoder`] borrows a compressed picture with loss and hands out finished rows of pixels, about sixteen at a time. It holds
//! the rows of two macroblocks and never the picture, so that a large one takes as little memory as a wide one, and whoever
//! waits for it can stop after each piece. Pixels are those of libwebp with its default settings, bit by bit; of values that
//! no encoder writes (levels and sums out of range), those of RFC 6386.
//!
//! A [`LosslessDecoder`] does the same for pictures without loss, of which it holds as much as copies can reach.
//!
//! Nothing here panics, whatever the data is. With loss nothing is allocated by what the compressed data says but for its
//! width; without, what transforms and codes take is bounded, and told.

mod bool_reader;
mod colour;
mod decoder;
mod error;
mod filter;
mod filter_strength;
mod header;
mod lossless;
mod macroblock;
mod planes;
mod prediction;
mod quantiser;
mod residual;
mod subblock;
mod tables;
mod transform;

pub use colour::Pixels;
pub use decoder::{Decoder, Rows};
pub use error::DecodeError;
pub use lossless::{LosslessDecoder, NEIGHBOURS};
