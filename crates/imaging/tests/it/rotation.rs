//! Rotation by any angle: the place and the value of each pixel against the formula of a rotation.

use gif::DisposalMethod;
use png::ColorType;

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{make, process};

const WIDTH: u32 = 60;
const HEIGHT: u32 = 40;

/// Colours that change evenly. A filter between pixels then gives the value at its place.
fn slopes() -> Vec<u8> {
    make::pixels(WIDTH, HEIGHT, |x, y| {
        [(20 + 3 * x) as u8, (10 + 5 * y) as u8, (x + y + 50) as u8]
    })
}

fn value(x: f64, y: f64) -> [f64; 3] {
    [20.0 + 3.0 * x, 10.0 + 5.0 * y, x + y + 50.0]
}

/// The place in the source that is seen at a pixel's middle, after a clockwise rotation about the middle. With rows
/// from top to bottom, a clockwise rotation by `t` takes (1, 0) to (cos t, sin t).
fn place(view: &View, x: u32, y: u32, degrees: f64) -> (f64, f64) {
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let across = f64::from(x) + 0.5 - f64::from(view.width) / 2.0;
    let down = f64::from(y) + 0.5 - f64::from(view.height) / 2.0;
    (
        cosine * across + sine * down + f64::from(WIDTH) / 2.0,
        cosine * down - sine * across + f64::from(HEIGHT) / 2.0,
    )
}

/// How far a place lies inside of the source.
fn depth(x: f64, y: f64) -> f64 {
    x.min(f64::from(WIDTH) - x).min(y).min(f64::from(HEIGHT) - y)
}

#[test]
fn rotated_pixel_is_that_of_the_formula() {
    let source = make::png(WIDTH, HEIGHT, ColorType::Rgb, &slopes());
    for degrees in [45.0, 30.0, -20.0, 0.7, 89.5, 100.0, 135.0, 200.0, 333.3] {
        let view = View::of(&process(&source, &format!("format=png&rotate={degrees}&bgcolor=fff")).unwrap());
        let (sine, cosine) = f64::to_radians(degrees).sin_cos();
        let (width, height) = (f64::from(WIDTH), f64::from(HEIGHT));
        let expected = (
            (width * cosine.abs() + height * sine.abs()).round() as u32,
            (width * sine.abs() + height * cosine.abs()).round() as u32,
        );
        assert_eq!(
            (view.width, view.height, view.channels),
            (expected.0, expected.1, 3),
            "{degrees}"
        );
        let mut inside = 0;
        for y in 0..view.height {
            for x in 0..view.width {
                let (across, down) = place(&view, x, y, degrees);
                let found = view.pixel(x, y);
                let depth = depth(across, down);
                if depth >= 1.5 {
                    inside += 1;
                    // A pixel's value is that of its middle.
                    for (found, expected) in found.iter().zip(value(across - 0.5, down - 0.5)) {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error <= 1.0, "{degrees} at {x}, {y}: {found}, {expected} expected");
                    }
                } else if depth <= -1.0 {
                    assert_eq!(found, [255; 3], "{degrees} at {x}, {y}");
                }
            }
        }
        assert!(inside > 1900, "{degrees}: {inside} pixels were compared");
    }
}

/// On a transparent background the corners are transparent, edges are smooth, and the picture keeps its area.
#[test]
fn edges_are_smooth_and_have_no_dark_fringe() {
    let source = make::png(
        WIDTH,
        HEIGHT,
        ColorType::Rgb,
        &[255, 40, 0].repeat((WIDTH * HEIGHT) as usize),
    );
    for degrees in [45.0, 10.0, 71.5] {
        let view = View::of(&process(&source, &format!("format=png&rotate={degrees}")).unwrap());
        assert_eq!(view.channels, 4);
        let (mut area, mut partly) = (0.0, 0);
        for y in 0..view.height {
            for x in 0..view.width {
                let [colours @ .., alpha] = view.pixel(x, y) else {
                    panic!()
                };
                assert!(
                    *alpha == 0 || colours == [255, 40, 0],
                    "{degrees} at {x}, {y}: {colours:?}"
                );
                let opposite = view.pixel(view.width - 1 - x, view.height - 1 - y)[3];
                assert!(alpha.abs_diff(opposite) <= 1, "{degrees} at {x}, {y}");
                area += f64::from(*alpha) / 255.0;
                partly += u32::from((1..255).contains(alpha));
            }
        }
        let error = (area / f64::from(WIDTH * HEIGHT) - 1.0).abs();
        assert!(error < 0.005, "{degrees}: the area is off by {error}");
        assert!(partly > 100, "{degrees}: {partly} pixels of the edges are smooth");
    }
}

/// Red that fades to transparent black stays red.
#[test]
fn colour_of_transparent_pixels_is_not_seen() {
    let pixels = make::pixels(WIDTH, HEIGHT, |x, _| match x {
        0..20 => [255, 0, 0, 255],
        20..40 => [255, 0, 0, 100],
        _ => [0, 0, 0, 0],
    });
    let source = make::png(WIDTH, HEIGHT, ColorType::Rgba, &pixels);
    let view = View::of(&process(&source, "format=png&rotate=33").unwrap());
    for pixel in view.pixels.chunks(4).filter(|pixel| pixel[3] > 0) {
        assert!(near(&pixel[..3], &[255, 0, 0], 1), "{pixel:?}");
    }
}

#[test]
fn grey_stays_grey_on_a_grey_background() {
    let source = make::png(WIDTH, HEIGHT, ColorType::Grayscale, &[70; (WIDTH * HEIGHT) as usize]);
    let channels = |query: &str| View::of(&process(&source, query).unwrap()).channels;
    assert_eq!(channels("format=png&rotate=5&bgcolor=000"), 1);
    assert_eq!(channels("format=png&rotate=5"), 2);
    assert_eq!(channels("format=png&rotate=5&bgcolor=00f"), 3);
    let view = View::of(&process(&source, "format=jpg&quality=100&rotate=45").unwrap());
    assert!(near(view.pixel(0, 0), &[255], 3) && near(view.pixel(35, 35), &[70], 2));
}

/// `flip` comes after `rotate`.
#[test]
fn rotation_is_mirrored_as_a_whole() {
    let source = make::png(WIDTH, HEIGHT, ColorType::Rgb, &slopes());
    let view = |query: &str| View::of(&process(&source, &format!("format=png&bgcolor=fff&{query}")).unwrap());
    for degrees in [20, 100] {
        let plain = view(&format!("rotate={degrees}"));
        let mirrored = view(&format!("rotate={degrees}&flip=x"));
        let both = view(&format!("rotate={degrees}&flip=xy"));
        for y in 0..plain.height {
            for x in 0..plain.width {
                let (right, below) = (plain.width - 1 - x, plain.height - 1 - y);
                assert!(
                    near(mirrored.pixel(right, y), plain.pixel(x, y), 3),
                    "{degrees} at {x}, {y}"
                );
                assert!(
                    near(both.pixel(right, below), plain.pixel(x, y), 3),
                    "{degrees} at {x}, {y}"
                );
            }
        }
    }
}

/// The border of a square, on the vertical through the middle of the canvas.
#[test]
fn rings_are_rotated_with_the_image() {
    let source = make::png(40, 40, ColorType::Rgb, &[255, 0, 0].repeat(1600));
    let query = "format=png&borderwidth=10&bordercolor=00f&rotate=45&bgcolor=fff";
    let view = View::of(&process(&source, query).unwrap());
    assert_eq!((view.width, view.height), (85, 85));
    // From the top: the corner of 60 x 60, its border of 10 times the root of 2, and the image.
    assert_eq!(view.pixel(42, 7), [0, 0, 255]);
    assert_eq!(view.pixel(42, 20), [255, 0, 0]);
    assert_eq!(view.pixel(42, 42), [255, 0, 0]);
    assert_eq!(view.pixel(5, 5), [255, 255, 255]);
}

#[test]
fn animations_keep_frames_and_delays_when_rotated() {
    let patch = |indices, delay| Patch {
        area: [0, 0, 20, 20],
        indices,
        delay,
        disposal: DisposalMethod::Keep,
    };
    let source = files::gif(20, 20, None, &[patch(&[1], 5), patch(&[2], 10), patch(&[3], 7)]);
    for format in ["gif", "webp&webp.lossless=true"] {
        let animation = Animation::of(&process(&source, &format!("format={format}&rotate=45")).unwrap());
        let delays: Vec<u32> = animation.frames.iter().map(|frame| frame.delay).collect();
        assert_eq!(delays, [50, 100, 70], "{format}");
        for (frame, colour) in animation.frames.iter().zip([make::RED, make::GREEN, make::BLUE]) {
            let pixel = |x: u32, y: u32| &frame.pixels[((y * frame.width + x) * 4) as usize..][..4];
            assert_eq!((frame.width, frame.height), (28, 28), "{format}");
            assert_eq!((&pixel(14, 14)[..3], pixel(14, 14)[3]), (&colour[..], 255), "{format}");
            assert_eq!(pixel(1, 1)[3], 0, "{format}");
        }
    }
}
