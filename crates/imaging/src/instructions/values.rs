//! Readers of single values, called through the table of keys. The error of each names the valid values.

use super::{Align, Anchor, CacheDirective, Lossless, Mode, Process, Reading, Scale};
use crate::{Colour, Compat, Format, FormatWish, Orientation};

pub(super) type Value<T> = Result<T, String>;

pub(crate) fn side(text: &str) -> Value<u32> {
    match text.parse::<i32>() {
        Ok(side) if side > 0 => Ok(side.unsigned_abs()),
        _ => Err("expected a whole number of pixels above 0".to_owned()),
    }
}

pub(crate) fn quality(text: &str) -> Value<u8> {
    match text.parse::<i32>() {
        Ok(quality) if quality >= 0 => Ok(quality.min(100) as u8),
        _ => Err("expected a whole number from 0 to 100".to_owned()),
    }
}

pub(crate) fn truth(text: &str) -> Value<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("expected `true` or `false`".to_owned()),
    }
}

pub(crate) fn mode(text: &str) -> Value<Option<Mode>> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(None),
        "max" => Ok(Some(Mode::Max)),
        "pad" => Ok(Some(Mode::Pad)),
        "crop" => Ok(Some(Mode::Crop)),
        "stretch" | "carve" => Ok(Some(Mode::Stretch)),
        "aspectcrop" => Ok(Some(Mode::AspectCrop)),
        _ => Err("expected `max`, `pad`, `crop`, `stretch`, `aspectcrop` or `none`".to_owned()),
    }
}

pub(crate) fn stretch(text: &str) -> Value<bool> {
    match text.to_ascii_lowercase().as_str() {
        "fill" => Ok(true),
        "proportionally" => Ok(false),
        _ => Err("expected `proportionally` or `fill`".to_owned()),
    }
}

pub(crate) fn scale(text: &str) -> Value<Scale> {
    match text.to_ascii_lowercase().as_str() {
        "down" | "downscaleonly" => Ok(Scale::Down),
        "up" | "upscaleonly" => Ok(Scale::Up),
        "both" => Ok(Scale::Both),
        "canvas" | "upscalecanvas" => Ok(Scale::Canvas),
        _ => Err("expected `down`, `up`, `both` or `canvas`".to_owned()),
    }
}

pub(crate) fn anchor(text: &str) -> Value<Anchor> {
    use Align::{Centre, Far, Near};
    let (x, y) = match text.to_ascii_lowercase().as_str() {
        "topleft" => (Near, Near),
        "topcenter" => (Centre, Near),
        "topright" => (Far, Near),
        "middleleft" => (Near, Centre),
        "middlecenter" => (Centre, Centre),
        "middleright" => (Far, Centre),
        "bottomleft" => (Near, Far),
        "bottomcenter" => (Centre, Far),
        "bottomright" => (Far, Far),
        _ => {
            return percentages(text)
                .map_err(|_| "expected a name such as `topleft` or `middlecenter`, or two percentages".to_owned());
        }
    };
    Ok(Anchor { x, y })
}

pub(crate) fn percentages(text: &str) -> Value<Anchor> {
    let align = |percent: f64| match percent.clamp(0.0, 100.0) {
        0.0 => Align::Near,
        100.0 => Align::Far,
        percent => Align::Percent(percent),
    };
    match list(text).map(number).collect::<Option<Vec<f64>>>().as_deref() {
        Some([x, y]) => Ok(Anchor {
            x: align(*x),
            y: align(*y),
        }),
        _ => Err("expected two percentages, such as `50,20`".to_owned()),
    }
}

/// The whole key `crop`: a window, `auto` or `none`.
pub(crate) fn crop(reading: &mut Reading, text: &str) -> Value<()> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => reading.crop_auto = true,
        "none" => {}
        _ => reading.crop = Some(edges(reading, text)?),
    }
    Ok(())
}

/// Four numbers. An unreadable one counts as 0, as in ImageResizer, and leaves a remark.
pub(crate) fn edges(reading: &mut Reading, text: &str) -> Value<[f64; 4]> {
    let numbers: Vec<Option<f64>> = list(text).map(number).collect();
    let Ok(edges) = <[Option<f64>; 4]>::try_from(numbers) else {
        return Err("expected four numbers `x1,y1,x2,y2`".to_owned());
    };
    if edges.contains(&None) {
        reading.remark = Some("what is no number was read as 0".to_owned());
    }
    Ok(edges.map(Option::unwrap_or_default))
}

pub(crate) fn units(text: &str) -> Value<Option<f64>> {
    match number(text) {
        Some(0.0) => Ok(None),
        Some(units) if units > 0.0 => Ok(Some(units)),
        _ => Err("expected a number above 0, or 0 for pixels".to_owned()),
    }
}

pub(crate) fn zoom(text: &str) -> Value<f64> {
    /// Imageflow's bounds. Beyond them no size is useful.
    const BOUNDS: (f64, f64) = (0.00008, 80000.0);
    match number(text.strip_suffix(['x', 'X']).unwrap_or(text)) {
        Some(zoom) if zoom > 0.0 => Ok(zoom.clamp(BOUNDS.0, BOUNDS.1)),
        _ => Err("expected a number above 0".to_owned()),
    }
}

pub(crate) fn nearest_quarter_turns(text: &str) -> Value<u8> {
    let degrees = number(text).ok_or_else(|| "expected degrees".to_owned())?;
    // rem_euclid leaves 0, 1, 2, 3 or, just below a full turn, 4.
    Ok((degrees.rem_euclid(360.0) / 90.0).round() as u8 % 4)
}

pub(crate) fn flip(text: &str) -> Value<Orientation> {
    match text.to_ascii_lowercase().as_str() {
        "none" => Ok(Orientation::IDENTITY),
        "x" | "h" => Ok(Orientation::flip(true, false)),
        "y" | "v" => Ok(Orientation::flip(false, true)),
        "xy" | "both" => Ok(Orientation::flip(true, true)),
        _ => Err("expected `x`, `y`, `both` or `none`".to_owned()),
    }
}

pub(crate) fn format(text: &str) -> Value<FormatWish> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Ok(FormatWish::Auto),
        "keep" => Ok(FormatWish::Keep),
        "jpegxl" => Ok(FormatWish::Named(Format::JpegXl)),
        other => match Format::from_extension(other).filter(|format| format.can_be_written()) {
            Some(format) => Ok(FormatWish::Named(format)),
            None if other == "avif" => Err("AVIF is written by builds with the feature `avif` only".to_owned()),
            None => Err(
                "expected `jpg`, `png`, `gif`, `webp`, `jxl`, `auto` or `keep`; other formats cannot be written"
                    .to_owned(),
            ),
        },
    }
}

/// The number of a page or frame, counted from 1. Smaller numbers count as 1.
pub(crate) fn frame(text: &str) -> Value<u32> {
    match text.parse::<i32>() {
        Ok(number) => Ok(number.max(1).unsigned_abs()),
        Err(_) => Err("expected a whole number, 1 is the first".to_owned()),
    }
}

pub(crate) fn lossless(text: &str) -> Value<Lossless> {
    match text.to_ascii_lowercase().as_str() {
        "keep" | "preserve" => Ok(Lossless::Keep),
        other => match truth(other) {
            Ok(true) => Ok(Lossless::Yes),
            Ok(false) => Ok(Lossless::No),
            Err(_) => Err("expected `true`, `false` or `keep`".to_owned()),
        },
    }
}

/// A colour. In ImageResizer the single digit of an alpha is not doubled.
pub(crate) fn colour(compat: Compat, text: &str) -> Value<Colour> {
    let mut colour = Colour::parse(text)
        .ok_or_else(|| "expected a CSS colour name or 3, 4, 6 or 8 hexadecimal digits".to_owned())?;
    let digits = text.strip_prefix('#').unwrap_or(text).as_bytes();
    if compat.is_imageresizer() && digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit) {
        colour.alpha &= 0xf0;
    }
    Ok(colour)
}

pub(crate) fn process(text: &str) -> Value<Process> {
    match text.to_ascii_lowercase().as_str() {
        "default" => Ok(Process::Default),
        "always" => Ok(Process::Always),
        "no" => Ok(Process::No),
        _ => Err("expected `default`, `always` or `no`".to_owned()),
    }
}

pub(crate) fn cache(text: &str) -> Value<CacheDirective> {
    match text.to_ascii_lowercase().as_str() {
        "default" => Ok(CacheDirective::Default),
        "always" => Ok(CacheDirective::Always),
        "no" => Ok(CacheDirective::No),
        _ => Err("expected `default`, `always` or `no`".to_owned()),
    }
}

pub(crate) fn source_cache(text: &str) -> Value<()> {
    match text.to_ascii_lowercase().as_str() {
        "mem" | "disk" | "no" => Ok(()),
        _ => Err("expected `mem`, `disk` or `no`".to_owned()),
    }
}

/// The items of a comma-separated list, without white space and parentheses around them.
pub(super) fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(|item| item.trim_matches(|c: char| c.is_whitespace() || c == '(' || c == ')'))
}

/// A finite number. Negative zero becomes zero, so that both are the same in a cache key.
pub(crate) fn number(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .map(|number| number + 0.0)
}
