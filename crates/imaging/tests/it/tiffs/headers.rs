//! Headers: BigTIFF, missing and wrong tags, and claims that no page can keep.

use resizer_imaging::{Cancel, Channels, Format, ImageError, Limits, inspect};

use super::{DEFLATE, GRAY, RGB, big_tiff, page, shorts};
use crate::files::{Value, tiff};
use crate::make;
use crate::process;
use crate::view::View;

#[test]
fn big_tiff_is_decoded() {
    let gray = make::pixels(9, 7, |x, y| [(x * 20 + y) as u8]);
    for little_endian in [true, false] {
        for rows in [7, 2, 1] {
            let source = big_tiff(little_endian, 9, 7, rows, &gray);
            let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
            assert_eq!((info.format, info.width, info.height), (Format::Tiff, 9, 7));
            let found = View::of(&process(&source, "format=png").unwrap()).pixels;
            assert_eq!(found, gray, "{rows} rows a strip");
            for length in 0..source.len() - 8 {
                assert!(process(&source[..length], "format=png").is_err(), "{length} bytes");
            }
        }
    }
}

/// A TIFF without one of its tags: the same file, in which the tag has a private number.
fn without(source: &[u8], tag: u16) -> Vec<u8> {
    let mut source = source.to_vec();
    let directory = u32::from_le_bytes(source[4..8].try_into().unwrap()) as usize;
    let entries = u16::from_le_bytes(source[directory..directory + 2].try_into().unwrap());
    for entry in 0..usize::from(entries) {
        let at = directory + 2 + 12 * entry;
        if source[at..at + 2] == tag.to_le_bytes() {
            source[at..at + 2].copy_from_slice(&65_000_u16.to_le_bytes());
            return source;
        }
    }
    panic!("there is no tag {tag}");
}

/// Without lengths a strip that is not compressed has the length of its pixels; a compressed one ends where the next
/// begins.
#[test]
fn missing_lengths_of_strips_are_made_up() {
    let gray = make::pixels(20, 9, |x, y| [(x * 12 + y) as u8]);
    let strips = |compression: u16, compress: fn(&[u8]) -> Vec<u8>| {
        let mut source = page(
            [20, 9],
            &[8],
            compression,
            GRAY,
            vec![(278, Value::Longs(vec![4]))],
            &[],
        );
        source.chunks = gray.chunks(80).map(compress).collect();
        tiff(true, vec![source])
    };
    for source in [strips(1, <[u8]>::to_vec), strips(DEFLATE, make::stored)] {
        let found = process(&without(&source, 279), "format=png").unwrap();
        assert_eq!(View::of(&found).pixels, gray);
    }
    // Lengths that are wrong: a strip that is not compressed needs none.
    let mut source = strips(1, <[u8]>::to_vec);
    let lengths = source
        .windows(4)
        .rposition(|bytes| bytes == 80_u32.to_le_bytes())
        .unwrap();
    source[lengths..lengths + 4].fill(0);
    assert_eq!(View::of(&process(&source, "format=png").unwrap()).pixels, gray);
}

#[test]
fn missing_tags_have_their_usual_values() {
    let gray = [10, 20, 30, 40, 50, 60];
    let source = tiff(true, vec![page([6, 1], &[8], 1, 0, vec![], &gray)]);
    // Grey, where 0 is black.
    let found = View::of(&process(&without(&source, 262), "format=png").unwrap());
    assert_eq!(found.pixels, gray);
    let source = tiff(true, vec![page([2, 1], &[8; 3], 1, 0, vec![], &gray)]);
    let info = inspect(&without(&source, 262), &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.channels, Channels::Rgb);
    // The number of samples follows from their bits.
    let source = tiff(true, vec![page([2, 1], &[8; 3], 1, RGB, vec![], &gray)]);
    assert_eq!(
        View::of(&process(&without(&source, 277), "format=png").unwrap()).pixels,
        gray
    );
}

/// A page has at most as many strips as rows, and as many tiles as fit. More are refused by the header.
#[test]
fn page_of_too_many_strips_is_refused() {
    let claimed = |tag: u16, count: usize, tiled: bool| {
        let mut source = page([10, 20], &[8], 1, GRAY, vec![], &[7; 200]);
        if tiled {
            source.tags.extend([shorts(322, &[16]), shorts(323, &[16])]);
            source.chunks = vec![vec![7; 256]; 2];
        }
        let file = tiff(true, vec![source]);
        // The same tag with its values elsewhere: after the file.
        let mut file = file;
        let directory = u32::from_le_bytes(file[4..8].try_into().unwrap()) as usize;
        let at = (0..20).map(|entry| directory + 2 + 12 * entry);
        let at = at
            .into_iter()
            .find(|at| file[*at..*at + 2] == tag.to_le_bytes())
            .unwrap();
        let end = file.len() as u32;
        file[at + 4..at + 8].copy_from_slice(&(count as u32).to_le_bytes());
        file[at + 8..at + 12].copy_from_slice(&end.to_le_bytes());
        file.extend([8, 0, 0, 0].repeat(count));
        inspect(&file, &Limits::default(), &Cancel::new())
    };
    for (tag, most, tiled) in [(273, 20, false), (279, 20, false), (324, 2, true), (325, 2, true)] {
        assert!(claimed(tag, most, tiled).is_ok(), "{most} of {tag}");
        let error = claimed(tag, most + 1, tiled).unwrap_err();
        let expected = "the source TIFF is damaged: a page claims more strips or tiles than it can have";
        assert_eq!(error.to_string(), expected, "{} of {tag}", most + 1);
    }
}

/// The log tells which strip is damaged; the rows before it are sound.
#[test]
fn damaged_strip_is_named_in_the_log() {
    let mut source = page([10, 9], &[8], 1, GRAY, vec![(278, Value::Longs(vec![3]))], &[1; 30]);
    source.chunks = vec![vec![1; 30], vec![2; 30], vec![3; 30]];
    let mut file = tiff(true, vec![source]);
    let offset = file
        .windows(4)
        .rposition(|bytes| bytes == 68_u32.to_le_bytes())
        .unwrap();
    let end = file.len() as u32 - 5;
    file[offset..offset + 4].copy_from_slice(&end.to_le_bytes());
    match process(&file, "format=png") {
        Err(ImageError::Corrupt { reason, detail, .. }) => {
            assert_eq!(reason, "it ends before all its pixels");
            let detail = detail.unwrap().to_string();
            assert_eq!(detail, "strip or tile 2, counted from 0, in row 6 of the page");
        }
        other => panic!("{other:?}"),
    }
}

/// A page whose orientation lies behind the file's end is upright, and keeps its size.
#[test]
fn page_of_unsound_orientation_is_upright() {
    let pages = [[4, 2], [6, 3]].map(|size| {
        let more = vec![(274, Value::Longs(vec![6, 6, 6]))];
        page(size, &[8], 1, GRAY, more, &[9; 18])
    });
    let mut source = tiff(true, pages.into());
    let entry = [0x12, 0x01, 4, 0, 3, 0, 0, 0];
    for at in 0..source.len() - 12 {
        if source[at..at + 8] == entry {
            source[at + 8..at + 12].copy_from_slice(&[0xf0, 0xff, 0xff, 0xff]);
        }
    }
    for (query, size) in [("page=1", (4, 2)), ("page=2", (6, 3))] {
        let view = View::of(&process(&source, &format!("format=png&{query}")).unwrap());
        assert_eq!((view.width, view.height), size, "{query}");
        assert!(view.is_all(&[9], 0), "{query}");
    }
}
