//! Sampling of components: how many samples a block becomes at a scale, and how many pixels a sample covers.

use crate::Scale;

/// The density of samples along one axis: `samples` samples cover `pixels` pixels of the decoded picture. The fraction
/// is in lowest terms. Both are 1 to 4, and there are never more samples than pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// The number of pixels.
    pub pixels: u32,
    /// The number of samples.
    pub samples: u32,
}

impl Ratio {
    /// A sample for each pixel.
    pub const ONE: Self = Self { pixels: 1, samples: 1 };

    /// Sampling factors in lowest terms. They are 1 to 4.
    const fn new(most: u32, blocks: u32) -> Self {
        let (pixels, samples) = match (most, blocks) {
            (4, 2) => (2, 1),
            (2, 2) | (3, 3) | (4, 4) => (1, 1),
            other => other,
        };
        Self { pixels, samples }
    }

    /// The sample whose area contains the centre of a pixel. Both are counted from 0.
    pub const fn sample_at(self, pixel: u32) -> u32 {
        (2 * pixel + 1) * self.samples / (2 * self.pixels)
    }
}

/// The size of a component's samples at a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sampling {
    /// Samples of a block, across and down: 1, 2, 4 or 8.
    pub(crate) block_width: u32,
    pub(crate) block_height: u32,
    pub(crate) across: Ratio,
    pub(crate) down: Ratio,
}

impl Sampling {
    /// The sampling of a component with these factors, where the largest ones of the frame are `most`.
    ///
    /// Blocks of a component that is subsampled by 2 or 4 are decoded to more samples than the scale asks for, so that
    /// less upsampling or none is needed. Not so if only the DC coefficients are to be read (`dc_only`).
    pub(crate) const fn new(most: (u32, u32), factors: (u32, u32), scale: Scale, dc_only: bool) -> Self {
        let (block_width, across) = axis(most.0, factors.0, scale, dc_only);
        let (block_height, down) = axis(most.1, factors.1, scale, dc_only);
        Self {
            block_width,
            block_height,
            across,
            down,
        }
    }

    /// The index of a block's first sample in a plane with rows of `stride` samples, which begins with the row before
    /// the blocks.
    #[inline(always)]
    pub(crate) const fn place(&self, column: usize, row: usize, stride: usize) -> usize {
        (1 + row * self.block_height as usize) * stride + column * self.block_width as usize
    }
}

const fn axis(most: u32, blocks: u32, scale: Scale, dc_only: bool) -> (u32, Ratio) {
    let points = scale.points();
    match Ratio::new(most, blocks) {
        Ratio {
            pixels: pixels @ (2 | 4),
            samples: 1,
        } if !dc_only => {
            let wanted = points * pixels;
            let possible = if wanted < 8 { wanted } else { 8 };
            (possible, Ratio::new(wanted / possible, 1))
        }
        ratio => (points, ratio),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of samples as long as the pixels: each pixel's centre lies in its sample.
    #[test]
    fn nearest_sample_covers_the_centre_of_its_pixel() {
        for most in 1..=4 {
            for blocks in 1..=most {
                let ratio = Ratio::new(most, blocks);
                assert_eq!(most * ratio.samples, blocks * ratio.pixels);
                for pixel in 0..48 {
                    let centre = f64::from(pixel) + 0.5;
                    let length = f64::from(most) / f64::from(blocks);
                    assert_eq!(
                        ratio.sample_at(pixel),
                        (centre / length) as u32,
                        "{most}:{blocks}, {pixel}"
                    );
                }
            }
        }
    }

    #[test]
    fn subsampled_block_is_decoded_larger() {
        let check = |most, factors, scale, dc_only, expected: (u32, u32, u32)| {
            let sampling = Sampling::new((most, 1), (factors, 1), scale, dc_only);
            let Ratio { pixels, samples } = sampling.across;
            assert_eq!((sampling.block_width, pixels, samples), expected);
        };
        check(2, 1, Scale::Full, false, (8, 2, 1));
        check(2, 1, Scale::Half, false, (8, 1, 1));
        check(2, 1, Scale::Eighth, false, (2, 1, 1));
        check(2, 1, Scale::Eighth, true, (1, 2, 1));
        check(4, 1, Scale::Half, false, (8, 2, 1));
        check(3, 1, Scale::Half, false, (4, 3, 1));
        check(3, 2, Scale::Quarter, false, (2, 3, 2));
        check(4, 3, Scale::Full, false, (8, 4, 3));
        check(4, 2, Scale::Quarter, false, (4, 1, 1));
    }
}
