//! What a decoder takes over of the scaling: some can deliver a picture at a half, a quarter or an eighth of its size for
//! much less work than all of it.

use crate::Size;

/// Each delivered pixel stands for a square of this many stored ones on a side: 1, 2, 4 or 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shrink(u32);

impl Shrink {
    /// The picture as it is stored.
    pub(crate) const NONE: Self = Self(1);
    pub(crate) const HALF: Self = Self(2);
    pub(crate) const QUARTER: Self = Self(4);
    pub(crate) const EIGHTH: Self = Self(8);

    /// The most that may be left to the decoder when a window is scaled to a size.
    ///
    /// A decoder's pixels are plain means; the filter of the scaler is better. So the filter is always left a factor of 2
    /// at least in each direction: its window then spans 12 delivered pixels or more, and what the means have let through
    /// above the highest frequency of the result it takes out. libvips leaves the same factor. Windows are not moved by
    /// it, only their edges fall between pixels: see [`Axis`].
    pub(crate) fn for_scaling(window: Size, target: Size) -> Self {
        const LEFT: u32 = 2;
        let allows = |shrink: &Self| {
            let factor = shrink.0 * LEFT;
            window.width / factor >= target.width && window.height / factor >= target.height
        };
        [Self::EIGHTH, Self::QUARTER, Self::HALF]
            .into_iter()
            .find(allows)
            .unwrap_or(Self::NONE)
    }

    /// 1, 2, 4 or 8.
    pub(crate) const fn denominator(self) -> u32 {
        self.0
    }
}

/// A window along one axis of the delivered picture. Its edges may lie inside of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    /// The first pixel that lies in the window, if only in part.
    pub(crate) first: u32,
    /// The pixel after the last such.
    pub(crate) end: u32,
    /// Where the window begins, in pixels from the edge of `first`: 0 to 1.
    pub(crate) start: f64,
    /// How long it is, in pixels.
    pub(crate) length: f64,
}

impl Axis {
    /// The window of these stored pixels, `from` up to but not including `to`.
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

    /// How many pixels lie in the window, if only in part.
    pub(crate) const fn pixels(&self) -> u32 {
        self.end - self.first
    }

    /// Whether it is `target` whole pixels long, so that nothing is to be scaled.
    pub(crate) fn is_exactly(&self, target: u32) -> bool {
        self.start == 0.0 && self.length == f64::from(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_keeps_a_factor_of_two() {
        let check = |window: (u32, u32), target: (u32, u32), expected: u32| {
            let (window, target) = (Size::new(window.0, window.1), Size::new(target.0, target.1));
            let found = Shrink::for_scaling(window, target).denominator();
            assert_eq!(found, expected, "{window} to {target}");
        };
        check((4000, 3000), (4000, 3000), 1);
        check((4000, 3000), (1001, 751), 1);
        check((4000, 3000), (1000, 750), 2);
        check((4000, 3000), (500, 375), 4);
        check((4000, 3000), (250, 187), 8);
        check((4000, 3000), (10, 10), 8);
        // The direction with less to do decides.
        check((4000, 3000), (10, 3000), 1);
        check((4000, 3000), (2500, 10), 1);
        check((100, 100), (200, 200), 1);
    }

    #[test]
    fn windows_keep_their_place() {
        let axis = Axis::new(13, 45, Shrink::EIGHTH);
        assert_eq!((axis.first, axis.end, axis.pixels()), (1, 6, 5));
        assert_eq!((axis.start, axis.length), (0.625, 4.0));
        assert!(!axis.is_exactly(4));
        let whole = Axis::new(13, 45, Shrink::NONE);
        assert_eq!((whole.first, whole.end, whole.start, whole.length), (13, 45, 0.0, 32.0));
        assert!(whole.is_exactly(32));
    }
}
