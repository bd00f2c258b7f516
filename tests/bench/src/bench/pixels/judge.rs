//! Judge of results: SSIMULACRA2 of a file against its source, scaled in floating point. Two references serve, as the
//! programs scale encoded values and the eye sees light: one of encoded values and one of linear light.
//!
//! sharp decodes source and results, all pixels of them, so that each program's result is seen in the same way.

use std::collections::HashMap;
use std::f64::consts::PI;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ssimulacra2::{LinearRgb, compute_frame_ssimulacra2};

use crate::bench::sharp::Sharp;
use crate::command::read;

/// Keeps the references, which several jobs share.
pub(in crate::bench) struct Judge {
    folder: PathBuf,
    references: HashMap<(PathBuf, [usize; 2]), [LinearRgb; 2]>,
}

impl Judge {
    /// Decoded pixels go into this folder for a moment.
    pub(in crate::bench) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            references: HashMap::new(),
        }
    }

    /// The scores of a result: against encoded values, and against linear light. 100 is the reference itself.
    pub(in crate::bench) fn scores(&mut self, sharp: &Sharp, source: &Path, result: &Path) -> Result<[f64; 2]> {
        let result = Picture::decode(sharp, result, &self.folder)?;
        let key = (source.to_owned(), result.sides);
        if !self.references.contains_key(&key) {
            let source = Picture::decode(sharp, source, &self.folder)?;
            let pair = [source.scaled(result.sides, false)?, source.scaled(result.sides, true)?];
            self.references.insert(key.clone(), pair);
        }
        let [encoded, linear] = &self.references[&key];
        let result = result.scaled(result.sides, false)?;
        let score = |reference: &LinearRgb| compute_frame_ssimulacra2(reference.clone(), result.clone());
        Ok([score(encoded)?, score(linear)?])
    }
}

/// Pixels in sRGB, three bytes each.
pub(in crate::bench) struct Picture {
    /// Width and height.
    pub(in crate::bench) sides: [usize; 2],
    pub(in crate::bench) pixels: Vec<u8>,
}

impl Picture {
    pub(in crate::bench) fn decode(sharp: &Sharp, file: &Path, folder: &Path) -> Result<Self> {
        let raw = folder.join("raw");
        let printed = read(sharp.command("raw").arg(file).arg(&raw))?;
        let sides: Vec<usize> = printed
            .split_whitespace()
            .filter_map(|side| side.parse().ok())
            .collect();
        let sides: [usize; 2] = sides.try_into().ok().context("sharp says no size")?;
        let pixels = fs::read(&raw)?;
        fs::remove_file(&raw)?;
        ensure!(
            pixels.len() == sides[0] * sides[1] * 3,
            "{}: not three bytes a pixel",
            file.display()
        );
        Ok(Self { sides, pixels })
    }

    /// Scales with Lanczos' filter of three lobes, and gives linear light. `in_light` tells whether light is scaled, or
    /// encoded values.
    fn scaled(&self, [width, height]: [usize; 2], in_light: bool) -> Result<LinearRgb> {
        let values: Vec<f64> = (0..=255_u8)
            .map(|byte| f64::from(byte) / 255.0)
            .map(|value| if in_light { light(value) } else { value })
            .collect();
        let (across, down) = (taps(self.sides[0], width), taps(self.sides[1], height));
        let row_length = self.sides[0] * 3;
        let mut scaled = Vec::with_capacity(width * height);
        for (first, weights) in &down {
            let mut row = vec![0.0; row_length];
            for (line, weight) in self.pixels[first * row_length..].chunks_exact(row_length).zip(weights) {
                for (sum, &byte) in row.iter_mut().zip(line) {
                    *sum += values[usize::from(byte)] * weight;
                }
            }
            for (first, weights) in &across {
                let mut pixel = [0.0; 3];
                for (values, weight) in row[first * 3..].chunks_exact(3).zip(weights) {
                    for (sum, value) in pixel.iter_mut().zip(values) {
                        *sum += value * weight;
                    }
                }
                let within = pixel.map(|value: f64| value.clamp(0.0, 1.0));
                scaled.push(within.map(|value| if in_light { value } else { light(value) } as f32));
            }
        }
        Ok(LinearRgb::new(scaled, width, height)?)
    }
}

/// The light of a value between 0 and 1: the transfer function of sRGB (IEC 61966-2-1).
fn light(value: f64) -> f64 {
    if value <= 0.04045 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// For each target, the first source and the weights from there on. Their sum is 1.
fn taps(sources: usize, targets: usize) -> Vec<(usize, Vec<f64>)> {
    let ratio = sources as f64 / targets as f64;
    let stretch = ratio.max(1.0);
    let weigh = |target: usize| {
        let centre = (target as f64 + 0.5) * ratio;
        let first = (centre - 3.0 * stretch).floor().max(0.0) as usize;
        let end = ((centre + 3.0 * stretch).ceil() as usize).min(sources);
        let weights = (first..end).map(|source| lanczos((source as f64 + 0.5 - centre) / stretch));
        let weights: Vec<f64> = weights.collect();
        let sum: f64 = weights.iter().sum();
        (first, weights.iter().map(|weight| weight / sum).collect())
    };
    (0..targets).map(weigh).collect()
}

fn lanczos(distance: f64) -> f64 {
    if distance == 0.0 {
        return 1.0;
    }
    if distance.abs() >= 3.0 {
        return 0.0;
    }
    let angle = PI * distance;
    angle.sin() * (angle / 3.0).sin() * 3.0 / (angle * angle)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::{Picture, light};

    fn picture(sides: [usize; 2], value: impl Fn(usize, usize) -> f64) -> Picture {
        let mut pixels = Vec::new();
        for y in 0..sides[1] {
            for x in 0..sides[0] {
                pixels.extend([(value(x, y) * 255.0).round() as u8; 3]);
            }
        }
        Picture { sides, pixels }
    }

    #[test]
    fn slow_wave_keeps_its_values_when_scaled() {
        // 64 pixels a period, which is far below the filter's limit.
        let wave = |x: f64| 0.5 + 0.4 * (x / 64.0 * TAU).cos();
        let source = picture([256, 64], |x, _| wave(x as f64 + 0.5));
        let scaled = source.scaled([64, 16], false).unwrap();
        for x in 4..60 {
            let expected = light(wave((x as f64 + 0.5) * 4.0)) as f32;
            let pixel = scaled.data()[8 * 64 + x];
            assert!((pixel[1] - expected).abs() < 0.01, "{x}: {pixel:?} not {expected}");
        }
    }

    #[test]
    fn fine_lines_become_the_mean_of_values_or_of_light() {
        let source = picture([128, 128], |x, _| (x % 2) as f64);
        // Half the light, and the light of half the value.
        for (in_light, expected) in [(true, 0.5), (false, 0.2140)] {
            let scaled = source.scaled([16, 16], in_light).unwrap();
            let pixel = scaled.data()[8 * 16 + 8];
            assert!((pixel[0] - expected).abs() < 0.01, "{pixel:?}");
        }
    }

    #[test]
    fn picture_at_its_own_size_is_unchanged() {
        let source = picture([16, 16], |x, y| (x * 16 + y) as f64 / 255.0);
        let same = source.scaled([16, 16], false).unwrap();
        for (pixel, byte) in same.data().iter().zip(source.pixels.chunks(3)) {
            let expected = light(f64::from(byte[0]) / 255.0) as f32;
            assert!((pixel[2] - expected).abs() < 1e-6);
        }
    }
}
