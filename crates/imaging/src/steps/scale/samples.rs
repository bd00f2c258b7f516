//! Samples of the scaler: bytes, or the light of bytes, with premultiplied alpha before the filters, and values of
//! bytes behind them.

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

/// Makes filtered pixels values of bytes: without premultiplied alpha, and encoded if they are of light.
#[inline(always)]
pub(super) fn finish<const N: usize, const LINES: usize, const ALPHA: bool>(
    pixels: &mut [[f32; LINES]; N],
    light: Option<&Light>,
) {
    match light {
        None if ALPHA => divide(pixels),
        None => {}
        Some(light) => encode_light::<N, LINES, ALPHA>(pixels, light),
    }
}

/// As [`divide`], for values of light, which become those of bytes.
fn encode_light<const N: usize, const LINES: usize, const ALPHA: bool>(pixels: &mut [[f32; LINES]; N], light: &Light) {
    let alpha = pixels[N - 1];
    let factor = |alpha: f32| match alpha > 128.5 {
        _ if !ALPHA => 1.0,
        true => f32::from(BRIGHTEST) / alpha,
        false => 0.0,
    };
    for values in &mut *pixels {
        for (value, alpha) in values.iter_mut().zip(alpha) {
            *value = f32::from(light.byte(*value * factor(alpha)));
        }
    }
    if ALPHA {
        pixels[N - 1] = alpha.map(|alpha| if alpha > 128.5 { alpha / 257.0 } else { 0.0 });
    }
}

/// Divides filtered pixels by their alpha, the last channel, and makes alpha a number up to 255. A pixel whose alpha
/// rounds to zero has no colour.
#[inline(always)]
fn divide<const N: usize, const LINES: usize>(pixels: &mut [[f32; LINES]; N]) {
    let alpha = pixels[N - 1];
    let factor = alpha.map(|alpha| if alpha > 127.5 { 255.0 / alpha } else { 0.0 });
    for values in &mut *pixels {
        for (value, factor) in values.iter_mut().zip(&factor) {
            *value *= factor;
        }
    }
    pixels[N - 1] = alpha.map(|alpha| if alpha > 127.5 { alpha / 255.0 } else { 0.0 });
}

/// Clamps what the filter overshot, and rounds to the nearest value.
#[inline(always)]
pub(super) fn byte(value: f32) -> u8 {
    /// From this number on, neighbouring floats differ by 1. So adding it rounds, and the lowest bits hold the result.
    const WHOLE: f32 = 8_388_608.0;
    (value.clamp(0.0, 255.0) + WHOLE).to_bits() as u8
}
