//! Image formats: the formats that this build reads and writes, and the choice of a request's output format.

use crate::Instructions;

/// An image format that can be decoded. All but BMP and TIFF can also be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JPEG, baseline and progressive, 8 bits.
    Jpeg,
    /// PNG.
    Png,
    /// GIF, also animated.
    Gif,
    /// WebP, lossy and lossless, also animated.
    WebP,
    /// JPEG XL, lossy and lossless. Of an animation the first frame is read, and none is written.
    JpegXl,
    /// AVIF, also animated for sources, and lossy. Only in builds with the feature `avif`.
    Avif,
    /// BMP. Only for sources.
    Bmp,
    /// TIFF. Only for sources.
    Tiff,
}

/// File extensions, lower case, that make a path an image path: those that ImageResizer accepts, WebP,
/// JPEG XL and AVIF.
pub const SOURCE_EXTENSIONS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jif", "jfif", "jfi", "exif", "gif", "png", "bmp", "tif", "tiff", "tff", "webp", "jxl",
    "avif", "avifs",
];

impl Format {
    /// The media type, as sent in `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::JpegXl => "image/jxl",
            Self::Avif => "image/avif",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
        }
    }

    /// The usual file extension, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::JpegXl => "jxl",
            Self::Avif => "avif",
            Self::Bmp => "bmp",
            Self::Tiff => "tif",
        }
    }

    /// The usual name: "JPEG".
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::JpegXl => "JPEG XL",
            Self::Avif => "AVIF",
            Self::Bmp => "BMP",
            Self::Tiff => "TIFF",
        }
    }

    /// The format of files with this extension (no dot, any case).
    pub fn from_extension(extension: &str) -> Option<Self> {
        const OF_EACH: [(&[&str], Format); 8] = [
            (&["jpg", "jpeg", "jpe", "jif", "jfif", "jfi", "exif"], Format::Jpeg),
            (&["png"], Format::Png),
            (&["gif"], Format::Gif),
            (&["webp"], Format::WebP),
            (&["jxl"], Format::JpegXl),
            (&["avif", "avifs"], Format::Avif),
            (&["bmp"], Format::Bmp),
            (&["tif", "tiff", "tff"], Format::Tiff),
        ];
        let has = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(extension));
        let format = OF_EACH.into_iter().find(|(names, _)| has(names));
        format.map(|(_, format)| format)
    }

    /// Whether pixels of this format can be transparent.
    pub const fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// Whether results can be written in this format.
    pub const fn can_be_written(self) -> bool {
        !matches!(self, Self::Bmp | Self::Tiff) && (cfg!(feature = "avif") || !matches!(self, Self::Avif))
    }

    /// Whether animations are written in this format.
    pub const fn can_move(self) -> bool {
        matches!(self, Self::Gif | Self::WebP)
    }
}

/// The format of the result: the one that the instructions name. Otherwise the source's own, told by its extension, if
/// it can be written. Otherwise JPEG.
pub fn output_format(instructions: &Instructions, source_extension: Option<&str>) -> Format {
    if let Some(format) = instructions.format() {
        return format;
    }
    source_extension
        .and_then(Format::from_extension)
        .filter(|format| format.can_be_written())
        .unwrap_or(Format::Jpeg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn explicit_format_is_preferred_to_the_source_s_own() {
        let check = |query: &str, extension: Option<&str>, expected: Format| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (instructions, _) = Instructions::parse(pairs);
            assert_eq!(
                output_format(&instructions, extension),
                expected,
                "{query} on {extension:?}"
            );
        };
        check("format=png", Some("jpg"), Format::Png);
        check("format=JPEG", Some("png"), Format::Jpeg);
        check("thumbnail=jpg", Some("png"), Format::Jpeg);
        check("format=&thumbnail=png", Some("jpg"), Format::Png);
        check("width=10", Some("PNG"), Format::Png);
        check("width=10", Some("jfif"), Format::Jpeg);
        check("width=10", Some("gif"), Format::Gif);
        check("width=10", Some("webp"), Format::WebP);
        check("format=webp", Some("gif"), Format::WebP);
        check("format=gif", Some("bmp"), Format::Gif);
        check("width=10", Some("jxl"), Format::JpegXl);
        check("format=jpegxl", Some("jpg"), Format::JpegXl);
        check("width=10", Some("bmp"), Format::Jpeg);
        check("width=10", Some("tif"), Format::Jpeg);
        check("width=10", None, Format::Jpeg);
        // An unknown format in the query is ignored.
        check("format=heic", Some("png"), Format::Png);
    }
}
