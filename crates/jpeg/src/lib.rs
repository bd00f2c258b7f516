//! Decodes a JPEG row of blocks by row of blocks, at its full size or directly at a half, a quarter or an eighth of it.
//!
//! `resizer-imaging` is the only caller. A photograph of 100 megapixels passes through in less than two megabytes, and
//! for a thumbnail most of it is never transformed: of each block of 8 x 8 only the low frequencies are read, and the
//! rest is skipped several symbols at a time.
//!
//! Decoded is what cameras write: baseline and extended sequential Huffman coding of 8 bits, one or three components in
//! one scan, restart markers. All else is [`Error::Unsupported`], told from the header alone: progressive files,
//! components in separate scans, four components, arithmetic coding, 12 bits. Not here, on purpose: colour, filling in
//! of chroma, metadata. Damage is an error: there are no half pictures.
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
