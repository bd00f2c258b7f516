//! Noise removal: conservative smoothing. A sample that is lighter or darker than all others around it becomes the
//! lightest or the darkest of those. Edges stay, as a sample of an edge has its like beside it.

use std::ops::Range;

use resizer_kernel::{Kernel, with_widest};

use crate::filter_plan::MOST_NOISE_SIDE;
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// Compares each sample of a colour with those of its channel in a square of this side around it. Sides are odd and
/// from 3 to 25; another one counts as the nearest above, or as 25. At the picture's edge the square is cut off. Alpha
/// stays.
pub(super) fn removed(mut picture: Picture, side: usize, cancel: &Cancel) -> Result<Picture, ImageError> {
    if picture.size.pixels() == 1 {
        // A pixel alone has nothing around it.
        return Ok(picture);
    }
    let reach = (side | 1).clamp(3, MOST_NOISE_SIDE) / 2;
    let channels = picture.channels.count();
    let has_alpha = picture.channels.has_alpha();
    let row_bytes = picture.row_bytes();
    let height = picture.size.height as usize;
    let mut lowest = Extremes::<false>::new(row_bytes, channels, reach);
    let mut highest = Extremes::<true>::new(row_bytes, channels, reach);
    let mut out = vec![0; row_bytes];
    let mut taken = 0;
    for y in 0..height {
        cancel.check()?;
        let window = y.saturating_sub(reach)..height.min(y + reach + 1);
        // The rows from this one on are still as they were.
        while taken < window.end {
            let row = &picture.pixels[taken * row_bytes..][..row_bytes];
            lowest.take(taken, row);
            highest.take(taken, row);
            taken += 1;
        }
        let row = &mut picture.pixels[y * row_bytes..][..row_bytes];
        let (low, high) = (lowest.around(y, row, &window), highest.around(y, row, &window));
        with_widest(Clamp {
            row,
            low,
            high,
            out: &mut out,
        });
        if has_alpha {
            for (pixel, before) in out.chunks_exact_mut(channels).zip(row.chunks_exact(channels)) {
                pixel[channels - 1] = before[channels - 1];
            }
        }
        row.copy_from_slice(&out);
    }
    Ok(picture)
}

/// The highest samples around each sample, or the lowest.
struct Extremes<const HIGHEST: bool> {
    channels: usize,
    reach: usize,
    /// A row with a margin on either side, whose samples count for nothing.
    padded: Vec<u8>,
    /// For the rows of a square, the extreme of each sample and those beside it. Row `n` lies in slot `n % slots`.
    ring: Vec<u8>,
    /// The extremes around the samples of the current row.
    around: Vec<u8>,
}

impl<const HIGHEST: bool> Extremes<HIGHEST> {
    /// A sample that every other one replaces.
    const NOTHING: u8 = if HIGHEST { u8::MIN } else { u8::MAX };

    fn new(row_bytes: usize, channels: usize, reach: usize) -> Self {
        Self {
            channels,
            reach,
            padded: vec![Self::NOTHING; row_bytes + 2 * reach * channels],
            ring: vec![0; row_bytes * (2 * reach + 1)],
            around: vec![0; row_bytes],
        }
    }

    /// Takes the next row, before it is changed.
    fn take(&mut self, y: usize, row: &[u8]) {
        let margin = self.reach * self.channels;
        self.padded[margin..margin + row.len()].copy_from_slice(row);
        let slot = y % (2 * self.reach + 1) * row.len();
        let extremes = &mut self.ring[slot..slot + row.len()];
        extremes.copy_from_slice(row);
        for shift in 0..=2 * self.reach {
            let beside = &self.padded[shift * self.channels..];
            with_widest(Spread::<HIGHEST> { extremes, beside });
        }
    }

    /// The extremes around each sample of row `y`, without the sample itself. The rows of the window were taken.
    fn around(&mut self, y: usize, row: &[u8], window: &Range<usize>) -> &[u8] {
        let margin = self.reach * self.channels;
        self.padded[margin..margin + row.len()].copy_from_slice(row);
        self.around.fill(Self::NOTHING);
        let extremes = &mut self.around;
        for shift in (0..=2 * self.reach).filter(|shift| *shift != self.reach) {
            let beside = &self.padded[shift * self.channels..];
            with_widest(Spread::<HIGHEST> { extremes, beside });
        }
        for other in window.clone().filter(|other| *other != y) {
            let slot = other % (2 * self.reach + 1) * row.len();
            let beside = &self.ring[slot..];
            with_widest(Spread::<HIGHEST> { extremes, beside });
        }
        extremes
    }
}

/// Replaces each sample by the one beside it, if that is more extreme.
struct Spread<'s, const HIGHEST: bool> {
    extremes: &'s mut [u8],
    beside: &'s [u8],
}

impl<const HIGHEST: bool> Kernel for Spread<'_, HIGHEST> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (extreme, other) in self.extremes.iter_mut().zip(self.beside) {
            *extreme = if HIGHEST {
                (*extreme).max(*other)
            } else {
                (*extreme).min(*other)
            };
        }
    }
}

/// Writes a row, each sample brought between two others.
struct Clamp<'s> {
    row: &'s [u8],
    low: &'s [u8],
    high: &'s [u8],
    out: &'s mut [u8],
}

impl Kernel for Clamp<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let bounds = self.low.iter().zip(self.high);
        for ((out, sample), (low, high)) in self.out.iter_mut().zip(self.row).zip(bounds) {
            *out = (*sample).max(*low).min(*high);
        }
    }
}
