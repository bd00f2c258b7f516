//! Why a JPEG is not decoded.

/// Why a JPEG is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kind of JPEG that this decoder leaves to others; only the header is ever the reason.
    #[error("this decoder does not decode {0}")]
    Unsupported(&'static str),
    /// The data ends, or a marker stands, before all pixels are there.
    #[error("the data ends before all its pixels")]
    Truncated,
    /// The data contradicts itself.
    #[error("the data is damaged: {0}")]
    Corrupt(&'static str),
}
