//! Image errors: why a job has no result. The messages are sentences that a client may read. The messages of codec
//! libraries are kept apart, as the error's source, for the log.

use std::fmt;

use crate::Format;

/// A failure of a job.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The job's [`Cancel`](crate::Cancel) was raised, so no client waits for the result.
    #[error("the work on this image was cancelled")]
    Cancelled,

    /// The bytes are no image, or an image that this build cannot decode. HTTP 415.
    #[error("{reason}")]
    UnsupportedFormat {
        /// The nature of the bytes, as a sentence.
        reason: String,
    },

    /// The bytes begin like an image but end early or are inconsistent. HTTP 422.
    #[error("the source {} is damaged: {reason}", .format.map_or("image", Format::name))]
    Corrupt {
        /// The format that the bytes claim. `None` when there are too few to tell.
        format: Option<Format>,
        /// The damage.
        reason: String,
        /// The decoder's message, for the log.
        #[source]
        detail: Option<Detail>,
    },

    /// The image is larger than a limit allows. HTTP 422. Nothing was allocated.
    #[error("the {what} has {actual} {unit}; `{setting}` allows {limit}")]
    TooLarge {
        /// Which image is too large: "source image" or "requested image".
        what: &'static str,
        /// The unit of `actual` and `limit`.
        unit: &'static str,
        /// The number found or asked for.
        actual: u64,
        /// The number allowed.
        limit: u64,
        /// The setting, or the property of the format, that holds the limit.
        setting: &'static str,
    },

    /// The instructions cannot be carried out on any image. HTTP 400.
    #[error("{reason}")]
    Impossible {
        /// The reason, as a sentence.
        reason: String,
    },

    /// The job needs more memory than was predicted, for an encoded animation or a trimmed picture, and the caller does
    /// not grant it. HTTP 503.
    #[error("there is no memory left for the result")]
    NoRoom,

    /// A fault of this program. HTTP 500.
    #[error("the image could not be processed")]
    Internal {
        /// The failure, for the log.
        #[source]
        detail: Detail,
    },
}

/// A message of a codec library. It is for logs, never for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail(pub String);

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Detail {}
