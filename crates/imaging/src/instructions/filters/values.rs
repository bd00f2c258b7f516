//! Readers of the filters' values, called through the table of keys. The error of each names the valid values.

use super::{Grayscale, NoiseWindow, OlderFilter, WhiteBalance};
use crate::instructions::values::{colour, number, truth};
use crate::{Colour, Compat};

type Value<T> = Result<T, String>;

/// Factors beyond this one make no visible difference.
const MOST: f64 = 100.0;

/// -1 to 1. A number outside of the range counts as its nearest end.
pub(crate) fn signed(text: &str) -> Value<f64> {
    let number = number(text).ok_or_else(|| "expected a number from -1 to 1".to_owned())?;
    // Negative zero becomes zero.
    Ok(number.clamp(-1.0, 1.0) + 0.0)
}

/// As [`signed`], but a number above 1 counts.
pub(crate) fn factor(text: &str) -> Value<f64> {
    let number = number(text).ok_or_else(|| "expected a number from -1 to 1, or more".to_owned())?;
    Ok(number.clamp(-1.0, MOST) + 0.0)
}

/// 0 to 1. A number outside of the range counts as its nearest end.
pub(crate) fn share(text: &str) -> Value<f64> {
    let number = number(text).ok_or_else(|| "expected a number from 0 to 1".to_owned())?;
    Ok(number.clamp(0.0, 1.0))
}

/// `None` for 1, which changes nothing.
pub(crate) fn alpha(text: &str) -> Value<Option<f64>> {
    Ok(Some(share(text)?).filter(|alpha| *alpha < 1.0))
}

/// `None` for a transparent colour, which changes nothing.
pub(crate) fn visible_colour(compat: Compat, text: &str) -> Value<Option<Colour>> {
    Ok(Some(colour(compat, text)?).filter(|colour| colour.alpha > 0))
}

/// A number above 0, or 0 for none.
pub(crate) fn radius(text: &str) -> Value<Option<f64>> {
    match number(text) {
        Some(radius) if radius >= 0.0 => Ok(Some(radius).filter(|radius| *radius > 0.0)),
        _ => Err("expected a number above 0".to_owned()),
    }
}

/// A truth value of a key `s.*`. ImageResizer reads the word `true` alone.
pub(crate) fn simple_truth(compat: Compat, text: &str) -> Value<bool> {
    match truth(text)? {
        true if compat.is_imageresizer() && !text.eq_ignore_ascii_case("true") => {
            Err("expected `true`, the one word that ImageResizer reads".to_owned())
        }
        wanted => Ok(wanted),
    }
}

pub(crate) fn grayscale(compat: Compat, text: &str) -> Value<Option<Grayscale>> {
    match text.to_ascii_lowercase().as_str() {
        "y" | "ntsc" => Ok(Some(Grayscale::Ntsc)),
        "ry" => Ok(Some(Grayscale::Ry)),
        "bt709" => Ok(Some(Grayscale::Bt709)),
        "flat" => Ok(Some(Grayscale::Flat)),
        other => match simple_truth(compat, other) {
            Ok(wanted) => Ok(wanted.then_some(Grayscale::Ntsc)),
            Err(_) => Err("expected `true`, `y`, `ntsc`, `ry`, `bt709`, `flat` or `false`".to_owned()),
        },
    }
}

pub(crate) fn older_filter(text: &str) -> Value<OlderFilter> {
    let lower = text.to_ascii_lowercase();
    let (name, argument) = match lower.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.trim_end_matches(')'))),
        None => (lower.as_str(), None),
    };
    match (name, argument) {
        ("grayscale", _) => Ok(OlderFilter::Grayscale),
        ("sepia", _) => Ok(OlderFilter::Sepia),
        ("alpha", Some(argument)) => Ok(OlderFilter::Alpha(alpha(argument)?)),
        ("brightness", Some(argument)) => Ok(OlderFilter::Brightness(signed(argument)?)),
        _ => Err("expected `grayscale`, `sepia`, `alpha(0.5)` or `brightness(0.2)`".to_owned()),
    }
}

pub(crate) fn noise_window(text: &str) -> Value<Option<NoiseWindow>> {
    // Numbers come first: 1 is a radius here, and not a spelling of `true`.
    match (number(text), truth(text)) {
        (Some(0.0), _) | (None, Ok(false)) => Ok(None),
        (Some(radius), _) if radius > 0.0 => Ok(Some(NoiseWindow::Radius(radius))),
        (None, Ok(true)) => Ok(Some(NoiseWindow::Least)),
        _ => Err("expected `true` or a number above 0".to_owned()),
    }
}

pub(crate) fn white_balance(text: &str) -> Value<Option<WhiteBalance>> {
    match text.to_ascii_lowercase().as_str() {
        "area" => Ok(Some(WhiteBalance::Area)),
        "simple" => Ok(Some(WhiteBalance::Simple)),
        "gimp" => Ok(Some(WhiteBalance::Gimp)),
        other => match truth(other) {
            Ok(wanted) => Ok(wanted.then_some(WhiteBalance::Area)),
            Err(_) => Err("expected `true`, `area`, `simple`, `gimp` or `false`".to_owned()),
        },
    }
}

/// Percent of all pixels at either end, at most half of them.
pub(crate) fn balance_threshold(text: &str) -> Value<f64> {
    match number(text) {
        Some(percent) if percent >= 0.0 => Ok(percent.min(50.0)),
        _ => Err("expected a percentage".to_owned()),
    }
}

/// A whole number of levels above 0. A larger number counts as 255, and 1 as none.
pub(crate) fn levels(text: &str) -> Value<Option<u8>> {
    Ok(Some(level(text)?).filter(|levels| *levels > 1))
}

/// A whole number above 0. A larger number counts as 255.
pub(crate) fn level(text: &str) -> Value<u8> {
    match text.parse::<i32>() {
        Ok(level) if level > 0 => Ok(level.min(255) as u8),
        _ => Err("expected a whole number from 1 to 255".to_owned()),
    }
}
