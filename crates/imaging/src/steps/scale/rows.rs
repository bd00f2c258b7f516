//! Row filter: converts bytes to numbers with premultiplied alpha, filters them along the row, and converts them back.

use super::weights::Weights;
use crate::Channels;

/// Converts a row to numbers. Colours are premultiplied with alpha out of 255, and alpha stays 0 to 255.
pub(super) fn to_numbers(row: &[u8], channels: Channels, line: &mut Vec<f32>) {
    line.clear();
    match channels {
        Channels::Gray | Channels::Rgb | Channels::Cmyk => line.extend(row.iter().map(|value| f32::from(*value))),
        Channels::GrayAlpha => line.extend(row.as_chunks::<2>().0.iter().flat_map(|&[gray, alpha]| {
            let alpha = f32::from(alpha);
            [f32::from(gray) * alpha / 255.0, alpha]
        })),
        Channels::Rgba => line.extend(row.as_chunks::<4>().0.iter().flat_map(|&[red, green, blue, alpha]| {
            let alpha = f32::from(alpha);
            let opacity = alpha / 255.0;
            [
                f32::from(red) * opacity,
                f32::from(green) * opacity,
                f32::from(blue) * opacity,
                alpha,
            ]
        })),
    }
}

/// Writes each target pixel as the weighted sum of its source pixels.
pub(super) fn filter(line: &[f32], weights: &Weights, channels: Channels, filtered: &mut [f32]) {
    match channels {
        Channels::Gray => filter_pixels::<1>(line, weights, filtered),
        Channels::GrayAlpha => filter_pixels::<2>(line, weights, filtered),
        Channels::Rgb => filter_pixels::<3>(line, weights, filtered),
        Channels::Rgba | Channels::Cmyk => filter_pixels::<4>(line, weights, filtered),
    }
}

fn filter_pixels<const N: usize>(line: &[f32], weights: &Weights, filtered: &mut [f32]) {
    let (source, _) = line.as_chunks::<N>();
    let (targets, _) = filtered.as_chunks_mut::<N>();
    for (position, target) in targets.iter_mut().enumerate() {
        let (first, weights) = weights.window(position);
        let mut sum = [0.0; N];
        for (pixel, weight) in source[first..].iter().zip(weights) {
            for (sum, value) in sum.iter_mut().zip(pixel) {
                *sum += value * weight;
            }
        }
        *target = sum;
    }
}

/// Undoes the premultiplication, rounds, and clamps what the filter overshot.
pub(super) fn to_bytes(line: &[f32], channels: Channels, pixels: &mut Vec<u8>) {
    match channels {
        Channels::Gray | Channels::Rgb | Channels::Cmyk => pixels.extend(line.iter().map(|value| rounded(*value))),
        Channels::GrayAlpha => pixels.extend(line.as_chunks::<2>().0.iter().flat_map(|pixel| straight(*pixel))),
        Channels::Rgba => pixels.extend(line.as_chunks::<4>().0.iter().flat_map(|pixel| straight(*pixel))),
    }
}

/// The pixel without premultiplication. A pixel whose alpha rounds to zero has no colour.
fn straight<const N: usize>(pixel: [f32; N]) -> [u8; N] {
    let alpha = pixel[N - 1];
    let opaque = rounded(alpha);
    if opaque == 0 {
        return [0; N];
    }
    let factor = 255.0 / alpha;
    let mut bytes = pixel.map(|value| rounded(value * factor));
    bytes[N - 1] = opaque;
    bytes
}

fn rounded(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}
