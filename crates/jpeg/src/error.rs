//! Decoding errors, and the choice between an error and a partial picture.

/// The reason why a JPEG is not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A kind of JPEG that this decoder does not support. Only the header gives this reason.
    #[error("a JPEG {0} cannot be decoded")]
    Unsupported(&'static str),
    /// The data ends, or a marker stands, before the last pixel.
    #[error("the JPEG ends before all its pixels")]
    Truncated,
    /// The data is invalid.
    #[error("the JPEG is damaged: {0}")]
    Corrupt(&'static str),
}

/// The treatment of pixels that are missing or damaged. A header that cannot be read is an error in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Damage {
    /// Damage is an error.
    #[default]
    Refuse,
    /// Missing pixels are grey. Decoding continues at the next restart marker if there is one, as libjpeg does.
    Show,
}
