//! Palettes of PNG and GIF: the number of colours, which colours are kept, dithering, and the fallback to all colours.

use std::collections::HashSet;

use gif::DisposalMethod;
use png::ColorType;
use resizer_imaging::Encoded;

use crate::files::{self, Patch};
use crate::view::{Animation, View, near};
use crate::{make, process};

/// The bits of a sample and the colour type of a PNG: bytes 24 and 25 (PNG, third edition, 11.2.1).
fn header(encoded: &Encoded) -> (u8, u8) {
    (encoded.bytes[24], encoded.bytes[25])
}

const RGB: u8 = 2;
const INDEXED: u8 = 3;
const RGBA: u8 = 6;

/// The different pixels of a result.
fn colours(view: &View) -> HashSet<Vec<u8>> {
    view.pixels.chunks(view.channels).map(<[u8]>::to_vec).collect()
}

/// A smooth picture with more colours than any palette holds.
fn smooth() -> Vec<u8> {
    make::png(
        200,
        120,
        ColorType::Rgb,
        &make::pixels(200, 120, |x, y| [(x + 20) as u8, (2 * y) as u8, 90]),
    )
}

#[test]
fn number_of_colours_is_kept_within_the_asked_one() {
    let source = smooth();
    for (most, bits) in [(2, 1), (3, 2), (4, 2), (5, 4), (16, 4), (17, 8), (200, 8), (256, 8)] {
        let png = process(&source, &format!("format=png&colors={most}")).unwrap();
        assert_eq!(header(&png), (bits, INDEXED), "colors={most}");
        let found = colours(&View::of(&png)).len();
        assert!(found <= most && found * 2 > most, "colors={most}: {found}");
        let gif = process(&source, &format!("format=gif&colors={most}")).unwrap();
        let found = colours(&View::of(&gif)).len();
        assert!(found <= most && found * 2 > most, "colors={most} of a GIF: {found}");
    }
    // Out of range: the nearest.
    assert_eq!(header(&process(&source, "format=png&colors=1").unwrap()), (1, INDEXED));
    assert_eq!(
        header(&process(&source, "format=png&colors=1000").unwrap()),
        (8, INDEXED)
    );
    assert_eq!(header(&process(&source, "format=png").unwrap()), (8, RGB));
}

/// Rows of an odd length in each number of bits, with and without a transparent pixel.
#[test]
fn few_colours_are_kept_exactly() {
    for count in [1, 2, 3, 4, 5, 16, 17, 255] {
        for transparent in [false, true] {
            let pixels = make::pixels(37, 11, |x, y| {
                let index = (x + y * 37) % count;
                match (index, transparent) {
                    (0, true) => [0, 0, 0, 0],
                    _ => [(index * 7) as u8, (255 - index) as u8, 9, 255],
                }
            });
            let source = make::png(37, 11, ColorType::Rgba, &pixels);
            let most = count.max(2);
            let encoded = process(&source, &format!("format=png&colors={most}")).unwrap();
            assert_eq!(header(&encoded).1, INDEXED);
            let view = View::of(&encoded);
            let found: Vec<u8> = match view.channels {
                3 => view.pixels.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect(),
                _ => view.pixels,
            };
            let shown = |pixels: &[u8]| -> Vec<[u8; 4]> {
                let pixels = pixels.chunks(4).map(|p| [p[0], p[1], p[2], p[3]]);
                pixels.map(|pixel| if pixel[3] == 0 { [0; 4] } else { pixel }).collect()
            };
            assert_eq!(shown(&found), shown(&pixels), "{count} colours, {transparent}");
        }
    }
}

/// Without a key about the palette. Partly transparent colours count too.
#[test]
fn picture_of_few_colours_has_a_palette_and_keeps_them() {
    let check = |colours: u32, alpha: fn(u32) -> u8, expected: (u8, u8)| {
        let pixels = make::pixels(61, 47, |x, y| {
            let index = (x / 3 + y * 20) % colours;
            [(index * 11) as u8, (index / 16) as u8, 200, alpha(index)]
        });
        let source = make::png(61, 47, ColorType::Rgba, &pixels);
        let encoded = process(&source, "format=png").unwrap();
        assert_eq!(header(&encoded), expected, "{colours} colours");
        let view = View::of(&encoded);
        let with_alpha = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2], pixel.get(3).copied().unwrap_or(255)];
        let found: Vec<u8> = view.pixels.chunks(view.channels).flat_map(with_alpha).collect();
        assert!(found == pixels, "{colours} colours");
    };
    check(2, |_| 255, (1, INDEXED));
    check(3, |index| if index == 2 { 0 } else { 255 }, (2, INDEXED));
    check(16, |index| (index * 16) as u8, (4, INDEXED));
    check(17, |_| 255, (8, INDEXED));
    check(256, |index| 255 - index as u8, (8, INDEXED));
    check(257, |index| 255 - (index % 200) as u8, (8, RGBA));
}

#[test]
fn picture_of_many_greys_has_one_byte_a_pixel() {
    const GRAY: u8 = 0;
    let pixels = make::pixels(64, 40, |x, y| [(x + 3 * y) as u8; 3]);
    let encoded = process(&make::png(64, 40, ColorType::Rgb, &pixels), "format=png").unwrap();
    assert_eq!(header(&encoded), (8, GRAY));
    let view = View::of(&encoded);
    assert_eq!(view.channels, 1);
    assert!(view.pixels.iter().copied().eq(pixels.iter().copied().step_by(3)));
}

/// A drawing is a part of the bytes that it takes with filters, which hide that its lines are equal.
#[test]
fn drawing_of_many_colours_is_written_without_filters() {
    let pixels = make::pixels(400, 300, |x, y| {
        let tile = (x / 10 % 8) * 31 + (y / 10 % 6) * 57;
        match (x * 7 + y * 13) % 9 {
            0 => [tile as u8, 255 - tile as u8, (x / 10) as u8],
            _ => [240, (y / 10) as u8, 230],
        }
    });
    let ours = process(&make::png(400, 300, ColorType::Rgb, &pixels), "format=png").unwrap();
    assert_eq!(header(&ours), (8, RGB));
    let mut filtered = Vec::new();
    let mut encoder = png::Encoder::new(&mut filtered, 400, 300);
    encoder.set_color(ColorType::Rgb);
    encoder.set_filter(png::Filter::Adaptive);
    encoder.set_deflate_compression(png::DeflateCompression::Level(6));
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    assert!(
        ours.bytes.len() * 10 < filtered.len() * 9,
        "{} and {} bytes",
        ours.bytes.len(),
        filtered.len()
    );
}

/// A sky of 2,000 shades: a palette of 255 of them, well chosen, is within two levels of each on average, and no dot is
/// far from its place.
#[test]
fn smooth_sky_stays_smooth_in_a_gif() {
    let sky = |x: u32, y: u32| {
        [
            (40 + (x + y) / 5) as u8,
            (90 + (x + 2 * y) / 7) as u8,
            (200 + y / 6) as u8,
        ]
    };
    let source = make::png(320, 200, ColorType::Rgb, &make::pixels(320, 200, sky));
    let view = View::of(&process(&source, "format=gif").unwrap());
    let (mut sum, mut most) = (0, 0);
    for (place, pixel) in view.pixels.chunks(view.channels).enumerate() {
        let expected = sky(place as u32 % 320, place as u32 / 320);
        for (found, expected) in pixel.iter().zip(expected) {
            let difference = u32::from(found.abs_diff(expected));
            sum += difference;
            most = most.max(difference);
        }
    }
    let mean = f64::from(sum) / f64::from(320 * 200 * 3);
    assert!(mean < 2.0 && most <= 16, "{mean}, {most}");
}

#[test]
fn each_frame_of_an_animation_has_as_many_colours_as_asked_for() {
    let frames: Vec<Patch<'_>> = [1, 2, 3]
        .iter()
        .map(|index| Patch {
            area: [0, 0, 8, 8],
            indices: std::slice::from_ref(index),
            delay: 5,
            disposal: DisposalMethod::Keep,
        })
        .collect();
    let source = files::gif(8, 8, None, &frames);
    let encoded = process(&source, "format=gif&colors=2").unwrap();
    let animation = Animation::of(&encoded);
    assert_eq!(animation.frames.len(), 3);
    for (frame, colour) in animation.frames.iter().zip([make::RED, make::GREEN, make::BLUE]) {
        assert!(frame.pixels.chunks(4).all(|pixel| pixel[..3] == colour));
    }
}

/// A light grey between black and white: dithering mixes the two, so that the mean is right. Without it the whole area
/// becomes one of them.
#[test]
fn dithering_keeps_the_mean_of_an_area() {
    // The black and the white column make both colours be chosen; the grey in between is the area.
    let source = make::png(
        102,
        60,
        ColorType::Rgb,
        &make::pixels(102, 60, |x, _| match x {
            0..34 => [0; 3],
            68.. => [255; 3],
            _ => [188; 3],
        }),
    );
    let area = |query: &str| {
        let view = View::of(&process(&source, query).unwrap());
        let rows = (10..50).flat_map(|y| (40..62).map(move |x| (x, y)));
        rows.map(|(x, y)| f64::from(view.pixel(x, y)[0])).collect::<Vec<f64>>()
    };
    for format in ["png", "gif"] {
        let flat = area(&format!("format={format}&colors=2&dither=false"));
        assert!(flat.iter().all(|value| *value == flat[0]), "{format}: one colour");
        for query in ["", "&dither=true", "&dither=4pass", "&dither=100"] {
            let dithered = area(&format!("format={format}&colors=2{query}"));
            let distinct: HashSet<u64> = dithered.iter().map(|value| value.to_bits()).collect();
            assert_eq!(distinct.len(), 2, "{format}{query}: both colours");
        }
        // Less of the error is carried on: fewer pixels of the other colour.
        let others = |query: &str| area(query).iter().filter(|value| **value != flat[0]).count();
        let [weak, strong] = [30, 100].map(|percent| others(&format!("format={format}&colors=2&dither={percent}")));
        assert!(weak < strong, "{format}: {weak} and {strong}");
    }
}

#[test]
fn higher_quality_takes_more_colours_and_looks_nearer() {
    let source = smooth();
    let truth = View::of(&process(&source, "format=png").unwrap());
    let mut before = (0, f64::INFINITY);
    for quality in [0, 10, 60] {
        let encoded = process(&source, &format!("format=png&png.quality={quality}&dither=false")).unwrap();
        assert_eq!(header(&encoded).1, INDEXED, "png.quality={quality}");
        let view = View::of(&encoded);
        let squares = view
            .pixels
            .iter()
            .zip(&truth.pixels)
            .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        let found = (colours(&view).len(), squares.sum::<f64>());
        assert!(
            found.0 > before.0 && found.1 < before.1,
            "png.quality={quality}: {found:?}, {before:?}"
        );
        before = found;
    }
}

#[test]
fn palette_below_the_least_quality_is_not_used() {
    // Noise of all colours, which no 256 colours come near to.
    let noise = make::pixels(160, 160, |x, y| {
        let number = (x * 160 + y).wrapping_mul(0x9e37_79b1);
        [(number >> 8) as u8, (number >> 16) as u8, (number >> 24) as u8]
    });
    let source = make::png(160, 160, ColorType::Rgb, &noise);
    let kept = process(&source, "format=png&png.quality=95&png.min_quality=90").unwrap();
    assert_eq!(header(&kept), (8, RGB));
    assert_eq!(View::of(&kept).pixels, noise);
    let reduced = process(&source, "format=png&png.quality=95&png.min_quality=0").unwrap();
    assert_eq!(header(&reduced), (8, INDEXED));
    let smooth = process(&smooth(), "format=png&png.min_quality=20").unwrap();
    assert_eq!(header(&smooth), (8, INDEXED));
}

#[test]
fn lossless_key_decides_whether_there_is_a_palette() {
    let png = smooth();
    let jpeg = make::jpeg(64, 64, &make::busy(64, 64));
    let check = |source: &[u8], query: &str, expected: u8| {
        let encoded = process(source, &format!("format=png&{query}")).unwrap();
        assert_eq!(header(&encoded).1, expected, "{query}");
    };
    check(&png, "png.lossless=true&png.quality=50&colors=4", RGB);
    check(&png, "png.lossless=false", INDEXED);
    check(&png, "png.lossless=keep&png.quality=50", RGB);
    check(&jpeg, "png.lossless=keep", INDEXED);
    check(&png, "png.max_deflate=true", RGB);
    check(&png, "quality=50&lossless=false&dither=true", RGB);
}

/// A soft edge would become jagged in a palette, where a pixel is either transparent or not.
#[test]
fn soft_edge_keeps_all_colours_unless_a_number_is_asked_for() {
    let pixels = make::pixels(64, 32, |x, y| [200, (y * 8) as u8, x as u8, (x * 4) as u8]);
    let source = make::png(64, 32, ColorType::Rgba, &pixels);
    let kept = process(&source, "format=png&png.quality=20").unwrap();
    assert_eq!(header(&kept), (8, RGBA));
    assert_eq!(View::of(&kept).pixels, pixels);
    let reduced = process(&source, "format=png&colors=64").unwrap();
    assert_eq!(header(&reduced).1, INDEXED);
    let view = View::of(&reduced);
    assert!(colours(&view).len() <= 64);
    // Half opaque and more becomes opaque.
    assert_eq!((view.pixel(31, 5)[3], view.pixel(32, 5)[3]), (0, 255));
    assert!(near(&view.pixel(60, 16)[..3], &[200, 128, 60], 40));
}

#[test]
fn most_compression_keeps_the_pixels_and_takes_no_more_bytes() {
    for query in ["format=png", "format=png&colors=32&dither=false"] {
        let usual = process(&smooth(), query).unwrap();
        let most = process(&smooth(), &format!("{query}&png.max_deflate=true")).unwrap();
        assert_eq!(View::of(&most), View::of(&usual), "{query}");
        let [most, usual] = [most, usual].map(|encoded| encoded.bytes.len());
        assert!(most <= usual, "{query}: {most} and {usual}");
    }
}
