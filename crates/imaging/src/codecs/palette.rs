//! Palette reduction for GIF and PNG: turns the colours of a picture into indices of at most 256 colours.
//!
//! As many colours as are asked for, up to 255, are kept exactly. For more, quantette chooses the colours by Wu's
//! method in the Oklab space, from at most 131,072 pixels that lie evenly over the picture. They are [refined], and each
//! row is dithered. All of it checks the cancel flag once a row.

mod dither;
mod refine;

use std::collections::HashMap;

use quantette::color_map::{IndexedColorMap, NearestNeighborColorMap};
use quantette::color_space::{oklab_to_srgb8, srgb8_to_oklab};
use quantette::deps::palette::{Oklab, Srgb};
use quantette::wu::{BinnerF32x3, WuF32x3};
use quantette::{PaletteBuf, PaletteSize};

use crate::codecs::internal;
use crate::cost::PALETTE_MOST_SAMPLES;
use crate::instructions::output::PaletteSettings;
use crate::picture::Picture;
use crate::{Cancel, ImageError, Size};
use dither::Dither;
use refine::{refined, unweighted, weighted};

/// A pixel as a palette stores it: a colour, or transparent.
pub(super) type Pixel = Option<[u8; 3]>;

/// A picture's pixels as indices of a palette.
#[derive(Debug)]
pub(super) struct Indexed {
    /// Red, green and blue of each colour. The last colour may stand for transparency.
    pub(super) colours: Vec<u8>,
    pub(super) indices: Vec<u8>,
    pub(super) transparent: Option<u8>,
    /// The difference between the pixels and their colours: the root of the mean square in the Oklab space. 0 if all
    /// colours are kept. It is measured only where the settings ask for a quality.
    pub(super) difference: f32,
}

/// The most colours besides the transparent one.
const MOST_COLOURS: usize = 255;

/// The index that stands for transparency until the number of colours is known. No colour has it.
const TRANSPARENT: u8 = MOST_COLOURS as u8;

/// The difference that a palette of this quality, 0 to 100, may have. The scale is our own: linear, with 0.02 at 20,
/// which is about the difference that one can just see in the Oklab space, and with any difference at 0.
pub(super) fn allowed_difference(quality: u8) -> f32 {
    match quality {
        0 => f32::INFINITY,
        quality => 0.025 * (1.0 - f32::from(quality.min(100)) / 100.0),
    }
}

/// Pixels as a palette stores them. A pixel that is at least half opaque becomes opaque, and any other transparent.
pub(super) fn pixels_of(picture: &Picture, cancel: &Cancel) -> Result<Vec<Pixel>, ImageError> {
    let channels = picture.channels;
    let pixel = |bytes: &[u8]| {
        let [red, green, blue, alpha] = channels.read(bytes);
        (alpha >= 128).then_some([red, green, blue])
    };
    let mut pixels = Vec::with_capacity(picture.size.pixels() as usize);
    for row in picture.rows() {
        cancel.check()?;
        pixels.extend(row.chunks_exact(channels.count()).map(pixel));
    }
    Ok(pixels)
}

/// Reduces the colours as far as the settings ask for. `None` among the pixels is transparent.
pub(super) fn reduce(
    size: Size,
    pixels: &[Pixel],
    settings: PaletteSettings,
    cancel: &Cancel,
) -> Result<Indexed, ImageError> {
    let width = size.width as usize;
    let mut has_transparency = false;
    for row in pixels.chunks(width) {
        cancel.check()?;
        has_transparency |= row.contains(&None);
    }
    let most = settings
        .entries
        .saturating_sub(usize::from(has_transparency))
        .clamp(1, MOST_COLOURS);
    if let Some(indexed) = exact(width, pixels, most, cancel)? {
        return Ok(indexed);
    }
    cancel.check()?;
    let samples = {
        let mut srgb: Vec<Srgb<u8>> = Vec::with_capacity(PALETTE_MOST_SAMPLES.min(pixels.len()));
        srgb.extend(sampled(width, pixels).map(Srgb::from));
        srgb8_to_oklab(&srgb)
    };
    cancel.check()?;
    let histogram = WuF32x3::run_slice(&samples, BinnerF32x3::oklab_from_srgb8()).map_err(|error| {
        internal(format!(
            "colours were to be chosen from {} pixels: {error}",
            samples.len()
        ))
    })?;
    let of_size = |colours: usize| histogram.color_map(PaletteSize::from_u8_clamped(colours as u8));
    let (mut count, mut colours, mut difference) = (most, of_size(most), 0.0);
    if let Some(quality) = settings.quality {
        /// The numbers that are tried, from the most that a PNG stores in four bits on.
        const FEWER: [usize; 4] = [16, 32, 64, 128];
        let allowed = allowed_difference(quality);
        difference = difference_of(&samples, &colours);
        let fewer = FEWER.map(|entries| entries - usize::from(has_transparency));
        for fewer in fewer.into_iter().filter(|fewer| *fewer < most) {
            cancel.check()?;
            let candidate = of_size(fewer);
            let found = difference_of(&samples, &candidate);
            if found <= allowed {
                (count, colours, difference) = (fewer, candidate, found);
                break;
            }
        }
    }
    drop(histogram);
    let samples: Vec<Oklab> = samples.into_iter().map(weighted).collect();
    let chosen = colours.palette().iter().copied().map(weighted).collect();
    let colours = refined(&samples, chosen, count, cancel)?;
    drop(samples);
    let srgb: Vec<Srgb<u8>> = oklab_to_srgb8(&colours.iter().copied().map(unweighted).collect::<Vec<_>>());
    let indices = dithered(width, pixels, colours, settings.dither, cancel)?;
    let colours = srgb
        .iter()
        .flat_map(|colour| [colour.red, colour.green, colour.blue])
        .collect();
    Ok(Indexed {
        difference,
        ..Indexed::new(width, colours, indices, cancel)?
    })
}

/// The index of each pixel's colour. The colours are [weighted].
fn dithered(
    width: usize,
    pixels: &[Pixel],
    colours: Vec<Oklab>,
    strength: f32,
    cancel: &Cancel,
) -> Result<Vec<u8>, ImageError> {
    let colours = PaletteBuf::new(colours).map_err(|error| internal(error.to_string()))?;
    let colours: NearestNeighborColorMap<Oklab, f32, 3> = NearestNeighborColorMap::new(colours);
    let mut dither = Dither::new(width, colours, strength);
    let mut indices = vec![TRANSPARENT; pixels.len()];
    for (row, indices) in pixels.chunks(width).zip(indices.chunks_mut(width)) {
        cancel.check()?;
        dither.row(row, indices);
    }
    Ok(indices)
}

/// The root of the mean square of the differences between colours and those that a palette has for them.
fn difference_of(samples: &[Oklab], colours: &impl IndexedColorMap<Oklab, Output = Oklab>) -> f32 {
    let squares = samples.iter().map(|sample| {
        let taken = &colours.palette()[colours.palette_index(sample)];
        let [l, a, b] = [sample.l - taken.l, sample.a - taken.a, sample.b - taken.b];
        f64::from(l * l + a * a + b * b)
    });
    (squares.sum::<f64>() / samples.len().max(1) as f64).sqrt() as f32
}

/// Keeps all colours. Returns `None` if there are more than `most`, which is at most 255.
fn exact(width: usize, pixels: &[Pixel], most: usize, cancel: &Cancel) -> Result<Option<Indexed>, ImageError> {
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
                        None if known.len() == most => return Ok(None),
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
    let step = (coloured.div_ceil(PALETTE_MOST_SAMPLES).max(1)..)
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
            difference: 0.0,
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
            assert!(samples.len() <= PALETTE_MOST_SAMPLES, "{width} x {height}");
            assert!(
                samples.len() >= pixels.len().min(PALETTE_MOST_SAMPLES) / 3,
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
