//! Decoding errors.

/// The reason why a JPEG is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kind of JPEG that this decoder does not support. Only the header gives this reason.
    #[error("this decoder does not decode {0}")]
    Unsupported(&'static str),
    /// The data ends, or a marker stands, before the last pixel.
    #[error("the data ends before all its pixels")]
    Truncated,
    /// The data is invalid.
    #[error("the data is damaged: {0}")]
    Corrupt(&'static str),
}
