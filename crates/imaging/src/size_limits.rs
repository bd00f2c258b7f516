//! Size limits: bounds on a result's width and height that an operator sets. They stand in a job's instructions beside
//! what the URL asks for, and no key of the querystring sets them.
//!
//! `layout` shrinks the image to the first pair, and `plan` refuses a result beyond the second. The bounds that protect
//! this program are [`Limits`](crate::Limits).

use std::fmt;
use std::num::NonZeroU32;

use crate::{ImageError, Size};

/// Bounds in pixels. `None` is no bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SizeLimits {
    /// The most columns of the image with the area that it is padded to, before rings and `rotate`. A larger image is
    /// shrunk in its proportions.
    pub image_width: Option<NonZeroU32>,
    /// The most rows of the same.
    pub image_height: Option<NonZeroU32>,
    /// The most columns of the whole result. A larger one is an error.
    pub total_width: Option<NonZeroU32>,
    /// The most rows of the whole result. A larger one is an error.
    pub total_height: Option<NonZeroU32>,
}

impl SizeLimits {
    /// The smaller of both bounds, each by itself.
    #[must_use]
    pub fn narrowed(self, other: Self) -> Self {
        let least = |a: Option<NonZeroU32>, b: Option<NonZeroU32>| match (a, b) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        Self {
            image_width: least(self.image_width, other.image_width),
            image_height: least(self.image_height, other.image_height),
            total_width: least(self.total_width, other.total_width),
            total_height: least(self.total_height, other.total_height),
        }
    }

    /// The box that an image of this size has to fit into. It is the size itself where no bound is smaller.
    pub(crate) fn bounds(&self, image: Size) -> Size {
        let bound = |side: u32, most: Option<NonZeroU32>| most.map_or(side, |most| side.min(most.get()));
        Size::new(
            bound(image.width, self.image_width),
            bound(image.height, self.image_height),
        )
    }

    /// Refuses a result beyond `total_width` or `total_height`.
    pub(crate) fn check_total(&self, output: Size) -> Result<(), ImageError> {
        let sides = [
            (output.width, self.total_width, "pixels across", "total_width"),
            (output.height, self.total_height, "pixels down", "total_height"),
        ];
        for (actual, most, unit, setting) in sides {
            if let Some(limit) = most.map(NonZeroU32::get).filter(|limit| actual > *limit) {
                return Err(ImageError::TooLarge {
                    what: "requested image",
                    unit,
                    actual: actual.into(),
                    limit: limit.into(),
                    setting,
                });
            }
        }
        Ok(())
    }
}

/// Written as `image 800 x any, total 3200 x 3200`.
impl fmt::Display for SizeLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |most: Option<NonZeroU32>| most.map_or_else(|| "any".to_owned(), |most| most.to_string());
        write!(
            f,
            "image {} x {}, total {} x {}",
            side(self.image_width),
            side(self.image_height),
            side(self.total_width),
            side(self.total_height)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Instructions, Layout};

    fn limits([image_width, image_height, total_width, total_height]: [u32; 4]) -> SizeLimits {
        SizeLimits {
            image_width: NonZeroU32::new(image_width),
            image_height: NonZeroU32::new(image_height),
            total_width: NonZeroU32::new(total_width),
            total_height: NonZeroU32::new(total_height),
        }
    }

    /// Window, image, padding and result of a picture of 1600 x 1200 whose image is limited.
    #[track_caller]
    fn check(query: &str, image: [u32; 2], window: [u32; 4], expected: (u32, u32), pad: [u32; 4], output: (u32, u32)) {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (mut instructions, ignored) = Instructions::parse(pairs);
        assert_eq!(ignored, [], "{query}");
        instructions.size_limits = limits([image[0], image[1], 0, 0]);
        let layout = Layout::of(&instructions, Size::new(1600, 1200)).unwrap();
        let size = |(width, height)| Size::new(width, height);
        assert_eq!(
            (layout.window(), layout.image_size(), layout.pad, layout.output),
            (window, size(expected), pad, size(output)),
            "{query} within {image:?}"
        );
    }

    #[test]
    fn image_beyond_its_limits_is_shrunk_in_its_proportions() {
        let whole = [0, 0, 1600, 1200];
        let none = [0; 4];
        // Without commands for a size, too. 1600 / 2 by 1200 / 2.
        check("format=png", [800, 0], whole, (800, 600), none, (800, 600));
        check("format=png", [0, 300], whole, (400, 300), none, (400, 300));
        check("format=png", [800, 300], whole, (400, 300), none, (400, 300));
        check("width=1000", [800, 800], whole, (800, 600), none, (800, 600));
        check("zoom=2&scale=both", [800, 0], whole, (800, 600), none, (800, 600));
        // Within the limits nothing changes.
        check("width=800", [800, 600], whole, (800, 600), none, (800, 600));
        check("width=400", [800, 600], whole, (400, 300), none, (400, 300));
        // The window stays. 1000 x 500 of it in 200 x 100.
        check(
            "crop=100,100,1100,600&width=900",
            [200, 0],
            [100, 100, 1100, 600],
            (200, 100),
            none,
            (200, 100),
        );
        // A square out of the middle.
        check(
            "w=900&h=900&mode=crop",
            [300, 0],
            [200, 0, 1400, 1200],
            (300, 300),
            none,
            (300, 300),
        );
    }

    /// The example of ImageResizer's documentation, with the result of its code: 1000 x 800 with the image 1000 x 750
    /// in it is divided by 800 / 600. That code cuts off half a row where this one rounds: 562.5 is 563.
    #[test]
    fn padded_area_is_shrunk_with_its_image_and_rings_come_on_top() {
        let whole = [0, 0, 1600, 1200];
        let query = "width=1000&height=800&paddingwidth=100";
        check(query, [800, 600], whole, (750, 563), [0, 18, 0, 19], (950, 800));
        // The limits hold before a quarter turn.
        check("width=1000&rotate=90", [800, 0], whole, (800, 600), [0; 4], (600, 800));
    }

    #[test]
    fn result_beyond_the_total_is_refused_side_by_side() {
        let check = |size: [u32; 2], setting: Option<&str>| {
            let checked = limits([1, 1, 300, 200]).check_total(Size::new(size[0], size[1]));
            let found = match checked {
                Err(ImageError::TooLarge { setting, .. }) => Some(setting),
                _ => None,
            };
            assert_eq!(found, setting, "{size:?}");
        };
        check([300, 200], None);
        check([301, 1], Some("total_width"));
        check([1, 201], Some("total_height"));
        assert!(SizeLimits::default().check_total(Size::new(u32::MAX, u32::MAX)).is_ok());
    }

    #[test]
    fn smaller_of_two_bounds_holds() {
        let narrowed = limits([5, 0, 7, 0]).narrowed(limits([6, 4, 3, 0]));
        assert_eq!(narrowed, limits([5, 4, 3, 0]));
    }

    /// The image's limits change pixels. Those of the whole only refuse, so that a new one leaves caches as they are.
    #[test]
    fn limits_of_the_image_make_another_variant() {
        let canonical = |sides| {
            let mut instructions = Instructions::parse([("width", "9")]).0;
            instructions.size_limits = limits(sides);
            instructions.canonical()
        };
        assert_eq!(canonical([0, 0, 9, 9]), canonical([0; 4]));
        let all = [canonical([0; 4]), canonical([9, 0, 0, 0]), canonical([0, 9, 0, 0])];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2], "{all:?}");
    }
}
