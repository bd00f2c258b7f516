//! Damaged sources that are shown, whose data lie in the order of their rows: GIF, WebP and BMP.

use super::{Rows, SIDE, noise, shown};
use crate::view::View;
use crate::{files, make, process};

#[test]
fn gif_that_is_cut_off_is_shown_to_its_last_row() {
    let palette: Vec<u8> = (0..=255_u8).flat_map(|index| [index, !index, 9]).collect();
    let indices = noise::<1>();
    let whole: Vec<u8> = indices.iter().flat_map(|index| [*index, !*index, 9, 255]).collect();
    let source = files::still_gif(SIDE as u16, SIDE as u16, &palette, &indices, false);
    Rows {
        name: "GIF",
        source: &source,
        whole: &whole,
        missing: &[0; 4],
        // The signature, the screen, the palette, perhaps a control block, and the frame.
        header: 13 + 768 + 8 + 10 + 2,
        slack: 2,
        bottom_up: false,
    }
    .check();
}

#[test]
fn lossless_webp_that_is_cut_off_is_shown_to_its_last_row() {
    let (rgb, rgba) = (noise::<3>(), noise::<4>());
    for (name, whole, missing) in [("RGB", &rgb, &[128_u8; 3][..]), ("RGBA", &rgba, &[0; 4])] {
        let source = files::lossless_webp(SIDE, SIDE, whole);
        Rows {
            name,
            source: &source,
            whole,
            missing,
            header: 12 + 8 + 5,
            // The prefix codes take a part of the file.
            slack: 6,
            bottom_up: false,
        }
        .check();
    }
}

#[test]
fn lossy_webp_that_is_cut_off_is_shown_to_its_last_macroblocks() {
    let source = files::lossy_webp(SIDE, SIDE, &noise::<3>());
    let whole = webp::Decoder::new(&source).decode().unwrap().to_vec();
    Rows {
        name: "lossy WebP",
        source: &source,
        whole: &whole,
        missing: &[128; 3],
        header: 12 + 8 + 10,
        slack: 16 + 8 + 4,
        bottom_up: false,
    }
    .check();
}

/// Each of 16 bytes in the middle. Rows before it are right, as far as their data do not lie behind it.
#[test]
fn source_with_a_changed_byte_is_shown_with_the_rows_above() {
    let (rgb, indices) = (noise::<3>(), noise::<1>());
    let palette: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(3);
    for (name, source, above) in [
        ("PNG", make::png(SIDE, SIDE, png::ColorType::Rgb, &rgb), 28),
        (
            "GIF",
            files::still_gif(SIDE as u16, SIDE as u16, &palette, &indices, false),
            24,
        ),
        ("lossless WebP", files::lossless_webp(SIDE, SIDE, &rgb), 26),
        ("lossy WebP", files::lossy_webp(SIDE, SIDE, &rgb), 4),
    ] {
        let rows = |source: &[u8]| {
            let view = View::of(&shown(source, "format=png").unwrap());
            view.pixels[..above * SIDE as usize * view.channels].to_vec()
        };
        let whole = rows(&source);
        let mut refused = 0;
        for at in 0..16 {
            let mut changed = source.clone();
            changed[source.len() / 2 + at] ^= 0x55;
            assert!(rows(&changed) == whole, "{name}, byte {at}");
            refused += u32::from(process(&changed, "format=png").is_err());
        }
        // Only a PNG has checksums.
        assert!(name != "PNG" || refused == 16, "{refused} changes were seen");
    }
}

#[test]
fn bmp_that_is_cut_off_is_shown_from_its_first_row() {
    let whole = noise::<3>();
    Rows {
        name: "BMP",
        source: &files::bmp(SIDE, SIDE, &whole),
        whole: &whole,
        missing: &[128; 3],
        header: 54,
        slack: 1,
        bottom_up: true,
    }
    .check();
}

/// A run and an end of row for each row, from the bottom up. Index 1 is red.
#[test]
fn run_length_encoded_bmp_that_is_cut_off_is_shown_from_its_first_row() {
    let mut source = b"BM\0\0\0\0\0\0\0\0\x3e\0\0\0\x28\0\0\0".to_vec();
    source.extend([SIDE.to_le_bytes(), SIDE.to_le_bytes(), [1, 0, 8, 0], [1, 0, 0, 0]].concat());
    source.extend([0; 12]);
    source.extend([[2, 0, 0, 0], [0; 4], [0; 4], [0, 0, 255, 0]].concat());
    assert_eq!(source.len(), 0x3e);
    for _ in 0..SIDE {
        source.extend([SIDE as u8, 1, 0, 0]);
    }
    source.extend([0, 1]);
    Rows {
        name: "RLE",
        source: &source,
        whole: &[255, 0, 0].repeat((SIDE * SIDE) as usize),
        missing: &[128; 3],
        header: 0x3e,
        slack: 1,
        bottom_up: true,
    }
    .check();
}
