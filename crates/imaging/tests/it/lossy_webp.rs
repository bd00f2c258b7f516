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
