//! Samples of the scaler: bytes with premultiplied alpha before the filters, and bytes again behind them.

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

/// The bytes of a filtered pixel without alpha.
#[inline(always)]
pub(super) fn opaque<const N: usize>(pixel: [f32; N]) -> [u8; N] {
    pixel.map(rounded)
}

/// The bytes of a filtered pixel whose last channel is alpha. A pixel whose alpha rounds to zero has no colour.
#[inline(always)]
pub(super) fn straight<const N: usize>(pixel: [f32; N]) -> [u8; N] {
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
