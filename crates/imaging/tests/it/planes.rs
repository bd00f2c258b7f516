//! Jobs that are carried out in luma and chroma, against the same job by way of pixels: first to a PNG, then to the
//! format.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::view::View;
use crate::{make, process};

/// Smooth colours, in 4:2:0 or another sampling.
fn source(width: u32, height: u32, factor: SamplingFactor) -> Vec<u8> {
    let pixels = make::pixels(width, height, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let luma = 128.0 + 60.0 * (x / 31.0 + y / 53.0).sin();
        [luma + 30.0 * (y / 41.0).sin(), luma, luma - 30.0 * (x / 37.0).cos()].map(|value| value as u8)
    });
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 97);
    encoder.set_sampling_factor(factor);
    encoder
        .encode(&pixels, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    bytes
}

/// The mean and the largest difference of two results.
fn differences(a: &View, b: &View) -> (f64, u8) {
    assert_eq!((a.width, a.height, a.channels), (b.width, b.height, b.channels));
    let differences = || a.pixels.iter().zip(&b.pixels).map(|(a, b)| a.abs_diff(*b));
    let sum: f64 = differences().map(f64::from).sum();
    (sum / a.pixels.len() as f64, differences().max().unwrap())
}

#[test]
fn result_shows_what_the_result_of_pixels_shows() {
    for factor in [SamplingFactor::F_2_2, SamplingFactor::F_2_1, SamplingFactor::F_1_1] {
        let source = source(403, 301, factor);
        for query in [
            "width=130",
            "width=61&height=61&mode=pad&bgcolor=8899aa",
            "crop=7,9,-3,-4&width=99&rotate=90&flip=x",
            "width=130&s.invert=true",
            "width=99&paddingwidth=7&paddingcolor=8899aa&flip=x",
            "width=80&height=80&borderwidth=3,4,5,6&bordercolor=fff",
        ] {
            let by_pixels = process(&source, &format!("{query}&format=png")).unwrap();
            for format in [
                "format=jpg&quality=90",
                "format=jpg&quality=95",
                "format=webp&quality=95",
                "format=jpg&jpeg.progressive=true",
            ] {
                let found = View::of(&process(&source, &format!("{query}&{format}")).unwrap());
                let expected = View::of(&process(&by_pixels.bytes, format).unwrap());
                let (mean, most) = differences(&found, &expected);
                // Quantisation of both files adds to the difference, and that of a WebP is the coarser one.
                assert!(
                    mean <= 1.5 && most <= 12,
                    "{factor:?}, {query}, {format}: mean {mean:.2}, most {most}"
                );
            }
        }
    }
}

/// Black, white and primary colours keep their values: a WebP has another range of luma and chroma than a JPEG.
#[test]
fn colours_of_a_webp_are_those_of_the_jpeg() {
    for colour in [
        [0; 3],
        [255; 3],
        [250, 10, 10],
        [10, 240, 10],
        [10, 10, 250],
        [128, 128, 128],
    ] {
        let mut source = Vec::new();
        let mut encoder = Encoder::new(&mut source, 100);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(&colour.repeat(64 * 48), 64, 48, ColorType::Rgb).unwrap();
        let found = View::of(&process(&source, "width=32&format=webp&quality=95").unwrap());
        for pixel in found.pixels.as_chunks::<3>().0 {
            let far = pixel.iter().zip(colour).any(|(a, b)| a.abs_diff(b) > 3);
            assert!(!far, "{colour:?}: {pixel:?}");
        }
    }
}

/// A profile has to be applied to red, green and blue, so such a job does not stay in planes: see `profiles`. One that
/// is ignored leaves the job as it is without.
#[test]
fn ignored_profile_changes_no_byte() {
    let plain = source(200, 150, SamplingFactor::F_2_2);
    let tagged = make::with_segment(&plain, 0xe2, b"ICC_PROFILE\0\x01\x01not a profile");
    let bytes = |source: &[u8]| process(source, "width=80").unwrap().bytes;
    assert_eq!(bytes(&tagged), bytes(&plain));
}
