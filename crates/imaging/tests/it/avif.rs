//! AVIF in and out, with the feature `avif`. rav1e writes the files and rav1d reads them. The formulas of colours are
//! tested in the crate `resizer-avif`.

use resizer_imaging::{Cancel, Channels, Format, ImageError, Instructions, Limits, Orientation, inspect, predict, run};

use crate::view::{View, near};
use crate::{job, make, process};

const WIDTH: u32 = 96;
const HEIGHT: u32 = 64;

fn quadrants() -> Vec<u8> {
    make::png(WIDTH, HEIGHT, png::ColorType::Rgb, &make::quadrants(WIDTH, HEIGHT))
}

/// The middle of each quadrant shows its colour.
fn check_quadrants(view: &View, expected: [[u8; 3]; 4]) {
    let middles = [(0, 0), (1, 0), (0, 1), (1, 1)];
    for ((column, row), colour) in middles.into_iter().zip(expected) {
        let found = view.cell(column, row, 2, 2);
        assert!(
            near(&found[..3], &colour, 12),
            "{column}, {row}: {found:?} for {colour:?}"
        );
    }
}

#[test]
fn picture_keeps_its_colours_through_an_avif() {
    let colours = [make::RED, make::GREEN, make::BLUE, make::WHITE];
    let jpeg = make::jpeg(WIDTH, HEIGHT, &make::quadrants(WIDTH, HEIGHT));
    // Of a JPEG, luma and chroma go from decoder to encoder.
    for source in [quadrants(), jpeg] {
        let file = process(&source, "format=avif&avif.quality=90").unwrap();
        assert_eq!(file.format, Format::Avif);
        let info = inspect(&file.bytes, &Limits::default(), &Cancel::new()).unwrap();
        assert_eq!((info.format, info.width, info.height), (Format::Avif, WIDTH, HEIGHT));
        assert_eq!((info.channels, info.frames, info.profile_bytes), (Channels::Rgb, 1, 0));
        assert_eq!(info.orientation, Orientation::IDENTITY);
        check_quadrants(&View::of(&process(&file.bytes, "format=png").unwrap()), colours);
        let cropped = process(&file.bytes, "format=png&crop=60,4,92,24&width=24").unwrap();
        assert!(View::of(&cropped).is_all(&make::GREEN, 12));
        let turned = process(&file.bytes, "format=png&rotate=180").unwrap();
        check_quadrants(&View::of(&turned), [make::WHITE, make::BLUE, make::GREEN, make::RED]);
    }
}

#[test]
fn alpha_and_grey_are_kept() {
    let rgba = make::pixels(WIDTH, HEIGHT, |x, _| {
        [200, 100, 50, if x < WIDTH / 2 { 255 } else { 90 }]
    });
    let source = make::png(WIDTH, HEIGHT, png::ColorType::Rgba, &rgba);
    let file = process(&source, "format=avif&avif.quality=90").unwrap();
    let view = View::of(&process(&file.bytes, "format=png").unwrap());
    assert!(
        near(view.cell(0, 0, 2, 1), &[200, 100, 50, 255], 8),
        "{:?}",
        view.cell(0, 0, 2, 1)
    );
    assert!(
        near(view.cell(1, 0, 2, 1), &[200, 100, 50, 90], 8),
        "{:?}",
        view.cell(1, 0, 2, 1)
    );

    let grey = make::pixels(WIDTH, HEIGHT, |x, y| [(x + y) as u8]);
    let source = make::png(WIDTH, HEIGHT, png::ColorType::Grayscale, &grey);
    let file = process(&source, "format=avif&avif.quality=90").unwrap();
    let info = inspect(&file.bytes, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.channels, Channels::Gray);
}

#[test]
fn cancelled_encoder_stops() {
    let source = make::jpeg(200, 200, &make::busy(200, 200));
    let job = job("format=avif", &Limits::default());
    let looks = Cancel::new();
    run(&source, &job, &looks).unwrap();
    // The encoder itself asks for each block of 64 pixels.
    for look in [looks.looks() / 2, looks.looks() - 2] {
        let stopped = run(&source, &job, &Cancel::at_look(look));
        assert!(matches!(stopped, Err(ImageError::Cancelled)), "{look}");
    }
}

#[test]
fn avif_of_too_many_pixels_is_refused_before_it_is_decoded() {
    let info = inspect(&quadrants(), &Limits::default(), &Cancel::new()).unwrap();
    let refused = predict(&info, &job("format=avif&width=4000&scale=both", &Limits::default()));
    assert!(
        matches!(refused, Err(ImageError::TooLarge { limit: 8_000_000, .. })),
        "{refused:?}"
    );
}

#[test]
fn damaged_avif_is_refused_as_such() {
    let file = process(&quadrants(), "format=avif").unwrap().bytes;
    for length in [40, 200, file.len() - 20] {
        let refused = process(&file[..length], "format=png").unwrap_err();
        let is_named = matches!(
            &refused,
            ImageError::Corrupt {
                format: Some(Format::Avif),
                ..
            }
        );
        assert!(is_named, "{length}: {refused:?}");
    }
}

#[test]
fn avif_source_without_a_format_stays_an_avif() {
    let (instructions, _) = Instructions::parse([("width", "10")]);
    assert_eq!(
        resizer_imaging::output_format(&instructions, Some("avif")),
        Format::Avif
    );
}
