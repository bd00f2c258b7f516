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

/// A window along one axis of the delivered picture. Its edges may lie inside of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// The first pixel that lies in the window, fully or in part.
    pub(crate) first: u32,
    /// The pixel after the last one that does.
    pub(crate) end: u32,
    /// The start of the window, in pixels from the edge of `first`: 0 to 1.
    pub(crate) start: f64,
    /// The length of the window in pixels.
    pub(crate) length: f64,
}

impl Axis {
    /// The window of the stored pixels from `from` up to but not including `to`.
    pub(crate) fn new(from: u32, to: u32, shrink: Shrink) -> Self {
        let denominator = shrink.denominator();
        let first = from / denominator;
        Self {
            first,
            end: to.div_ceil(denominator),
            start: f64::from(from - first * denominator) / f64::from(denominator),
            length: f64::from(to - from) / f64::from(denominator),
        }
    }

    /// How many pixels lie in the window, fully or in part.
    pub(crate) const fn pixels(&self) -> u32 {
        self.end - self.first
    }

    /// Whether the window is exactly `target` whole pixels long, so that nothing has to be scaled.
    pub(crate) fn is_exactly(&self, target: u32) -> bool {
        self.start == 0.0 && self.length == f64::from(target)
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
}
