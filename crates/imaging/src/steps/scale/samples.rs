//! Samples of the scaler: bytes, or the light of bytes, with premultiplied alpha before the filters, and bytes again
//! behind them.

use super::light::{BRIGHTEST, Light};
use crate::Channels;

/// Writes a row's values for the filters. Colours are multiplied by alpha, and alpha by 255, both exactly; without
/// alpha the values stay.
pub(super) fn premultiply(row: &[u8], channels: Channels, light: Option<&Light>, values: &mut [u16]) {
    if let Some(light) = light {
        return premultiply_light(row, channels, light, values);
    }
    match channels {
        Channels::Gray | Channels::Rgb | Channels::Cmyk => {
            for (value, byte) in values.iter_mut().zip(row) {
                *value = u16::from(*byte);
            }
        }
        Channels::GrayAlpha => premultiply_pixels::<2>(row, values),
        Channels::Rgba => premultiply_pixels::<4>(row, values),
    }
}

fn premultiply_pixels<const N: usize>(row: &[u8], values: &mut [u16]) {
    let (pixels, _) = row.as_chunks::<N>();
    for (values, pixel) in values.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
        let alpha = u16::from(pixel[N - 1]);
        *values = pixel.map(|colour| u16::from(colour) * alpha);
        values[N - 1] = alpha * 255;
    }
}

/// As [`premultiply`], with the light of each colour. Alpha is multiplied by 257, so that it is as long as light.
fn premultiply_light(row: &[u8], channels: Channels, light: &Light, values: &mut [u16]) {
    if !channels.has_alpha() {
        for (value, byte) in values.iter_mut().zip(row) {
            *value = light.of(*byte);
        }
        return;
    }
    let count = channels.count();
    for (values, pixel) in values.chunks_exact_mut(count).zip(row.chunks_exact(count)) {
        let alpha = pixel[count - 1];
        for (value, byte) in values.iter_mut().zip(pixel) {
            *value = ((u32::from(light.of(*byte)) * u32::from(alpha) + 127) / 255) as u16;
        }
        values[count - 1] = u16::from(alpha) * 257;
    }
}

/// The bytes of a filtered pixel.
#[inline(always)]
pub(super) fn bytes<const N: usize, const ALPHA: bool>(pixel: [f32; N], light: Option<&Light>) -> [u8; N] {
    match (light, ALPHA) {
        (None, false) => pixel.map(rounded),
        (None, true) => straight(pixel),
        (Some(light), false) => pixel.map(|value| light.byte(value)),
        (Some(light), true) => straight_light(pixel, light),
    }
}

/// As [`straight`], for values of light.
fn straight_light<const N: usize>(pixel: [f32; N], light: &Light) -> [u8; N] {
    let alpha = pixel[N - 1];
    let opaque = rounded(alpha / 257.0);
    if opaque == 0 {
        return [0; N];
    }
    let factor = f32::from(BRIGHTEST) / alpha;
    let mut bytes = pixel.map(|value| light.byte(value * factor));
    bytes[N - 1] = opaque;
    bytes
}

/// The bytes of a filtered pixel whose last channel is alpha. A pixel whose alpha rounds to zero has no colour.
#[inline(always)]
fn straight<const N: usize>(pixel: [f32; N]) -> [u8; N] {
    let alpha = pixel[N - 1];
    let opaque = rounded(alpha / 255.0);
    if opaque == 0 {
        return [0; N];
    }
    let factor = 255.0 / alpha;
    let mut bytes = pixel.map(|value| rounded(value * factor));
    bytes[N - 1] = opaque;
    bytes
}

/// Rounds, and clamps what the filter overshot.
#[inline(always)]
fn rounded(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}
