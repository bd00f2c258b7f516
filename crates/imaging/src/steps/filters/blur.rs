//! Blur and sharpening: a Gaussian of three box filters, and the picture's difference from it.
//!
//! Rows are filtered first, then columns, each as many side by side as a [`Line`] has samples. Samples have 16 bits in
//! between, so that rounding does not show. Colours are multiplied by alpha, so that the colour of transparent pixels
//! is never visible.

use super::boxes::{BoxFilter, Line};
use super::colours::rounded;
use crate::filter_plan::BLUR_LANES as LANES;
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// The standard deviation of the Gaussian, as a part of the radius: 95 % of the weight lies within the radius, as in
/// the shadows of CSS (CSS Backgrounds and Borders Level 3, "blur radius").
const DEVIATION_PER_RADIUS: f64 = 0.5;

/// The picture, blurred by a radius in pixels.
pub(super) fn blurred(picture: Picture, radius: f64, cancel: &Cancel) -> Result<Picture, ImageError> {
    match picture.channels.count() {
        1 => combined::<1>(picture, radius, cancel, blur),
        2 => combined::<2>(picture, radius, cancel, blur),
        3 => combined::<3>(picture, radius, cancel, blur),
        _ => combined::<4>(picture, radius, cancel, blur),
    }
}

/// The picture plus its difference from a blurred one ("unsharp mask" of the amount 1). Alpha stays.
pub(super) fn sharpened(picture: Picture, radius: f64, cancel: &Cancel) -> Result<Picture, ImageError> {
    /// ImageResizer's bound, in pixels.
    const MOST_RADIUS: f64 = 11.0;
    let radius = radius.min(MOST_RADIUS);
    match picture.channels.count() {
        1 => combined::<1>(picture, radius, cancel, sharpen),
        2 => combined::<2>(picture, radius, cancel, sharpen),
        3 => combined::<3>(picture, radius, cancel, sharpen),
        _ => combined::<4>(picture, radius, cancel, sharpen),
    }
}

/// A blurred pixel. A pixel whose alpha rounds to zero has no colour.
fn blur<const N: usize>(_: [u8; N], blurred: [f32; N]) -> [u8; N] {
    let bytes = blurred.map(rounded);
    if has_alpha(N) && bytes[N - 1] == 0 {
        [0; N]
    } else {
        bytes
    }
}

fn sharpen<const N: usize>(pixel: [u8; N], blurred: [f32; N]) -> [u8; N] {
    if has_alpha(N) && blurred[N - 1] == 0.0 {
        return pixel;
    }
    let mut bytes = pixel;
    for (byte, mean) in bytes.iter_mut().zip(blurred) {
        *byte = rounded(2.0 * f32::from(*byte) - mean);
    }
    if has_alpha(N) {
        bytes[N - 1] = pixel[N - 1];
    }
    bytes
}

/// Whether pixels of so many channels have alpha.
const fn has_alpha(channels: usize) -> bool {
    channels.is_multiple_of(2)
}

/// Each pixel, combined with its blurred form: colours from 0 to 255 and not premultiplied, alpha last.
fn combined<const N: usize>(
    mut picture: Picture,
    radius: f64,
    cancel: &Cancel,
    combine: impl Fn([u8; N], [f32; N]) -> [u8; N],
) -> Result<Picture, ImageError> {
    let planes = planes::<N>(&picture, radius * DEVIATION_PER_RADIUS, cancel)?;
    let width = picture.size.width as usize;
    let length = width * picture.size.height as usize;
    for (y, row) in picture.pixels.chunks_exact_mut(width * N).enumerate() {
        cancel.check()?;
        let samples: [&[u16]; N] = std::array::from_fn(|channel| &planes[channel * length + y * width..][..width]);
        for (x, pixel) in row.as_chunks_mut::<N>().0.iter_mut().enumerate() {
            let mut blurred = samples.map(|plane| f32::from(plane[x]));
            let alpha = blurred[N - 1];
            let factor = match has_alpha(N) {
                false => 1.0 / 255.0,
                true if alpha == 0.0 => 0.0,
                true => 255.0 / alpha,
            };
            blurred = blurred.map(|sample| sample * factor);
            if has_alpha(N) {
                blurred[N - 1] = alpha / 255.0;
            }
            *pixel = combine(*pixel, blurred);
        }
    }
    Ok(picture)
}

/// Blurred samples, one plane after another: colours times alpha, and alpha times 255; without alpha all times 255.
fn planes<const N: usize>(picture: &Picture, deviation: f64, cancel: &Cancel) -> Result<Vec<u16>, ImageError> {
    let (width, height) = (picture.size.width as usize, picture.size.height as usize);
    let filter = BoxFilter::for_deviation(deviation);
    let mut lines = vec![[0; LANES]; width.max(height)];
    let mut spare = lines.clone();
    let mut planes = vec![0; N * width * height];
    for (channel, plane) in planes.chunks_exact_mut(width * height).enumerate() {
        let bands = picture.pixels.chunks(LANES * width * N);
        for (source, target) in bands.zip(plane.chunks_mut(LANES * width)) {
            cancel.check()?;
            let lines = &mut lines[..width];
            gather::<N>(source, channel, lines);
            filter.smooth(lines, &mut spare[..width]);
            for (lane, row) in target.chunks_exact_mut(width).enumerate() {
                for (sample, line) in row.iter_mut().zip(&*lines) {
                    *sample = line[lane];
                }
            }
        }
        for left in (0..width).step_by(LANES) {
            cancel.check()?;
            let columns = left..width.min(left + LANES);
            let lines = &mut lines[..height];
            for (line, row) in lines.iter_mut().zip(plane.chunks_exact(width)) {
                line[..columns.len()].copy_from_slice(&row[columns.clone()]);
            }
            filter.smooth(lines, &mut spare[..height]);
            for (line, row) in lines.iter().zip(plane.chunks_exact_mut(width)) {
                row[columns.clone()].copy_from_slice(&line[..columns.len()]);
            }
        }
    }
    Ok(planes)
}

/// Writes the samples of some rows into lines: one line for each column.
fn gather<const N: usize>(rows: &[u8], channel: usize, lines: &mut [Line]) {
    /// Columns at once: their lines stay in the processor's first-level cache.
    const COLUMNS: usize = 64;
    let width = lines.len();
    for (block, lines) in lines.chunks_mut(COLUMNS).enumerate() {
        for (lane, row) in rows.chunks_exact(width * N).enumerate() {
            let pixels = row.as_chunks::<N>().0[block * COLUMNS..].iter();
            for (line, pixel) in lines.iter_mut().zip(pixels) {
                let alpha = if has_alpha(N) && channel < N - 1 {
                    pixel[N - 1]
                } else {
                    u8::MAX
                };
                line[lane] = u16::from(pixel[channel]) * u16::from(alpha);
            }
        }
    }
}
