//! Words: values of commands that are one of a few, as types that are written and read by their names in a URL.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// An enumeration with a word for each variant, and perhaps other spellings that are read and never written.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$each:meta])* $variant:ident = $word:literal $(| $other:literal)*,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$each])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word in a URL.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        /// Reads the word, in any case.
        impl FromStr for $name {
            type Err = Error;

            fn from_str(word: &str) -> Result<Self, Error> {
                match word.to_ascii_lowercase().as_str() {
                    $($word $(| $other)* => Ok(Self::$variant),)+
                    _ => Err(Error::Word {
                        word: word.to_owned(),
                        known: [$($word),+].join(", "),
                    }),
                }
            }
        }
    };
}

words! {
    /// What to do when image and asked size differ in proportions.
    Mode {
        /// Stay inside of the size.
        Max = "max",
        /// Fill the rest with the background.
        Pad = "pad",
        /// Cut the image.
        Crop = "crop",
        /// Distort the image.
        Stretch = "stretch",
        /// Only cut the image to the proportions.
        AspectCrop = "aspectcrop",
    }
}

words! {
    /// Whether the image may become smaller, larger or both.
    Scale {
        /// Only smaller, the server's default.
        Down = "down",
        /// Only larger.
        Up = "up",
        /// Both.
        Both = "both",
        /// Smaller; in place of a larger image, a larger area around it.
        Canvas = "canvas",
    }
}

words! {
    /// Which part is kept when the image is cut, and where the image stands inside of padding.
    Anchor {
        /// The top left corner.
        TopLeft = "topleft",
        /// The middle of the upper edge.
        TopCenter = "topcenter",
        /// The top right corner.
        TopRight = "topright",
        /// The middle of the left edge.
        MiddleLeft = "middleleft",
        /// The middle, the server's default.
        MiddleCenter = "middlecenter",
        /// The middle of the right edge.
        MiddleRight = "middleright",
        /// The bottom left corner.
        BottomLeft = "bottomleft",
        /// The middle of the lower edge.
        BottomCenter = "bottomcenter",
        /// The bottom right corner.
        BottomRight = "bottomright",
    }
}

words! {
    /// How the image is mirrored.
    Flip {
        /// Left to right.
        X = "x" | "h",
        /// Top to bottom.
        Y = "y" | "v",
        /// Both.
        Both = "both" | "xy",
    }
}

words! {
    /// The format of the result. Servers that cannot write a format send the one that they would send without it.
    Format {
        /// JPEG.
        Jpeg = "jpg" | "jpeg",
        /// PNG.
        Png = "png",
        /// GIF.
        Gif = "gif",
        /// WebP.
        Webp = "webp",
        /// AVIF.
        Avif = "avif",
        /// JPEG XL.
        Jxl = "jxl",
        /// The format that the server chooses.
        Auto = "auto",
        /// The format of the source.
        Keep = "keep",
    }
}

impl Format {
    /// The media type of a result, for `<source type>`; `None` if the server chooses the format.
    #[must_use]
    pub fn media_type(self) -> Option<&'static str> {
        Some(match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Jxl => "image/jxl",
            Self::Auto | Self::Keep => return None,
        })
    }
}
