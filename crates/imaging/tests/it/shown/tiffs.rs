//! Damaged TIFFs that are shown: rows up to the damage, and strips and tiles behind it.

use super::{Rows, SIDE, is_refused, noise, pixels};
use crate::files::{self, Page, Value};
use crate::make::{self, Kind};
use crate::process;
use crate::view::View;

/// A TIFF of grey pixels in one strip, whose directory lies before them (TIFF 6.0, section 2).
fn tiff(compression: u16, strip: &[u8]) -> (usize, Vec<u8>) {
    let header = 8 + 2 + 8 * 12 + 4;
    let mut source = b"II*\0\x08\0\0\0\x08\0".to_vec();
    for (tag, value) in [
        (256_u16, SIDE),
        (257, SIDE),
        (258, 8),
        (259, compression.into()),
        (262, 1),
        (273, header),
        (278, SIDE),
        (279, strip.len() as u32),
    ] {
        source.extend(tag.to_le_bytes());
        source.extend([4, 0, 1, 0, 0, 0]);
        source.extend(value.to_le_bytes());
    }
    source.extend([0; 4]);
    source.extend_from_slice(strip);
    (header as usize, source)
}

#[test]
fn tiff_that_is_cut_off_is_shown_to_its_last_row() {
    let whole = noise::<1>();
    let lzw = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
        .encode(&whole)
        .unwrap();
    let packed: Vec<u8> = whole.chunks(128).flat_map(|run| [&[127], run].concat()).collect();
    for (compression, strip) in [(1, whole.clone()), (5, lzw), (8, make::stored(&whole)), (32773, packed)] {
        let (header, source) = tiff(compression, &strip);
        Rows {
            name: &format!("compression {compression}"),
            source: &source,
            whole: &whole,
            missing: &[128],
            header,
            slack: 3,
            bottom_up: false,
        }
        .check();
    }
}

/// Strips and tiles are independent: the ones behind the damage are right.
#[test]
fn tiff_with_a_damaged_strip_or_tile_is_shown_with_all_others() {
    let whole = noise::<1>();
    let square = |x: u32, y: u32| -> Vec<u8> {
        let row = |y: u32| &whole[(y * SIDE + x) as usize..][..32];
        (y..y + 32).flat_map(row).copied().collect()
    };
    let strips: Vec<Vec<u8>> = whole.chunks(whole.len() / 4).map(make::stored).collect();
    let tiles = [[0, 0], [32, 0], [0, 32], [32, 32]].map(|[x, y]| make::stored(&square(x, y)));
    let long = |tag, value| (tag, Value::Longs(vec![value]));
    for (name, more, chunks) in [
        ("strips", vec![long(278, 16)], strips),
        ("tiles", vec![long(322, 32), long(323, 32)], tiles.to_vec()),
    ] {
        for damaged in 0..4 {
            let mut chunks = chunks.clone();
            // The code of a block that does not exist (RFC 1951, 3.2.3).
            chunks[damaged][2] = 0xff;
            let mut tags = files::tags(SIDE, SIDE, &[8], 8, 1);
            tags.extend(more.iter().map(|(tag, value)| match value {
                Value::Longs(values) => (*tag, Value::Longs(values.clone())),
                _ => unreachable!(),
            }));
            let source = files::tiff(true, vec![Page { tags, chunks }]);
            is_refused(name, &source);
            let found = pixels(name, &source);
            let expected = make::pixels(SIDE, SIDE, |x, y| {
                let chunk = if name == "tiles" { y / 32 * 2 + x / 32 } else { y / 16 };
                if chunk as usize == damaged {
                    [128]
                } else {
                    [whole[(y * SIDE + x) as usize]]
                }
            });
            assert!(found == expected, "{name}, {damaged}");
        }
    }
}

/// A JPEG in a TIFF, in one strip.
#[test]
fn jpeg_in_a_tiff_is_shown_to_its_last_blocks() {
    let gray = noise::<1>();
    let strip = make::jpeg_of_kind(Kind::Baseline444, SIDE, SIDE, &gray, jpeg_encoder::ColorType::Luma);
    let (header, source) = tiff(7, &strip);
    let whole = View::of(&process(&source, "format=png").unwrap()).pixels;
    let tables = strip.windows(2).position(|marker| marker == [0xff, 0xda]).unwrap() + 10;
    Rows {
        name: "JPEG in TIFF",
        source: &source,
        whole: &whole,
        missing: &[128],
        header: header + tables,
        slack: 9,
        bottom_up: false,
    }
    .check();
}
