//! Tone: lightness and saturation in HSL, changed by linear maps. The hue stays.
//!
//! HSL is not computed as such. A hue is the order of the three channels and the proportions of their distances, so
//! that each channel keeps its place between the lowest and the highest one.

use resizer_kernel::{Kernel, with_widest};

use super::colours::rounded;
use super::rows::{self, Pixel};
use crate::instructions::filters::Levels;
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// Passes the lightness through the first map, and the saturation through the second. Pixels without a hue stay grey.
pub(super) fn changed(picture: Picture, levels: [Levels; 2], cancel: &Cancel) -> Result<Picture, ImageError> {
    let channels = picture.channels;
    let [lightness, saturation] = levels.map(Map::of);
    rows::changed(picture, channels, cancel, |_, row| {
        with_widest(Tone {
            row,
            lightness,
            saturation,
        });
    })
}

/// A map with its slope.
#[derive(Clone, Copy)]
struct Map {
    from: [f32; 2],
    to: [f32; 2],
    slope: f32,
}

impl Map {
    fn of(Levels { from, to }: Levels) -> Self {
        let slope = if from[1] > from[0] {
            (to[1] - to[0]) / (from[1] - from[0])
        } else {
            0.0
        };
        Self {
            from: from.map(|end| end as f32),
            to: to.map(|end| end as f32),
            slope: slope as f32,
        }
    }

    #[inline(always)]
    fn apply(self, value: f32) -> f32 {
        if value >= self.from[1] {
            self.to[1]
        } else if value <= self.from[0] {
            self.to[0]
        } else {
            self.to[0] + (value - self.from[0]) * self.slope
        }
    }
}

struct Tone<'t> {
    row: &'t mut [Pixel],
    lightness: Map,
    saturation: Map,
}

impl Kernel for Tone<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for pixel in self.row {
            let [red, green, blue, alpha] = *pixel;
            let lowest = f32::from(red.min(green).min(blue)) / 255.0;
            let highest = f32::from(red.max(green).max(blue)) / 255.0;
            let chroma = highest - lowest;
            let lightness = (lowest + highest) / 2.0;
            // The most chroma that a lightness allows.
            let most = 1.0 - (2.0 * lightness - 1.0).abs();
            let new_lightness = self.lightness.apply(lightness);
            let ratio = if chroma > 0.0 {
                let new_saturation = self.saturation.apply((chroma / most).min(1.0));
                new_saturation * (1.0 - (2.0 * new_lightness - 1.0).abs()) / chroma
            } else {
                0.0
            };
            // The middle between the lowest and the highest channel is the lightness.
            let changed = [red, green, blue]
                .map(|value| rounded(((f32::from(value) / 255.0 - lightness) * ratio + new_lightness) * 255.0));
            *pixel = [changed[0], changed[1], changed[2], alpha];
        }
    }
}
