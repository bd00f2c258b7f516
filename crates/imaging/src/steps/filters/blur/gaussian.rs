//! Gaussian kernel: the weighted mean of a sample and those around it, along rows and then along columns. Called by
//! `blur` for deviations of few pixels.

use resizer_kernel::{Kernel, with_widest};

use super::{Surface, has_alpha};
use crate::filter_plan::MOST_BLUR_REACH as MOST_REACH;
use crate::{Cancel, ImageError};

/// The weights of pairs of samples, by their distance from the middle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gaussian {
    /// The largest distance.
    reach: usize,
    /// In units of 2^-16. The middle counts as a pair of itself, and has half of its weight. So the sum is exactly
    /// 2^15.
    weights: [u16; MOST_REACH + 1],
}

impl Gaussian {
    /// The samples of a Gaussian of this standard deviation, up to three deviations away.
    pub(super) fn of(deviation: f64) -> Self {
        Self::within(deviation, (3.0 * deviation).ceil() as usize)
    }

    /// The samples of a Gaussian up to `reach` away, or [`MOST_REACH`]: exp(-x^2 / (2 deviation^2)), divided by their
    /// sum.
    pub(super) fn within(deviation: f64, reach: usize) -> Self {
        const WHOLE: f64 = 65_536.0;
        let reach = reach.min(MOST_REACH);
        let density = |distance: usize| (-0.5 * (distance as f64 / deviation).powi(2)).exp();
        let sum = 1.0 + 2.0 * (1..=reach).map(density).sum::<f64>();
        let mut weights = [0; MOST_REACH + 1];
        let mut middle = (WHOLE / 2.0) as u16;
        for (distance, weight) in weights.iter_mut().enumerate().take(reach + 1).skip(1) {
            *weight = (WHOLE * density(distance) / sum).round() as u16;
            middle -= *weight;
        }
        weights[0] = middle;
        Self { reach, weights }
    }

    /// Filters all rows, then all columns. A row is written when the rows below that count for it have been read, so
    /// that only as many rows are held as the kernel is long.
    pub(super) fn convolve<const N: usize>(
        &self,
        surface: &mut impl Surface<N>,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
        let reach = self.reach;
        let [width, height] = surface.size();
        let (length, margin, slots) = (width * N, reach * N, 2 * reach + 1);
        let mut line = vec![0; margin + length + margin];
        let mut ring = vec![0; slots * length];
        let mut out = vec![0; length];
        let place = |y: usize| y % slots * length..(y % slots + 1) * length;
        for y in 0..height + reach {
            cancel.check()?;
            if y < height {
                surface.read(y, &mut line[margin..margin + length]);
                repeat_ends::<N>(&mut line, reach, reach);
                let shifted = |by: usize| &line[by * N..by * N + length];
                let pairs = self.pairs(|distance| [shifted(reach - distance), shifted(reach + distance)]);
                mean::<N>(&pairs[..=reach], &mut ring[place(y)]);
            }
            if let Some(target) = y.checked_sub(reach) {
                let row = |y: usize| &ring[place(y)];
                let pairs = self.pairs(|distance| {
                    [
                        row(target.saturating_sub(distance)),
                        row((target + distance).min(height - 1)),
                    ]
                });
                mean::<N>(&pairs[..=reach], &mut out);
                surface.write(target, &out);
            }
        }
        Ok(())
    }

    /// The lines at each distance up to the reach, with their weight.
    fn pairs<'l>(&self, lines: impl Fn(usize) -> [&'l [u16]; 2]) -> [Pair<'l>; MOST_REACH + 1] {
        std::array::from_fn(|distance| Pair {
            lines: lines(distance.min(self.reach)),
            weight: [self.weights[distance]; STRETCH],
        })
    }
}

/// Fills the pixels of a line before `before` and the last `behind` ones with those beside them.
pub(super) fn repeat_ends<const N: usize>(line: &mut [u16], before: usize, behind: usize) {
    let pixels = line.as_chunks_mut::<N>().0;
    let end = pixels.len() - behind;
    let (first, last) = (pixels[before], pixels[end - 1]);
    pixels[..before].fill(first);
    pixels[end..].fill(last);
}

/// Two lines that count the same, as long as the result.
#[derive(Clone, Copy)]
struct Pair<'l> {
    lines: [&'l [u16]; 2],
    /// The same for each lane. From a single number, the compiler would make numbers of 32 bits.
    weight: [u16; STRETCH],
}

/// The sums of so many samples stay in registers while all pairs are added.
const STRETCH: usize = 64;

fn mean<const N: usize>(pairs: &[Pair<'_>], out: &mut [u16]) {
    if has_alpha(N) {
        with_widest(Mean::<true> { pairs, out });
    } else {
        with_widest(Mean::<false> { pairs, out });
    }
}

/// The weighted sum of pairs. `EXACT` rounds the sum. Otherwise each product is rounded down: twice as fast, and less
/// than a tenth of a byte's level off. The colours of pixels that are nearly transparent need it exactly.
struct Mean<'l, 'o, const EXACT: bool> {
    pairs: &'l [Pair<'l>],
    out: &'o mut [u16],
}

impl<const EXACT: bool> Kernel for Mean<'_, '_, EXACT> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { pairs, out } = self;
        let (stretches, rest) = out.as_chunks_mut::<STRETCH>();
        let mut start = 0;
        for stretch in stretches {
            *stretch = sums::<STRETCH, EXACT>(pairs, start);
            start += STRETCH;
        }
        for out in rest {
            [*out] = sums::<1, EXACT>(pairs, start);
            start += 1;
        }
    }
}

/// The sums of `L` samples from `start` on.
#[inline(always)]
fn sums<const L: usize, const EXACT: bool>(pairs: &[Pair<'_>], start: usize) -> [u16; L] {
    // Half a unit for each product that is rounded down.
    let mut short = [pairs.len() as u16 / 2; L];
    let mut long = [1_u32 << 15; L];
    for Pair { lines, weight } in pairs {
        let [Some(before), Some(after)] = lines.map(|line| line[start..].first_chunk::<L>()) else {
            continue;
        };
        for lane in 0..L {
            let product = u32::from(before[lane] + after[lane]) * u32::from(weight[lane]);
            if EXACT {
                long[lane] += product;
            } else {
                short[lane] += (product >> 16) as u16;
            }
        }
    }
    if EXACT {
        long.map(|sum| (sum >> 16) as u16)
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The weights are the Gaussian's, and lose nothing: their sum is exact.
    #[test]
    fn weights_are_samples_of_the_gaussian() {
        for deviation in [0.0, 0.1, 0.3, 0.8, 1.4, 2.0, 2.99] {
            let gaussian = Gaussian::of(deviation);
            assert_eq!(
                gaussian.weights.iter().map(|weight| u32::from(*weight)).sum::<u32>(),
                1 << 15
            );
            let density = |x: f64| {
                if x == 0.0 {
                    1.0
                } else {
                    (-x * x / (2.0 * deviation * deviation)).exp()
                }
            };
            let whole: f64 = (-40..=40_i32).map(|x| density(f64::from(x))).sum();
            for (distance, weight) in gaussian.weights.iter().enumerate() {
                let share = if distance == 0 { 0.5 } else { 1.0 };
                let expected = share * density(distance as f64) / whole;
                let error = f64::from(*weight) / 65_536.0 - expected;
                // A thousandth and a half of the weight lies beyond three deviations on either side.
                assert!(error.abs() < 0.003, "{deviation} at {distance}: {error}");
            }
        }
    }
}
