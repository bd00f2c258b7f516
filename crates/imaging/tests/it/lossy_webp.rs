//! Lossy WebP decoder: alpha channels of every kind, and the memory of a decoder that streams rows.

use std::io::Cursor;

use resizer_imaging::{Cancel, Limits, inspect};
use webp::WebPConfig;

use crate::view::View;
use crate::{files, make, process};

const WIDTH: u32 = 37;
const HEIGHT: u32 = 53;

/// Asserts that the pixels equal image-webp's.
fn check(name: &str, source: &[u8]) {
    let view = View::of(&process(source, "format=png").unwrap());
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(source)).unwrap();
    let mut expected = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut expected).unwrap();
    assert_eq!((view.width, view.height), decoder.dimensions(), "{name}");
    assert!(view.pixels == expected, "{name}: other pixels than image-webp's");
}

fn pixels() -> Vec<u8> {
    make::pixels(WIDTH, HEIGHT, |x, y| {
        [
            (x * 6) as u8,
            (y * 4) as u8,
            (x * y) as u8,
            (x * x * 3 + y * 5) as u8 | 1,
        ]
    })
}

#[test]
fn alpha_of_any_encoder_setting_is_decoded_exactly() {
    for compression in [0, 1] {
        for filter in [0, 1, 2] {
            for quality in [40, 100] {
                let mut config = WebPConfig::new().unwrap();
                config.alpha_compression = compression;
                config.alpha_filtering = filter;
                config.alpha_quality = quality;
                let pixels = pixels();
                let encoder = webp::Encoder::from_rgba(&pixels, WIDTH, HEIGHT);
                let file = encoder.encode_advanced(&config).unwrap();
                check(
                    &format!("compression {compression}, filter {filter}, quality {quality}"),
                    &file,
                );
            }
        }
    }
}

/// Alpha with each filter (RFC 9649, 2.7.1.2), stored and compressed.
#[test]
fn alpha_with_any_filter_is_decoded_exactly() {
    let opaque: Vec<u8> = pixels().chunks_exact(4).flat_map(|pixel| pixel[..3].to_vec()).collect();
    let picture = files::lossy_webp(WIDTH, HEIGHT, &opaque);
    let values: Vec<u8> = pixels().chunks_exact(4).map(|pixel| pixel[3]).collect();
    let green: Vec<u8> = values.iter().flat_map(|value| [0, *value, 0]).collect();
    let file = files::lossless_webp(WIDTH, HEIGHT, &green);
    // Without headers: of the file, the chunk, and the picture.
    let compressed = &file[12 + 8 + 5..];
    for filter in 0..4 {
        for (compression, values) in [(0, &values[..]), (1, compressed)] {
            let alpha = [&[filter << 2 | compression], values].concat();
            let chunk = files::riff_chunk(b"ALPH", &alpha);
            let source = files::extended_webp(&picture, WIDTH, HEIGHT, 0x10, &chunk, &[]);
            check(&format!("filter {filter}, compression {compression}"), &source);
        }
    }
}

/// The decoder holds rows, not pictures.
#[test]
fn high_picture_takes_no_more_memory_than_a_low_one() {
    let info = |height: u32| {
        let source = files::lossy_webp(1000, height, &[90, 80, 70].repeat(1000 * height as usize));
        inspect(&source, &Limits::default(), &Cancel::new()).unwrap()
    };
    let (low, high) = (info(100), info(3000));
    assert!(low.streams && high.streams);
    assert_eq!(low.decoder_bytes, high.decoder_bytes);
    assert!(high.decoder_bytes < 300_000, "{} bytes", high.decoder_bytes);
}

/// The decoder averages samples for a small result. The same pixels in a PNG, whose samples it does not average, become
/// the same picture.
#[test]
fn small_result_is_that_of_the_pixels_at_full_size() {
    let (width, height) = (403, 301);
    let wave = |place: u32, period: f32| (127.0 + 90.0 * (place as f32 / period).sin()) as u8;
    let pixels = make::pixels(width, height, |x, y| [wave(x, 23.0), wave(y, 31.0), wave(x + y, 40.0)]);
    let source = files::lossy_webp(width, height, &pixels);
    let decoded = webp::Decoder::new(&source).decode().unwrap();
    let plain = make::png(width, height, png::ColorType::Rgb, &decoded);
    let queries = [
        "width=403",
        "width=134",
        "width=80",
        "width=40",
        "width=5",
        "crop=13,7,390,291&width=60",
        "srotate=90&height=50",
    ];
    for query in queries {
        let query = format!("{query}&format=png");
        let [found, expected] = [&source, &plain].map(|source| View::of(&process(source, &query).unwrap()));
        assert_eq!(
            (found.width, found.height),
            (expected.width, expected.height),
            "{query}"
        );
        let differences = found.pixels.iter().zip(&expected.pixels).map(|(a, b)| a.abs_diff(*b));
        let greatest = differences.clone().max().unwrap();
        let mean = differences.map(f64::from).sum::<f64>() / found.pixels.len() as f64;
        assert!(greatest <= 5 && mean <= 1.0, "{query}: {greatest}, {mean}");
    }
}
