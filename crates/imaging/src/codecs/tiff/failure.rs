//! TIFF decoding failure: tells a chunk that is cut off or damaged, whose first rows are right, from all else.

use crate::{Detail, Format, ImageError};

pub(super) const INCOMPLETE: &str = "it ends before all its pixels";
pub(super) const UNDECODABLE: &str = "its pixels cannot be decoded";

#[derive(Debug)]
pub(super) enum Failure {
    /// The chunk's data end early or cannot be decoded. The header is sound, and so are the chunks before.
    Damaged {
        reason: String,
        /// The first bytes of the decompressed chunk, which are right.
        written: usize,
    },
    /// Anything else, such as cancellation.
    Other(ImageError),
}

impl Failure {
    pub(super) fn damaged(reason: &str, written: usize) -> Self {
        Self::Damaged {
            reason: reason.to_owned(),
            written,
        }
    }

    /// The error of a page whose chunk number `chunk` failed.
    pub(super) fn into_error(self, chunk: u64) -> ImageError {
        match self {
            Self::Other(error) => error,
            Self::Damaged { reason, written } => ImageError::Corrupt {
                format: Some(Format::Tiff),
                reason,
                detail: Some(Detail(format!(
                    "strip or tile {chunk}, counted from 0, after {written} bytes of its pixels"
                ))),
            },
        }
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Other(error)
    }
}
