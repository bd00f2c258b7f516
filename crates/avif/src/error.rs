//! Errors of the AVIF codec.

/// The reasons why a file cannot be decoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file contradicts its format. The text says where.
    #[error("{0}")]
    Corrupt(&'static str),
    /// The file has a feature that is not decoded. The text completes "an AVIF …".
    #[error("it is an AVIF {0}")]
    Unsupported(&'static str),
    /// A library refused a part of the file.
    #[error("{part}: {reason}")]
    Library {
        /// The part: "its boxes", "its AV1 data".
        part: &'static str,
        /// The library's message.
        reason: String,
    },
    /// The caller asked to stop.
    #[error("decoding was stopped")]
    Stopped,
}

/// The reasons why a picture cannot be encoded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoder refused the picture, or failed.
    #[error("the AV1 encoder failed: {0}")]
    Library(String),
    /// The caller asked to stop.
    #[error("encoding was stopped")]
    Stopped,
}
