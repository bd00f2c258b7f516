//! Resampling: the filter that one job scales with, decided from the instructions and the two sizes. The plan makes it,
//! the cost reads its reach, and the scaler computes its weights.
//!
//! One filter serves both directions of a picture, as in Imageflow: that for enlarging as soon as one side becomes
//! larger.

use crate::Size;
use crate::instructions::{FilterShape, Scaling, SharpenWhen};

/// A filter with all its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Resampling {
    /// The curve.
    pub(crate) shape: FilterShape,
    /// Half the width of the curve before blurring, in pixels of the smaller picture.
    pub(crate) window: f64,
    /// The factor by which the curve is widened.
    pub(crate) blur: f64,
    /// The sum of negative weights as a part of the sum of positive ones, if the curve's own is smaller: 0 to below 1.
    pub(crate) sharpen: f64,
    /// Whether a side of unchanged length is sharpened too.
    pub(crate) sharpens_unchanged: bool,
    /// Whether values of light are filtered. Otherwise they are encoded values.
    pub(crate) linear: bool,
    /// Whether the source counts as opaque.
    pub(crate) ignores_alpha: bool,
}

impl Resampling {
    /// The filter from a window of this size to a target.
    pub(crate) fn of(scaling: &Scaling, window: Size, target: Size) -> Self {
        /// The most that can be sharpened. Negative weights as large as the positive ones would leave nothing.
        const MOST: f64 = 0.99;
        let larger = target.width > window.width || target.height > window.height;
        let differs = target != window;
        let (filter, shape) = if larger {
            (scaling.up, scaling.effective_up())
        } else {
            (scaling.down, scaling.effective_down())
        };
        let sharpens = match scaling.sharpen_when {
            SharpenWhen::Downscaling => differs && !larger,
            SharpenWhen::SizeDiffers => differs,
            SharpenWhen::Always => true,
        };
        let (natural_window, natural_blur) = natural(shape);
        let sharpen = scaling.sharpen.filter(|_| sharpens).unwrap_or_default();
        Self {
            shape,
            window: match filter.window {
                Some(window) if window < natural_window || has_lobes(shape) => window,
                _ => natural_window,
            },
            blur: natural_blur * filter.blur.unwrap_or(1.0),
            sharpen: (sharpen / 100.0).min(MOST),
            sharpens_unchanged: sharpen > 0.0 && scaling.sharpen_when == SharpenWhen::Always,
            linear: filter.linear,
            ignores_alpha: scaling.ignore_alpha,
        }
    }

    /// Half the width of the filter, in pixels of the smaller picture. Never less than half a pixel, so that each
    /// position of the target has one of the source.
    pub(crate) fn reach(&self) -> f64 {
        (self.window * self.blur).max(0.5)
    }
}

/// Whether the curve has as many lobes as its window is long, instead of one length.
const fn has_lobes(shape: FilterShape) -> bool {
    use FilterShape::{Ginseng, GinsengSharp, Lanczos, Lanczos2, Lanczos2Sharp, LanczosSharp};
    matches!(
        shape,
        Ginseng | GinsengSharp | Lanczos | LanczosSharp | Lanczos2 | Lanczos2Sharp
    )
}

/// The factor by which a named filter is widened.
pub(crate) const fn natural_blur(shape: FilterShape) -> f64 {
    natural(shape).1
}

/// The window and the blur of a named filter, as in Imageflow. Numbers below 1 in the second place sharpen: they are
/// those of ImageMagick's filters LanczosSharp, Lanczos2Sharp, Robidoux and RobidouxSharp.
const fn natural(shape: FilterShape) -> (f64, f64) {
    const SHARP_OF_3: f64 = 0.981_250_564_426_935_6;
    const SHARP_OF_2: f64 = 0.954_996_363_978_548_5;
    const ROBIDOUX: f64 = 1.168_577_762_083_693_3;
    const ROBIDOUX_SHARP: f64 = 1.105_822_933_719_019;
    match shape {
        FilterShape::Lanczos | FilterShape::Ginseng => (3.0, 1.0),
        FilterShape::LanczosSharp | FilterShape::GinsengSharp => (3.0, SHARP_OF_3),
        FilterShape::Lanczos2Sharp | FilterShape::CubicSharp => (2.0, SHARP_OF_2),
        FilterShape::Lanczos2
        | FilterShape::Robidoux
        | FilterShape::RobidouxSharp
        | FilterShape::Cubic
        | FilterShape::CatmullRom
        | FilterShape::Mitchell
        | FilterShape::CubicBSpline => (2.0, 1.0),
        FilterShape::NCubic => (2.0, 1.0 / ROBIDOUX),
        FilterShape::NCubicSharp => (2.0, 1.0 / ROBIDOUX_SHARP),
        FilterShape::RobidouxFast => (1.05, 1.0),
        FilterShape::Fastest => (1.0, 0.74),
        FilterShape::Hermite | FilterShape::Triangle => (1.0, 1.0),
        FilterShape::Jinc => (6.0, 1.0),
        FilterShape::Box => (0.5, 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Instructions;

    fn resampling(query: &str, window: (u32, u32), target: (u32, u32)) -> Resampling {
        let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
        assert_eq!(ignored, [], "{query}");
        let size = |(width, height)| Size::new(width, height);
        Resampling::of(&instructions.scaling, size(window), size(target))
    }

    #[test]
    fn filter_follows_the_direction() {
        let query = "down.filter=mitchell&up.filter=robidoux_sharp&down.colorspace=linear";
        let check = |target: (u32, u32), shape: FilterShape, linear: bool| {
            let found = resampling(query, (100, 100), target);
            assert_eq!((found.shape, found.linear), (shape, linear), "{target:?}");
        };
        check((50, 50), FilterShape::Mitchell, true);
        check((100, 50), FilterShape::Mitchell, true);
        check((200, 200), FilterShape::RobidouxSharp, false);
        check((50, 101), FilterShape::RobidouxSharp, false);
    }

    #[test]
    fn sharpening_follows_the_direction() {
        let check = |query: &str, target: (u32, u32), expected: f64| {
            let found = resampling(query, (100, 100), target).sharpen;
            assert!((found - expected).abs() < 1e-12, "{query} {target:?}: {found}");
        };
        for (query, same, larger) in [
            ("f.sharpen=20", 0.0, 0.0),
            ("f.sharpen=20&f.sharpen_when=sizediffers", 0.0, 0.2),
            ("f.sharpen=20&f.sharpen_when=always", 0.2, 0.2),
        ] {
            check(query, (50, 50), 0.2);
            check(query, (100, 50), 0.2);
            check(query, (100, 100), same);
            check(query, (200, 200), larger);
            check(query, (50, 200), larger);
        }
        check("f.sharpen=100", (50, 50), 0.99);
        check("f.sharpen=-3", (50, 50), 0.0);
    }

    #[test]
    fn window_and_blur_change_the_reach() {
        let check = |query: &str, expected: f64| {
            let found = resampling(query, (100, 100), (50, 50)).reach();
            assert!((found - expected).abs() < 1e-12, "{query}: {found}");
        };
        check("", 3.0);
        check("down.filter=lanczos2&down.window=3", 3.0);
        check("down.window=2&down.blur=1.5", 3.0);
        check("down.filter=mitchell&down.window=3", 2.0);
        check("down.filter=mitchell&down.window=1.5", 1.5);
        check("down.filter=mitchell&down.blur=2", 4.0);
        check("down.filter=box&down.blur=0.5", 0.5);
        check("fastscale=true", 2.0);
        check("up.window=1", 3.0);
    }
}
