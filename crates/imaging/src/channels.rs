//! Channels of a pixel: the meaning of its bytes. Pictures have the fewest channels that hold them, so a grey
//! photograph is scaled and encoded as one channel.

/// The channels of a picture in memory: 8 bits each, interleaved, alpha last and not premultiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One grey value.
    Gray,
    /// Grey and alpha.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and alpha.
    Rgba,
    /// Cyan, magenta, yellow and black, 255 is full ink. Only sources have inks: they become RGB right after scaling.
    Cmyk,
}

impl Channels {
    /// The bytes of a pixel: 1 to 4.
    pub const fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
        }
    }

    /// Whether the last channel is alpha.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::GrayAlpha | Self::Rgba)
    }

    /// Whether there is one grey value instead of three colours.
    pub const fn is_gray(self) -> bool {
        matches!(self, Self::Gray | Self::GrayAlpha)
    }

    /// The channels with these two properties.
    pub const fn of(gray: bool, alpha: bool) -> Self {
        match (gray, alpha) {
            (true, false) => Self::Gray,
            (true, true) => Self::GrayAlpha,
            (false, false) => Self::Rgb,
            (false, true) => Self::Rgba,
        }
    }
}
