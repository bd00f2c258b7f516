//! JPEG decoder: decodes rows of blocks one by one, at full size or directly at a half, a quarter or an eighth.
//!
//! `resizer-imaging` is the only caller. A photograph of 100 megapixels takes less than two megabytes of memory. For a
//! thumbnail most of it is never transformed: of each block of 8 x 8 only the low frequencies are decoded, and the rest
//! is skipped several symbols at a time.
//!
//! The decoder supports the files that cameras write: baseline and extended sequential Huffman coding of 8 bits, one or
//! three components in one scan, restart markers. Everything else is [`Error::Unsupported`], known from the header
//! alone: progressive files, components in separate scans, four components, arithmetic coding, 12 bits. Colour
//! conversion, upsampling of chroma and metadata are the caller's task. Damage is an error, so that no partial picture
//! is served.
//!
//! Section numbers in this crate are those of ITU-T T.81.

mod bits;
mod block;
mod decoder;
mod error;
mod header;
mod huffman;
mod scale;
mod transform;

pub use decoder::{Decoder, Plane, Rows};
pub use error::Error;
pub use header::{Colours, Header};
pub use scale::Scale;
