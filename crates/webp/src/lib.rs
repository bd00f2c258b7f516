//! Decodes the pictures with loss of WebP files: key frames of VP8 (RFC 6386). The container around them, pictures without
//! loss and alpha channels are the caller's.
//!
//! A [`Decoder`] borrows the compressed picture and hands out finished rows of pixels, about sixteen at a time. It holds
//! the rows of two macroblocks and never the picture, so that a large one takes as little memory as a wide one, and whoever
//! waits for it can stop after each piece. Pixels are those of libwebp with its default settings, bit by bit; of values that
//! no encoder writes (levels and sums out of range), those of RFC 6386.
//!
//! Nothing here allocates by what the compressed data says but for its width, and nothing panics, whatever the data is.

mod bool_reader;
mod colour;
mod decoder;
mod error;
mod filter;
mod filter_strength;
mod header;
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
