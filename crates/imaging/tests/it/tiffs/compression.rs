//! Strips in every compression, and in every order of bits.

use resizer_imaging::{Cancel, Limits, inspect};

use super::libtiff::{
    G3, G3_2D, G3_2D_WIDE, G3_ALIGNED, G3_ALIGNED_WIDE, G3_WIDE, G4, G4_WIDE, LZMA, LZW, RLE, RLE_WIDE, ZSTD,
};
use super::{DEFLATE, FILL_ORDER, GRAY, INKS, RGB, T4_OPTIONS, YCBCR, bytes, page, pixels, refusal, reversed, shorts};
use crate::files::{Value, tiff};
use crate::make::{self, Kind};
use crate::process;
use crate::view::View;

/// Whether a pixel of the small fax is black. The wide one is told by `is_black_in_wide`.
fn is_black(x: u32, y: u32) -> bool {
    (x / (y + 1) + y).is_multiple_of(3)
}

fn is_black_in_wide(x: u32, y: u32) -> bool {
    [false, true, x / 1000 % 2 == 1][y as usize]
}

#[test]
fn fax_of_any_kind_is_decoded() {
    let kinds = [
        ("Group 3", 3, 0, G3, G3_WIDE),
        ("Group 3 in two dimensions", 3, 1, G3_2D, G3_2D_WIDE),
        ("Group 3 with aligned markers", 3, 4, G3_ALIGNED, G3_ALIGNED_WIDE),
        ("Group 4", 4, 0, G4, G4_WIDE),
        ("rows at bytes", 2, 0, RLE, RLE_WIDE),
    ];
    for (name, compression, options, small, wide) in kinds {
        for (size, strip, is_black) in [
            ([70, 12], small, is_black as fn(u32, u32) -> bool),
            ([2700, 3], wide, is_black_in_wide),
        ] {
            let expected = make::pixels(size[0], size[1], |x, y| [if is_black(x, y) { 0 } else { 255 }]);
            let options = (T4_OPTIONS, Value::Longs(vec![options]));
            let strip = bytes(strip);
            let found = pixels(page(size, &[1], compression, GRAY, vec![options], &strip));
            assert!(found == expected, "{name}, {size:?}");
        }
        // The lowest bit of each byte first. Without an interpretation the bits of black are 1.
        let mut lowest = page([70, 12], &[1], compression, GRAY, vec![], &reversed(&bytes(small)));
        lowest.tags.retain(|(tag, _)| *tag != 262);
        lowest
            .tags
            .extend([(T4_OPTIONS, Value::Longs(vec![options])), shorts(FILL_ORDER, &[2])]);
        let inverted = make::pixels(70, 12, |x, y| [if is_black(x, y) { 255 } else { 0 }]);
        assert!(pixels(lowest) == inverted, "{name} with the lowest bit first");
    }
}

/// Strips of four rows, each of which begins anew.
#[test]
fn fax_in_strips_is_decoded() {
    // White 70 is 11011 (64) and 1110 (6): nine bits and seven of padding.
    let white = [0b1101_1111, 0b0000_0000];
    let black = [0b0011_0101, 0b0000_0011, 0b1100_1000];
    let mut source = page(
        [70, 12],
        &[1],
        2,
        0,
        vec![(278, Value::Longs(vec![4]))],
        &white.repeat(4),
    );
    // White 0 is 00110101, black 70 is 0000001111 (64) and 0010 (6): 22 bits.
    source.chunks.extend([black.repeat(4), white.repeat(4)]);
    let expected = make::pixels(70, 12, |_, y| [if (4..8).contains(&y) { 0 } else { 255 }]);
    assert_eq!(pixels(source), expected);
}

#[test]
fn cut_fax_is_refused() {
    let strip = bytes(G4);
    let reason = refusal(page([70, 12], &[1], 4, GRAY, vec![], &strip[..50]));
    assert_eq!(reason, "the source TIFF is damaged: it ends before all its pixels");
}

#[test]
fn strip_of_modern_compression_is_decoded() {
    let expected = make::pixels(40, 12, |x, y| [(x * 6) as u8, (y * 20) as u8, ((x + y) * 4) as u8]);
    for (name, compression, strip) in [("Zstandard", 50_000, ZSTD), ("LZMA", 34_925, LZMA), ("LZW", 5, LZW)] {
        let strip = bytes(strip);
        let source = |strip: &[u8]| page([40, 12], &[8; 3], compression, RGB, vec![shorts(317, &[2])], strip);
        assert!(pixels(source(&strip)) == expected, "{name}");
        for length in [0, 1, 5, 12, 24, strip.len() / 2] {
            let reason = refusal(source(&strip[..length]));
            assert!(reason.starts_with("the source TIFF is damaged: it"), "{name}: {reason}");
        }
    }
}

/// A strip of 12 megabytes and a window of 16. With a window of 8 the same is read.
#[test]
fn zstandard_of_a_large_window_is_refused() {
    let source = |exponent: u8| {
        // RFC 8878: blocks of 128 KiB of one value.
        let mut strip = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (exponent - 10) << 3];
        strip.extend([2_u8, 0, 0x10, 7].repeat(95));
        strip.extend([3, 0, 0x10, 7]);
        tiff(true, vec![page([4096, 3072], &[8], 50_000, GRAY, vec![], &strip)])
    };
    let query = "format=png&width=20&height=15";
    let view = View::of(&process(&source(23), query).unwrap());
    assert!(view.is_all(&[7], 0));
    let error = process(&source(24), query).unwrap_err().to_string();
    assert!(error.contains("whose Zstandard window is too large"), "{error}");
}

/// LZW with the lowest bit first, whose codes grow one code later: how programs wrote it before TIFF 6.0.
#[test]
fn old_lzw_is_decoded() {
    let gray = make::pixels(50, 40, |x, y| [(x * y) as u8]);
    let mut encoder = weezl::encode::Encoder::new(weezl::BitOrder::Lsb, 8);
    let strip = encoder.encode(&gray).unwrap();
    assert_eq!(pixels(page([50, 40], &[8], 5, GRAY, vec![], &strip)), gray);
}

#[test]
fn bits_in_reverse_order_are_decoded() {
    let lowest = |bits: u16, compression: u16, strip: &[u8]| {
        pixels(page(
            [8, 1],
            &[bits],
            compression,
            GRAY,
            vec![shorts(FILL_ORDER, &[2])],
            strip,
        ))
    };
    assert_eq!(lowest(1, 1, &[0b0000_0101]), [255, 0, 255, 0, 0, 0, 0, 0]);
    let gray = [1, 2, 3, 4, 250, 251, 252, 253];
    assert_eq!(lowest(8, 1, &reversed(&gray)), gray);
    let packed = [&[7][..], &gray].concat();
    assert_eq!(lowest(8, 32_773, &reversed(&packed)), gray);
    assert_eq!(lowest(8, DEFLATE, &reversed(&make::stored(&gray))), gray);
}

/// Four inks as JPEG, which its encoder inverts and marks with a segment of Adobe's: inside of a TIFF the samples are
/// taken as they are stored.
#[test]
fn inks_of_a_jpeg_are_not_inverted() {
    for [cyan, magenta, yellow, black] in [[200, 30, 60, 20], [0, 0, 0, 0], [0, 255, 255, 0]] {
        let stored: [u8; 4] = [cyan, magenta, yellow, black].map(|ink: u8| 255 - ink);
        let given = stored.repeat(16 * 16);
        let jpeg = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &given, jpeg_encoder::ColorType::Cmyk);
        let adobe = jpeg.windows(5).position(|bytes| bytes == b"Adobe").unwrap();
        let without = [&jpeg[..adobe - 4], &jpeg[adobe + 12..]].concat();
        let left = |ink: u8| (f64::from(255 - ink) * f64::from(255 - black) / 255.0).round() as u8;
        let expected = [left(cyan), left(magenta), left(yellow)];
        for strip in [&jpeg, &without] {
            let source = tiff(true, vec![page([16, 16], &[8; 4], 7, INKS, vec![], strip)]);
            let view = View::of(&process(&source, "format=png").unwrap());
            assert!(view.is_all(&expected, 4), "{:?}, not {expected:?}", &view.pixels[..3]);
        }
    }
}

/// A JPEG that claims another size than its tile is refused before its pixels are allocated.
#[test]
fn jpeg_of_another_size_than_its_tile_is_refused() {
    let jpeg = make::jpeg(16, 16, &make::busy(16, 16));
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    for (height, width) in [([0xff, 0xff], [0xff, 0xff]), ([0, 32], [0, 16]), ([0, 16], [0, 15])] {
        let mut jpeg = jpeg.clone();
        jpeg[frame + 5..frame + 7].copy_from_slice(&height);
        jpeg[frame + 7..frame + 9].copy_from_slice(&width);
        let reason = refusal(page([16, 16], &[8; 3], 7, YCBCR, vec![], &jpeg));
        assert!(reason.contains("another size than the others"), "{reason}");
    }
}

/// A page in one strip passes in several bands, whatever its compression, and at a few rows at a time.
#[test]
fn page_in_one_strip_is_decoded_in_bands() {
    let (width, height) = (700, 300);
    let size = [width, height];
    let rgb = make::busy(width, height);
    let pieces = |length| rgb.chunks(length);
    let packed: Vec<u8> = pieces(128)
        .flat_map(|piece| [&[piece.len() as u8 - 1], piece].concat())
        .collect();
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(&rgb)
        .unwrap();
    // RFC 8878: a window of 8 MB, then blocks that are not compressed.
    let last = pieces(100_000).len() - 1;
    let blocks = pieces(100_000).enumerate().flat_map(|(index, piece)| {
        let header = (piece.len() as u32) << 3 | u32::from(index == last);
        [&header.to_le_bytes()[..3], piece].concat()
    });
    let zstandard: Vec<u8> = [0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3].into_iter().chain(blocks).collect();
    for (compression, strip) in [(1, &rgb), (32_773, &packed), (5, &lzw), (50_000, &zstandard)] {
        let source = tiff(true, vec![page(size, &[8; 3], compression, RGB, vec![], strip)]);
        let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
        assert!(info.streams, "compression {compression}");
        let found = View::of(&process(&source, "format=png").unwrap()).pixels;
        assert!(found == rgb, "compression {compression}");
    }
    // A stripe that moves to the right: white 2 and black 3, then both edges one to the right in each row.
    let bits = format!("0010111101{}", "0110111".repeat(299));
    let byte = |at: usize| u8::from_str_radix(&format!("{:0<8}", &bits[at..bits.len().min(at + 8)]), 2).unwrap();
    let strip: Vec<u8> = (0..bits.len()).step_by(8).map(byte).collect();
    let found = pixels(page([8000, 300], &[1], 4, 0, vec![], &strip));
    let expected = make::pixels(8000, 300, |x, y| [if (2 + y..5 + y).contains(&x) { 0 } else { 255 }]);
    assert!(found == expected, "Group 4");
    // Luma without colour in blocks of 4 x 4.
    let luma = |x: u32, y: u32| (x * 7 + y * 3) as u8;
    let mut strip = Vec::new();
    for top in (0..300).step_by(4) {
        for left in (0..700).step_by(4) {
            strip.extend((0..16).map(|at| luma(left + at % 4, top + at / 4)));
            strip.extend([128, 128]);
        }
    }
    let found = pixels(page(size, &[8; 3], 1, YCBCR, vec![shorts(530, &[4, 4])], &strip));
    let expected = make::pixels(width, height, |x, y| [luma(x, y)]);
    let grey: Vec<u8> = expected.iter().flat_map(|value| [*value; 3]).collect();
    assert!(found == expected || found == grey, "luma and chroma");
}
