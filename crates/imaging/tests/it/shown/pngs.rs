//! Damaged files of PNG that are shown: rows up to the damage, and the passes of interlaced pictures.

use png::ColorType;

use super::{Rows, SIDE, is_refused, noise, pixels, shown};
use crate::make;
use crate::view::View;

#[test]
fn png_that_is_cut_off_is_shown_to_its_last_row() {
    let (rgb, rgba, gray) = (noise::<3>(), noise::<4>(), noise::<1>());
    for (name, colour, whole, missing) in [
        ("RGB", ColorType::Rgb, &rgb, &[128_u8; 3][..]),
        ("RGBA", ColorType::Rgba, &rgba, &[0; 4]),
        ("grey", ColorType::Grayscale, &gray, &[128]),
    ] {
        let source = make::png(SIDE, SIDE, colour, whole);
        let header = source.windows(4).position(|kind| kind == b"IDAT").unwrap() + 8;
        Rows {
            name,
            source: &source,
            whole,
            missing,
            header,
            slack: 2,
            bottom_up: false,
        }
        .check();
    }
}

/// The pixels are there, and one of them is wrong. The stored block has no other redundancy than checksums.
#[test]
fn png_with_a_changed_byte_is_shown_with_it() {
    let rows: Vec<u8> = noise::<1>()
        .chunks(SIDE as usize)
        .flat_map(|row| [&[0], row].concat())
        .collect();
    let mut source = make::png_by_hand(make::png_header(SIDE, SIDE, 8, 0, false), &rows);
    let middle = source.len() / 2;
    source[middle] ^= 0xff;
    is_refused("changed", &source);
    let found = pixels("changed", &source);
    let wrong = found.iter().zip(noise::<1>()).filter(|(a, b)| **a != *b).count();
    assert_eq!(wrong, 1);
}

/// The first passes of an interlaced picture cover all of it: the pixels at multiples of 8 are right, and others are
/// like one of them or right. The order of passes is that of PNG, third edition, 8.1.
#[test]
fn interlaced_png_that_is_cut_off_is_shown_coarsely() {
    let whole = noise::<1>();
    let at = |x: u32, y: u32| whole[(y * SIDE + x) as usize];
    let mut rows = Vec::new();
    for [left, top, across, down] in [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ] {
        for y in (top..SIDE).step_by(down as usize) {
            rows.push(0);
            rows.extend((left..SIDE).step_by(across as usize).map(|x| at(x, y)));
        }
    }
    let source = make::png_by_hand(make::png_header(SIDE, SIDE, 8, 0, true), &rows);
    assert_eq!(View::of(&shown(&source, "format=png").unwrap()).pixels, whole);
    // Behind the header of the pixels' chunk, of zlib and of the block: two passes, of eight rows of 8 pixels each.
    let start = source.windows(4).position(|kind| kind == b"IDAT").unwrap() + 4 + 7;
    let cut = &source[..start + 2 * 8 * 9];
    is_refused("interlaced", cut);
    let found = pixels("interlaced", cut);
    let expected: Vec<u8> = make::pixels(SIDE, SIDE, |x, y| [at(x / 4 * 4, y / 8 * 8)]);
    assert_eq!(found, expected, "two passes");
    let found = pixels("interlaced", &source[..source.len() * 9 / 10]);
    let right = found.iter().zip(&whole).filter(|(a, b)| a == b).count();
    assert!(right * 10 >= whole.len() * 8, "{right} pixels are right");
    // Half of the first pass: the lower half is missing.
    let found = pixels("interlaced", &source[..start + 4 * 9]);
    assert!(found[found.len() / 2..].iter().all(|shade| *shade == 128));
}
