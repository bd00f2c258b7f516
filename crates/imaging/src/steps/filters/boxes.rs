//! Box filter: running means, whose time does not depend on their length. Three of them, one after another, are nearly
//! a Gaussian.
//!
//! The two outermost samples of a mean count in part, so that the variance of the filter is exactly the one that is
//! asked for, and not only that of a whole number of samples (P. Gwosdek, S. Grewenig, A. Bruhn, J. Weickert:
//! Theoretical Foundations of Gaussian Convolution by Extended Box Filtering, 2011). Sums are whole numbers, so that no
//! error runs along with them.

use resizer_kernel::{Kernel, with_widest};

use super::colours::nearest;
use crate::filter_plan::BLUR_LANES as LANES;

/// Samples side by side: one of each row, or one of each column. The filter runs from line to line. A sample is at most
/// 65,025: a byte times 255.
pub(super) type Line = [u16; LANES];

/// A mean over `2 * reach + 1` samples, and a part of the samples on either side.
#[derive(Clone, Copy, Debug)]
pub(super) struct BoxFilter {
    reach: usize,
    /// The weight of the two outermost samples, from 0 and below 1.
    edge: f32,
    /// One through the sum of all weights.
    scale: f32,
}

impl BoxFilter {
    /// The passes that together are nearly a Gaussian.
    const PASSES: f64 = 3.0;

    /// The filter that, passed three times, has this standard deviation in samples.
    pub(super) fn for_deviation(deviation: f64) -> Self {
        /// Above it the whole-number sums could overflow: their windows would have more than 33,000 samples.
        const MOST: f64 = 16_000.0;
        // Variances of filters that follow each other add up.
        let deviation = deviation.clamp(0.0, MOST);
        let variance = deviation * deviation / Self::PASSES;
        // A mean over 2r + 1 samples has the variance r(r + 1)/3. This is the longest one that stays below.
        let reach = (((12.0 * variance + 1.0).sqrt() - 1.0) / 2.0).floor();
        let samples = 2.0 * reach + 1.0;
        // With two more samples of the weight w: (samples * r(r + 1)/3 + 2w (r + 1)^2) / (samples + 2w) = variance.
        let next = reach + 1.0;
        let edge = samples * (variance - reach * next / 3.0) / (2.0 * (next * next - variance));
        Self {
            reach: reach as usize,
            edge: edge as f32,
            scale: (1.0 / (samples + 2.0 * edge)) as f32,
        }
    }

    /// Filters the lines three times. Beyond either end, the line at the end counts. `spare` is as long as `lines`.
    pub(super) fn smooth(self, lines: &mut [Line], spare: &mut [Line]) {
        self.pass(lines, spare);
        self.pass(spare, lines);
        self.pass(lines, spare);
        lines.copy_from_slice(spare);
    }

    fn pass(self, source: &[Line], target: &mut [Line]) {
        with_widest(Pass {
            filter: self,
            source,
            target,
        });
    }
}

struct Pass<'l> {
    filter: BoxFilter,
    source: &'l [Line],
    target: &'l mut [Line],
}

impl Kernel for Pass<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { filter, source, target } = self;
        let BoxFilter { reach, edge, scale } = filter;
        let (Some(first), Some(final_line)) = (source.first(), source.last()) else {
            return;
        };
        let last = source.len() - 1;
        // The window of the first line: that line for itself and all before it, and those that follow.
        let mut sums = [0_i32; LANES];
        add(&mut sums, first, reach as i32 + 1);
        for line in &source[1..=reach.min(last)] {
            add(&mut sums, line, 1);
        }
        add(&mut sums, final_line, reach.saturating_sub(last) as i32);
        for (position, out) in target.iter_mut().enumerate() {
            let before = &source[position.saturating_sub(reach + 1)];
            let leaves = &source[position.saturating_sub(reach)];
            let after = &source[(position + reach + 1).min(last)];
            let lanes = before.iter().zip(leaves).zip(after);
            for ((out, sum), ((before, leaves), after)) in out.iter_mut().zip(&mut sums).zip(lanes) {
                let (before, leaves, after) = (i32::from(*before), i32::from(*leaves), i32::from(*after));
                let mean = (*sum as f32 + edge * (before + after) as f32) * scale;
                *out = nearest(mean) as u16;
                *sum += after - leaves;
            }
        }
    }
}

#[inline(always)]
fn add(sums: &mut [i32; LANES], line: &Line, times: i32) {
    for (sum, sample) in sums.iter_mut().zip(line) {
        *sum += i32::from(*sample) * times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: usize = 401;
    const MIDDLE: usize = LENGTH / 2;

    fn smoothed(samples: impl Fn(usize) -> u16, deviation: f64) -> Vec<f64> {
        let mut lines: Vec<Line> = (0..LENGTH).map(|at| [samples(at); LANES]).collect();
        let mut spare = lines.clone();
        BoxFilter::for_deviation(deviation).smooth(&mut lines, &mut spare);
        assert!(lines.iter().all(|line| line.iter().all(|sample| *sample == line[0])));
        lines.iter().map(|line| f64::from(line[0])).collect()
    }

    /// An edge is blurred to the integral of the Gaussian. Its differences are the impulse response, whose variance and
    /// shape are compared.
    #[test]
    fn edge_becomes_the_integral_of_the_gaussian() {
        for deviation in [0.4, 0.7, 1.0, 2.3, 5.0, 11.7, 30.0] {
            let step = smoothed(|at| if at < MIDDLE { 0 } else { 65_025 }, deviation);
            let impulse: Vec<f64> = step.windows(2).map(|pair| (pair[1] - pair[0]) / 65_025.0).collect();
            let centre = (MIDDLE - 1) as f64;
            let offsets = |at: usize| at as f64 - centre;
            let sum: f64 = impulse.iter().sum();
            let mean: f64 = impulse.iter().enumerate().map(|(at, v)| offsets(at) * v).sum();
            let variance: f64 = impulse.iter().enumerate().map(|(at, v)| offsets(at).powi(2) * v).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{deviation}: sum {sum}");
            assert!(mean.abs() < 0.02, "{deviation}: mean {mean}");
            let error = variance.sqrt() / deviation - 1.0;
            assert!(error.abs() < 0.02, "{deviation}: off by {error}");
            // Against the samples of the Gaussian, for deviations that a few samples show.
            if deviation >= 1.0 {
                let peak = impulse[MIDDLE - 1];
                let expected = 1.0 / (deviation * (2.0 * std::f64::consts::PI).sqrt());
                assert!((peak / expected - 1.0).abs() < 0.07, "{deviation}: {peak}, {expected}");
            }
        }
    }

    #[test]
    fn flat_field_stays_as_it_is() {
        for deviation in [0.0, 0.1, 3.3, 100.0, 5000.0, 1e9] {
            for value in [0, 255, 25_500, 65_025] {
                let flat = smoothed(|_| value, deviation);
                assert!(
                    flat.iter().all(|sample| *sample == f64::from(value)),
                    "{value}, {deviation}"
                );
            }
        }
    }

    /// A window that is longer than the picture is nearly the mean of all samples and of those beyond the ends.
    #[test]
    fn long_window_gives_one_value() {
        let samples = smoothed(|at| if at < MIDDLE { 0 } else { 60_000 }, 4000.0);
        assert!(samples.iter().all(|sample| (sample - 30_000.0).abs() < 4_000.0));
    }
}
