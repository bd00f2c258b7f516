//! Padding, border, shadow, margin and round corners: widths counted in pixels, and colours against the keys.

use gif::DisposalMethod;
use png::ColorType;
use resizer_imaging::Limits;

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{make, process, process_within};

/// A row or column of pixels as runs of one colour.
fn runs(pixels: impl Iterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, u32)> {
    let mut runs: Vec<(Vec<u8>, u32)> = Vec::new();
    for pixel in pixels {
        match runs.last_mut() {
            Some((colour, length)) if *colour == pixel => *length += 1,
            _ => runs.push((pixel, 1)),
        }
    }
    runs
}

fn row(view: &View, y: u32) -> Vec<(Vec<u8>, u32)> {
    runs((0..view.width).map(|x| view.pixel(x, y).to_vec()))
}

fn column(view: &View, x: u32) -> Vec<(Vec<u8>, u32)> {
    runs((0..view.height).map(|y| view.pixel(x, y).to_vec()))
}

fn expected(runs: &[(&[u8], u32)]) -> Vec<(Vec<u8>, u32)> {
    runs.iter().map(|(colour, length)| (colour.to_vec(), *length)).collect()
}

const RED: &[u8] = &[255, 0, 0];
const GREEN: &[u8] = &[0, 255, 0];
const BLUE: &[u8] = &[0, 0, 255];
const BLACK: &[u8] = &[0, 0, 0];
const WHITE: &[u8] = &[255, 255, 255];

fn red(width: u32, height: u32) -> Vec<u8> {
    make::png(width, height, ColorType::Rgb, &RED.repeat((width * height) as usize))
}

/// From the inside to the outside: padding, border, margin. Four widths are those at the left, top, right and bottom.
#[test]
fn rings_have_their_widths_colours_and_order() {
    let query = "format=png&paddingwidth=1,2,3,4&paddingcolor=0f0&borderwidth=5,6,7,8&bordercolor=00f\
                 &margin=2,3,4,5&bgcolor=fff";
    let view = View::of(&process(&red(20, 10), query).unwrap());
    assert_eq!(
        (view.width, view.height),
        (20 + 1 + 3 + 5 + 7 + 2 + 4, 10 + 2 + 4 + 6 + 8 + 3 + 5)
    );
    let across = [
        (WHITE, 2),
        (BLUE, 5),
        (GREEN, 1),
        (RED, 20),
        (GREEN, 3),
        (BLUE, 7),
        (WHITE, 4),
    ];
    assert_eq!(row(&view, 3 + 6 + 2 + 4), expected(&across));
    let down = [
        (WHITE, 3),
        (BLUE, 6),
        (GREEN, 2),
        (RED, 10),
        (GREEN, 4),
        (BLUE, 8),
        (WHITE, 5),
    ];
    assert_eq!(column(&view, 2 + 5 + 1 + 4), expected(&down));
    // Corners belong to the ring, too.
    assert_eq!(row(&view, 0), expected(&[(WHITE, 42)]));
    assert_eq!(row(&view, 3), expected(&[(WHITE, 2), (BLUE, 36), (WHITE, 4)]));
}

/// `rotate=90` turns the rings too: left becomes top.
#[test]
fn rings_are_turned_with_the_image() {
    let query = "format=png&borderwidth=1,2,3,4&bordercolor=00f&rotate=90";
    let view = View::of(&process(&red(20, 10), query).unwrap());
    assert_eq!((view.width, view.height), (16, 24));
    assert_eq!(column(&view, 8), expected(&[(BLUE, 1), (RED, 20), (BLUE, 3)]));
    assert_eq!(row(&view, 8), expected(&[(BLUE, 4), (RED, 10), (BLUE, 2)]));
}

#[test]
fn padding_colour_fills_the_padded_area_where_there_is_a_ring() {
    let source = red(20, 10);
    let padded = "format=png&width=10&height=9&paddingcolor=0f0&bgcolor=fff";
    let view = View::of(&process(&source, padded).unwrap());
    assert_eq!(column(&view, 5), expected(&[(WHITE, 2), (RED, 5), (WHITE, 2)]));
    let view = View::of(&process(&source, &format!("{padded}&paddingwidth=1")).unwrap());
    assert_eq!(column(&view, 5), expected(&[(GREEN, 3), (RED, 5), (GREEN, 3)]));
    // Without a colour of its own the ring has the background's.
    let view = View::of(&process(&source, "format=png&paddingwidth=1&bgcolor=fff").unwrap());
    assert_eq!(column(&view, 5), expected(&[(WHITE, 1), (RED, 10), (WHITE, 1)]));
}

#[test]
fn colours_show_through_transparent_parts() {
    let half = make::png(8, 8, ColorType::Rgba, &[255, 0, 0, 128].repeat(64));
    let middle = |query: &str| {
        let view = View::of(&process(&half, query).unwrap());
        view.pixel(view.width / 2, view.height / 2).to_vec()
    };
    // 128/255 of red and 127/255 of green.
    let query = "format=png&bgcolor=fff&paddingwidth=1&paddingcolor=0f0";
    assert_eq!(middle(query), [128, 127, 0]);
    assert_eq!(
        middle("format=png&bgcolor=00f&borderwidth=1&bordercolor=0f0"),
        [128, 0, 127]
    );
    // A border without a colour shows the background, here the white of a format without transparency.
    let view = View::of(&process(&red(16, 16), "format=jpg&quality=100&borderwidth=8").unwrap());
    assert!(near(view.pixel(2, 2), WHITE, 2) && near(view.pixel(16, 16), RED, 3));
    // A half transparent border over a transparent background stays so.
    let view = View::of(&process(&red(4, 4), "format=png&borderwidth=1&bordercolor=0f08").unwrap());
    assert_eq!(
        (view.pixel(0, 0), view.pixel(2, 2)),
        (&[0, 255, 0, 136][..], &[255, 0, 0, 255][..])
    );
}

/// An opaque ring adds no transparency, and a grey one no colour.
#[test]
fn channels_are_those_that_the_rings_need() {
    let gray = make::png(8, 8, ColorType::Grayscale, &[9; 64]);
    let channels = |query: &str| View::of(&process(&gray, query).unwrap()).channels;
    assert_eq!(channels("format=png&borderwidth=1&bordercolor=777"), 1);
    assert_eq!(channels("format=png&borderwidth=1&bordercolor=f00"), 3);
    assert_eq!(channels("format=png&borderwidth=1"), 2);
    assert_eq!(channels("format=png&paddingwidth=1&paddingcolor=fff&margin=1"), 2);
    assert_eq!(channels("format=png&shadowwidth=2&shadowcolor=f00&bgcolor=fff"), 3);
    assert_eq!(channels("format=png&s.roundcorners=20"), 2);
    assert_eq!(channels("format=png&s.roundcorners=20&bgcolor=fff"), 1);
}

/// The shadow is full at the caster's displaced edge and fades evenly: a pixel's middle at a distance d of a width w
/// has the alpha 1 - d/w.
#[test]
fn shadow_fades_evenly_outside_of_the_border() {
    let query = "format=png&shadowwidth=8&shadowoffset=3,2&shadowcolor=000&bgcolor=fff&margin=1";
    let view = View::of(&process(&red(40, 30), query).unwrap());
    // The ring: 8 - 3, 8 - 2, 8 + 3, 8 + 2.
    assert_eq!((view.width, view.height), (40 + 16 + 2, 30 + 16 + 2));
    let (left, top) = (1.0 + 5.0, 1.0 + 6.0);
    for y in 0..view.height {
        for x in 0..view.width {
            let (px, py) = (f64::from(x) + 0.5 - left, f64::from(y) + 0.5 - top);
            let is_image = (0.0..40.0).contains(&px) && (0.0..30.0).contains(&py);
            let across = (3.0 - px).max(px - 43.0).max(0.0);
            let down = (2.0 - py).max(py - 32.0).max(0.0);
            let strength = (1.0 - across.hypot(down) / 8.0).max(0.0);
            let gray = (255.0 * (1.0 - strength)).round() as u8;
            let expected = if is_image { [255, 0, 0] } else { [gray; 3] };
            assert!(near(view.pixel(x, y), &expected, 1), "{x}, {y}: {:?}", view.pixel(x, y));
        }
    }
    // A shadow without a colour takes its space.
    let view = View::of(&process(&red(40, 30), "format=png&shadowwidth=8&bgcolor=fff").unwrap());
    assert_eq!(row(&view, 20), expected(&[(WHITE, 8), (RED, 40), (WHITE, 8)]));
    // On a transparent background the shadow is black of some opacity.
    let view = View::of(&process(&red(40, 30), "format=png&shadowwidth=8&shadowcolor=00000080").unwrap());
    // 128 * (1 - 0.5/8)
    assert_eq!(view.pixel(7, 20), [0, 0, 0, 120]);
}

/// The part of each pixel that lies inside of a rounded rectangle, by 64 x 64 points.
fn rounded(width: u32, height: u32, radii: [f64; 4], x: u32, y: u32) -> f64 {
    const POINTS: u32 = 64;
    let at = |index: u32| (f64::from(index) + 0.5) / f64::from(POINTS);
    let (width, height) = (f64::from(width), f64::from(height));
    let is_inside = |px: f64, py: f64| {
        let (is_right, is_low) = (px > width / 2.0, py > height / 2.0);
        let radius = match (is_right, is_low) {
            (false, false) => radii[0],
            (true, false) => radii[1],
            (true, true) => radii[2],
            (false, true) => radii[3],
        };
        let across = radius - if is_right { width - px } else { px };
        let down = radius - if is_low { height - py } else { py };
        across <= 0.0 || down <= 0.0 || across.hypot(down) <= radius
    };
    let mut inside = 0;
    for row in 0..POINTS {
        for column in 0..POINTS {
            inside += u32::from(is_inside(f64::from(x) + at(column), f64::from(y) + at(row)));
        }
    }
    f64::from(inside) / f64::from(POINTS * POINTS)
}

#[test]
fn corner_covers_as_much_of_each_pixel_as_a_circle_does() {
    let check = |query: &str, radii: [f64; 4]| {
        let view = View::of(&process(&red(30, 20), &format!("format=png&{query}")).unwrap());
        assert_eq!(view.channels, 4, "{query}");
        for y in 0..20 {
            for x in 0..30 {
                let alpha = 255.0 * rounded(30, 20, radii, x, y);
                let found = view.pixel(x, y);
                let error = (f64::from(found[3]) - alpha).abs();
                assert!(error < 3.0, "`{query}` at {x}, {y}: {found:?}, {alpha} expected");
                // The colour stays, however thin the edge.
                assert_eq!(found[..3], [255, 0, 0], "`{query}` at {x}, {y}");
            }
        }
    };
    // Half of the shorter side is 10.
    check("s.roundcorners=50", [5.0; 4]);
    check("s.roundcorners=100", [10.0; 4]);
    check("s.roundcorners=10,30,55,0", [1.0, 3.0, 5.5, 0.0]);
    check("s.roundcorners=7px", [7.0; 4]);
    check("s.roundcorners=400px", [10.0; 4]);
    check("s.roundcorners=3px,0,60,2.5px", [3.0, 0.0, 6.0, 2.5]);
}

#[test]
fn corners_are_symmetrical() {
    let view = View::of(&process(&red(31, 31), "format=png&s.roundcorners=70").unwrap());
    for y in 0..31 {
        for x in 0..31 {
            let alpha = view.pixel(x, y)[3];
            let others = [(30 - x, y), (x, 30 - y), (y, x)].map(|(x, y)| view.pixel(x, y)[3]);
            assert_eq!(others, [alpha; 3], "{x}, {y}");
        }
    }
}

/// The colour behind round corners is the padding's where there is padding, or the background's.
#[test]
fn corners_show_the_colour_behind_the_image() {
    let corner = |query: &str, at: u32| {
        let view = View::of(&process(&red(40, 40), query).unwrap());
        (
            view.pixel(at, at).to_vec(),
            view.pixel(view.width / 2, view.height / 2).to_vec(),
        )
    };
    let both = |colour: &[u8]| (colour.to_vec(), RED.to_vec());
    assert_eq!(corner("format=png&s.roundcorners=50&bgcolor=00f", 0), both(BLUE));
    let query = "format=png&s.roundcorners=50&bgcolor=00f&paddingwidth=3&paddingcolor=0f0";
    assert_eq!(corner(query, 3), both(GREEN));
    let (found, _) = corner("format=jpg&quality=100&s.roundcorners=100", 1);
    assert!(near(&found, WHITE, 4), "{found:?}");
    // Only the image is round, and not the area that it is padded to: its corner is in row 5.
    let source = red(20, 10);
    let query = "format=png&width=20&height=20&scale=canvas&s.roundcorners=100&bgcolor=000";
    let view = View::of(&process(&source, query).unwrap());
    assert_eq!(
        (view.pixel(0, 5), view.pixel(10, 5), view.pixel(10, 4)),
        (BLACK, RED, BLACK)
    );
}

#[test]
fn animations_keep_frames_and_delays_with_decoration() {
    let patch = |indices, delay| Patch {
        area: [0, 0, 8, 8],
        indices,
        delay,
        disposal: DisposalMethod::Keep,
    };
    let source = files::gif(8, 8, None, &[patch(&[1], 5), patch(&[2], 10), patch(&[3], 7)]);
    for format in ["gif", "webp&webp.lossless=true"] {
        let query = "borderwidth=2&bordercolor=0f0&paddingwidth=1&paddingcolor=00f&bgcolor=fff&s.roundcorners=50\
                     &margin=1&shadowwidth=3&shadowcolor=000";
        let animation = Animation::of(&process(&source, &format!("format={format}&{query}")).unwrap());
        let delays: Vec<u32> = animation.frames.iter().map(|frame| frame.delay).collect();
        assert_eq!(delays, [50, 100, 70], "{format}");
        for (frame, colour) in animation.frames.iter().zip([RED, GREEN, BLUE]) {
            let pixel = |x: u32, y: u32| &frame.pixels[((y * frame.width + x) * 4) as usize..][..3];
            assert_eq!((frame.width, frame.height), (8 + 2 * 7, 8 + 2 * 7), "{format}");
            assert_eq!(pixel(11, 11), colour, "{format}");
            // Margin 1, shadow 3, border 2, padding 1.
            assert_eq!(pixel(0, 11), WHITE, "{format}");
            assert_eq!((pixel(4, 11), pixel(5, 11)), (GREEN, GREEN), "{format}");
            assert_eq!((pixel(6, 11), pixel(6, 6)), (BLUE, BLUE), "{format}");
        }
    }
}

#[test]
fn canvas_with_rings_is_held_to_the_limits() {
    let limits = Limits {
        max_output_side: 30,
        ..Limits::default()
    };
    let check = |query: &str, expected: Option<&str>| {
        let error = process_within(&red(20, 10), query, &limits).err();
        assert_eq!(error.map(|error| error.to_string()).as_deref(), expected, "{query}");
    };
    check("margin=5", None);
    let beyond =
        |side: u32| format!("the requested image has {side} pixels on its longest side; `max_output_side` allows 30");
    check("margin=6", Some(&beyond(32)));
    check("paddingwidth=3&borderwidth=3", Some(&beyond(32)));
    check("shadowwidth=6", Some(&beyond(32)));
    check("margin=65535", Some(&beyond(131_090)));
    // 20 cos 45 + 10 sin 45 is 21.2; with a margin of 7 it is 34 and 24, which makes 41.
    check("rotate=45", None);
    check("rotate=45&margin=7", Some(&beyond(41)));
}
