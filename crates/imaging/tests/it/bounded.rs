//! `max_bytes` and `qp`: results that fit, and settings that look alike.

use resizer_imaging::{Encoded, ImageError};

use crate::view::View;
use crate::{make, process};

fn photograph() -> Vec<u8> {
    let wave = |at: u32, length: f64| 60.0 * (f64::from(at) / length).sin();
    let pixels = make::pixels(320, 240, |x, y| {
        let grain = f64::from((x * 7919 + y * 104_729) % 31);
        let light = 128.0 + wave(x, 21.0) + wave(y, 33.0) * wave(x + y, 12.0) / 60.0;
        [light + grain, light, light - grain].map(|value| value.clamp(0.0, 255.0) as u8)
    });
    make::png(320, 240, png::ColorType::Rgb, &pixels)
}

fn run(source: &[u8], query: &str) -> Encoded {
    process(source, query).unwrap()
}

/// The next quality above the found one would be too long: the bound is used up, but for one step.
#[test]
fn result_is_the_largest_quality_that_fits() {
    let source = photograph();
    for format in ["jpg", "webp"] {
        let lengths: Vec<usize> = (1..=90)
            .map(|quality| {
                run(&source, &format!("format={format}&subsampling=420&quality={quality}"))
                    .bytes
                    .len()
            })
            .collect();
        for most in [lengths[70], lengths[30] + 1, lengths[2]] {
            let query = format!("format={format}&subsampling=420&quality=90&max_bytes={most}");
            let found = run(&source, &query);
            let length = found.bytes.len();
            assert!(length <= most, "{format}: {length} of {most}");
            // Bisection needs lengths that rise; where a larger quality is shorter by chance, a step may be missed.
            let next = lengths.iter().copied().filter(|other| *other <= most).max().unwrap();
            assert!(
                length * 100 >= next * 97,
                "{format}: {length}, though {next} fits in {most}"
            );
            assert_eq!(View::of(&found).width, 320);
        }
    }
    let free = run(&source, "format=jxl&jxl.distance=0.5").bytes.len();
    for most in [free, free / 2, free / 5] {
        let length = run(&source, &format!("format=jxl&jxl.distance=0.5&max_bytes={most}"))
            .bytes
            .len();
        assert!((most * 9 / 10..=most).contains(&length), "{length} of {most}");
    }
}

#[test]
fn result_that_fits_is_written_at_the_asked_quality() {
    let source = photograph();
    for query in [
        "format=jpg&quality=40",
        "format=webp&quality=40",
        "format=jxl&quality=40",
    ] {
        let free = run(&source, query).bytes;
        let bounded = run(&source, &format!("{query}&max_bytes={}", free.len())).bytes;
        assert!(bounded == free, "{query}");
    }
}

#[test]
fn result_that_cannot_fit_has_the_lowest_quality() {
    let source = photograph();
    let lowest = run(&source, "format=jpg&quality=1&subsampling=420").bytes;
    assert!(run(&source, "format=jpg&max_bytes=1").bytes == lowest);
}

#[test]
fn lossless_result_is_not_bounded() {
    let source = photograph();
    for query in ["format=png", "format=webp&lossless=true", "format=jxl&lossless=true"] {
        let free = run(&source, query).bytes;
        assert!(run(&source, &format!("{query}&max_bytes=10")).bytes == free, "{query}");
    }
}

/// A JPEG source keeps luma and chroma apart up to the encoder, which takes them once for each attempt.
#[test]
fn result_from_planes_fits() {
    let pixels = make::busy(320, 240);
    let source = make::jpeg(320, 240, &pixels);
    for format in ["jpg", "webp"] {
        let free = run(&source, &format!("format={format}&width=300")).bytes.len();
        let bounded = run(&source, &format!("format={format}&width=300&max_bytes={}", free / 2));
        assert!(bounded.bytes.len() <= free / 2);
        assert_eq!(View::of(&bounded).width, 300);
    }
}

/// Two steps of quality apart, each format follows.
#[test]
fn profile_decides_the_bytes_of_each_format() {
    let source = photograph();
    for format in ["jpg", "webp", "jxl"] {
        let bytes = |profile: &str| run(&source, &format!("format={format}&qp={profile}")).bytes.len();
        let lengths = ["lowest", "low", "medium", "good", "high", "highest"].map(bytes);
        assert!(lengths.is_sorted() && lengths[0] < lengths[5], "{format}: {lengths:?}");
    }
}

#[test]
fn jpeg_xl_that_is_searched_for_has_fewer_pixels() {
    let source = make::png(4, 4, png::ColorType::Rgb, &[0; 48]);
    let query = "format=jxl&scale=both&mode=stretch&width=3000&height=1001&max_bytes=9";
    let error = process(&source, query).unwrap_err();
    assert!(
        matches!(error, ImageError::TooLarge { limit: 3_000_000, .. }),
        "{error}"
    );
}
