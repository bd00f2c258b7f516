//! Instructions about the file that is written: its palette, its compression, its density and its metadata.

use super::canonical::Text;
use super::{JpegXl, Lossless, QualityProfile, values};
use crate::{Accepted, Compat, Format};

/// The group of keys about the written file. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Output {
    /// The most entries of a palette, 2 to 256, the transparent one included. Makes a PNG have a palette.
    pub colors: Option<u16>,
    /// The part of dithering's error that is passed on, in percent of the usual part: 0 to 100.
    pub dither: Option<u8>,
    /// The quality of a PNG's palette, 0 to 100.
    pub png_quality: Option<u8>,
    /// The least quality of a PNG's palette, 0 to 100. Below it the PNG has no palette.
    pub png_min_quality: Option<u8>,
    /// Whether a PNG keeps all its colours.
    pub png_lossless: Option<Lossless>,
    /// Whether a PNG is compressed for as long as it takes.
    pub png_max_deflate: bool,
    /// The density that is written into the file, in dots an inch: 1 to 65535.
    pub dpi: Option<u16>,
    /// `qp`.
    pub profile: Option<QualityProfile>,
    /// `qp.dpr`, in thousandths.
    pub profile_density: Option<u16>,
    /// `max_bytes`, above 0.
    pub max_bytes: Option<u32>,
    /// The formats that the query says the client takes.
    pub accepted: Option<Accepted>,
    /// The format of a result that turns out to be a graphic. No key names it.
    pub(crate) graphics: Option<Format>,
    /// `avif.quality`, 0 to 100.
    pub avif_quality: Option<u8>,
    /// `avif.speed`, 6 to 10.
    pub avif_speed: Option<u8>,
    /// The keys of JPEG XL.
    pub jxl: JpegXl,
    /// Whether the source's EXIF, XMP and IPTC data are copied.
    pub copy_metadata: bool,
}

/// A palette to be chosen for a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PaletteSettings {
    /// The most entries, 2 to 256, the transparent one included.
    pub(crate) entries: usize,
    /// The part of dithering's error that is passed on, as a part of the usual one: 0 to 1.
    pub(crate) dither: f32,
    /// The quality that as few colours as possible are to reach, 0 to 100. Without it there are as many colours as
    /// allowed. Only with a quality the palette's difference is measured.
    pub(crate) quality: Option<u8>,
    /// Whether a picture with partly transparent pixels keeps all its colours. Otherwise such pixels become transparent
    /// or opaque. For PNG only.
    pub(crate) keeps_alpha: bool,
}

/// `colors`: 2 to 256.
pub(crate) fn colors(text: &str) -> Result<u16, String> {
    match text.parse::<i32>() {
        Ok(colors) if colors > 0 => Ok(colors.clamp(2, 256) as u16),
        _ => Err("expected a whole number from 2 to 256".to_owned()),
    }
}

/// `dither`, in percent of the usual part, which is seven eighths of the error. ImageResizer's `4pass` is a way of
/// carrying errors on that is always used here. Its percentages are parts of the whole error, and `true` means 30.
pub(crate) fn dither(compat: Compat, text: &str) -> Result<u8, String> {
    /// The usual part of the error, in percent.
    const USUAL: f32 = 87.5;
    let percent = |percent: f32| match compat {
        Compat::None => percent.round().min(100.0) as u8,
        Compat::ImageResizer4 => (percent / USUAL * 100.0).round().min(100.0) as u8,
    };
    const EXPECTED: &str = "expected `true`, `false`, `4pass` or a percentage";
    if text.eq_ignore_ascii_case("4pass") {
        return Ok(100);
    }
    let number = text.strip_suffix('%').unwrap_or(text).parse::<f32>();
    match number {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(percent(number)),
        Ok(_) => Err(EXPECTED.to_owned()),
        Err(_) => match values::truth(text) {
            Ok(true) if compat.is_imageresizer() => Ok(percent(30.0)),
            Ok(true) => Ok(100),
            Ok(false) => Ok(0),
            Err(_) => Err(EXPECTED.to_owned()),
        },
    }
}

/// `max_bytes`: 1 or more.
pub(crate) fn max_bytes(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err("expected a whole number of bytes above 0".to_owned()),
    }
}

/// `dpi`: 1 to 65535, what a JPEG can hold.
pub(crate) fn dpi(text: &str) -> Result<u16, String> {
    match text.parse::<u16>() {
        Ok(dpi) if dpi > 0 => Ok(dpi),
        _ => Err("expected a whole number from 1 to 65535".to_owned()),
    }
}

impl Output {
    /// The palette of a GIF's frames.
    pub(crate) fn gif_palette(&self) -> PaletteSettings {
        /// The most that a GIF or a PNG can hold.
        const MOST_ENTRIES: u16 = 256;
        PaletteSettings {
            entries: usize::from(self.colors.unwrap_or(MOST_ENTRIES)),
            dither: f32::from(self.dither.unwrap_or(100)) / 100.0,
            quality: None,
            keeps_alpha: false,
        }
    }

    /// The palette of a PNG. `None` if the PNG keeps all its colours: without a key that asks for a palette, with
    /// `png.lossless=true`, and with `png.lossless=keep` for a source that is lossless itself.
    pub(crate) fn png_palette(&self, source_is_lossless: bool) -> Option<PaletteSettings> {
        let asked = self.colors.is_some() || self.png_quality.is_some() || self.png_min_quality.is_some();
        let wanted = match self.png_lossless {
            None => asked,
            Some(Lossless::No) => true,
            Some(Lossless::Yes) => false,
            Some(Lossless::Keep) => !source_is_lossless,
        };
        wanted.then(|| PaletteSettings {
            quality: self.png_quality.or(self.png_min_quality.map(|_| 100)),
            keeps_alpha: self.colors.is_none(),
            ..self.gif_palette()
        })
    }

    /// Appends the canonical text of the group.
    pub(super) fn write_canonical(&self, text: &mut Text) {
        text.pair("colors", self.colors);
        text.pair("dither", self.dither.filter(|percent| *percent != 100));
        text.pair("png.quality", self.png_quality);
        text.pair("png.min_quality", self.png_min_quality);
        text.pair(
            "png.lossless",
            self.png_lossless.map(|lossless| match lossless {
                Lossless::No => "false",
                Lossless::Yes => "true",
                Lossless::Keep => "keep",
            }),
        );
        text.pair("png.max_deflate", self.png_max_deflate.then_some(true));
        text.pair("dpi", self.dpi);
        text.pair("copymetadata", self.copy_metadata.then_some(true));
    }
}
