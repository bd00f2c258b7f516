//! TIFF decoding failure: tells a chunk that is cut off or damaged, whose first rows are right, from all else.

use crate::{Detail, Format, ImageError};

pub(super) const INCOMPLETE: &str = "it ends before all its pixels";
pub(super) const UNDECODABLE: &str = "its pixels cannot be decoded";

#[derive(Debug)]
pub(super) enum Failure {
    /// The chunk's data end early or cannot be decoded. The header is sound, and so are the chunks before.
    Damaged {
        reason: String,
        /// The first bytes of those that were asked for, which are right.
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

    /// The error of a page whose chunk number `chunk` failed. The band that was asked for begins with row `first`, and
    /// its rows have `row_bytes`.
    pub(super) fn into_error(self, chunk: u64, first: u32, row_bytes: usize) -> ImageError {
        match self {
            Self::Other(error) => error,
            Self::Damaged { reason, written } => ImageError::Corrupt {
                format: Some(Format::Tiff),
                reason,
                detail: Some(Detail(format!(
                    "strip or tile {chunk}, counted from 0, in row {} of the page",
                    u64::from(first) + (written / row_bytes.max(1)) as u64
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
