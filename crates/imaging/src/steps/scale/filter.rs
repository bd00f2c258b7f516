//! Filter curves: the weight of a source position by its distance, for each [`FilterShape`].
//!
//! Distances are in pixels of the smaller picture. The curves are not normalised; [`Weights`](super::weights::Weights)
//! divides by their sums.

use std::f64::consts::{PI, SQRT_2};

use super::table;
use crate::instructions::FilterShape;
use crate::resampling::Resampling;

/// The curve of a job's filter.
pub(super) struct Filter {
    curve: Curve,
    blur: f64,
    /// Where the filter ends on either side.
    reach: f64,
    /// The factor of the negative weights: 1, or more to sharpen.
    negative: f64,
}

/// A curve without a blur.
enum Curve {
    /// The family of Mitchell and Netravali ("Reconstruction Filters in Computer Graphics", 1988), by its B and C.
    Cubic(f64, f64),
    /// sinc(x) sinc(x / lobes).
    Lanczos { lobes: f64 },
    /// The same with three lobes.
    Lanczos3,
    /// sinc(x) under the middle of a jinc that is stretched over the lobes.
    Ginseng { lobes: f64 },
    /// The transform of a disc.
    Jinc,
    /// 1 - |x|.
    Triangle,
    /// 1.
    Box,
}

impl Filter {
    pub(super) fn new(resampling: &Resampling) -> Self {
        /// B and C of ImageMagick's filters of these names.
        const ROBIDOUX: Curve = Curve::Cubic(12.0 / (19.0 + 9.0 * SQRT_2), 113.0 / (58.0 + 216.0 * SQRT_2));
        const ROBIDOUX_SHARP: Curve = Curve::Cubic(6.0 / (13.0 + 7.0 * SQRT_2), 7.0 / (2.0 + 12.0 * SQRT_2));
        let lobes = resampling.window;
        let curve = match resampling.shape {
            FilterShape::Robidoux | FilterShape::RobidouxFast | FilterShape::Fastest | FilterShape::NCubic => ROBIDOUX,
            FilterShape::RobidouxSharp | FilterShape::NCubicSharp => ROBIDOUX_SHARP,
            FilterShape::Ginseng | FilterShape::GinsengSharp => Curve::Ginseng { lobes },
            FilterShape::Lanczos | FilterShape::LanczosSharp | FilterShape::Lanczos2 | FilterShape::Lanczos2Sharp => {
                match lobes == table::LOBES {
                    true => Curve::Lanczos3,
                    false => Curve::Lanczos { lobes },
                }
            }
            FilterShape::Cubic | FilterShape::CubicSharp => Curve::Cubic(0.0, 1.0),
            FilterShape::CatmullRom => Curve::Cubic(0.0, 0.5),
            FilterShape::Mitchell => Curve::Cubic(1.0 / 3.0, 1.0 / 3.0),
            FilterShape::CubicBSpline => Curve::Cubic(1.0, 0.0),
            FilterShape::Hermite => Curve::Cubic(0.0, 0.0),
            FilterShape::Jinc => Curve::Jinc,
            FilterShape::Triangle => Curve::Triangle,
            FilterShape::Box => Curve::Box,
        };
        let mut filter = Self {
            curve,
            blur: resampling.blur,
            reach: resampling.reach(),
            negative: 1.0,
        };
        filter.sharpen(resampling.sharpen);
        filter
    }

    /// Half the width of the filter: 0.5 or more.
    pub(super) const fn reach(&self) -> f64 {
        self.reach
    }

    /// The weight at a distance within reach.
    pub(super) fn at(&self, distance: f64) -> f64 {
        let x = (distance / self.blur).abs();
        let weight = match self.curve {
            Curve::Cubic(b, c) => cubic(x, b, c),
            Curve::Lanczos { lobes } if x < lobes => sinc(x) * sinc(x / lobes),
            Curve::Lanczos3 => table::lanczos(x),
            Curve::Ginseng { lobes } if x < lobes => sinc(x) * jinc(FIRST_ZERO * x / lobes),
            Curve::Lanczos { .. } | Curve::Ginseng { .. } => 0.0,
            Curve::Jinc => jinc(x),
            Curve::Triangle => (1.0 - x).max(0.0),
            Curve::Box => 1.0,
        };
        if weight < 0.0 { weight * self.negative } else { weight }
    }

    /// Raises the negative weights, so that they sum up to `ratio` of the positive ones: Imageflow's sharpening. A
    /// ratio below that of the curve itself changes nothing, nor does any ratio where no weight is negative.
    fn sharpen(&mut self, ratio: f64) {
        const STEPS: u32 = 1000;
        if ratio <= 0.0 {
            return;
        }
        let (mut above, mut below) = (0.0, 0.0);
        for step in 0..STEPS {
            let weight = self.at((f64::from(step) + 0.5) / f64::from(STEPS) * self.reach);
            above += weight.max(0.0);
            below -= weight.min(0.0);
        }
        if below > 0.0 {
            self.negative = (ratio * above / below).max(1.0);
        }
    }
}

/// The weights of three neighbours that sharpen by this ratio of negative to positive weights and sum up to 1, for a
/// side of unchanged length.
pub(super) fn sharpening(ratio: f64) -> [f64; 3] {
    let side = ratio / (2.0 * (1.0 - ratio));
    [-side, 1.0 + 2.0 * side, -side]
}

fn cubic(x: f64, b: f64, c: f64) -> f64 {
    let terms = if x < 1.0 {
        [6.0 - 2.0 * b, 0.0, -18.0 + 12.0 * b + 6.0 * c, 12.0 - 9.0 * b - 6.0 * c]
    } else if x < 2.0 {
        [
            8.0 * b + 24.0 * c,
            -12.0 * b - 48.0 * c,
            6.0 * b + 30.0 * c,
            -b - 6.0 * c,
        ]
    } else {
        return 0.0;
    };
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term) / 6.0
}

/// sin(pi x) / (pi x).
fn sinc(x: f64) -> f64 {
    let angle = PI * x;
    if x == 0.0 { 1.0 } else { angle.sin() / angle }
}

/// The first zero of [`jinc`].
const FIRST_ZERO: f64 = 1.219_669_891_266_504_5;

/// 2 J1(pi x) / (pi x), with the Bessel function of the first kind and first order, by its power series. For x up to 6
/// the error is below 1e-8.
fn jinc(x: f64) -> f64 {
    let square = (PI * x / 2.0).powi(2);
    let mut term = 1.0;
    let mut sum = 1.0;
    let mut k = 1.0;
    while f64::abs(term) > 1e-12 {
        term *= -square / (k * (k + 1.0));
        sum += term;
        k += 1.0;
    }
    sum
}
