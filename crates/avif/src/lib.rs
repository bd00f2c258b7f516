//! AVIF codec (AV1 Image File Format 1.2): decodes pictures, grids and animations a row at a time, and encodes still
//! pictures of 8 bits with chroma at half resolution.
//!
//! zenavif-parse reads the container, rav1d decodes AV1 and rav1e encodes it. Here are the checks before each of them,
//! the composition of grids, and the conversion between luma, chroma and colours. The caller turns and mirrors the
//! picture, and converts its colours to sRGB.
//!
//! A picture is decoded whole, or a row of tiles at a time. rav1d cannot be stopped, so the caller bounds the pixels.
//! An encoder stops within a few milliseconds.

mod colour;
mod decoder;
mod encoder;
mod error;
mod extents;
mod file;
mod sequence;
mod units;

pub use decoder::Decoder;
pub use encoder::{Samples, encode};
pub use error::{DecodeError, EncodeError};
pub use file::{File, Header, Limits, Mirror, Profile};
