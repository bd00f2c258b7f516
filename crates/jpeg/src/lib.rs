//! JPEG decoder: decodes rows of blocks one by one, at full size or directly at a half, a quarter or an eighth.
//!
//! `resizer-imaging` is the only caller. A photograph of 100 megapixels takes less than two megabytes of memory, also
//! if it is progressive: all scans are read side by side, each from its own place in the file, so that only the
//! coefficients of a row of blocks are held. For a thumbnail most of a sequential picture is never transformed: of each
//! block of 8 x 8 only the low frequencies are decoded, and the rest is skipped several symbols at a time. Of a
//! progressive picture whole scans are skipped: an eighth needs the DC scans alone.
//!
//! The decoder supports Huffman coding of 8 bits, baseline, extended sequential and progressive, one, three or four
//! components, sampling factors from 1 to 4, any number of scans up to 200, and restart markers. Everything else is
//! [`Error::Unsupported`], known from the header alone: arithmetic coding, lossless and hierarchical pictures, 12 bits.
//! Colour conversion, upsampling of chroma and metadata are the caller's task. Damage is an error, unless the caller
//! asks for what is there ([`Damage::Show`]).
//!
//! Section numbers in this crate are those of ITU-T T.81. Where files break its rules, the decoder does as libjpeg
//! does.

mod ac_table;
mod band_table;
mod bits;
mod block;
mod component;
mod dc_table;
mod decoder;
mod error;
mod frame;
mod header;
mod huffman;
mod intervals;
mod kind;
mod lookup;
mod plane;
mod progressive;
mod sampling;
mod scale;
mod scan;
mod scan_header;
mod segments;
mod sequential;
mod skip_table;
mod standard;
mod tables;
mod transform;

pub use decoder::{Decoder, Step};
pub use error::{Damage, Error};
pub use header::{Colours, Header};
pub use plane::{Plane, Rows};
pub use sampling::Ratio;
pub use scale::{Chroma, Reduction, Scale};
pub use segments::{Segment, Segments};
