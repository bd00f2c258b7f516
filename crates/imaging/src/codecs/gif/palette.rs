//! Palette reduction: turns the colours of a frame into indices of at most 256 colours.
//!
//! Up to 255 colours are kept exactly. For more, quantette chooses the colours by Wu's method in the Oklab space, from
//! at most 131,072 pixels that lie evenly over the frame. Then each row is dithered. All of it checks the cancel flag
//! once a row.

use std::collections::HashMap;

use quantette::PaletteSize;
use quantette::color_space::{oklab_to_srgb8, srgb8_to_oklab};
use quantette::deps::palette::Srgb;
use quantette::wu::{BinnerF32x3, WuF32x3};

use super::Pixel;
use super::dither::Dither;
use crate::codecs::internal;
use crate::cost::GIF_MOST_SAMPLES;
use crate::{Cancel, ImageError, Size};

/// A frame's pixels as the format stores them.
#[derive(Debug)]
pub(super) struct Indexed {
    /// Red, green and blue of each colour. The last colour may stand for transparency.
    pub(super) colours: Vec<u8>,
    pub(super) indices: Vec<u8>,
    pub(super) transparent: Option<u8>,
}

/// The number of colours besides the transparent one.
const MOST_COLOURS: u8 = 255;

/// The index that stands for transparency until the number of colours is known. No colour has it.
const TRANSPARENT: u8 = MOST_COLOURS;

/// Reduces the colours. `None` among the pixels is transparent.
pub(super) fn reduce(size: Size, pixels: &[Pixel], cancel: &Cancel) -> Result<Indexed, ImageError> {
    let width = size.width as usize;
    if let Some(indexed) = exact(width, pixels, cancel)? {
        return Ok(indexed);
    }
    cancel.check()?;
    let samples = {
        let mut srgb: Vec<Srgb<u8>> = Vec::with_capacity(GIF_MOST_SAMPLES.min(pixels.len()));
        srgb.extend(sampled(width, pixels).map(Srgb::from));
        srgb8_to_oklab(&srgb)
    };
    cancel.check()?;
    let colours = WuF32x3::run_slice(&samples, BinnerF32x3::oklab_from_srgb8())
        .map_err(|error| {
            internal(format!(
                "colours were to be chosen from {} pixels: {error}",
                samples.len()
            ))
        })?
        .color_map(PaletteSize::from_u8_clamped(MOST_COLOURS));
    drop(samples);
    let srgb: Vec<Srgb<u8>> = oklab_to_srgb8(colours.palette());

    let mut dither = Dither::new(width, colours);
    let mut indices = vec![TRANSPARENT; pixels.len()];
    for (row, indices) in pixels.chunks(width).zip(indices.chunks_mut(width)) {
        cancel.check()?;
        dither.row(row, indices);
    }
    let colours = srgb
        .iter()
        .flat_map(|colour| [colour.red, colour.green, colour.blue])
        .collect();
    Indexed::new(width, colours, indices, cancel)
}

/// Keeps all colours. Returns `None` if there are too many.
fn exact(width: usize, pixels: &[Pixel], cancel: &Cancel) -> Result<Option<Indexed>, ImageError> {
    let mut known: HashMap<[u8; 3], u8> = HashMap::new();
    let mut colours = Vec::new();
    let mut indices = Vec::with_capacity(pixels.len());
    let mut last = (None, TRANSPARENT);
    for row in pixels.chunks(width) {
        cancel.check()?;
        for pixel in row {
            if last.0 != *pixel {
                let index = match pixel {
                    None => TRANSPARENT,
                    Some(colour) => match known.get(colour) {
                        Some(index) => *index,
                        None if known.len() == usize::from(MOST_COLOURS) => return Ok(None),
                        None => {
                            let index = known.len() as u8;
                            known.insert(*colour, index);
                            colours.extend_from_slice(colour);
                            index
                        }
                    },
                };
                last = (*pixel, index);
            }
            indices.push(last.1);
        }
    }
    Indexed::new(width, colours, indices, cancel).map(Some)
}

/// The colours of all opaque pixels, or of every nth one. The step has no factor in common with the width, so that no
/// column is left out.
fn sampled(width: usize, pixels: &[Pixel]) -> impl Iterator<Item = [u8; 3]> {
    let coloured = pixels.iter().flatten().count();
    let step = (coloured.div_ceil(GIF_MOST_SAMPLES).max(1)..)
        .find(|step| greatest_common_divisor(*step, width) == 1)
        .unwrap_or(1);
    pixels.iter().flatten().step_by(step).copied()
}

const fn greatest_common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Indexed {
    /// Puts the transparent colour after the others, if a pixel needs it.
    fn new(width: usize, mut colours: Vec<u8>, mut indices: Vec<u8>, cancel: &Cancel) -> Result<Self, ImageError> {
        let count = (colours.len() / 3) as u8;
        let mut transparent = None;
        for row in indices.chunks_mut(width) {
            cancel.check()?;
            for index in row.iter_mut().filter(|index| **index == TRANSPARENT) {
                *index = count;
                transparent = Some(count);
            }
        }
        if transparent.is_some() || colours.is_empty() {
            colours.extend_from_slice(&[0; 3]);
        }
        Ok(Self {
            colours,
            indices,
            transparent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_from_every_column_and_are_bounded() {
        let check = |width: usize, height: usize| {
            let pixels: Vec<Pixel> = (0..width * height)
                .map(|index| Some([(index % width) as u8, (index % width / 256) as u8, 0]))
                .collect();
            let samples: Vec<_> = sampled(width, &pixels).collect();
            assert!(samples.len() <= GIF_MOST_SAMPLES, "{width} x {height}");
            assert!(
                samples.len() >= pixels.len().min(GIF_MOST_SAMPLES) / 3,
                "{width} x {height}"
            );
            let mut counts = vec![0; width];
            for [low, high, _] in samples {
                counts[usize::from(low) + 256 * usize::from(high)] += 1;
            }
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(
                most - least <= 1,
                "{width} x {height}: {least} to {most} of each column"
            );
        };
        for (width, height) in [(100, 100), (1024, 1024), (2048, 1500), (4000, 3000), (30, 60_000)] {
            check(width, height);
        }
    }
}
