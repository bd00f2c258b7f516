//! Lossless WebP encoder, also for the alpha of large lossy pictures: pixels come back exactly, in about as few bytes
//! as libwebp's.

use std::io::Cursor;

use webp::WebPConfig;

use crate::{make, process};

type Colour = fn(u32, u32) -> [u8; 4];

/// Large enough that our encoder writes the alpha channel, and that pixels leave the sliding window.
const WIDTH: u32 = 701;
const HEIGHT: u32 = 603;

const fn noise(x: u32, y: u32) -> [u8; 4] {
    let value = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
    (value ^ value >> 15).to_le_bytes()
}

const fn flat(_: u32, _: u32) -> [u8; 4] {
    [9, 8, 7, 6]
}

fn gradient(x: u32, y: u32) -> [u8; 4] {
    [x / 3, y / 3, (x + y) / 6, 255 - (x + 2 * y) / 9 % 256].map(|value| value as u8)
}

/// The same with grain, as photographs have it.
fn grain(x: u32, y: u32) -> [u8; 4] {
    let [smooth, noise] = [gradient(x, y), noise(x, y)];
    std::array::from_fn(|channel| smooth[channel].saturating_add(noise[channel] % 8))
}

fn grey(x: u32, y: u32) -> [u8; 4] {
    let [level, _, _, alpha] = grain(x, y);
    [level, level, level, alpha]
}

fn vignette(x: u32, y: u32) -> [u8; 4] {
    let [x, y] = [(x, WIDTH), (y, HEIGHT)].map(|(at, side)| 2.0 * f64::from(at) / f64::from(side) - 1.0);
    let alpha = 255.0 * (1.4 - x.hypot(y)).clamp(0.0, 1.0);
    [0, 0, 0, alpha as u8]
}

fn tiles(x: u32, y: u32) -> [u8; 4] {
    noise(x % 97, y % 61)
}

/// Glyphs of dark squares, a few that are repeated.
fn text(x: u32, y: u32) -> [u8; 4] {
    let glyph = u32::from(noise(x / 9, y / 16)[0] % 32);
    let inked = x % 9 < 7 && y % 16 < 11 && noise(glyph, (x % 9 / 2) << 8 | (y % 16 / 2))[1] < 90;
    if inked { [20, 20, 30, 200] } else { [255, 250, 250, 40] }
}

/// Runs of all lengths, up to longer than a back-reference can be.
fn runs(x: u32, y: u32) -> [u8; 4] {
    let at = f64::from(y * WIDTH + x);
    let step = at.sqrt() as u32 % 7 * 30;
    [step, 0, 9, step + 10].map(|value| value as u8)
}

/// A lone pixel of another value in a large even area.
fn lonely(x: u32, y: u32) -> [u8; 4] {
    if (300..305).contains(&y) { noise(x, y) } else { [0; 4] }
}

fn pixels_of(file: &[u8]) -> Vec<u8> {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).unwrap();
    let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut pixels).unwrap();
    pixels
}

/// The pixels by libwebp's decoder.
fn pixels_by_libwebp(file: &[u8]) -> Vec<u8> {
    webp::Decoder::new(file).decode().unwrap().to_vec()
}

fn alphas(pixels: &[u8]) -> Vec<u8> {
    pixels.iter().skip(3).step_by(4).copied().collect()
}

#[test]
fn picture_of_any_content_is_decoded_exactly() {
    let check = |name: &str, width: u32, height: u32, colour: Colour| {
        let pixels = make::pixels(width, height, colour);
        let source = make::png(width, height, png::ColorType::Rgba, &pixels);
        let lossless = process(&source, "format=webp&webp.lossless=true&webp.exact=true")
            .unwrap()
            .bytes;
        for decoded in [pixels_of(&lossless), pixels_by_libwebp(&lossless)] {
            assert!(decoded == pixels, "{name}, {width} x {height}");
        }
        let lossy = process(&source, "format=webp").unwrap().bytes;
        for decoded in [pixels_of(&lossy), pixels_by_libwebp(&lossy)] {
            assert!(
                alphas(&decoded) == alphas(&pixels),
                "alpha of {name}, {width} x {height}"
            );
        }
    };
    let pictures: [(&str, Colour); 9] = [
        ("noise", noise),
        ("flat", flat),
        ("gradient", gradient),
        ("grain", grain),
        ("vignette", vignette),
        ("tiles", tiles),
        ("text", text),
        ("runs", runs),
        ("lonely", lonely),
    ];
    for (name, colour) in pictures {
        for (width, height) in [(WIDTH, HEIGHT), (10_000, 31), (31, 10_000)] {
            check(name, width, height, colour);
        }
    }
    // In narrow pictures neighbours are before the edge, or have several distance codes.
    for side in 1..=20 {
        for (width, height) in [(side, 1), (1, side), (side, 40), (40, side), (side, 300)] {
            check("tiles", width, height, tiles);
            check("text", width, height, text);
        }
    }
}

/// Noise under a transparent half: its colours are dropped, unless they are asked for.
#[test]
fn colours_of_transparent_pixels_are_dropped_unless_asked_for() {
    let pixels = make::pixels(200, 100, |x, y| {
        let [red, green, blue, _] = noise(x, y);
        if x < 100 {
            [red, green, blue, 0]
        } else {
            [90, 60, 30, 255]
        }
    });
    let source = make::png(200, 100, png::ColorType::Rgba, &pixels);
    let exact = process(&source, "format=webp&webp.lossless=true&webp.exact=true").unwrap();
    assert!(pixels_of(&exact.bytes) == pixels);
    let smaller = process(&source, "format=webp&webp.lossless=true").unwrap();
    let shown = |pixel: &[u8]| {
        if pixel[3] == 0 {
            [0; 4]
        } else {
            [pixel[0], pixel[1], pixel[2], pixel[3]]
        }
    };
    let expected: Vec<u8> = pixels.chunks(4).flat_map(shown).collect();
    assert!(pixels_of(&smaller.bytes) == expected);
    // 10,000 pixels of noise take three bytes each.
    assert!(exact.bytes.len() > 30_000 && smaller.bytes.len() < 1000);
}

#[test]
fn file_is_about_as_small_as_libwebps() {
    let check = |name: &str, colour: Colour, most: f64| {
        let pixels = make::pixels(WIDTH, HEIGHT, colour);
        let source = make::png(WIDTH, HEIGHT, png::ColorType::Rgba, &pixels);
        for lossless in [true, false] {
            let query = format!("format=webp&webp.lossless={lossless}&webp.exact=true");
            let ours = process(&source, &query).unwrap();
            let mut config = WebPConfig::new().unwrap();
            config.quality = 80.0;
            config.lossless = i32::from(lossless);
            config.exact = 1;
            let encoder = webp::Encoder::from_rgba(&pixels, WIDTH, HEIGHT);
            let theirs = encoder.encode_advanced(&config).unwrap();
            let (ours, theirs) = (ours.bytes.len(), theirs.len());
            assert!(
                ours as f64 <= most * theirs as f64,
                "{name}, lossless {lossless}: {ours} bytes, {theirs} by libwebp"
            );
        }
    };
    check("vignette", vignette, 1.3);
    check("grain", grain, 1.3);
    check("grey", grey, 1.3);
    check("tiles", tiles, 1.3);
}
