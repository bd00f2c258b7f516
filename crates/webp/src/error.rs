//! Decoding errors of both formats.

/// Why a picture cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The data ends before what its header announces.
    #[error("the compressed picture ends within {0}")]
    Truncated(&'static str),
    /// A partition ends early: its macroblocks need more bits than it holds.
    #[error("a partition ends before its macroblocks")]
    Exhausted,
    /// An inter frame, which refers to other frames. WebP has only key frames.
    #[error("the compressed picture is no key frame")]
    NotAKeyFrame,
    /// The start code or signature is missing, so the data is of another format.
    #[error("the compressed picture does not begin with the start code")]
    StartCode,
    /// A version that RFC 6386 (0 to 3) or RFC 9649 (0) does not define.
    #[error("the compressed picture has the unknown version {0}")]
    Version(u8),
    /// A frame that is marked as not to be shown.
    #[error("the compressed picture is marked as not to be shown")]
    Hidden,
    /// A prefix code that is incomplete or oversubscribed, or names symbols outside its alphabet.
    #[error("the compressed picture has an invalid prefix code")]
    PrefixCode,
    /// More prefix codes than any encoder uses.
    #[error("the compressed picture has too many prefix codes")]
    TooManyPrefixCodes,
    /// A colour cache of fewer than 2 or more than 2048 entries.
    #[error("the compressed picture has a colour cache of a reserved size")]
    ColourCache,
    /// A back-reference that begins before the first pixel or ends after the last.
    #[error("the compressed picture has a back-reference that goes beyond it")]
    BackReference,
    /// A transform of a kind that the picture already has.
    #[error("the compressed picture has a transform twice")]
    Transform,
    /// A width or height of zero.
    #[error("the compressed picture has no pixels")]
    Empty,
    /// A reserved colour space. Only BT.601 is defined.
    #[error("the compressed picture has a reserved colour space")]
    ColourSpace,
}
