//! ImageResizer's layout, for [`Compat::ImageResizer4`](crate::Compat): the sizes of canvas and image, and the part of
//! the window that is shown. Called by `layout` in place of `fit` and `proportions`.
//!
//! Sizes are real numbers until the end, and are then rounded to the nearest even number on a tie. `zoom` multiplies
//! the finished layout. The mode `aspectcrop`, which ImageResizer lacks, is deliberately not here.

use super::window;
use crate::Size;
use crate::instructions::{Anchor, Instructions, Mode, Scale};

/// Width and height.
type Pair = [f64; 2];

/// The layout of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) canvas: Size,
    pub(super) image: Size,
    /// x1, y1, x2, y2 inside of the window.
    pub(super) shown: [u32; 4],
}

/// The layout of a window of this size.
pub(super) fn placed(instructions: &Instructions, mode: Mode, window: Size) -> Placed {
    let whole = [f64::from(window.width), f64::from(window.height)];
    let Some(target) = target(instructions, whole) else {
        return scaled(instructions, whole, whole, whole, whole);
    };
    let scale = instructions.scale;
    match mode {
        Mode::Max => {
            let image = inside(whole, target);
            scaled(instructions, whole, image, image, whole)
        }
        Mode::Stretch => scaled(instructions, whole, target, target, whole),
        Mode::Pad | Mode::AspectCrop => scaled(instructions, whole, target, inside(whole, target), whole),
        Mode::Crop => {
            let has_room = [0, 1].map(|axis| whole[axis] <= target[axis]);
            let cuts_only = match scale {
                Scale::Down => has_room[0] != has_room[1],
                Scale::Canvas => has_room != [false; 2],
                Scale::Up | Scale::Both => false,
            };
            if cuts_only {
                let image = [0, 1].map(|axis: usize| whole[axis].min(target[axis]));
                let canvas = if scale == Scale::Down { image } else { target };
                scaled(instructions, whole, canvas, image, image)
            } else {
                scaled(instructions, whole, target, target, inside(target, whole))
            }
        }
    }
}

/// Applies `zoom` and `scale`, and rounds.
fn scaled(instructions: &Instructions, whole: Pair, canvas: Pair, image: Pair, shown: Pair) -> Placed {
    let zoom = instructions.zoom.unwrap_or(1.0);
    let (mut canvas, mut image, mut shown) = (canvas.map(|side| side * zoom), image.map(|side| side * zoom), shown);
    let is_smaller = whole[0] <= image[0] && whole[1] <= image[1];
    match instructions.scale {
        Scale::Down if is_smaller => (canvas, image, shown) = (whole, whole, whole),
        Scale::Up if !is_smaller => (canvas, image, shown) = (whole, whole, whole),
        Scale::Canvas if is_smaller => (image, shown) = (whole, whole),
        _ => {}
    }
    let shown = shown.map(|side| side.round_ties_even().max(1.0));
    let Anchor { x, y } = instructions.gravity.unwrap_or(instructions.anchor);
    let edges = |axis: usize, align| {
        let start = window::share(align) * (whole[axis] - shown[axis]).max(0.0);
        let start_edge = start.round_ties_even();
        // A tie can round both edges to one.
        let end_edge = (start + shown[axis])
            .round_ties_even()
            .min(whole[axis])
            .max(start_edge + 1.0);
        [start_edge as u32, end_edge as u32]
    };
    let ([x1, x2], [y1, y2]) = (edges(0, x), edges(1, y));
    // A side above `u32` becomes its maximum, which every limit refuses.
    let size = |[width, height]: Pair| {
        let whole = |side: f64| (side.round_ties_even() as u32).max(1);
        Size::new(whole(width), whole(height))
    };
    Placed {
        canvas: size(canvas),
        image: size(image),
        shown: [x1, y1, x2, y2],
    }
}

/// The requested box. `None` if no size was asked for.
fn target(instructions: &Instructions, window: Pair) -> Option<Pair> {
    let ratio = window[0] / window[1];
    let side = |side: Option<u32>| side.map(f64::from);
    let (mut width, mut max_width) = (side(instructions.width), side(instructions.max_width));
    let (mut height, mut max_height) = (side(instructions.height), side(instructions.max_height));
    for (exact, most) in [(&mut width, &mut max_width), (&mut height, &mut max_height)] {
        if let (Some(side), Some(bound)) = (*exact, *most) {
            (*exact, *most) = (Some(side.min(bound)), None);
        }
    }
    if let (Some(width), Some(most)) = (width, max_height) {
        max_height = Some(most.min(width / ratio));
    }
    if let (Some(height), Some(most)) = (height, max_width) {
        max_width = Some(most.min(height * ratio));
    }
    match (width.or(max_width), height.or(max_height)) {
        (None, None) => None,
        (Some(width), None) => Some([width, width / ratio]),
        (None, Some(height)) => Some([height * ratio, height]),
        (Some(width), Some(height)) => Some([width, height]),
    }
}

/// The largest size with the proportions of `size` inside of `bounds`.
fn inside(size: Pair, bounds: Pair) -> Pair {
    let ratio = size[0] / size[1];
    if bounds[0] / bounds[1] > ratio {
        [ratio * bounds[1], bounds[1]]
    } else {
        [bounds[0], bounds[0] / ratio]
    }
}

#[cfg(test)]
mod tests {
    use crate::{Compat, Instructions, Layout, Size};

    fn layout(source: (u32, u32), query: &str) -> Layout {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (instructions, ignored) = Instructions::parse_as(Compat::ImageResizer4, pairs);
        assert_eq!(ignored, [], "{query}");
        Layout::of(&instructions, Size::new(source.0, source.1)).unwrap()
    }

    /// Canvas, image, and the part of the source: the examples of ImageResizer's documentation and its rules, worked
    /// out by hand.
    #[test]
    fn layout_follows_the_rules_of_imageresizer() {
        let check = |source, query: &str, canvas: (u32, u32), image: (u32, u32), window: [u32; 4]| {
            let found = layout(source, query);
            let pair = |size: Size| (size.width, size.height);
            let found = (pair(found.output), pair(found.image_size()), found.window());
            assert_eq!(found, (canvas, image, window), "{source:?} {query}");
        };
        let photo = |query: &str, canvas, image, window| check((1600, 1200), query, canvas, image, window);
        let all = [0, 0, 1600, 1200];
        let middle = [200, 0, 1400, 1200];
        photo(
            "w=90&h=45&mode=crop&scale=canvas",
            (90, 45),
            (90, 45),
            [0, 200, 1600, 1000],
        );
        photo("w=10&h=10&mode=crop", (10, 10), (10, 10), middle);
        photo("w=10&h=10&mode=max", (10, 8), (10, 8), all);
        photo("maxwidth=400&maxheight=200", (267, 200), (267, 200), all);
        photo("width=333", (333, 250), (333, 250), all);
        photo("width=400&height=400", (400, 400), (400, 300), all);
        photo("width=400&height=400&mode=stretch", (400, 400), (400, 400), all);
        photo("width=400&maxheight=200", (400, 200), (267, 200), all);
        photo("height=400&maxwidth=200", (200, 400), (200, 150), all);
        photo("width=2000", (1600, 1200), (1600, 1200), all);
        photo("width=2000&height=2000", (1600, 1200), (1600, 1200), all);
        photo("width=2000&height=2000&scale=both", (2000, 2000), (2000, 1500), all);
        photo("width=2000&height=2000&scale=canvas", (2000, 2000), (1600, 1200), all);
        photo("width=2000&height=2000&scale=up", (2000, 2000), (2000, 1500), all);
        photo("width=2000&height=2000&mode=crop", (1600, 1200), (1600, 1200), all);
        photo(
            "width=2000&height=2000&mode=crop&scale=both",
            (2000, 2000),
            (2000, 2000),
            middle,
        );
        // Imageflow leaves this one as it is.
        photo(
            "width=2000&height=2000&mode=crop&scale=canvas",
            (2000, 2000),
            (1600, 1200),
            all,
        );
        photo("width=2000&height=600", (2000, 600), (800, 600), all);
        let strip = [0, 300, 1600, 900];
        photo("width=2000&height=600&mode=crop", (1600, 600), (1600, 600), strip);
        photo(
            "width=2000&height=600&mode=crop&scale=both",
            (2000, 600),
            (2000, 600),
            [0, 360, 1600, 840],
        );
        photo(
            "width=2000&height=600&mode=crop&scale=canvas",
            (2000, 600),
            (1600, 600),
            strip,
        );
        photo("width=800&height=600&scale=up", (1600, 1200), (1600, 1200), all);
        photo("width=400&zoom=2", (800, 600), (800, 600), all);
        photo("width=1000&zoom=2", (1600, 1200), (1600, 1200), all);
        photo("zoom=0.5", (800, 600), (800, 600), all);
        photo("zoom=2", (1600, 1200), (1600, 1200), all);
        photo("zoom=2&scale=both", (3200, 2400), (3200, 2400), all);
        photo(
            "crop=100,100,-100,-100&width=350",
            (350, 250),
            (350, 250),
            [100, 100, 1500, 1100],
        );
        photo("crop=800,600,400,300", (1600, 1200), (1600, 1200), all);
        let part = "crop=100,100,900,900&width=400&height=200&mode=crop";
        photo(part, (400, 200), (400, 200), [100, 300, 900, 700]);
        photo(
            &format!("{part}&anchor=topleft"),
            (400, 200),
            (400, 200),
            [100, 100, 900, 500],
        );
        // Imageflow: 100 x 33, and one column further to the left.
        check(
            (1200, 400),
            "width=100&height=33&mode=max",
            (99, 33),
            (99, 33),
            [0, 0, 1200, 400],
        );
        check(
            (768, 433),
            "w=100&h=200&mode=crop",
            (100, 200),
            (100, 200),
            [276, 0, 492, 433],
        );
        check(
            (5104, 3380),
            "w=2560&h=1696&mode=max",
            (2560, 1695),
            (2560, 1695),
            [0, 0, 5104, 3380],
        );
        check((100, 100), "width=200&height=50", (200, 50), (50, 50), [0, 0, 100, 100]);
        check(
            (10, 10),
            "paddingWidth=10&margin=10&borderWidth=10",
            (70, 70),
            (10, 10),
            [0, 0, 10, 10],
        );
    }

    /// Imageflow takes `max` whenever neither width nor height is given.
    #[test]
    fn explicit_mode_counts_with_bounds_alone() {
        let bounds = "maxwidth=400&maxheight=400&mode=pad";
        assert_eq!(layout((1600, 1200), bounds).output, Size::new(400, 400));
        assert_eq!(
            layout((1600, 1200), &bounds.replace("&mode=pad", "")).output,
            Size::new(400, 300)
        );
    }

    #[test]
    fn ties_round_to_the_even_number() {
        assert_eq!(layout((1000, 500), "width=5").output, Size::new(5, 2));
        assert_eq!(layout((1000, 500), "width=7").output, Size::new(7, 4));
    }
}
