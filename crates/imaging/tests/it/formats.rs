//! Every supported kind of JPEG and PNG.

use png::{BitDepth, ColorType};
use resizer_imaging::{Cancel, Channels, Format, Limits, inspect};

use crate::make::{self, KINDS};
use crate::process;
use crate::view::{View, near};

#[test]
fn every_kind_of_jpeg_gives_the_same_picture() {
    // Odd sizes, so that the last blocks are incomplete.
    let (width, height) = (75, 53);
    let pixels = make::pixels(width, height, |x, y| [(x * 3) as u8, (y * 4) as u8, 90]);
    for kind in KINDS {
        let source = make::jpeg_of_kind(kind, width, height, &pixels, jpeg_encoder::ColorType::Rgb);
        let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
        assert_eq!((info.format, info.width, info.height), (Format::Jpeg, width, height));
        assert_eq!((info.channels, info.streams), (Channels::Rgb, true), "{kind:?}");
        let view = View::of(&process(&source, "format=png").unwrap());
        let close = view
            .pixels
            .iter()
            .zip(&pixels)
            .filter(|(a, b)| a.abs_diff(**b) <= 10)
            .count();
        assert!(
            close * 100 >= pixels.len() * 99,
            "{kind:?}: {close} of {} values are close",
            pixels.len()
        );
    }
    let gray = make::pixels(width, height, |x, y| [(x + y) as u8]);
    for kind in KINDS {
        let source = make::jpeg_of_kind(kind, width, height, &gray, jpeg_encoder::ColorType::Luma);
        let view = View::of(&process(&source, "format=png").unwrap());
        assert!(near(&view.pixels, &gray, 6), "{kind:?}");
    }
}

#[test]
fn every_kind_of_png_is_converted_to_eight_bits() {
    let check = |source: &[u8], expected: &[&[u8]]| {
        let view = View::of(&process(source, "format=png").unwrap());
        let found: Vec<&[u8]> = view.pixels.chunks(view.channels).collect();
        assert_eq!(found, expected);
    };
    // One bit: 0, 1, 0; two bits: 0, 2, 3 of 3.
    check(
        &make::png_with(3, 1, ColorType::Grayscale, BitDepth::One, &[0b0100_0000], |_| {}),
        &[&[0], &[255], &[0]],
    );
    check(
        &make::png_with(3, 1, ColorType::Grayscale, BitDepth::Two, &[0b0010_1100], |_| {}),
        &[&[0], &[170], &[255]],
    );
    // Only the upper 8 of 16 bits are used.
    let sixteen = [0x12, 0x34, 0xff, 0x00, 0x00, 0xff];
    check(
        &make::png_with(1, 1, ColorType::Rgb, BitDepth::Sixteen, &sixteen, |_| {}),
        &[&[0x12, 0xff, 0x00]],
    );
    // A palette without and with transparency.
    let palette = |transparent: bool| {
        make::png_with(3, 1, ColorType::Indexed, BitDepth::Eight, &[0, 1, 0], move |encoder| {
            encoder.set_palette(vec![10, 20, 30, 40, 50, 60]);
            if transparent {
                encoder.set_trns(vec![255, 7]);
            }
        })
    };
    check(&palette(false), &[&[10, 20, 30], &[40, 50, 60], &[10, 20, 30]]);
    check(
        &palette(true),
        &[&[10, 20, 30, 255], &[40, 50, 60, 7], &[10, 20, 30, 255]],
    );
    // One colour is transparent.
    let keyed = make::png_with(2, 1, ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6], |encoder| {
        encoder.set_trns(vec![0, 1, 0, 2, 0, 3]);
    });
    check(&keyed, &[&[1, 2, 3, 0], &[4, 5, 6, 255]]);
}

/// Adam7 (PNG, third edition, 8.1): first column, first row and steps of the seven passes.
#[test]
fn interlaced_rows_are_put_in_order() {
    const PASSES: [[u32; 4]; 7] = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ];
    let (width, height) = (13, 11);
    let colour = |x: u32, y: u32| [(x * 19) as u8, (y * 23) as u8, (x * y) as u8];
    let mut rows = Vec::new();
    for [x0, y0, dx, dy] in PASSES {
        for y in (y0..height).step_by(dy as usize) {
            rows.push(0);
            rows.extend((x0..width).step_by(dx as usize).flat_map(|x| colour(x, y)));
        }
    }
    let source = make::png_by_hand(make::png_header(width, height, 8, 2, true), &rows);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert!(!info.streams, "an interlaced picture has to be held");
    let view = View::of(&process(&source, "format=png").unwrap());
    assert_eq!(view.pixels, make::pixels(width, height, colour));
}

#[test]
fn content_decides_the_format_and_not_the_name() {
    let png = make::png(8, 8, ColorType::Rgb, &make::quadrants(8, 8));
    assert_eq!(
        inspect(&png, &Limits::default(), &Cancel::new()).unwrap().format,
        Format::Png
    );
    assert_eq!(process(&png, "format=jpg").unwrap().format, Format::Jpeg);
}

/// Data after the end marker is another picture (a preview, a gain map) and is ignored.
#[test]
fn data_after_the_picture_is_ignored() {
    let source = make::jpeg(30, 20, &make::busy(30, 20));
    let alone = process(&source, "format=png").unwrap().bytes;
    let other = make::jpeg(50, 50, &make::busy(50, 50));
    assert_eq!(
        process(&[&source[..], &other].concat(), "format=png").unwrap().bytes,
        alone
    );
    assert_eq!(
        process(&[&source[..], &[0; 100]].concat(), "format=png").unwrap().bytes,
        alone
    );
}
