//! Why a job has no result. The messages are sentences a client may read; what a codec library said about it is kept
//! apart, as the error's source, for the log.

use std::fmt;

use crate::Format;

/// Everything that can go wrong with one image.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// The job's [`Cancel`](crate::Cancel) was raised. Nobody waits for this answer.
    #[error("the work on this image was cancelled")]
    Cancelled,

    /// The bytes are no image, or one that this build cannot decode. HTTP 415.
    #[error("{reason}")]
    UnsupportedFormat {
        /// What the bytes seem to be, as a sentence.
        reason: String,
    },

    /// The bytes begin like an image but end early or contradict themselves. HTTP 422.
    #[error("the source {} is damaged: {reason}", .format.map_or("image", Format::name))]
    Corrupt {
        /// The format the bytes claim; `None` when there are too few to tell.
        format: Option<Format>,
        /// What is wrong with them.
        reason: String,
        /// The decoder's own words, for the log.
        #[source]
        detail: Option<Detail>,
    },

    /// More pixels than a limit allows. HTTP 422; nothing was allocated.
    #[error("the {what} has {actual} {unit}; `{setting}` allows {limit}")]
    TooLarge {
        /// What is too large: "source image" or "requested image".
        what: &'static str,
        /// What `actual` and `limit` count.
        unit: &'static str,
        /// What was found or asked for.
        actual: u64,
        /// What is allowed.
        limit: u64,
        /// The setting, or the property of the format, that holds the limit.
        setting: &'static str,
    },

    /// The instructions cannot be carried out on any image. HTTP 400.
    #[error("{reason}")]
    Impossible {
        /// What was asked for, as a sentence.
        reason: String,
    },

    /// The encoded animation grew beyond what there is memory for: whoever was asked for more said no. HTTP 503.
    #[error("there is no memory left for the encoded animation")]
    NoRoom,

    /// A fault of ours. HTTP 500.
    #[error("the image could not be processed")]
    Internal {
        /// What failed, for the log.
        #[source]
        detail: Detail,
    },
}

/// What a codec library said; for logs, never for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail(pub String);

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Detail {}
