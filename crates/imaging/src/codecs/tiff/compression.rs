//! TIFF compression: the scheme that a page names, and the predictor that goes with some of them.

use super::directory::Directory;
use super::fax::Fax;
use super::{tag, unsupported};
use crate::ImageError;

#[derive(Clone, Copy)]
pub(super) enum Compression<'s> {
    None,
    PackBits,
    Lzw,
    Deflate,
    Zstandard,
    /// LZMA2 in an XZ container, as libtiff writes it.
    Lzma,
    Fax(Fax),
    /// JPEG, with the tables that all chunks share.
    Jpeg(&'s [u8]),
}

/// The differences that samples are stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    None,
    /// To the left neighbour: TIFF 6.0, section 14.
    Horizontal,
    /// Between bytes of equal weight: Adobe's TIFF Technical Note 3.
    Floating,
}

impl<'s> Compression<'s> {
    pub(super) fn read(directory: &Directory<'s>) -> Result<Self, ImageError> {
        Ok(match directory.number(tag::COMPRESSION)?.unwrap_or(1) {
            1 => Self::None,
            2 => Self::Fax(Fax::Rows { unit_bytes: 1 }),
            3 => Self::Fax(Fax::Group3 {
                two_dimensional: directory.number(tag::T4_OPTIONS)?.unwrap_or_default() & 1 == 1,
            }),
            4 => Self::Fax(Fax::Group4),
            5 => Self::Lzw,
            7 => Self::Jpeg(directory.bytes(tag::JPEG_TABLES).unwrap_or_default()),
            8 | 32_946 => Self::Deflate,
            32_771 => Self::Fax(Fax::Rows { unit_bytes: 2 }),
            32_773 => Self::PackBits,
            34_925 => Self::Lzma,
            50_000 => Self::Zstandard,
            6 => return Err(unsupported("with an outdated kind of JPEG compression")),
            34_712 => return Err(unsupported("with JPEG 2000 compression")),
            50_001 => return Err(unsupported("with WebP compression")),
            other => return Err(unsupported(&format!("with compression {other}"))),
        })
    }

    /// The predictor. Schemes that libtiff combines with none ignore the tag.
    pub(super) fn predictor(&self, directory: &Directory<'s>) -> Result<Predictor, ImageError> {
        if !matches!(self, Self::Lzw | Self::Deflate | Self::Zstandard | Self::Lzma) {
            return Ok(Predictor::None);
        }
        match directory.number(tag::PREDICTOR)?.unwrap_or(1) {
            0 | 1 => Ok(Predictor::None),
            2 => Ok(Predictor::Horizontal),
            3 => Ok(Predictor::Floating),
            _ => Err(unsupported("with this kind of differences")),
        }
    }

    /// The most bytes of a chunk that are read for this many bytes of pixels. More than any encoder makes of them, but
    /// bounded, so that chunks that all claim the whole file cost no more than others.
    pub(super) const fn most_bytes(&self, pixel_bytes: u64) -> u64 {
        /// Tables, metadata and fill bits.
        const JPEG_BYTES: u64 = 128 * 1024;
        const OTHER_BYTES: u64 = 8 * 1024;
        match self {
            Self::None => pixel_bytes,
            // Rows of alternating pixels take six bits for each.
            Self::Fax(_) => pixel_bytes.saturating_mul(8).saturating_add(OTHER_BYTES),
            Self::Jpeg(_) => pixel_bytes.saturating_mul(4).saturating_add(JPEG_BYTES),
            _ => pixel_bytes.saturating_mul(4).saturating_add(OTHER_BYTES),
        }
    }
}
