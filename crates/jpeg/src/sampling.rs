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

/// How many samples are decoded of a component that is subsampled by 2, by 4 or not at all. Of others a block becomes
/// as many samples as the scale asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// A sample for each pixel if possible. A block of a subsampled component is decoded to more samples than the scale
    /// asks for, so that less upsampling or none is needed.
    Full,
    /// Half as many, in each direction.
    Half,
    /// As many as the scale asks for: only the DC coefficients are read.
    Stored,
}

impl Sampling {
    /// The sampling of a component with these factors, where the largest ones of the frame are `most`.
    pub(crate) const fn new(most: (u32, u32), factors: (u32, u32), scale: Scale, wanted: Wanted) -> Self {
        let (block_width, across) = axis(most.0, factors.0, scale, wanted);
        let (block_height, down) = axis(most.1, factors.1, scale, wanted);
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

const fn axis(most: u32, blocks: u32, scale: Scale, wanted: Wanted) -> (u32, Ratio) {
    let points = scale.points();
    match (Ratio::new(most, blocks), wanted) {
        (ratio, Wanted::Stored) => (points, ratio),
        (Ratio { pixels, samples: 1 }, wanted) if pixels != 3 => {
            // The pixels that a block covers.
            let covered = points * pixels;
            let possible = match (wanted, covered) {
                (Wanted::Half, 1) => 1,
                (Wanted::Half, 2..=16) => covered / 2,
                (_, 0..=8) => covered,
                _ => 8,
            };
            (possible, Ratio::new(covered / possible, 1))
        }
        (ratio, _) => (points, ratio),
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
    fn block_is_decoded_to_the_samples_that_are_wanted() {
        use Wanted::{Full, Half, Stored};
        let check = |most, factors, scale, wanted, expected: (u32, u32, u32)| {
            let sampling = Sampling::new((most, 1), (factors, 1), scale, wanted);
            let Ratio { pixels, samples } = sampling.across;
            assert_eq!((sampling.block_width, pixels, samples), expected);
        };
        check(2, 1, Scale::Full, Full, (8, 2, 1));
        check(2, 1, Scale::Half, Full, (8, 1, 1));
        check(2, 1, Scale::Eighth, Full, (2, 1, 1));
        check(2, 1, Scale::Eighth, Stored, (1, 2, 1));
        check(4, 1, Scale::Half, Full, (8, 2, 1));
        check(3, 1, Scale::Half, Full, (4, 3, 1));
        check(3, 2, Scale::Quarter, Full, (2, 3, 2));
        check(4, 3, Scale::Full, Full, (8, 4, 3));
        check(4, 2, Scale::Quarter, Full, (4, 1, 1));
        check(1, 1, Scale::Half, Full, (4, 1, 1));
        check(1, 1, Scale::Full, Half, (4, 2, 1));
        check(1, 1, Scale::Quarter, Half, (1, 2, 1));
        check(1, 1, Scale::Eighth, Half, (1, 1, 1));
        check(2, 1, Scale::Full, Half, (8, 2, 1));
        check(2, 1, Scale::Half, Half, (4, 2, 1));
        check(2, 1, Scale::Eighth, Half, (1, 2, 1));
        check(4, 1, Scale::Full, Half, (8, 4, 1));
        check(4, 1, Scale::Quarter, Half, (4, 2, 1));
        check(3, 1, Scale::Half, Half, (4, 3, 1));
        check(4, 3, Scale::Quarter, Half, (2, 4, 3));
    }
}
