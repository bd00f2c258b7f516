//! Camera JPEGs, which are decoded row by row, and at a reduced scale for small results.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use resizer_imaging::{Cancel, Limits, inspect, predict};

use crate::make;
use crate::view::View;
use crate::{job, process};

fn jpeg(width: u32, height: u32, pixels: &[u8], factor: SamplingFactor, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(factor);
    encoder
        .encode(pixels, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    bytes
}

/// Waves of several lengths: edges and areas, without pixel noise.
fn scene(width: u32, height: u32) -> Vec<u8> {
    make::pixels(width, height, |x, y| {
        let (x, y) = (f64::from(x), f64::from(y));
        let wave = |length: f64, angle: f64| ((x * angle.cos() + y * angle.sin()) / length).sin();
        let luma = 128.0 + 50.0 * wave(31.0, 0.3) + 30.0 * wave(9.0, 2.0);
        let red = luma + 25.0 * wave(47.0, 1.0);
        let blue = luma + 25.0 * wave(59.0, 2.5);
        [red as u8, luma as u8, blue as u8]
    })
}

const FACTORS: [SamplingFactor; 4] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
];

/// The pixels include upsampled chroma.
#[test]
fn jpeg_at_full_size_has_the_pixels_of_another_decoder() {
    for factor in FACTORS {
        for (width, height) in [(1, 1), (2, 3), (16, 16), (17, 33), (75, 50), (200, 31)] {
            for (quality, pixels) in [(60, scene(width, height)), (95, make::busy(width, height))] {
                let source = jpeg(width, height, &pixels, factor, quality);
                let found = View::of(&process(&source, "format=png").unwrap());
                let mut other = jpeg_decoder::Decoder::new(&source[..]);
                let expected = other.decode().unwrap();
                assert_eq!(found.pixels.len(), expected.len());
                for (place, (found, expected)) in found.pixels.iter().zip(&expected).enumerate() {
                    assert!(
                        found.abs_diff(*expected) <= 3,
                        "{factor:?}, {width} x {height}, value {place}: {found} for {expected}"
                    );
                }
            }
        }
    }
}

/// A small result equals the one from all pixels (a PNG of them is scaled whole), for each window of the picture and
/// each orientation.
#[test]
fn small_result_is_near_the_one_from_all_pixels() {
    let (width, height) = (403, 309);
    let pixels = scene(width, height);
    for factor in FACTORS {
        let source = jpeg(width, height, &pixels, factor, 95);
        let mut other = jpeg_decoder::Decoder::new(&source[..]);
        let all = make::png(width, height, png::ColorType::Rgb, &other.decode().unwrap());
        for query in [
            "width=200",
            "width=100",
            "width=50",
            "width=20",
            "width=7",
            "crop=13,7,390,290&width=47",
            "crop=101,3,398,305&width=66",
            "crop=1,1,402,308&width=25&height=19&mode=stretch",
            "width=40&srotate=90",
            "width=40&sflip=x",
            "width=60&height=60&mode=crop",
            "width=60&height=60&mode=crop&anchor=bottomright",
        ] {
            let query = format!("{query}&format=png");
            let found = View::of(&process(&source, &query).unwrap());
            let expected = View::of(&process(&all, &query).unwrap());
            assert_eq!(
                (found.width, found.height),
                (expected.width, expected.height),
                "{query}"
            );
            let differences = || found.pixels.iter().zip(&expected.pixels).map(|(a, b)| a.abs_diff(*b));
            let most = differences().max().unwrap();
            let mean = differences().map(f64::from).sum::<f64>() / found.pixels.len() as f64;
            assert!(
                most <= 10 && mean <= 1.5,
                "{factor:?}, `{query}`: up to {most}, {mean:.2} in the mean"
            );
        }
    }
}

/// The value of a ramp tells its place: the result may be off by a quarter of its pixel at most, wherever the window
/// begins, also between the pixels of a reduced decode.
#[test]
fn window_anywhere_in_a_reduced_picture_keeps_its_place() {
    let (width, height) = (512, 64);
    // Values begin at 16 and grow by 0.43 a pixel.
    let value = |x: f64| 16.0 + 0.43 * x;
    let pixels = make::pixels(width, height, |x, _| [value(f64::from(x) + 0.5).round() as u8; 3]);
    let source = jpeg(width, height, &pixels, SamplingFactor::F_2_2, 100);
    for left in 40..58 {
        for (target, length) in [(10, 160), (10, 321), (30, 243), (20, 111)] {
            let query = format!(
                "crop={left},0,{},64&width={target}&height=4&mode=stretch&format=png",
                left + length
            );
            let view = View::of(&process(&source, &query).unwrap());
            let pixel = f64::from(length) / f64::from(target);
            // The filter is cut off at the edges of a window.
            for x in 3..target - 3 {
                let place = f64::from(left) + (f64::from(x) + 0.5) * pixel;
                let found = f64::from(view.pixel(x, 1)[0]);
                let off = (found - value(place)).abs() / (0.43 * pixel);
                // The decoder rounds its pixels to whole levels. The filter averages few of them, and rounds again.
                let rounding = 0.8 / (0.43 * pixel);
                assert!(off <= 0.1 + rounding, "`{query}` at {x}: {found} for {}", value(place));
            }
        }
    }
}

/// The predicted memory does not grow with the height, and is smaller for a small result.
#[test]
fn memory_of_a_photograph_does_not_grow_with_its_height() {
    let strip = scene(4000, 16);
    let source = make::repeated(&strip, 4000, 16, 250);
    let limits = Limits::default();
    let info = inspect(&source, &limits, &Cancel::new()).unwrap();
    assert_eq!((info.width, info.height, info.streams), (4000, 4000, true));
    let cost = |query: &str| predict(&info, &job(query, &limits)).unwrap().peak_bytes;
    assert!(cost("width=400") < 3_000_000, "{}", cost("width=400"));
    assert!(cost("width=400") < cost("width=1900"));
    let encoded = process(&source, "width=400&format=png").unwrap();
    let view = View::of(&encoded);
    assert_eq!((view.width, view.height), (400, 400));
}

/// The flag is checked while rows are decoded.
#[test]
fn decoding_when_cancelled_ends_early() {
    let source = make::repeated(&make::busy(8000, 16), 8000, 16, 500);
    let cancel = Cancel::at_look(100);
    let result = resizer_imaging::run(&source, &job("width=100", &Limits::default()), &cancel);
    assert!(matches!(result, Err(resizer_imaging::ImageError::Cancelled)));
    assert!(cancel.looks() < 110, "{} looks", cancel.looks());
}
