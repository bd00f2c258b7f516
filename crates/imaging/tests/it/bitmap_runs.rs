//! Run-length encoding of BMPs: codes written by hand, and the index that each pixel gets.

use resizer_imaging::ImageError;

use crate::bitmaps::{Bitmap, HEIGHT, check, colours};
use crate::process;

/// Codes for the pixels below, from the bottom row up: the last row has one run of 13, the next a literal.
pub(crate) struct Codes {
    pub(crate) rle8: Vec<u8>,
    pub(crate) rle4: Vec<u8>,
    pub(crate) rle24: Vec<u8>,
}

pub(crate) fn codes() -> Codes {
    let end_of_row = [0, 0];
    let bottom8 = [13, 4];
    // Three pixels and a byte of padding, a skipped pixel, and a run that goes beyond the row.
    let next8 = [&[0, 3, 1, 2, 3, 0][..], &[0, 2, 1, 0], &[200, 5]].concat();
    // Two rows up and four columns to the right, where one pixel is.
    let skip = [0, 2, 4, 2];
    let rle8 = [&bottom8[..], &end_of_row, &next8, &end_of_row, &skip, &[1, 6], &[0, 1]].concat();
    // Pixels take turns in a run of 4 bits. Three of them take two bytes.
    let next4 = [&[0, 3, 0x12, 0x30][..], &[0, 2, 1, 0], &[200, 0x55]].concat();
    let rle4 = [
        &[13, 0x44][..],
        &end_of_row,
        &next4,
        &end_of_row,
        &skip,
        &[1, 0x6f],
        &[0, 1],
    ]
    .concat();
    let pixel = |index: u8| [index, index + 100, index + 200];
    let next24 = [&[0, 3][..], &pixel(1), &pixel(2), &pixel(3), &[0]].concat();
    let rle24 = [
        &[13][..],
        &pixel(4),
        &end_of_row,
        &next24,
        &[0, 2, 1, 0],
        &[200],
        &pixel(5),
        &end_of_row,
        &skip,
        &[1],
        &pixel(6),
        &[0, 1],
    ]
    .concat();
    Codes { rle8, rle4, rle24 }
}

/// The index that each pixel gets from these codes.
fn run_index(x: u32, y: u32) -> u8 {
    match (x, HEIGHT - 1 - y) {
        (_, 0) => 4,
        (0..=2, 1) => x as u8 + 1,
        (4.., 1) => 5,
        (4, 4) => 6,
        _ => 0,
    }
}

#[test]
fn run_lengths_are_decoded() {
    let Codes { rle8, rle4, rle24 } = codes();
    for header in [40, 64, 124] {
        for (bits, compression, pixels) in [(8, 1, &rle8), (4, 2, &rle4)] {
            let bitmap = Bitmap {
                compression,
                colours: colours(16),
                ..Bitmap::new(header, bits, pixels.clone())
            };
            check(&format!("{bits} bits, {header} bytes"), &bitmap.file(), |x, y| {
                colours(16)[usize::from(run_index(x, y))]
            });
        }
    }
    let bitmap = Bitmap {
        compression: 4,
        ..Bitmap::new(64, 24, rle24)
    };
    check("24 bits", &bitmap.file(), |x, y| match run_index(x, y) {
        0 => [0; 3],
        index => [index + 200, index + 100, index],
    });
    // The two pixels of a run take turns.
    let bitmap = Bitmap {
        compression: 2,
        colours: colours(16),
        ..Bitmap::new(40, 4, [&[13, 0x12, 0, 0].repeat(HEIGHT as usize)[..], &[0, 1]].concat())
    };
    check("two pixels", &bitmap.file(), |x, _| colours(16)[1 + x as usize % 2]);
}

/// Codes that end without an end are complete if all rows are, and else damage.
#[test]
fn run_lengths_may_lack_their_end() {
    let bitmap = |pixels: Vec<u8>| Bitmap {
        compression: 1,
        colours: colours(16),
        ..Bitmap::new(40, 8, pixels)
    };
    let all = [13, 9, 0, 0].repeat(HEIGHT as usize);
    for missing in [0, 2] {
        let source = bitmap(all[..all.len() - missing].to_vec()).file();
        check("all rows", &source, |_, _| colours(16)[9]);
    }
    let source = bitmap(all[..all.len() - 4].to_vec()).file();
    let error = process(&source, "format=png").unwrap_err();
    assert!(matches!(error, ImageError::Corrupt { .. }), "{error}");
    // An end before the last row is no damage: the rest has the first colour.
    let source = bitmap([&all[..4], &[0, 1]].concat()).file();
    check("one row", &source, |_, y| {
        colours(16)[if y == HEIGHT - 1 { 9 } else { 0 }]
    });
}

/// Skipped columns count across rows, and a skip out of the picture ends it.
#[test]
fn skip_out_of_the_picture_ends_it() {
    let codes = [&[1, 9][..], &[0, 2, 255, 0], &[3, 8, 0, 0, 13, 7, 0, 1]].concat();
    let bitmap = Bitmap {
        compression: 1,
        colours: colours(16),
        ..Bitmap::new(40, 8, codes)
    };
    check("skip", &bitmap.file(), |x, y| {
        colours(16)[if (x, y) == (0, HEIGHT - 1) { 9 } else { 0 }]
    });
}
