//! Rings around the image: the widths of padding, border, shadow and margin.

use crate::Size;
use crate::instructions::Decoration;

/// The widths of the rings, from the inside to the outside. Each holds pixels at the left, top, right and bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rings {
    /// Around the image and the area that it is padded to.
    pub padding: [u32; 4],
    /// Around the padding.
    pub border: [u32; 4],
    /// Around the border.
    pub shadow: [u32; 4],
    /// Around the shadow.
    pub margin: [u32; 4],
}

impl Rings {
    pub(super) fn of(decoration: &Decoration) -> Self {
        Self {
            padding: decoration.padding,
            border: decoration.border,
            shadow: decoration.shadow_ring(),
            margin: decoration.margin,
        }
    }

    /// An area with all rings around it. A side above `u32` becomes its maximum.
    pub(crate) fn around(&self, area: Size) -> Size {
        let rings = [self.padding, self.border, self.shadow, self.margin];
        rings.into_iter().fold(area, |area, [left, top, right, bottom]| {
            Size::new(
                area.width.saturating_add(left).saturating_add(right),
                area.height.saturating_add(top).saturating_add(bottom),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Instructions, Layout};

    fn layout(query: &str, source: Size) -> Layout {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (instructions, ignored) = Instructions::parse(pairs);
        assert_eq!(ignored, [], "{query}");
        Layout::of(&instructions, source).unwrap()
    }

    /// The first two are ImageResizer's own tests.
    #[test]
    fn rings_come_on_top_of_the_requested_size() {
        let check = |query: &str, output: (u32, u32)| {
            let found = layout(query, Size::new(10, 10)).output;
            assert_eq!((found.width, found.height), output, "{query}");
        };
        check("paddingWidth=10&borderWidth=10", (50, 50));
        check("paddingWidth=10&margin=10&borderWidth=10", (70, 70));
        check("width=4&borderwidth=1,2,3,4", (8, 10));
        check("width=4&borderwidth=1,2,3,4&rotate=90", (10, 8));
        // The box counts, and not the image in it: 8 x 4 pixels.
        check("w=8&h=4&margin=1", (10, 6));
        // The zoomed size is 8.
        check("width=4&zoom=2&paddingwidth=3", (14, 14));
        check("paddingwidth=2.5,2.4,0,0", (13, 12));
    }

    /// ImageResizer's ring: the fade less the offset on one side, and more by the offset on the other.
    #[test]
    fn shadow_takes_a_ring_that_its_offset_moves() {
        let check = |query: &str, ring: [u32; 4]| {
            assert_eq!(layout(query, Size::new(10, 10)).rings.shadow, ring, "{query}");
        };
        check("shadowwidth=6", [6; 4]);
        check("shadowwidth=6&shadowoffset=2,4", [4, 2, 8, 10]);
        check("shadowwidth=6&shadowoffset=-9,0", [15, 6, 0, 6]);
        check("shadowoffset=2,4&shadowcolor=000", [0; 4]);
    }
}
