//! Layers over and behind results: against the formula of "source over", on every format that is written and on
//! animations, and the jobs that decode layers.

use gif::DisposalMethod;
use resizer_imaging::{
    Align, Anchor, Cancel, Container, Encoded, Fit, ImageError, Instructions, Layer, Length, Limits, Placement, Size,
    decode_layer, inspect, layer_size, predict, predict_layer, predict_with, run_with,
};

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{job, make};

const NEAR: Anchor = Anchor {
    x: Align::Near,
    y: Align::Near,
};

/// A layer of this size at this place of the image.
fn at(left: f64, top: f64) -> Placement {
    Placement {
        edges: [Some(Length::Pixels(left)), Some(Length::Pixels(top)), None, None],
        align: NEAR,
        ..Placement::default()
    }
}

fn laid(source: &[u8], query: &str, layers: &[Layer<'_>]) -> Encoded {
    run_with(
        source,
        &job(query, &Limits::default()),
        layers,
        &Cancel::new(),
        &mut |_| true,
    )
    .unwrap()
}

/// A soft disc, from opaque in the middle to transparent at its rim, in two colours.
fn disc(side: u32) -> Vec<u8> {
    make::pixels(side, side, |x, y| {
        let middle = f64::from(side) / 2.0;
        let [x, y] = [x, y].map(|at| f64::from(at) + 0.5 - middle);
        let distance = (x * x + y * y).sqrt() / middle;
        [
            220,
            if x < 0.0 { 40 } else { 200 },
            60,
            (255.0 * (1.2 - 1.2 * distance).clamp(0.0, 1.0)) as u8,
        ]
    })
}

fn layer(placement: Placement, side: u32, pixels: &[u8]) -> Layer<'_> {
    let size = Size::new(side, side);
    Layer::new(placement, size, size, pixels).unwrap()
}

/// One pixel over another, both red, green, blue and alpha: the formula of "source over", W3C Compositing and Blending
/// Level 1, 9.1.4, in numbers of 0 to 1.
fn over(above: &[u8], below: &[u8], opacity: u8) -> [f64; 4] {
    let unit = |value: u8| f64::from(value) / 255.0;
    let alpha = |pixel: &[u8]| pixel.get(3).map_or(1.0, |alpha| unit(*alpha));
    let (source, backdrop) = (alpha(above) * unit(opacity), alpha(below));
    let result = source + backdrop * (1.0 - source);
    let mut mixed = [0.0; 4];
    for (channel, mixed) in mixed.iter_mut().take(3).enumerate() {
        let sum = unit(above[channel]) * source + unit(below[channel]) * backdrop * (1.0 - source);
        *mixed = if result > 0.0 { 255.0 * sum / result } else { 0.0 };
    }
    mixed[3] = 255.0 * result;
    mixed
}

/// Compares a result with the same result without the layer, over which the formula lays it.
fn check(found: &View, plain: &View, side: u32, pixels: &[u8], [left, top]: [i64; 2], opacity: u8, tolerance: f64) {
    for y in 0..plain.height {
        for x in 0..plain.width {
            let below = plain.pixel(x, y);
            let [column, row] = [i64::from(x) - left, i64::from(y) - top];
            let inside = |at: i64| (0..i64::from(side)).contains(&at);
            let expected = if inside(column) && inside(row) {
                let start = (row as usize * side as usize + column as usize) * 4;
                over(&pixels[start..start + 4], below, opacity)
            } else {
                over(&[0; 4], below, 255)
            };
            for (found, expected) in found.pixel(x, y).iter().zip(expected) {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference <= tolerance, "{x}, {y}: {found}, and not {expected:.2}");
            }
        }
    }
}

fn smooth(width: u32, height: u32) -> Vec<u8> {
    make::pixels(width, height, |x, y| {
        [(60 + x) as u8, (200 - y) as u8, (90 + (x + y) / 2) as u8]
    })
}

#[test]
fn layer_over_a_result_is_composited_in_every_format() {
    let source = make::png(120, 90, png::ColorType::Rgb, &smooth(120, 90));
    let disc = disc(40);
    for opacity in [255, 102] {
        let placement = Placement {
            opacity,
            ..at(13.0, 21.0)
        };
        let layers = [layer(placement, 40, &disc)];
        for (query, tolerance) in [
            ("format=png", 1.0),
            ("format=webp&webp.lossless=true", 1.0),
            // The file's own rounding, of three colours and of 64 frequencies, adds to it.
            ("format=jpg&quality=100&subsampling=444", 3.0),
        ] {
            let found = View::of(&laid(&source, query, &layers));
            let plain = View::of(&laid(&source, "format=png", &[]));
            check(&found, &plain, 40, &disc, [13, 21], opacity, tolerance);
        }
    }
}

/// The job of planes and the job of pixels show the same, whatever turns the result, and where a cell of chroma lies
/// half below the layer.
#[test]
fn layer_over_planes_is_that_over_pixels() {
    let source = make::jpeg(241, 181, &smooth(241, 181));
    let disc = disc(41);
    for place in [at(13.0, 20.0), at(-7.0, -9.0), at(220.0, 150.0)] {
        let layers = [layer(place, 41, &disc)];
        for query in [
            "crop=0,0,241,181",
            "rotate=90",
            "flip=x&rotate=180",
            "width=280&mode=pad&scale=canvas&bgcolor=fed",
        ] {
            let by_pixels = laid(&source, &format!("{query}&format=png"), &layers);
            for format in ["jpg&quality=98", "webp&quality=98", "jpg&quality=98&subsampling=444"] {
                let found = View::of(&laid(&source, &format!("{query}&format={format}"), &layers));
                let pixels = View::of(&laid(&by_pixels.bytes, &format!("format={format}"), &[]));
                let differences = found
                    .pixels
                    .iter()
                    .zip(&pixels.pixels)
                    .map(|(a, b)| f64::from(a.abs_diff(*b)));
                let mean = differences.sum::<f64>() / pixels.pixels.len() as f64;
                assert!(mean < 1.5, "{place}, {query} as {format}: {mean:.2}");
            }
        }
    }
}

#[test]
fn layer_lies_on_each_frame_of_an_animation() {
    let patch = |area, indices, delay| Patch {
        area,
        indices,
        delay,
        disposal: DisposalMethod::Keep,
    };
    let frames = [
        patch([0, 0, 60, 40], &[1], 5),
        patch([20, 10, 9, 9], &[2], 10),
        patch([30, 20, 9, 9], &[3], 7),
    ];
    let source = files::gif(60, 40, None, &frames);
    // A square of one colour, opaque, and half of it half transparent: few colours for the palette.
    let square = make::pixels(16, 16, |x, _| [250, 250, 250, if x < 8 { 255 } else { 128 }]);
    let layers = [layer(at(17.0, 7.0), 16, &square)];
    for query in ["format=gif", "format=webp&webp.lossless=true"] {
        let found = Animation::of(&laid(&source, query, &layers));
        let plain = Animation::of(&laid(&source, query, &[]));
        assert_eq!(found.frames.len(), 3);
        for (found, plain) in found.frames.into_iter().zip(plain.frames) {
            assert_eq!(found.delay, plain.delay);
            let view = |frame: crate::view::Shown| View {
                width: frame.width,
                height: frame.height,
                channels: 4,
                pixels: frame.pixels,
            };
            check(&view(found), &view(plain), 16, &square, [17, 7], 255, 2.0);
        }
    }
}

#[test]
fn layer_behind_shows_through_the_image_and_in_its_padding() {
    // The left half is opaque, the right one half transparent; 10 pixels of padding are above and below.
    let source = make::png(
        40,
        20,
        png::ColorType::Rgba,
        &make::pixels(40, 20, |x, _| [0, 0, 200, if x < 20 { 255 } else { 128 }]),
    );
    let red = [255, 0, 0, 255].repeat(16);
    let placement = Placement {
        container: Container::Canvas,
        fit: Fit::Distort,
        behind: true,
        edges: [Some(Length::Percent(25.0)), None, Some(Length::Percent(25.0)), None],
        ..Placement::default()
    };
    let layers = [layer(placement, 4, &red)];
    for (query, channels) in [("format=png&bgcolor=white", 3), ("format=png", 4)] {
        let query = format!("width=40&height=40&mode=pad&scale=canvas&{query}");
        let found = View::of(&laid(&source, &query, &layers));
        assert_eq!(found.channels, channels);
        let check = |x, y, expected: [u8; 4]| {
            let found = found.pixel(x, y);
            assert!(near(found, &expected[..channels], 1), "{x}, {y}: {found:?}");
        };
        let white = if channels == 3 { [255; 4] } else { [0; 4] };
        check(5, 5, white);
        check(15, 5, [255, 0, 0, 255]);
        check(15, 20, [0, 0, 200, 255]);
        check(25, 20, [127, 0, 100, 255]);
        check(25, 35, [255, 0, 0, 255]);
        let beside = if channels == 3 {
            [127, 127, 227, 255]
        } else {
            [0, 0, 200, 128]
        };
        check(35, 20, beside);
    }
}

#[test]
fn layer_over_a_grey_or_transparent_picture_keeps_its_colours() {
    let grey = make::png(20, 20, png::ColorType::Grayscale, &[100; 400]);
    let clear = make::png(20, 20, png::ColorType::Rgba, &[0; 1600]);
    let blue = [0, 0, 255, 255].repeat(100);
    let layers = [layer(at(5.0, 5.0), 10, &blue)];
    let found = View::of(&laid(&grey, "format=png", &layers));
    assert_eq!(found.pixel(10, 10), [0, 0, 255]);
    assert_eq!(found.pixel(1, 1), [100; 3]);
    let found = View::of(&laid(&clear, "format=png", &layers));
    assert_eq!(found.pixel(10, 10), [0, 0, 255, 255]);
    assert_eq!(found.pixel(1, 1)[3], 0);
}

#[test]
fn later_layer_lies_over_an_earlier_one() {
    let source = make::png(20, 20, png::ColorType::Rgb, &[0; 1200]);
    let (red, green) = ([255, 0, 0, 255].repeat(100), [0, 255, 0, 255].repeat(100));
    let layers = [layer(at(0.0, 0.0), 10, &red), layer(at(5.0, 5.0), 10, &green)];
    let found = View::of(&laid(&source, "format=png", &layers));
    assert_eq!(
        (found.pixel(2, 2), found.pixel(7, 7)),
        (&[255, 0, 0][..], &[0, 255, 0][..])
    );
}

/// The layout of a trimmed picture is known only inside of the job.
#[test]
fn layer_of_a_trimmed_picture_is_placed_on_the_content() {
    let pixels = make::pixels(100, 60, |x, y| {
        if (30..70).contains(&x) && (20..40).contains(&y) {
            [20, 30, 200]
        } else {
            [255; 3]
        }
    });
    let source = make::png(100, 60, png::ColorType::Rgb, &pixels);
    let red = [255, 0, 0, 255].repeat(400);
    let placement = Placement {
        sides: [Some(Length::Percent(20.0)), None],
        align: NEAR,
        ..Placement::default()
    };
    let layers = [layer(placement, 20, &red)];
    let found = View::of(&laid(&source, "trim.threshold=80&format=png", &layers));
    // A fifth of 40 pixels.
    assert_eq!(found.width, 40);
    assert!(near(found.pixel(6, 2), &[255, 0, 0], 2) && near(found.pixel(9, 2), &[20, 30, 200], 2));
}

#[test]
fn decoded_layer_has_the_size_that_is_asked_for_and_its_own_commands() {
    let source = make::png(
        80,
        40,
        png::ColorType::Rgba,
        &make::pixels(80, 40, |x, _| [200, 100, 0, if x < 40 { 255 } else { 0 }]),
    );
    let limits = Limits::default();
    let info = inspect(&source, &limits, &Cancel::new()).unwrap();
    let check = |query: &str, natural: (u32, u32), pixel: [u8; 4]| {
        let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
        let size = layer_size(&info, &instructions).unwrap();
        assert_eq!((size.width, size.height), natural, "{query}");
        let target = Size::new(20, 10);
        let pixels = decode_layer(&source, &instructions, target, &limits, &Cancel::new(), &mut |_| false).unwrap();
        assert_eq!(pixels.len(), 20 * 10 * 4);
        let first = &pixels[4 * (20 * 2 + 2)..][..4];
        assert!(near(first, &pixel, 1), "{query}: {first:?}");
        let predicted = predict_layer(&info, &instructions, target, &limits).unwrap();
        assert!(predicted.peak_bytes > predict(&info, &job("width=20&format=png", &limits)).unwrap().peak_bytes);
    };
    check("", (80, 40), [200, 100, 0, 255]);
    check("s.alpha=0.5", (80, 40), [200, 100, 0, 128]);
    check("flip=x", (80, 40), [0, 0, 0, 0]);
    check("width=8&frame=3&format=jpg&colors=4", (8, 4), [200, 100, 0, 255]);
    check("crop=0,0,40,40", (40, 40), [200, 100, 0, 255]);
    check("rotate=90", (40, 80), [200, 100, 0, 255]);
    let huge = predict_layer(&info, &Instructions::default(), Size::new(60_000, 2), &limits);
    assert!(matches!(huge, Err(ImageError::TooLarge { .. })), "{huge:?}");
}

#[test]
fn layer_of_a_wrong_length_is_an_error() {
    let size = Size::new(2, 2);
    assert!(Layer::new(Placement::default(), size, size, &[0; 16]).is_ok());
    assert!(Layer::new(Placement::default(), size, size, &[0; 15]).is_err());
    assert!(Layer::new(Placement::default(), size, Size::new(0, 2), &[]).is_err());
}

#[test]
fn job_with_layers_is_cancelled_at_any_check() {
    let source = make::jpeg(100, 80, &smooth(100, 80));
    let disc = disc(40);
    let behind = Placement {
        behind: true,
        ..at(9.0, 9.0)
    };
    for (placement, query) in [(at(3.0, 5.0), "format=jpg"), (behind, "format=png")] {
        // Its size is not the one that is needed.
        let layer = Layer::new(placement, Size::new(30, 30), Size::new(40, 40), &disc).unwrap();
        let job = job(query, &Limits::default());
        let run = |cancel: &Cancel| run_with(&source, &job, std::slice::from_ref(&layer), cancel, &mut |_| true);
        let cancel = Cancel::new();
        run(&cancel).unwrap();
        for look in 0..cancel.looks() {
            assert!(
                matches!(run(&Cancel::at_look(look)), Err(ImageError::Cancelled)),
                "{query}, {look}"
            );
        }
        let info = inspect(&source, &job.limits, &Cancel::new()).unwrap();
        let plain = predict(&info, &job).unwrap();
        let predicted = predict_with(&info, &job, &[layer]).unwrap();
        assert!(predicted.peak_bytes >= plain.peak_bytes + 40 * 40 * 4 && predicted.time > plain.time);
    }
}
