//! Shrink-on-load: the part of the scaling that a decoder does. Some decoders deliver a picture at a half, a quarter or
//! an eighth of its size with much less work.

use crate::Size;

/// The side of the square of stored pixels that each delivered pixel covers: 1, 2, 4 or 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shrink(u32);

impl Shrink {
    /// The picture as it is stored.
    pub(crate) const NONE: Self = Self(1);
    pub(crate) const HALF: Self = Self(2);
    pub(crate) const QUARTER: Self = Self(4);
    pub(crate) const EIGHTH: Self = Self(8);

    /// The largest shrink that the decoder may apply when a window is scaled to a size, both above 0.
    ///
    /// A decoder's pixels are plain means, and the scaler's filter is better. So the filter always keeps a part of the
    /// work: at least the factor `least` in each direction. Without one, the factor is 5/4 behind an eighth or a
    /// quarter, and 3/2 behind a half. These are the least factors at which the results are as near to those of the
    /// filter alone as sharp's results are: see the table in `docs/benchmarks.md`. The windows stay in place, only
    /// their edges fall between pixels: see [`Axis`].
    pub(crate) fn for_scaling(window: Size, target: Size, least: Option<f64>) -> Self {
        const SHRINKS: [(Shrink, f64); 3] = [(Shrink::EIGHTH, 1.25), (Shrink::QUARTER, 1.25), (Shrink::HALF, 1.5)];
        let factor = |window: u32, target: u32| f64::from(window) / f64::from(target);
        let whole = factor(window.width, target.width).min(factor(window.height, target.height));
        SHRINKS
            .iter()
            .find(|(shrink, usual)| whole >= f64::from(shrink.0) * least.unwrap_or(*usual))
            .map_or(Self::NONE, |(shrink, _)| *shrink)
    }

    /// 1, 2, 4 or 8.
    pub(crate) const fn denominator(self) -> u32 {
        self.0
    }
}

/// The spacing of a plane's samples along one axis: `samples` samples cover `pixels` pixels of the stored picture. The
/// first sample begins at the edge of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spacing {
    /// 1 to 32.
    pub(crate) pixels: u8,
    /// 1 to 4.
    pub(crate) samples: u8,
}

/// The cells that the target positions of a plane are along one axis: each covers `size` pixels of the scaled picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cells {
    /// The pixels of the scaled picture, above 0.
    pub(crate) pixels: u32,
    /// 1 or 2.
    pub(crate) size: u32,
    /// The pixels before the picture that the first cell covers: less than `size`.
    pub(crate) before: u32,
}

impl Cells {
    /// The number of cells. The last one may reach beyond the picture, too.
    pub(crate) const fn count(self) -> u32 {
        (self.pixels + self.before).div_ceil(self.size)
    }
}

/// A window along one axis of the delivered picture or of one of its planes, and the target positions that it is scaled
/// to. All lengths are in delivered pixels (samples), and places are counted from the edge of `first`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// The first pixel that lies in the window, fully or in part.
    pub(crate) first: u32,
    /// The pixel after the last one that does.
    pub(crate) end: u32,
    /// The start of the window: 0 to 1. Its edges may lie inside of pixels.
    pub(crate) start: f64,
    /// The length of the window.
    pub(crate) length: f64,
    /// The start of the first target position. It differs from `start` for cells that begin before the window.
    pub(crate) target_start: f64,
    /// The length of all target positions together.
    pub(crate) target_length: f64,
}

impl Axis {
    /// The window of the stored pixels from `from` up to but not including `to`.
    pub(crate) fn new(from: u32, to: u32, shrink: Shrink) -> Self {
        let spacing = Spacing {
            pixels: shrink.denominator() as u8,
            samples: 1,
        };
        let whole = Cells {
            pixels: 1,
            size: 1,
            before: 0,
        };
        Self::of_plane(from, to, spacing, whole)
    }

    /// The same window in a plane whose samples have this spacing.
    pub(crate) fn of_plane(from: u32, to: u32, spacing: Spacing, cells: Cells) -> Self {
        let (pixels, samples) = (u64::from(spacing.pixels), u64::from(spacing.samples));
        // In parts of a sample, of which `pixels` are one.
        let (start, end) = (u64::from(from) * samples, u64::from(to) * samples);
        let (first, length) = (start / pixels, end - start);
        let inside = start - first * pixels;
        // One division each, so that a whole number is exact.
        let part = |product: u64, parts: u64| product as f64 / parts as f64;
        let all = u64::from(cells.count() * cells.size);
        let parts = pixels * u64::from(cells.pixels);
        let before = part(length * u64::from(cells.before), parts);
        Self {
            first: first as u32,
            end: end.div_ceil(pixels) as u32,
            start: part(inside, pixels),
            length: part(length, pixels),
            target_start: part(inside, pixels) - before,
            target_length: part(length * all, parts),
        }
    }

    /// How many pixels lie in the window, fully or in part.
    pub(crate) const fn pixels(&self) -> u32 {
        self.end - self.first
    }

    /// Whether the target positions are exactly the `target` pixels, so that nothing has to be scaled.
    pub(crate) fn is_exactly(&self, target: u32) -> bool {
        self.target_start == 0.0 && self.target_length == f64::from(target) && self.pixels() == target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrink_leaves_the_filter_its_part() {
        let check = |window: (u32, u32), target: (u32, u32), expected: u32| {
            let (window, target) = (Size::new(window.0, window.1), Size::new(target.0, target.1));
            let found = Shrink::for_scaling(window, target, None).denominator();
            assert_eq!(found, expected, "{window} to {target}");
        };
        check((4000, 3000), (4000, 3000), 1);
        check((4000, 3000), (1334, 1001), 1);
        check((4000, 3000), (1333, 1000), 2);
        check((4000, 3000), (801, 601), 2);
        check((4000, 3000), (800, 600), 4);
        check((4000, 3000), (401, 301), 4);
        check((4000, 3000), (400, 300), 8);
        check((4000, 3000), (10, 10), 8);
        // The direction with the smaller factor decides.
        check((4000, 3000), (10, 3000), 1);
        check((4000, 3000), (2500, 10), 1);
        check((100, 100), (200, 200), 1);
    }

    #[test]
    fn shrink_leaves_the_filter_the_factor_that_is_asked_for() {
        let check = |target: u32, least: f64, expected: u32| {
            let (window, target) = (Size::new(4200, 4200), Size::new(target, target));
            let found = Shrink::for_scaling(window, target, Some(least)).denominator();
            assert_eq!(found, expected, "{window} to {target}, {least}");
        };
        // 4200 / 2.1 is 2000, of which an eighth, a quarter and a half are left.
        check(250, 2.1, 8);
        check(251, 2.1, 4);
        check(500, 2.1, 4);
        check(501, 2.1, 2);
        check(1000, 2.1, 2);
        check(1001, 2.1, 1);
        check(525, 1.0, 8);
        check(526, 1.0, 4);
        check(2100, 1.0, 2);
        check(100, 1000.0, 1);
    }

    #[test]
    fn window_keeps_its_place() {
        let axis = Axis::new(13, 45, Shrink::EIGHTH);
        assert_eq!((axis.first, axis.end, axis.pixels()), (1, 6, 5));
        assert_eq!((axis.start, axis.length), (0.625, 4.0));
        assert!(!axis.is_exactly(4));
        let whole = Axis::new(13, 45, Shrink::NONE);
        assert_eq!((whole.first, whole.end, whole.start, whole.length), (13, 45, 0.0, 32.0));
        assert!(whole.is_exactly(32));
    }

    /// Chroma of 4:2:0 at a half: a sample covers four stored pixels. The cells are pairs of the 5 pixels of the
    /// result, each of which covers 6.4 stored pixels.
    #[test]
    fn cells_of_chroma_cover_pairs_of_pixels() {
        let spacing = Spacing { pixels: 4, samples: 1 };
        let cells = |before| Cells {
            pixels: 5,
            size: 2,
            before,
        };
        let axis = Axis::of_plane(6, 38, spacing, cells(0));
        assert_eq!((axis.first, axis.end, axis.start, axis.length), (1, 10, 0.5, 8.0));
        assert_eq!((cells(0).count(), axis.target_start, axis.target_length), (3, 0.5, 9.6));
        // The first cell begins a pixel earlier, and the last one ends at the edge.
        let axis = Axis::of_plane(6, 38, spacing, cells(1));
        assert_eq!((cells(1).count(), axis.target_length), (3, 9.6));
        assert!((axis.target_start - (0.5 - 1.6)).abs() < 1e-12);
        // Three samples for four pixels: 6 and 38 are samples 4.5 and 28.5.
        let axis = Axis::of_plane(6, 38, Spacing { pixels: 4, samples: 3 }, cells(0));
        assert_eq!((axis.first, axis.end, axis.start, axis.length), (4, 29, 0.5, 24.0));
    }

    /// Chroma that keeps its resolution is copied, also where the last sample covers one pixel.
    #[test]
    fn chroma_of_an_unchanged_picture_is_exact() {
        let check = |(from, to): (u32, u32), before: u32, expected: bool| {
            let cells = Cells {
                pixels: to - from,
                size: 2,
                before,
            };
            let axis = Axis::of_plane(from, to, Spacing { pixels: 2, samples: 1 }, cells);
            assert_eq!(
                axis.is_exactly(cells.count()),
                expected,
                "{from} to {to}, {before} before"
            );
        };
        check((0, 10), 0, true);
        check((0, 11), 0, true);
        check((4, 11), 0, true);
        // The samples begin at even pixels.
        check((3, 11), 0, false);
        check((3, 11), 1, true);
        check((0, 11), 1, false);
    }
}
