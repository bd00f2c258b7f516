//! Damaged sources that are shown: the rows before the damage are right, and the others are grey or transparent.

use png::ColorType;
use resizer_imaging::{Encoded, ImageError, Limits};

use crate::damage::{jpegs, others, pngs};
use crate::view::{View, near};
use crate::{make, process_within};

/// So large that decoders, which work on bands of rows, have delivered a quarter before the damage.
const SIDE: u32 = 512;

fn shown(source: &[u8], query: &str) -> Result<Encoded, ImageError> {
    let limits = Limits {
        show_damaged: true,
        ..Limits::default()
    };
    process_within(source, query, &limits)
}

/// The first five eighths of a file.
fn cut(source: &[u8]) -> &[u8] {
    &source[..source.len() / 8 * 5]
}

/// Checks the upper and the lower quarter of a picture whose file is cut off behind the middle.
#[track_caller]
fn check(name: &str, source: &[u8], whole: &[u8], missing: &[u8], tolerance: u8) {
    let found = shown(cut(source), "format=png").unwrap();
    assert!(found.damaged, "{name}");
    let view = View::of(&found);
    assert_eq!(
        (view.width, view.height, view.channels),
        (SIDE, SIDE, missing.len()),
        "{name}"
    );
    let quarter = whole.len() / 4;
    assert!(
        near(&view.pixels[..quarter], &whole[..quarter], tolerance),
        "{name}: the rows before the damage"
    );
    let last = &view.pixels[3 * quarter..];
    assert!(
        last.chunks(missing.len()).all(|pixel| pixel == missing),
        "{name}: the rows behind it"
    );
    assert!(!shown(source, "format=png").unwrap().damaged, "{name}, whole");
}

#[test]
fn rows_behind_the_damage_are_grey_or_transparent() {
    // Noise, so that the middle of the file is in the middle of the picture.
    let noise = |x: u32, y: u32| ((x * 7919 + y * 104_729) ^ (x * y * 31)).wrapping_mul(2_654_435_761) >> 24;
    let rgb = make::pixels(SIDE, SIDE, |x, y| {
        [noise(x, y) as u8, noise(y, x) as u8, noise(x + y, 5) as u8]
    });
    let rgba = make::pixels(SIDE, SIDE, |x, y| {
        [noise(x, y) as u8, noise(y, x) as u8, 7, 255 - (x % 9) as u8]
    });
    let gray = make::pixels(SIDE, SIDE, |x, y| [noise(x, y) as u8]);
    check("rgb", &make::png(SIDE, SIDE, ColorType::Rgb, &rgb), &rgb, &[128; 3], 0);
    check(
        "rgba",
        &make::png(SIDE, SIDE, ColorType::Rgba, &rgba),
        &rgba,
        &[0; 4],
        0,
    );
    check(
        "grey",
        &make::png(SIDE, SIDE, ColorType::Grayscale, &gray),
        &gray,
        &[128],
        0,
    );
    // Colours that change slowly lose little in a JPEG.
    let soft = make::pixels(SIDE, SIDE, |x, y| [(x / 2) as u8, (y / 2) as u8, ((x + y) / 4) as u8]);
    check("JPEG", &make::jpeg(SIDE, SIDE, &soft), &soft, &[128; 3], 12);
}

#[test]
fn scaled_picture_is_shown_too() {
    let rows = make::pixels(SIDE, SIDE, |x, y| [((x * x * 37 + y * y * 91 + x * y) % 251) as u8]);
    let source = make::png(SIDE, SIDE, ColorType::Grayscale, &rows);
    let found = shown(cut(&source), "width=16&format=png").unwrap();
    let view = View::of(&found);
    assert!(found.damaged);
    assert_eq!((view.width, view.height, view.pixel(8, 15)), (16, 16, &[128][..]));
}

/// Whatever is cut off, the result is an error, or all of the picture, or says that it is damaged.
#[test]
fn cut_source_is_an_error_or_whole_or_said_to_be_damaged() {
    let query = "format=webp&lossless=true";
    for (name, source) in jpegs().chain(pngs()).chain(others()) {
        let whole = shown(&source, query).unwrap();
        assert!(!whole.damaged, "{name}");
        for length in 0..source.len() {
            match shown(&source[..length], query) {
                Ok(found) if found.damaged => assert_eq!(found.size, whole.size, "{name}"),
                Ok(found) => assert!(
                    found.bytes == whole.bytes || (name == "animated GIF" && source[length - 1] == 0),
                    "{name}: {length} of {} bytes give another picture",
                    source.len()
                ),
                Err(ImageError::Corrupt { .. } | ImageError::UnsupportedFormat { .. }) => {}
                Err(other) => panic!("{name}, {length} bytes: {other}"),
            }
        }
    }
}
