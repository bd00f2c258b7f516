//! Sources cut off at every length and changed at every byte: never a panic, and never a picture with pixels missing.

use png::ColorType;
use resizer_imaging::{ImageError, Limits};

use crate::make::{self, KINDS};
use crate::{bitmaps, files, process_within, tiffs};

/// The side of sources with several rows of blocks. The limits keep a changed header cheap.
const SIDE: u32 = 27;
const LIMITS: Limits = Limits {
    max_source_pixels: 40_000,
    max_source_side: 1000,
    max_output_pixels: 40_000,
    max_output_side: 1000,
    max_frames: 20,
    max_total_pixels: 100_000,
    show_damaged: false,
};

pub(crate) fn jpegs() -> impl Iterator<Item = (String, Vec<u8>)> {
    let colour = make::busy(SIDE, SIDE);
    let gray: Vec<u8> = colour.iter().step_by(3).copied().collect();
    KINDS.into_iter().flat_map(move |kind| {
        let rgb = make::jpeg_of_kind(kind, SIDE, SIDE, &colour, jpeg_encoder::ColorType::Rgb);
        let luma = make::jpeg_of_kind(kind, SIDE, SIDE, &gray, jpeg_encoder::ColorType::Luma);
        [
            (format!("{kind:?}"), make::jpeg_with_orientation(&rgb, 6)),
            (format!("gray {kind:?}"), luma),
        ]
    })
}

pub(crate) fn pngs() -> impl Iterator<Item = (String, Vec<u8>)> {
    let colour = make::busy(SIDE, SIDE);
    let alpha = make::pixels(SIDE, SIDE, |x, y| [x as u8, y as u8, 9, (x * y) as u8]);
    let rgb = make::png(SIDE, SIDE, ColorType::Rgb, &colour);
    let rgba = make::with_chunk(&make::png(SIDE, SIDE, ColorType::Rgba, &alpha), b"eXIf", &make::exif(6));
    let palette = make::png_with(
        SIDE,
        SIDE,
        ColorType::Indexed,
        png::BitDepth::Two,
        &[0x1b].repeat(27 * 7),
        |encoder| {
            encoder.set_palette(vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
            encoder.set_trns(vec![0, 100]);
        },
    );
    let rows = [0; 15 * (1 + 8 * 3)];
    let interlaced = make::png_by_hand(make::png_header(8, 8, 8, 2, true), &rows[..15 + 64 * 3]);
    [
        ("rgb", rgb),
        ("rgba", rgba),
        ("palette", palette),
        ("interlaced", interlaced),
    ]
    .into_iter()
    .map(|(name, source)| (name.to_owned(), source))
}

pub(crate) fn others() -> impl Iterator<Item = (String, Vec<u8>)> {
    let side = SIDE as u16;
    let colour = make::busy(SIDE, SIDE);
    let alpha = make::pixels(SIDE, SIDE, |x, y| [x as u8, y as u8, 9, (x * y) as u8]);
    let indices = make::pixels(SIDE, SIDE, |x, y| [((x * y) % 4) as u8]);
    let gif = files::still_gif(side, side, &files::COLOURS, &indices, true);
    let patch = |area, indices, disposal| files::Patch {
        area,
        indices,
        delay: 4,
        disposal,
    };
    let patches = [
        patch([0, 0, 9, 9], &[1, 2, 3], gif::DisposalMethod::Background),
        patch([3, 3, 7, 7], &[3, 0], gif::DisposalMethod::Previous),
        patch([5, 0, 2, 9], &[2], gif::DisposalMethod::Keep),
    ];
    let animated_gif = files::gif(10, 9, Some(gif::Repeat::Infinite), &patches);
    let frames = [
        ([0, 0, 8, 8], [255, 0, 0, 255], 40, 0),
        ([2, 4, 4, 4], [0, 0, 255, 128], 40, 1),
        ([0, 0, 8, 2], [0, 255, 0, 255], 40, 2),
    ];
    let animated_webp = files::animated_webp(8, 8, 0, &frames);
    let bmp = files::bmp(SIDE, SIDE, &colour);
    let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let page = |compression, chunk| files::Page {
        tags: files::tags(SIDE, SIDE, &[8; 3], compression, 2),
        chunks: vec![chunk],
    };
    let pages = vec![page(5, encoder.encode(&colour).unwrap()), page(1, colour.clone())];
    let jpeg = make::jpeg(SIDE, SIDE, &colour);
    [
        ("GIF", gif),
        ("animated GIF", animated_gif),
        ("lossless WebP", files::lossless_webp(SIDE, SIDE, &colour)),
        ("lossless WebP with alpha", files::lossless_webp(SIDE, SIDE, &alpha)),
        ("lossy WebP", files::lossy_webp(SIDE, SIDE, &colour)),
        ("lossy WebP with alpha", files::lossy_webp(SIDE, SIDE, &alpha)),
        ("animated WebP", animated_webp),
        ("BMP", bmp),
        ("TIFF", files::tiff(true, pages)),
        ("JPEG in TIFF", files::tiff(false, vec![page(7, jpeg)])),
    ]
    .into_iter()
    .map(|(name, source)| (name.to_owned(), source))
    .chain(bitmaps::samples())
    .chain(tiffs::kinds())
}

/// All frames, or the picture, written lossless.
fn frames(source: &[u8]) -> Result<Vec<u8>, ImageError> {
    process_within(source, "format=webp&lossless=true", &LIMITS).map(|encoded| encoded.bytes)
}

/// These formats tell their length, or missing data is visible. Only a GIF that is cut off right after a block (a zero)
/// looks like one whose writer omitted the trailer.
#[test]
fn other_cut_source_is_an_error_or_whole() {
    for (name, source) in others() {
        let whole = frames(&source).unwrap();
        for length in 0..source.len() {
            match frames(&source[..length]) {
                Ok(found) => assert!(
                    found == whole || (name == "animated GIF" && source[length - 1] == 0),
                    "{name}: {length} of {} bytes give another picture",
                    source.len()
                ),
                Err(ImageError::Corrupt { .. } | ImageError::UnsupportedFormat { .. }) => {}
                Err(other) => panic!("{name}, {length} bytes: {other}"),
            }
        }
    }
}

fn pixels(source: &[u8]) -> Result<Vec<u8>, ImageError> {
    process_within(source, "format=png", &LIMITS).map(|encoded| encoded.bytes)
}

/// The fewest bytes that may hold all pixels, and the number that surely does: a JPEG up to its end marker, a PNG up to
/// its last chunk. Before that chunk are two checksums of four bytes, and a code that says that the pixels end.
fn end_of_pixels(source: &[u8]) -> [usize; 2] {
    if source.starts_with(b"\x89PNG") {
        let end = source.windows(4).rposition(|kind| kind == b"IEND").unwrap() - 4;
        [end - 11, end]
    } else {
        let end = source.len() - 2;
        [end - 1, end]
    }
}

#[test]
fn cut_source_is_an_error() {
    for (name, source) in jpegs().chain(pngs()) {
        let whole = pixels(&source).unwrap();
        let [least, end] = end_of_pixels(&source);
        for length in 0..source.len() {
            match pixels(&source[..length]) {
                // Only the end marker is missing, or the ones that pad the last byte.
                Ok(found) => {
                    assert!(
                        found == whole,
                        "{name}: {length} of {} bytes give another picture",
                        source.len()
                    );
                    assert!(
                        length >= least,
                        "{name}: {length} bytes cannot be enough, the pixels end at {end}"
                    );
                }
                Err(ImageError::Corrupt { .. } | ImageError::UnsupportedFormat { .. }) => {
                    assert!(
                        length < end,
                        "{name}: all pixels are in {length} bytes of {}",
                        source.len()
                    );
                }
                Err(other) => panic!("{name}, {length} bytes: {other}"),
            }
        }
    }
}

/// A file that was cut off in its last scan and given an end marker is still incomplete.
#[test]
fn cut_source_with_an_end_marker_is_an_error() {
    for (name, source) in jpegs() {
        let whole = pixels(&source).unwrap();
        let [_, end] = end_of_pixels(&source);
        let last_scan = source.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap() + 14;
        for missing in 1..end - last_scan {
            let cut = [&source[..end - missing], &[0xff, 0xd9]].concat();
            match pixels(&cut) {
                Ok(found) => assert!(found == whole, "{name} without its last {missing} bytes"),
                Err(error) => assert!(matches!(error, ImageError::Corrupt { .. }), "{name}: {error}"),
            }
        }
    }
}

/// Any result is fine, as long as there is one.
#[test]
fn damaged_source_does_not_panic() {
    for (name, source) in jpegs().chain(pngs()).chain(others()) {
        for index in 0..source.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut changed = source.clone();
                changed[index] ^= change;
                if let Err(ImageError::Internal { detail }) = frames(&changed) {
                    panic!("{name}, byte {index} changed by {change:#x}: {detail}");
                }
            }
        }
    }
}
