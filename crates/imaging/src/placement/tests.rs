//! Tests of placements: tables of boxes and layers, worked out by hand on one layout.

use super::*;
use crate::Instructions;

fn layout(query: &str, source: Size) -> Layout {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert!(ignored.is_empty(), "{ignored:?}");
    Layout::of(&instructions, source).unwrap()
}

fn placed(placement: Placement, layer: (u32, u32)) -> Option<([u32; 2], [u32; 4], [i64; 2])> {
    // The image of 400 x 300 lies in an area of 500 x 300, below a border of 10.
    let layout = layout(
        "width=500&height=300&mode=pad&borderwidth=10&scale=both",
        Size::new(800, 600),
    );
    let placed = placement.place(&layout, Size::new(layer.0, layer.1))?;
    Some(([placed.scaled.width, placed.scaled.height], placed.window, placed.at))
}

fn anchored(x: Align, y: Align) -> Anchor {
    Anchor { x, y }
}

const PIXELS: fn(f64) -> Option<Length> = |pixels| Some(Length::Pixels(pixels));
const PERCENT: fn(f64) -> Option<Length> = |percent| Some(Length::Percent(percent));

#[test]
fn layer_in_a_whole_container_is_centred_or_aligned() {
    let check = |container, align, at| {
        let placement = Placement {
            container,
            align,
            ..Placement::default()
        };
        assert_eq!(
            placed(placement, (100, 50)),
            Some(([100, 50], [0, 0, 100, 50], at)),
            "{container:?}"
        );
    };
    // The image begins at 10 + 50, 10.
    check(Container::Image, anchored(Align::Near, Align::Near), [60, 10]);
    check(Container::Image, Anchor::default(), [60 + 150, 10 + 125]);
    check(Container::Image, anchored(Align::Far, Align::Far), [360, 260]);
    check(
        Container::Image,
        anchored(Align::Percent(10.0), Align::Percent(20.0)),
        [60 + 30, 10 + 50],
    );
    check(Container::Area, anchored(Align::Far, Align::Near), [410, 10]);
    check(Container::Padding, anchored(Align::Far, Align::Near), [410, 10]);
    check(Container::Border, anchored(Align::Near, Align::Far), [0, 270]);
    check(Container::Canvas, anchored(Align::Far, Align::Far), [420, 270]);
}

#[test]
fn box_is_held_by_edges_and_sides() {
    let check = |edges, sides, expected: ([u32; 2], [i64; 2])| {
        let placement = Placement {
            edges,
            sides,
            fit: Fit::Distort,
            align: anchored(Align::Far, Align::Near),
            ..Placement::default()
        };
        let (scaled, window, at) = placed(placement, (100, 50)).unwrap();
        assert_eq!((scaled, at), expected, "{edges:?} {sides:?}");
        assert_eq!(window, [0, 0, scaled[0], scaled[1]]);
    };
    check([None; 4], [None; 2], ([400, 300], [60, 10]));
    check(
        [PERCENT(10.0), PIXELS(5.0), PIXELS(20.0), PERCENT(50.0)],
        [None; 2],
        ([340, 145], [100, 15]),
    );
    // One edge and a side.
    check(
        [PIXELS(7.0), None, None, PIXELS(9.0)],
        [PERCENT(25.0), PIXELS(40.0)],
        ([100, 40], [67, 261]),
    );
    check(
        [None, PIXELS(7.0), PERCENT(1.0), None],
        [PIXELS(30.0), None],
        ([30, 293], [426, 17]),
    );
    // Two edges beat a side, and none leave it to the alignment.
    check(
        [PIXELS(0.0), None, PIXELS(300.0), None],
        [PIXELS(5.0), PIXELS(10.0)],
        ([100, 10], [60, 10]),
    );
    check([None; 4], [PIXELS(50.0), PIXELS(30.0)], ([50, 30], [410, 10]));
    // Outwards, beyond the canvas.
    check(
        [PIXELS(-100.0), None, None, None],
        [PIXELS(50.0), None],
        ([50, 300], [-40, 10]),
    );
}

#[test]
fn fit_decides_the_size_and_the_part_that_is_shown() {
    let check = |fit, layer, scaled: [u32; 2], window, at| {
        let placement = Placement {
            fit,
            edges: [PIXELS(0.0), PIXELS(0.0), None, None],
            sides: [PIXELS(100.0), PIXELS(100.0)],
            ..Placement::default()
        };
        assert_eq!(
            placed(placement, layer),
            Some((scaled, window, at)),
            "{fit:?} {layer:?}"
        );
    };
    check(Fit::Within, (400, 200), [100, 50], [0, 0, 100, 50], [60, 35]);
    check(Fit::Within, (40, 20), [40, 20], [0, 0, 40, 20], [90, 50]);
    check(Fit::Fit, (40, 20), [100, 50], [0, 0, 100, 50], [60, 35]);
    check(Fit::Distort, (40, 20), [100, 100], [0, 0, 100, 100], [60, 10]);
    check(Fit::FitCrop, (40, 20), [200, 100], [50, 0, 150, 100], [60, 10]);
    check(Fit::WithinCrop, (400, 200), [200, 100], [50, 0, 150, 100], [60, 10]);
    check(Fit::WithinCrop, (140, 20), [140, 20], [20, 0, 120, 20], [60, 50]);
}

#[test]
fn layer_of_a_small_canvas_or_an_empty_box_is_not_drawn() {
    let least = |width, height| Placement {
        least_canvas: Size::new(width, height),
        ..Placement::default()
    };
    // The canvas is 520 x 320.
    assert!(placed(least(520, 320), (9, 9)).is_some());
    assert!(placed(least(521, 0), (9, 9)).is_none());
    assert!(placed(least(0, 321), (9, 9)).is_none());
    let narrow = Placement {
        edges: [PIXELS(200.0), None, PIXELS(200.0), None],
        ..Placement::default()
    };
    assert!(placed(narrow, (9, 9)).is_none());
}

#[test]
fn text_of_different_placements_differs() {
    let usual = Placement::default();
    let others = [
        Placement {
            container: Container::Canvas,
            ..usual
        },
        Placement {
            edges: [PIXELS(1.0), None, None, None],
            ..usual
        },
        Placement {
            edges: [PERCENT(1.0), None, None, None],
            ..usual
        },
        Placement {
            sides: [PIXELS(1.0), None],
            ..usual
        },
        Placement {
            align: anchored(Align::Near, Align::Centre),
            ..usual
        },
        Placement { fit: Fit::Fit, ..usual },
        Placement { behind: true, ..usual },
        Placement { opacity: 9, ..usual },
        Placement {
            least_canvas: Size::new(1, 0),
            ..usual
        },
    ];
    let mut texts: Vec<String> = others.iter().chain([&usual]).map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), others.len() + 1);
}
