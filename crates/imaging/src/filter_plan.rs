//! Filter plan: the filters of a job, the channels of their result, and their cost. The plan of the job holds it, and
//! the filter steps carry it out.

#[cfg(feature = "codecs")]
use std::cell::OnceCell;

use crate::colour_matrix::ColourMatrix;
use crate::{Channels, Compat, Filters, Size};

/// For each value of a byte the one that replaces it: in red, in green and in blue. Grey takes the first.
#[cfg(feature = "codecs")]
pub(crate) type Curves = [[u8; 256]; 3];

/// The filters of a job.
#[derive(Debug)]
pub(crate) struct FilterPlan {
    pub(crate) filters: Filters,
    /// Whose filters they are.
    pub(crate) compat: Compat,
    /// The keys `s.*` but the overlay.
    pub(crate) matrix: ColourMatrix,
    /// The curves of `a.equalize` and of `a.balancewhite`, measured on the first frame. All frames have the same
    /// curves, so that areas that do not change keep their colours.
    #[cfg(feature = "codecs")]
    pub(crate) equalize: OnceCell<Curves>,
    #[cfg(feature = "codecs")]
    pub(crate) balance: OnceCell<Curves>,
}

impl FilterPlan {
    pub(crate) fn of(filters: &Filters, compat: Compat) -> Self {
        Self {
            compat,
            matrix: filters.simple.matrix(compat),
            filters: filters.clone(),
            #[cfg(feature = "codecs")]
            equalize: OnceCell::new(),
            #[cfg(feature = "codecs")]
            balance: OnceCell::new(),
        }
    }

    /// The channels of the result. This is the maximum, as pixels may turn out to be opaque.
    pub(crate) fn channels(&self, source: Channels) -> Channels {
        let [.., last] = self.stages(source);
        last
    }

    /// The channels of the picture before the filters, and after each filter that changes them.
    fn stages(&self, source: Channels) -> [Channels; 6] {
        let Filters { simple, advanced, .. } = &self.filters;
        let before = (source.is_gray(), source.has_alpha());
        let mixed = (self.matrix.gives_gray(before.0), before.1 || self.matrix.alpha < 1.0);
        let overlaid = (mixed.0 && simple.overlay.is_none_or(crate::Colour::is_gray), mixed.1);
        let edges = (overlaid.0 || advanced.sobel, overlaid.1);
        let toned = (edges.0 && !advanced.sepia, edges.1);
        let feathered = (toned.0, toned.1 || advanced.feather.is_some());
        [before, mixed, overlaid, edges, toned, feathered].map(|(gray, alpha)| Channels::of(gray, alpha))
    }

    /// Whether the colours are inverted and nothing else happens.
    pub(crate) fn only_inverts(&self) -> bool {
        let mut inverting = Filters::default();
        inverting.simple.invert = true;
        self.filters == inverting
    }

    /// The bytes of the most expensive filter, for a scaled picture of this size.
    pub(crate) fn bytes(&self, size: Size, source: Channels) -> u64 {
        /// The extreme values of the rows around a pixel, twice, and rows with a margin.
        const NOISE_ROWS: u64 = 2 * MOST_NOISE_SIDE as u64 + 6;
        if self.filters.is_none() {
            return 0;
        }
        let advanced = &self.filters.advanced;
        let stages = self.stages(source);
        let channels = stages
            .iter()
            .map(|stage| stage.count() as u64)
            .max()
            .unwrap_or_default();
        let picture = channels * size.pixels();
        let width = u64::from(size.width);
        let blur = [advanced.blur, advanced.sharpen].into_iter().flatten();
        let blur = blur.map(|radius| blur_bytes(size, channels, advanced.pixels(radius, size)));
        let blur = blur.max().unwrap_or_default();
        let noise = if advanced.remove_noise.is_some() {
            NOISE_ROWS * channels * (width + MOST_NOISE_SIDE as u64)
        } else {
            0
        };
        let changed = if stages.iter().any(|stage| *stage != stages[0]) {
            picture
        } else {
            0
        };
        let row = 4 * width;
        picture + blur.max(noise).max(changed) + row
    }

    /// The time for a pixel of the scaled picture, in picoseconds.
    pub(crate) fn picoseconds(&self, source: Channels) -> u64 {
        let Filters { simple, advanced, .. } = &self.filters;
        let samples = self
            .stages(source)
            .iter()
            .map(|stage| stage.count() as u64)
            .max()
            .unwrap_or_default();
        let costs = [
            (self.matrix != ColourMatrix::IDENTITY, 1_500),
            (simple.overlay.is_some(), 3_000),
            (advanced.blur.is_some(), 700 * samples),
            (advanced.sharpen.is_some(), 700 * samples),
            (advanced.remove_noise.is_some(), 1_500 * samples),
            (advanced.sobel, 2_500),
            (advanced.sepia, 1_500),
            (advanced.equalize, 2_500),
            (advanced.white_balance().is_some(), 2_500),
            (advanced.posterize.is_some(), 1_500),
            (advanced.changes_tone(), 10_000),
            (advanced.feather.is_some(), 5_000),
        ];
        costs.iter().filter(|(wanted, _)| *wanted).map(|(_, cost)| cost).sum()
    }
}

/// A blur, as its kernel says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Blur {
    /// The standard deviation in pixels.
    pub(crate) deviation: f64,
    /// The distance in pixels that the kernel ends at, if it is not three deviations.
    pub(crate) reach: Option<usize>,
}

impl Blur {
    /// The blur by a radius in pixels. ImageResizer's radius is the length of a kernel, an odd number from 3 to 21,
    /// whose deviation is always the same.
    pub(crate) fn of(radius: f64, compat: Compat) -> Self {
        const IMAGERESIZERS_DEVIATION: f64 = 1.4;
        match compat {
            Compat::None => Self {
                deviation: radius * BLUR_DEVIATION_PER_RADIUS,
                reach: None,
            },
            Compat::ImageResizer4 => Self {
                deviation: IMAGERESIZERS_DEVIATION,
                reach: Some((radius as usize / 2).clamp(1, MOST_BLUR_REACH)),
            },
        }
    }

    /// The blur that sharpening takes the difference from. Both programs bound its radius.
    pub(crate) fn for_sharpening(radius: f64, compat: Compat) -> Self {
        /// In pixels.
        const MOST_RADIUS: f64 = 11.0;
        Self::of(radius.min(MOST_RADIUS), compat)
    }
}

/// The bytes of a blur by a radius in pixels, besides the picture.
fn blur_bytes(size: Size, channels: u64, radius: f64) -> u64 {
    const SAMPLE_BYTES: u64 = 2;
    /// The rows of the kernel, a row with a margin at either side, and a row of the result.
    const ROWS: u64 = 2 * MOST_BLUR_REACH as u64 + 3;
    let lines = ROWS * (u64::from(size.width) + 2 * MOST_BLUR_REACH as u64);
    let mut halves = 0;
    if radius * BLUR_DEVIATION_PER_RADIUS >= MOST_DIRECT_DEVIATION {
        // As if it were halved until one pixel is left.
        let mut size = size;
        while size.pixels() > 1 {
            size = Size::new(size.width.div_ceil(2), size.height.div_ceil(2));
            halves += size.pixels();
        }
    }
    SAMPLE_BYTES * channels * (lines + halves)
}

/// The standard deviation of a blur, as a part of the radius: 95 % of the weight lies within the radius, as in the
/// shadows of CSS (CSS Backgrounds and Borders Level 3, "blur radius").
pub(crate) const BLUR_DEVIATION_PER_RADIUS: f64 = 0.5;

/// Blurs of a smaller deviation in pixels are a kernel, whose length they decide. Larger ones begin with halving.
pub(crate) const MOST_DIRECT_DEVIATION: f64 = 3.0;

/// The longest distance in a kernel of a blur, in pixels: three deviations, or half of ImageResizer's longest kernel.
pub(crate) const MOST_BLUR_REACH: usize = 10;

/// The largest side of the square in which `a.removenoise` compares pixels: ImageResizer's.
pub(crate) const MOST_NOISE_SIDE: usize = 25;
