//! Tests of layouts worked out by hand. Each row has source, query, then window of the source, size of the image,
//! padding and size of the result. The arithmetic stands beside it.

use super::*;

const NONE: [u32; 4] = [0; 4];

fn layout(source: (u32, u32), query: &str) -> Layout {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (instructions, ignored) = Instructions::parse(pairs);
    assert_eq!(ignored, [], "{query}");
    Layout::of(&instructions, Size::new(source.0, source.1)).unwrap()
}

#[track_caller]
fn check(source: (u32, u32), query: &str, window: [u32; 4], image: (u32, u32), pad: [u32; 4], output: (u32, u32)) {
    let layout = layout(source, query);
    let found = (layout.window(), layout.image_size(), layout.pad, layout.output);
    assert_eq!(
        found,
        (window, Size::new(image.0, image.1), pad, Size::new(output.0, output.1)),
        "{source:?} {query}"
    );
}

/// A layout without padding and cutting.
#[track_caller]
fn check_size(source: (u32, u32), query: &str, output: (u32, u32)) {
    check(source, query, [0, 0, source.0, source.1], output, NONE, output);
}

#[test]
fn one_side_gives_the_other() {
    check_size((900, 600), "", (900, 600));
    // 300 * 600/900
    check_size((900, 600), "width=300", (300, 200));
    check_size((900, 600), "h=200", (300, 200));
    // 100 * 600/900 = 66.7
    check_size((900, 600), "maxwidth=100", (100, 67));
    // By width 300 x 200 is too high; by height 90 it is 135 wide.
    check_size((900, 600), "maxwidth=300&maxheight=90", (135, 90));
    // The smaller of both bounds applies.
    check_size((900, 600), "width=300&maxwidth=150", (150, 100));
    // 1 * 3/8000 is less than a pixel, and a picture has at least one.
    check_size((8000, 3), "width=1", (1, 1));
}

#[test]
fn enlarging_without_scale_does_nothing() {
    check_size((90, 60), "width=300", (90, 60));
    check_size((90, 60), "width=300&scale=both", (300, 200));
    check_size((90, 60), "width=300&scale=up", (300, 200));
    check_size((90, 60), "width=30&scale=up", (90, 60));
    check_size((90, 60), "zoom=2", (90, 60));
    check_size((90, 60), "zoom=2&scale=both", (180, 120));
    check_size((90, 60), "zoom=0.5", (45, 30));
    check_size((900, 600), "width=150&dpr=2x", (300, 200));
    // Both sides are smaller than the box: nothing happens, not even padding.
    check_size((90, 60), "width=300&height=300", (90, 60));
    check_size((90, 60), "width=300&height=300&mode=crop", (90, 60));
    check_size((90, 60), "width=300&height=300&mode=stretch", (90, 60));
}

#[test]
fn padding_fills_the_box() {
    // 300 x 200 in 300 x 301: 101 rows are free, 50 above and 51 below.
    check(
        (900, 600),
        "w=300&h=301",
        [0, 0, 900, 600],
        (300, 200),
        [0, 50, 0, 51],
        (300, 301),
    );
    check(
        (900, 600),
        "w=300&h=301&anchor=topleft",
        [0, 0, 900, 600],
        (300, 200),
        [0, 0, 0, 101],
        (300, 301),
    );
    check(
        (900, 600),
        "w=300&h=301&anchor=bottomright",
        [0, 0, 900, 600],
        (300, 200),
        [0, 101, 0, 0],
        (300, 301),
    );
    // A quarter of 101 is 25.25; half of it, as a percentage, is 50.5 and rounds up.
    check(
        (900, 600),
        "w=300&h=301&anchor=0,25",
        [0, 0, 900, 600],
        (300, 200),
        [0, 25, 0, 76],
        (300, 301),
    );
    check(
        (900, 600),
        "w=300&h=301&anchor=0,50",
        [0, 0, 900, 600],
        (300, 200),
        [0, 51, 0, 50],
        (300, 301),
    );
    // The canvas grows, the picture does not: (200 - 90) / 2 and (100 - 60) / 2.
    check(
        (90, 60),
        "w=200&h=100&scale=canvas",
        [0, 0, 90, 60],
        (90, 60),
        [55, 20, 55, 20],
        (200, 100),
    );
    // A width with a maximum height is a box of both: 100 x 67 becomes at most 50 high.
    check(
        (900, 600),
        "width=100&maxheight=50",
        [0, 0, 900, 600],
        (75, 50),
        [12, 0, 13, 0],
        (100, 50),
    );
    // The box is as wide as the picture but higher: only the canvas could grow, and the picture is not larger.
    check_size((300, 200), "w=300&h=301", (300, 200));
}

/// A side that nobody asked for is the image's, so that no line of padding appears where rounding leaves a pixel.
#[test]
fn one_side_that_falls_a_pixel_short_is_not_padded() {
    // 1024 * 768/1025 = 767.25 rows.
    check_size((1025, 768), "width=1024", (1024, 767));
    check_size((768, 1025), "height=1024", (767, 1024));
    check_size((1025, 768), "width=1024&mode=pad&bgcolor=f00", (1024, 767));
    check_size((1025, 768), "width=1024&scale=both", (1024, 767));
    check_size((1025, 768), "maxwidth=1024", (1024, 767));
    check_size((1025, 768), "width=2000&maxwidth=1024", (1024, 767));
    // 2 * 2/3 = 1.3 rows.
    check_size((3, 2), "width=2", (2, 1));
    // The window counts, not the source: 1025 x 768 out of 1100 x 768.
    check(
        (1100, 768),
        "crop=0,0,1025,0&width=1024",
        [0, 0, 1025, 768],
        (1024, 767),
        NONE,
        (1024, 767),
    );
    // Before a quarter turn.
    check(
        (1025, 768),
        "width=1024&rotate=90",
        [0, 0, 1025, 768],
        (1024, 767),
        NONE,
        (767, 1024),
    );
    // The side that is asked for stays: 3403 rows are 5104 columns, one less than asked for.
    let whole = [0, 0, 5104, 3403];
    let wider = "w=5105&scale=up";
    check((5104, 3403), wider, whole, (5104, 3403), [0, 0, 1, 0], (5105, 3403));
}

/// Two sides, a zoomed box, and an anchor that places the image keep the box.
#[test]
fn requested_box_is_padded_by_a_line() {
    let check_line = |query: &str, source: (u32, u32), image: (u32, u32), pad: [u32; 4]| {
        let output = (image.0 + pad[0] + pad[2], image.1 + pad[1] + pad[3]);
        check(source, query, [0, 0, source.0, source.1], image, pad, output);
    };
    check_line("w=1024&h=768", (1025, 768), (1024, 767), [0, 0, 0, 1]);
    check_line("w=1024&maxheight=768", (1025, 768), (1024, 767), [0, 0, 0, 1]);
    // 1599 * 1200/1600 = 1199.25; the box has 1200 rows.
    check_line("w=1599&anchor=middleright", (1600, 1200), (1599, 1199), [0, 0, 0, 1]);
    check_line("w=1599&anchor=bottomleft", (1600, 1200), (1599, 1199), [0, 1, 0, 0]);
    // 200 * 640/480 = 266.7, so 267 columns, doubled 534; 400 rows are 533.3 columns.
    check_line("h=200&zoom=2", (640, 480), (533, 400), [0, 0, 1, 0]);
}

#[test]
fn cropping_fills_the_box_and_cuts_the_rest() {
    // A square out of 900 x 600: 600 columns, 150 cut off on each side.
    check(
        (900, 600),
        "w=100&h=100&mode=crop",
        [150, 0, 750, 600],
        (100, 100),
        NONE,
        (100, 100),
    );
    check(
        (900, 600),
        "w=100&h=100&mode=crop&anchor=topright",
        [300, 0, 900, 600],
        (100, 100),
        NONE,
        (100, 100),
    );
    // 300 columns are free; a tenth of them lies to the left.
    check(
        (900, 600),
        "w=100&h=100&mode=crop&c.gravity=10,0",
        [30, 0, 630, 600],
        (100, 100),
        NONE,
        (100, 100),
    );
    // Narrower than the box and higher: cut without scaling, (600 - 200) / 2 rows above.
    check(
        (900, 600),
        "w=1000&h=200&mode=crop",
        [0, 200, 900, 400],
        (900, 200),
        NONE,
        (900, 200),
    );
    // With a canvas the missing 100 columns are padded.
    check(
        (900, 600),
        "w=1000&h=200&mode=crop&scale=canvas",
        [0, 200, 900, 400],
        (900, 200),
        [50, 0, 50, 0],
        (1000, 200),
    );
    // Enlarged to cover the box: 900 x 300 of the source for 1800 x 600.
    check(
        (900, 600),
        "w=1800&h=600&mode=crop&scale=both",
        [0, 150, 900, 450],
        (1800, 600),
        NONE,
        (1800, 600),
    );
    // Only the proportions are taken, 2 to 1.
    check(
        (900, 600),
        "w=20&h=10&mode=aspectcrop",
        [0, 75, 900, 525],
        (900, 450),
        NONE,
        (900, 450),
    );
    check(
        (900, 600),
        "w=100&h=300&mode=stretch",
        [0, 0, 900, 600],
        (100, 300),
        NONE,
        (100, 300),
    );
}

#[test]
fn manual_window_is_cut_first() {
    check(
        (900, 600),
        "crop=100,50,-100,-50",
        [100, 50, 800, 550],
        (700, 500),
        NONE,
        (700, 500),
    );
    check(
        (900, 600),
        "crop=100,50,-100,-50&width=350",
        [100, 50, 800, 550],
        (350, 250),
        NONE,
        (350, 250),
    );
    // 0 for a far edge means the far edge. Negative near edges count from there too.
    check(
        (900, 600),
        "crop=-90,-60,0,0",
        [810, 540, 900, 600],
        (90, 60),
        NONE,
        (90, 60),
    );
    // An edge too far out is clamped.
    check(
        (900, 600),
        "crop=800,500,5000,5000",
        [800, 500, 900, 600],
        (100, 100),
        NONE,
        (100, 100),
    );
    // Empty and reversed windows are ignored.
    check_size((900, 600), "crop=500,10,400,20", (900, 600));
    check_size((900, 600), "crop=5,5,5,5", (900, 600));
    // 0.2 columns and 0.3 rows round to nothing.
    check_size((900, 600), "crop=5.1,5.1,5.3,5.4", (900, 600));
    // Tenths: 90 .. 450 by 60 .. 300.
    let tenths = "crop=1,1,5,5&cropxunits=10&cropyunits=10";
    check((900, 600), tenths, [90, 60, 450, 300], (360, 240), NONE, (360, 240));
    check(
        (900, 600),
        "c=10,10,50,50",
        [90, 60, 450, 300],
        (360, 240),
        NONE,
        (360, 240),
    );
    // 12.5 rounds away from zero.
    check(
        (100, 100),
        "crop=12.5,0,0,0",
        [13, 0, 100, 100],
        (87, 100),
        NONE,
        (87, 100),
    );
    // A square of the window 800 x 400: (800 - 400) / 2 from its left edge at 100.
    let both = "crop=100,100,900,500&w=40&h=40&mode=crop";
    check((900, 600), both, [300, 100, 700, 500], (40, 40), NONE, (40, 40));
}

/// A size that rounding produced gives the same size again.
#[test]
fn rounded_size_does_not_drift() {
    // 1000 x 700 to a width of 33 is 23.1, so 33 x 23; going back from 23 rows would give 32.9 columns.
    check_size((1000, 700), "width=33", (33, 23));
    check_size((1000, 700), "w=33&h=23&mode=max", (33, 23));
    check_size((1000, 700), "w=33&h=23", (33, 23));
    // Cutting is not snapped: 23 to 33 of 1000 rows is 696.97 columns, with (700 - 697) / 2 to their left.
    check(
        (700, 1000),
        "w=23&h=33&mode=crop",
        [1, 0, 698, 1000],
        (23, 33),
        NONE,
        (23, 33),
    );
}

#[test]
fn source_is_turned_before_the_layout() {
    // Turned, the picture is 600 x 900.
    check(
        (900, 600),
        "srotate=90&width=300",
        [0, 0, 600, 900],
        (300, 450),
        NONE,
        (300, 450),
    );
    check(
        (900, 600),
        "srotate=270&crop=0,0,10,20",
        [0, 0, 10, 20],
        (10, 20),
        NONE,
        (10, 20),
    );
    check(
        (900, 600),
        "srotate=180&sflip=x&width=300",
        [0, 0, 900, 600],
        (300, 200),
        NONE,
        (300, 200),
    );
}

#[test]
fn result_is_turned_after_the_layout() {
    // The box is 300 x 301 before the turn.
    check(
        (900, 600),
        "w=300&h=301&rotate=90",
        [0, 0, 900, 600],
        (300, 200),
        [0, 50, 0, 51],
        (301, 300),
    );
    check(
        (900, 600),
        "width=300&rotate=180&flip=x",
        [0, 0, 900, 600],
        (300, 200),
        NONE,
        (300, 200),
    );
    let turned = layout((900, 600), "rotate=90&flip=x");
    assert_eq!(
        turned.result_turn,
        Orientation::from_exif(5),
        "a quarter turn, then mirrored, is a transposition"
    );
}

#[test]
fn layout_without_a_requested_size_is_none() {
    let untouched = layout((900, 600), "bgcolor=red");
    assert_eq!((untouched.crop, untouched.scaled), (None, None));
    let kept = layout((900, 600), "width=2000");
    assert_eq!((kept.crop, kept.scaled), (None, Some(Size::new(900, 600))));
}

/// Nothing overflows with extreme values, and window, image and padding fit together.
#[test]
fn extreme_values_stay_consistent() {
    let sizes = [
        (1, 1),
        (1, 65_535),
        (65_535, 1),
        (12_000, 12_000),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
        (7, 5),
    ];
    let boxes = [
        "width=1",
        "height=2147483647",
        "w=2147483647&h=1",
        "w=1&h=2147483647",
        "maxwidth=3&maxheight=2000000000",
        "w=2147483647&h=2147483647&zoom=80000",
        "w=5&h=5&zoom=0.00001",
        "zoom=80000",
        "w=3&maxheight=1",
        "h=3&maxwidth=1",
    ];
    let modes = ["max", "pad", "crop", "stretch", "aspectcrop"];
    let scales = ["down", "up", "both", "canvas"];
    let crops = [
        "0,0,0,0",
        "1e300,1e300,-1e300,-1e300",
        "-1,-1,0,0",
        "0.4,0.4,0.6,0.6",
        "1e-9,0,5e-9,0",
        "(3,3,4,4)",
    ];
    for source in sizes {
        for (boxes, (mode, (scale, crop))) in boxes.iter().flat_map(|b| {
            let inner = scales.iter().flat_map(|s| crops.iter().map(move |c| (s, c)));
            modes
                .iter()
                .flat_map(move |m| inner.clone().map(move |rest| (m, rest)))
                .map(move |rest| (b, rest))
        }) {
            let query = format!("{boxes}&mode={mode}&scale={scale}&crop={crop}&srotate=90&rotate=90");
            let layout = layout(source, &query);
            let [x1, y1, x2, y2] = layout.window();
            let turned = Size::new(source.1, source.0);
            assert!(
                x1 < x2 && y1 < y2 && x2 <= turned.width && y2 <= turned.height,
                "{source:?} {query}: {layout:?}"
            );
            let [left, top, right, bottom] = layout.pad.map(u64::from);
            let image = layout.image_size();
            let canvas = layout.output.swapped();
            assert_eq!(
                left + u64::from(image.width) + right,
                u64::from(canvas.width),
                "{source:?} {query}: {layout:?}"
            );
            assert_eq!(
                top + u64::from(image.height) + bottom,
                u64::from(canvas.height),
                "{source:?} {query}"
            );
        }
    }
}

#[test]
fn source_without_pixels_is_refused() {
    for size in [Size::new(0, 5), Size::new(5, 0)] {
        assert!(matches!(
            Layout::of(&Instructions::default(), size),
            Err(ImageError::Impossible { .. })
        ));
    }
}
