//! Every supported kind of GIF, WebP, BMP and TIFF.

use resizer_imaging::{Cancel, Channels, Format, ImageError, Limits, inspect};

use crate::files::{self, Page, Value, plain_tiff, tags, tiff};
use crate::make::{self, Kind};
use crate::view::{View, near};
use crate::{job, process};

const WIDTH: u32 = 21;
const HEIGHT: u32 = 13;

#[track_caller]
fn check(about: &str, source: &[u8], expected: &[u8]) {
    let view = View::of(&process(source, "format=png").unwrap());
    assert_eq!((view.width, view.height), (WIDTH, HEIGHT), "{about}");
    assert!(view.pixels == expected, "{about}: {:?}", &view.pixels[..24]);
}

#[test]
fn every_kind_of_gif_is_decoded() {
    let palette: Vec<u8> = (0..=255).flat_map(|i| [i, 255 - i, i / 2]).collect();
    let indices = make::pixels(WIDTH, HEIGHT, |x, y| [(x * 12 + y) as u8]);
    let expected: Vec<u8> = indices.iter().flat_map(|i| [*i, 255 - i, i / 2]).collect();
    let source = files::still_gif(WIDTH as u16, HEIGHT as u16, &palette, &indices, false);
    check("GIF", &source, &expected);
    // Rows 0, 8; 4, 12; 2, 6, 10; then the odd ones (GIF89a, appendix E).
    let order = [0, 8, 4, 12, 2, 6, 10, 1, 3, 5, 7, 9, 11];
    let width = WIDTH as usize;
    let interlaced: Vec<u8> = order
        .iter()
        .flat_map(|row| indices[row * width..(row + 1) * width].to_vec())
        .collect();
    let source = files::still_gif(WIDTH as u16, HEIGHT as u16, &palette, &interlaced, true);
    check("interlaced GIF", &source, &expected);
    // A missing trailer, or bytes after it, are tolerated.
    check("without a trailer", &source[..source.len() - 1], &expected);
    check("with rubbish", &[&source[..], b"rubbish"].concat(), &expected);
}

#[test]
fn every_kind_of_webp_is_decoded() {
    let pixels = make::busy(WIDTH, HEIGHT);
    let source = files::lossless_webp(WIDTH, HEIGHT, &pixels);
    check("lossless WebP", &source, &pixels);
    check(
        "extended WebP",
        &files::extended_webp(&source, WIDTH, HEIGHT, 0, &[], &[]),
        &pixels,
    );
    let alpha = make::pixels(WIDTH, HEIGHT, |x, y| [x as u8 * 9, y as u8 * 9, 70, (x * 11) as u8 | 1]);
    check("WebP with alpha", &files::lossless_webp(WIDTH, HEIGHT, &alpha), &alpha);

    let flat = [200, 100, 50].repeat((WIDTH * HEIGHT) as usize);
    let view = View::of(&process(&files::lossy_webp(WIDTH, HEIGHT, &flat), "format=png").unwrap());
    assert!(view.is_all(&[200, 100, 50], 3));
    let clear = [200, 100, 50, 90].repeat((WIDTH * HEIGHT) as usize);
    let source = files::lossy_webp(WIDTH, HEIGHT, &clear);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(
        (info.format, info.channels, info.lossless),
        (Format::WebP, Channels::Rgba, false)
    );
    let view = View::of(&process(&source, "format=png").unwrap());
    assert!(view.is_all(&[200, 100, 50, 90], 3));
}

#[test]
fn bmp_is_decoded() {
    let pixels = make::busy(WIDTH, HEIGHT);
    let source = files::bmp(WIDTH, HEIGHT, &pixels);
    assert_eq!(
        inspect(&source, &Limits::default(), &Cancel::new()).unwrap().format,
        Format::Bmp
    );
    check("BMP", &source, &pixels);
}

/// The same grey, coloured and four-channel pictures, stored in every supported way.
#[test]
fn every_kind_of_tiff_is_decoded() {
    let gray = make::pixels(WIDTH, HEIGHT, |x, y| [(x * 12 + y) as u8]);
    let rgb = make::busy(WIDTH, HEIGHT);
    check("grey", &plain_tiff(WIDTH, HEIGHT, 1, 1, &gray), &gray);
    let inverted: Vec<u8> = gray.iter().map(|value| 255 - value).collect();
    check("white is 0", &plain_tiff(WIDTH, HEIGHT, 0, 1, &inverted), &gray);
    check("colours", &plain_tiff(WIDTH, HEIGHT, 2, 3, &rgb), &rgb);

    let row = WIDTH as usize * 3;
    let page = |compression: u16, more: Vec<(u16, Value)>, chunks: Vec<Vec<u8>>| {
        let mut tags = tags(WIDTH, HEIGHT, &[8; 3], compression, 2);
        tags.extend(more);
        Page { tags, chunks }
    };
    let rows_per_strip = |rows: u32| (278, Value::Longs(vec![rows]));
    let strips = |rows: usize| rgb.chunks(rows * row).map(<[u8]>::to_vec);
    for little_endian in [true, false] {
        let check = |about: &str, page: Page| check(about, &tiff(little_endian, vec![page]), &rgb);
        check("strips", page(1, vec![rows_per_strip(4)], strips(4).collect()));
        let lzw = |bytes: &[u8]| {
            let mut encoder = weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
            encoder.encode(bytes).unwrap()
        };
        check(
            "LZW",
            page(5, vec![rows_per_strip(5)], strips(5).map(|strip| lzw(&strip)).collect()),
        );
        check("deflate", page(8, vec![], vec![make::stored(&rgb)]));
        // PackBits with literal runs of length one: a byte of 0 before every byte.
        let packed = rgb.iter().flat_map(|byte| [0, *byte]).collect();
        check("PackBits", page(32_773, vec![], vec![packed]));
        let differences: Vec<u8> = rgb
            .chunks(row)
            .flat_map(|row| {
                let before = [0; 3].iter().chain(row);
                row.iter()
                    .zip(before)
                    .map(|(a, b)| a.wrapping_sub(*b))
                    .collect::<Vec<u8>>()
            })
            .collect();
        check(
            "differences",
            page(8, vec![(317, Value::Shorts(vec![2]))], vec![make::stored(&differences)]),
        );
        let planes = (0..3).map(|plane| rgb.iter().skip(plane).step_by(3).copied().collect());
        check("planes", page(1, vec![(284, Value::Shorts(vec![2]))], planes.collect()));
        // Tiles of 16 x 16, two across, padded with arbitrary values.
        let tile = |left: u32| {
            make::pixels(16, 16, |x, y| {
                let at = (y * WIDTH + left + x) as usize * 3;
                if left + x < WIDTH && y < HEIGHT {
                    [rgb[at], rgb[at + 1], rgb[at + 2]]
                } else {
                    [99; 3]
                }
            })
        };
        let side = |tag| (tag, Value::Shorts(vec![16]));
        check("tiles", page(1, vec![side(322), side(323)], vec![tile(0), tile(16)]));
    }
}

#[test]
fn tiff_of_any_depth_is_decoded() {
    let one = |bits: &[u16], meaning: u16, more: Vec<(u16, Value)>, bytes: &[u8], little_endian: bool| {
        let mut tags = tags(3, 1, bits, 1, meaning);
        tags.extend(more);
        let source = tiff(
            little_endian,
            vec![Page {
                tags,
                chunks: vec![bytes.to_vec()],
            }],
        );
        View::of(&process(&source, "format=png").unwrap()).pixels
    };
    assert_eq!(one(&[1], 1, vec![], &[0b0100_0000], true), [0, 255, 0]);
    assert_eq!(one(&[1], 0, vec![], &[0b0100_0000], true), [255, 0, 255]);
    assert_eq!(one(&[2], 1, vec![], &[0b0010_1100], true), [0, 170, 255]);
    assert_eq!(one(&[4], 1, vec![], &[0x0f, 0x80], true), [0, 255, 136]);
    // Only the upper 8 of 16 bits are used.
    let sixteen = [0x12, 0x34, 0xff, 0x00, 0x00, 0xff];
    assert_eq!(one(&[16], 1, vec![], &sixteen, false), [0x12, 0xff, 0x00]);
    assert_eq!(one(&[16], 1, vec![], &sixteen, true), [0x34, 0x00, 0xff]);
    // The first sample is 0x0102, the second 0x00ff more, the third 0x0001 more.
    let mut page_tags = tags(3, 1, &[16], 8, 1);
    page_tags.push((317, Value::Shorts(vec![2])));
    let chunks = vec![make::stored(&[1, 2, 0, 0xff, 0, 1])];
    let source = tiff(
        false,
        vec![Page {
            tags: page_tags,
            chunks,
        }],
    );
    let found = View::of(&process(&source, "format=png").unwrap()).pixels;
    assert_eq!(found, [0x01, 0x02, 0x02]);
    // Without compression there are no differences, whatever the tag says: libtiff writes and reads none.
    let differences = vec![(317, Value::Shorts(vec![2]))];
    assert_eq!(one(&[8], 1, differences, &[1, 2, 3], true), [1, 2, 3]);
    // Two bits into four colours.
    let palette: Vec<u16> = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
        .concat()
        .iter()
        .map(|v| v << 8)
        .collect();
    let found = one(&[2], 3, vec![(320, Value::Shorts(palette))], &[0b0111_0000], true);
    assert_eq!(found, [2, 6, 10, 4, 8, 12, 1, 5, 9]);
    // Premultiplied alpha: 50 of 100 is a half of 255.
    let extra = |kind| vec![(338, Value::Shorts(vec![kind]))];
    let pixels = [50, 100, 0, 100, 7, 7, 7, 255, 9, 9, 9, 0];
    let found = one(&[8; 4], 2, extra(1), &pixels, true);
    assert_eq!(found, [128, 255, 0, 100, 7, 7, 7, 255, 0, 0, 0, 0]);
    assert_eq!(one(&[8; 4], 2, extra(2), &pixels, true), pixels);
    // Other extra samples are dropped.
    assert_eq!(one(&[8; 4], 2, extra(0), &pixels, true), [50, 100, 0, 7, 7, 7, 9, 9, 9]);
}

/// A strip that is a JPEG without its tables, which have a tag of their own.
#[test]
fn jpeg_inside_of_a_tiff_is_decoded() {
    let pixels = [200, 100, 50].repeat(16 * 16);
    let jpeg = make::jpeg_of_kind(Kind::Baseline420, 16, 16, &pixels, jpeg_encoder::ColorType::Rgb);
    // After the start marker segments follow one another, up to the scan.
    let (mut tables, mut strip) = (vec![0xff, 0xd8], vec![0xff, 0xd8]);
    let mut at = 2;
    while jpeg[at + 1] != 0xda {
        let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        let is_table = matches!(jpeg[at + 1], 0xdb | 0xc4);
        if is_table { &mut tables } else { &mut strip }.extend_from_slice(&jpeg[at..end]);
        at = end;
    }
    assert!(tables.len() > 400);
    tables.extend([0xff, 0xd9]);
    strip.extend_from_slice(&jpeg[at..]);
    let mut page = Page {
        tags: tags(16, 16, &[8; 3], 7, 6),
        chunks: vec![strip],
    };
    page.tags.push((347, Value::Bytes(tables)));
    let view = View::of(&process(&tiff(true, vec![page]), "format=png").unwrap());
    assert!(view.is_all(&[200, 100, 50], 3), "{:?}", &view.pixels[..6]);
}

#[test]
fn page_key_takes_one_page_of_a_tiff() {
    let page = |width: u32, gray: u8| Page {
        tags: tags(width, 4, &[8], 1, 1),
        chunks: vec![vec![gray; width as usize * 4]],
    };
    let source = tiff(false, vec![page(4, 10), page(6, 20), page(8, 30)]);
    let check = |query: &str, width: u32, gray: u8| {
        let view = View::of(&process(&source, &format!("format=png&{query}")).unwrap());
        assert_eq!((view.width, view.height), (width, 4), "{query}");
        assert!(view.is_all(&[gray], 0), "{query}");
    };
    check("", 4, 10);
    check("page=1", 4, 10);
    check("page=2", 6, 20);
    check("frame=3", 8, 30);
    check("page=4", 8, 30);
    // Each page has its own size for the limits.
    let narrow = Limits {
        max_source_side: 7,
        ..Limits::default()
    };
    let info = inspect(&source, &narrow, &Cancel::new()).unwrap();
    let predicted = |query: &str| resizer_imaging::predict(&info, &job(query, &narrow));
    assert!(predicted("page=2").is_ok());
    assert!(matches!(predicted("page=3"), Err(ImageError::TooLarge { .. })));
}

#[test]
fn result_can_be_webp_or_gif() {
    let rgb = make::busy(60, 40);
    let source = make::png(60, 40, png::ColorType::Rgb, &rgb);
    let webp = process(&source, "format=webp&lossless=true").unwrap();
    assert_eq!(webp.format.content_type(), "image/webp");
    assert_eq!(View::of(&webp).pixels, rgb, "nothing is lost");
    let lengths: Vec<usize> = [10, 50, 80, 100]
        .map(|quality| {
            process(&source, &format!("format=webp&quality={quality}"))
                .unwrap()
                .bytes
                .len()
        })
        .into();
    assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
    let default = process(&source, "format=webp").unwrap().bytes;
    assert_eq!(default.len(), lengths[2], "80 is the default");
    let view = View::of(&process(&source, "format=webp&webp.quality=100&quality=1").unwrap());
    let far = view
        .pixels
        .iter()
        .zip(&rgb)
        .filter(|(a, b)| a.abs_diff(**b) > 60)
        .count();
    assert!(far * 100 < rgb.len() * 5, "{far} values of {} are far off", rgb.len());
    // `keep`: a JPEG becomes lossy, a PNG lossless.
    let keep = |source: &[u8]| process(source, "format=webp&webp.lossless=keep").unwrap().bytes;
    assert!(keep(&source).windows(4).any(|bytes| bytes == b"VP8L"));
    let jpeg = make::jpeg(60, 40, &rgb);
    assert!(!keep(&jpeg).windows(4).any(|bytes| bytes == b"VP8L"));

    // Up to 255 colours are kept exactly.
    let few = make::pixels(60, 40, |x, y| [(x / 4 * 16) as u8, (y / 4 * 24) as u8, 7]);
    let source = make::png(60, 40, png::ColorType::Rgb, &few);
    let gif = process(&source, "format=gif").unwrap();
    assert_eq!(gif.format.content_type(), "image/gif");
    let expected: Vec<u8> = few.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    assert_eq!(View::of(&gif).pixels, expected);
    // More colours are approximated: averaged over 4 x 4 pixels a gradient stays the same.
    let many = make::pixels(64, 64, |x, y| [(x * 4) as u8, (y * 4) as u8, 128]);
    let source = make::png(64, 64, png::ColorType::Rgb, &many);
    let view = View::of(&process(&source, "format=gif").unwrap());
    let average = |pixels: &[u8], channels: usize, left: usize, top: usize| {
        [0, 1, 2].map(|channel| {
            let at = |index: usize| pixels[((top + index / 4) * 64 + left + index % 4) * channels + channel];
            ((0..16).map(|index| u32::from(at(index))).sum::<u32>() / 16) as u8
        })
    };
    for (left, top) in [(0, 0), (20, 12), (40, 60), (60, 32)] {
        let found = average(&view.pixels, 4, left, top);
        let expected = average(&many, 3, left, top);
        assert!(
            near(&found, &expected, 12),
            "at {left}, {top}: {found:?}, not {expected:?}"
        );
    }
}

/// Pixels of a GIF are opaque or transparent. At least half opaque becomes opaque.
#[test]
fn gif_keeps_one_bit_of_transparency() {
    let pixels = make::pixels(8, 1, |x, _| [255, 0, 0, (x * 36) as u8]);
    let source = make::png(8, 1, png::ColorType::Rgba, &pixels);
    let view = View::of(&process(&source, "format=gif").unwrap());
    let alphas: Vec<u8> = view.pixels.iter().skip(3).step_by(4).copied().collect();
    assert_eq!(alphas, [0, 0, 0, 0, 255, 255, 255, 255]);
    assert_eq!(view.pixel(7, 0), [255, 0, 0, 255]);
}
