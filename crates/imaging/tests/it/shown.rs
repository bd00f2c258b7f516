//! Damaged sources that are shown: the rows before the damage are right, and the others are grey or transparent.

mod animations;
mod jpegs;
mod pngs;
mod rows;
mod tiffs;

use png::ColorType;
use resizer_imaging::{Encoded, ImageError, Limits};

use crate::view::{View, near};
use crate::{damage, make, process, process_within};

/// The side of small sources, of which decoders could hold all rows back.
const SIDE: u32 = 64;

/// The side of sources of several bands of rows.
const LARGE: u32 = 512;

fn shown(source: &[u8], query: &str) -> Result<Encoded, ImageError> {
    let limits = Limits {
        show_damaged: true,
        ..Limits::default()
    };
    process_within(source, query, &limits)
}

/// The pixels of a damaged source.
#[track_caller]
fn pixels(name: &str, source: &[u8]) -> Vec<u8> {
    let found = shown(source, "format=png").unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(found.damaged, "{name}");
    let view = View::of(&found);
    assert_eq!((view.width, view.height), (SIDE, SIDE), "{name}");
    view.pixels
}

#[track_caller]
fn is_refused(name: &str, source: &[u8]) {
    let refused = process(source, "format=png");
    assert!(matches!(refused, Err(ImageError::Corrupt { .. })), "{name}");
}

/// Random numbers (Marsaglia's xorshift), which take as many bytes in a file.
fn noise<const N: usize>() -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..SIDE as usize * SIDE as usize * N).map(|_| next()).collect()
}

/// A source whose data lie in the order of its rows.
struct Rows<'s> {
    name: &'s str,
    source: &'s [u8],
    /// The pixels of the whole picture, and one that is missing.
    whole: &'s [u8],
    missing: &'s [u8],
    /// The bytes before the first row.
    header: usize,
    /// How many rows may be lost before the damage, and how many may be wrong at it.
    slack: usize,
    bottom_up: bool,
}

impl Rows<'_> {
    /// Cuts the source after three, four, five and seven eighths of its pixels.
    #[track_caller]
    fn check(&self) {
        let Self {
            name, source, missing, ..
        } = self;
        let row_bytes = missing.len() * SIDE as usize;
        assert!(!shown(source, "format=png").unwrap().damaged, "{name}, whole");
        for eighths in [3, 4, 5, 7] {
            let cut = &source[..self.header + (source.len() - self.header) * eighths / 8];
            is_refused(name, cut);
            let found = pixels(name, cut);
            let (mut found, mut whole): (Vec<_>, Vec<_>) = (
                found.chunks(row_bytes).collect(),
                self.whole.chunks(row_bytes).collect(),
            );
            if self.bottom_up {
                found.reverse();
                whole.reverse();
            }
            let at = SIDE as usize * eighths / 8;
            let right = found.iter().zip(&whole).take_while(|(a, b)| a == b).count();
            assert!(
                right + self.slack >= at,
                "{name}, {eighths}/8: {right} rows are right of {at}"
            );
            let is_missing = |row: &&&[u8]| row.chunks(missing.len()).all(|pixel| pixel == *missing);
            let blank = found.iter().rev().take_while(is_missing).count();
            let after = SIDE as usize - at;
            assert!(
                blank + self.slack >= after,
                "{name}, {eighths}/8: {blank} rows are blank of {after}"
            );
        }
        is_refused(name, &source[..self.header + 1]);
        let nothing = shown(&source[..self.header + 1], "format=png");
        assert!(
            matches!(nothing, Err(ImageError::Corrupt { .. })),
            "{name} without a row"
        );
    }
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
        (LARGE, LARGE, missing.len()),
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
    let rgb = make::pixels(LARGE, LARGE, |x, y| {
        [noise(x, y) as u8, noise(y, x) as u8, noise(x + y, 5) as u8]
    });
    let rgba = make::pixels(LARGE, LARGE, |x, y| {
        [noise(x, y) as u8, noise(y, x) as u8, 7, 255 - (x % 9) as u8]
    });
    let gray = make::pixels(LARGE, LARGE, |x, y| [noise(x, y) as u8]);
    check(
        "rgb",
        &make::png(LARGE, LARGE, ColorType::Rgb, &rgb),
        &rgb,
        &[128; 3],
        0,
    );
    check(
        "rgba",
        &make::png(LARGE, LARGE, ColorType::Rgba, &rgba),
        &rgba,
        &[0; 4],
        0,
    );
    check(
        "grey",
        &make::png(LARGE, LARGE, ColorType::Grayscale, &gray),
        &gray,
        &[128],
        0,
    );
    // Colours that change slowly lose little in a JPEG.
    let soft = make::pixels(LARGE, LARGE, |x, y| [(x / 2) as u8, (y / 2) as u8, ((x + y) / 4) as u8]);
    check("JPEG", &make::jpeg(LARGE, LARGE, &soft), &soft, &[128; 3], 12);
}

#[test]
fn scaled_picture_is_shown_too() {
    let rows = make::pixels(LARGE, LARGE, |x, y| [((x * x * 37 + y * y * 91 + x * y) % 251) as u8]);
    let source = make::png(LARGE, LARGE, ColorType::Grayscale, &rows);
    let found = shown(cut(&source), "width=16&format=png").unwrap();
    let view = View::of(&found);
    assert!(found.damaged);
    assert_eq!((view.width, view.height, view.pixel(8, 15)), (16, 16, &[128][..]));
}

/// Whatever is cut off, the result is an error, or all of the picture, or says that it is damaged.
#[test]
fn cut_source_is_an_error_or_whole_or_said_to_be_damaged() {
    let query = "format=webp&lossless=true";
    for (name, source) in damage::jpegs().chain(damage::pngs()).chain(damage::others()) {
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
