//! Focus: the part of the window that cutting keeps in view.

use crate::Size;
use crate::instructions::{Focus, Mode};

/// The part of the window to show, as x1, y1, x2, y2 inside of it, and the mode that fits the part into the target.
///
/// The part has the target's proportions, lies around the middle of the focus as far as the window allows, and is as
/// large as possible, or with `zoom` as small as the focus allows. Where the focus is too large for the target's
/// proportions, it is shown whole, and the final mode applies.
pub(super) fn part(focus: Focus, target: Size, window: Size) -> ([u32; 4], Mode) {
    let bounds = [f64::from(window.width), f64::from(window.height)];
    let target = [f64::from(target.width), f64::from(target.height)];
    let [x1, y1, x2, y2] = focus.area;
    let near = [x1.clamp(0.0, bounds[0]), y1.clamp(0.0, bounds[1])];
    let far = [x2.clamp(0.0, bounds[0]), y2.clamp(0.0, bounds[1])];
    let area = [far[0] - near[0], far[1] - near[1]];

    // The factors by which the target becomes the smallest area around the focus, and the largest within the window.
    let around = (area[0] / target[0]).max(area[1] / target[1]);
    let within = (bounds[0] / target[0]).min(bounds[1] / target[1]);
    let is_area = area[0] > 0.0 && area[1] > 0.0;
    let factor = if focus.zoom && is_area {
        around
    } else {
        within.max(around)
    };

    let mut part = [0; 4];
    let mut has_proportions = true;
    for axis in 0..2 {
        let wanted = target[axis] * factor;
        // A pixel more or less is rounding.
        has_proportions &= wanted < bounds[axis] + 1.0;
        let length = wanted.min(bounds[axis]).round().max(1.0);
        let start = ((near[axis] + far[axis] - length) / 2.0).round();
        let start = start.clamp(0.0, (bounds[axis] - length).max(0.0));
        part[axis] = start as u32;
        part[axis + 2] = (start + length) as u32;
    }
    let mode = if has_proportions { Mode::Crop } else { focus.final_mode };
    (part, mode)
}

#[cfg(test)]
mod tests {
    use crate::{Instructions, Layout, Size};

    /// The window and the padding in a picture of 900 x 600.
    #[track_caller]
    fn check(query: &str, window: [u32; 4], pad: [u32; 4], output: (u32, u32)) {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (instructions, ignored) = Instructions::parse(pairs);
        assert_eq!(ignored, [], "{query}");
        let layout = Layout::of(&instructions, Size::new(900, 600)).unwrap();
        let size = Size::new(output.0, output.1);
        assert_eq!(
            (layout.window(), layout.pad, layout.output),
            (window, pad, size),
            "{query}"
        );
    }

    #[test]
    fn point_stays_as_near_to_the_middle_as_possible() {
        // A square of the whole height, around column 400, then around column 100 as far as the source reaches.
        check(
            "w=60&h=60&mode=crop&c.focus=400,10",
            [100, 0, 700, 600],
            [0; 4],
            (60, 60),
        );
        check("w=60&h=60&mode=crop&c.focus=100,10", [0, 0, 600, 600], [0; 4], (60, 60));
        check(
            "w=60&h=60&crop=auto&c.focus=5000,-7",
            [300, 0, 900, 600],
            [0; 4],
            (60, 60),
        );
        // Without a mode, or without both sides, the focus has no effect.
        check("w=60&h=60&c.focus=100,10", [0, 0, 900, 600], [0, 10, 0, 10], (60, 60));
        check("w=60&mode=crop&c.focus=100,10", [0, 0, 900, 600], [0; 4], (60, 40));
        // In the pixels of the source, whatever window is cut out before: 500 x 500 around column 400.
        let window = "w=60&h=60&mode=crop&crop=100,100,0,0&c.focus=400,300";
        check(window, [150, 100, 650, 600], [0; 4], (60, 60));
    }

    #[test]
    fn area_is_cut_close_with_zoom() {
        // 100 x 50 needs 100 x 100 for a square, around (250, 225).
        let close = "w=60&h=60&mode=crop&c.zoom=true&c.focus=200,200,300,250";
        check(close, [200, 175, 300, 275], [0; 4], (60, 60));
        // A point has no size to cut close to.
        let point = "w=60&h=60&mode=crop&c.zoom=true&c.focus=400,10";
        check(point, [100, 0, 700, 600], [0; 4], (60, 60));
    }

    /// An area of 800 columns needs 800 rows for a square, and there are 600: 800 x 600 is 60 x 45.
    #[test]
    fn area_too_large_for_the_proportions_is_shown_whole() {
        let query = "w=60&h=60&mode=crop&c.focus=50,100,850,200";
        check(query, [50, 0, 850, 600], [0, 7, 0, 8], (60, 60));
        check(&format!("{query}&c.finalmode=max"), [50, 0, 850, 600], [0; 4], (60, 45));
        check(
            &format!("{query}&c.finalmode=crop"),
            [150, 0, 750, 600],
            [0; 4],
            (60, 60),
        );
    }
}
