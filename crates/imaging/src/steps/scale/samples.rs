//! Samples of the scaler: values with premultiplied alpha before the filters, and bytes behind them.

use crate::Channels;

/// Writes a row's values for the filters. Colours are multiplied by alpha, and alpha by 255, both exactly; without
/// alpha the values stay.
pub(super) fn premultiply(row: &[u8], channels: Channels, values: &mut [u16]) {
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

/// Divides filtered pixels by their alpha, the last channel, and makes alpha a number up to 255. A pixel whose alpha
/// rounds to zero has no colour.
#[inline(always)]
pub(super) fn divide<const N: usize, const LINES: usize>(pixels: &mut [[f32; LINES]; N]) {
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
