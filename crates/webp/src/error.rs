//! What keeps a picture from being decoded.

/// Why a picture cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The data ends before what its header announces.
    #[error("the compressed picture ends within {0}")]
    Truncated(&'static str),
    /// All data is there, and yet more is asked of a partition than it holds.
    #[error("a partition holds less than its macroblocks ask for")]
    Exhausted,
    /// A frame that builds on others: there are none in WebP.
    #[error("the compressed picture is no key frame")]
    NotAKeyFrame,
    /// What follows is nothing this format knows.
    #[error("the compressed picture does not begin with the start code")]
    StartCode,
    /// A version that RFC 6386 (0 to 3) or RFC 9649 (0) does not define.
    #[error("the compressed picture has the unknown version {0}")]
    Version(u8),
    /// A frame that is not meant to be seen.
    #[error("the compressed picture is marked as not to be shown")]
    Hidden,
    /// A prefix code that leaves some sequence of bits without a symbol, or has symbols that there are not.
    #[error("the compressed picture has a code that cannot be read")]
    Code,
    /// More codes than any encoder has use for.
    #[error("the compressed picture has too many codes")]
    TooManyCodes,
    /// A cache of 0 places or of more than 2048.
    #[error("the compressed picture has a cache of a reserved size")]
    Cache,
    /// A copy from before the first pixel, or behind the last.
    #[error("the compressed picture has a copy that goes beyond it")]
    Copy,
    /// A transform that was there before.
    #[error("the compressed picture has a transform twice")]
    Transform,
    /// A width or height of zero.
    #[error("the compressed picture has no pixels")]
    Empty,
    /// A colour space other than BT.601: reserved.
    #[error("the compressed picture has a reserved colour space")]
    ColourSpace,
}
