//! Encoded pictures against libwebp's decoder, which shares no code with its encoder's loops, and every way in which
//! the encoder can be stopped.

use std::cell::Cell;

use super::*;

const SETTINGS: Settings = Settings {
    quality: 90,
    method: 4,
    low_memory: false,
    alpha: true,
    room: 0,
};

/// Waves of colour, and alpha that falls from left to right.
fn waves(width: u32, height: u32, channels: u32) -> Vec<u8> {
    let pixel = |x: u32, y: u32| {
        let wave = |at: u32, length: f32| (127.5 + 120.0 * (at as f32 / length).sin()) as u8;
        let alpha = 255 - (x * 255 / width) as u8;
        [wave(x, 40.0), wave(y, 30.0), wave(x + y, 50.0), alpha]
    };
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| pixel(x, y).into_iter().take(channels as usize))
        .collect()
}

fn encoded(pixels: &[u8], width: u32, height: u32, has_alpha: bool, settings: Settings) -> Vec<u8> {
    let source = Source {
        pixels,
        width,
        height,
        has_alpha,
    };
    encode(source, settings, &|| true).unwrap()
}

#[test]
fn lossy_picture_decoded_again_is_near_its_source() {
    let check = |width: u32, height: u32, settings: Settings| {
        let pixels = waves(width, height, 3);
        let file = encoded(&pixels, width, height, false, settings);
        assert_eq!(&file[8..16], b"WEBPVP8 ");
        let image = webp::Decoder::new(&file).decode().unwrap();
        assert_eq!((image.width(), image.height()), (width, height));
        let squares = pixels
            .iter()
            .zip(image.iter())
            .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        let mean = squares.sum::<f64>() / pixels.len() as f64;
        assert!(
            mean < 12.0,
            "{width} x {height}, {settings:?}: mean square of the error {mean}"
        );
    };
    // Bands are 64 rows: less than one, one, one and a row, odd everywhere.
    for (width, height) in [(16, 16), (80, 64), (81, 65), (1, 200), (200, 1), (333, 391)] {
        check(width, height, SETTINGS);
    }
    for method in 0..=6 {
        for low_memory in [false, true] {
            check(
                100,
                150,
                Settings {
                    method,
                    low_memory,
                    ..SETTINGS
                },
            );
        }
    }
}

/// libwebp, given the whole picture, writes the same bytes.
#[test]
fn picture_converted_in_bands_has_the_bytes_of_a_whole_one() {
    let check = |width: u32, height: u32, channels: u32| {
        let pixels = waves(width, height, channels);
        let has_alpha = channels == 4;
        let ours = encoded(&pixels, width, height, has_alpha, SETTINGS);
        let layout = if has_alpha {
            webp::PixelLayout::Rgba
        } else {
            webp::PixelLayout::Rgb
        };
        let mut config = WebPConfig::new().unwrap();
        config.quality = 90.0;
        let theirs = webp::Encoder::new(&pixels, layout, width, height)
            .encode_advanced(&config)
            .unwrap();
        assert!(ours == *theirs, "{width} x {height}, {channels} channels");
        // Without alpha the chunk of the picture, the last of the file, is the same.
        let settings = Settings {
            alpha: false,
            ..SETTINGS
        };
        let opaque = encoded(&pixels, width, height, has_alpha, settings);
        assert_eq!(&opaque[8..16], b"WEBPVP8 ");
        assert!(
            theirs.ends_with(&opaque[12..]),
            "{width} x {height}, {channels} channels, no alpha"
        );
    };
    for channels in [3, 4] {
        for (width, height) in [(80, 64), (81, 65), (40, 300), (333, 391)] {
            check(width, height, channels);
        }
    }
}

#[test]
fn encoder_told_to_stop_at_any_question_stops() {
    let pixels = waves(700, 700, 4);
    let source = Source {
        pixels: &pixels,
        width: 700,
        height: 700,
        has_alpha: true,
    };
    for low_memory in [false, true] {
        let settings = Settings {
            method: 3,
            low_memory,
            ..SETTINGS
        };
        let asked = Cell::new(0);
        let count = |until: u32| {
            asked.set(0);
            encode(source, settings, &|| {
                asked.set(asked.get() + 1);
                asked.get() < until
            })
        };
        count(u32::MAX).unwrap();
        let all = asked.get();
        // Eleven bands; then hundredths of the work, of which analysis and alpha are a fifth each.
        assert!(all >= 50, "asked {all} times");
        for until in 1..=all {
            assert_eq!(count(until), Err(EncodeError::Stopped), "at question {until} of {all}");
            // A statistics pass that is told to stop asks once more in the next pass.
            assert!(
                asked.get() <= until + 1,
                "told at question {until}, asked {} times",
                asked.get()
            );
        }
    }
}

#[test]
fn panic_in_the_progress_hook_is_passed_on() {
    let pixels = waves(100, 100, 3);
    let source = Source {
        pixels: &pixels,
        width: 100,
        height: 100,
        has_alpha: false,
    };
    let asked = Cell::new(0);
    let question = || {
        asked.set(asked.get() + 1);
        assert!(asked.get() < 10, "the tenth question");
        true
    };
    let result = catch_unwind(AssertUnwindSafe(|| encode(source, SETTINGS, &question)));
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "the tenth question");
    assert_eq!(asked.get(), 10);
}

#[test]
fn size_without_its_pixels_or_beyond_the_format_is_refused() {
    let check = |bytes: usize, width: u32, height: u32, has_alpha: bool| {
        let pixels = vec![0; bytes];
        let source = Source {
            pixels: &pixels,
            width,
            height,
            has_alpha,
        };
        let expected = Err(EncodeError::Size { bytes, width, height });
        assert_eq!(encode(source, SETTINGS, &|| true), expected);
    };
    check(0, 0, 0, false);
    check(0, 0, 10, false);
    check(0, 10, 0, true);
    check(299, 10, 10, false);
    check(301, 10, 10, false);
    check(300, 10, 10, true);
    check(MOST_SIDE as usize * 3 + 3, MOST_SIDE + 1, 1, false);
    check(0, 1 << 31, 1 << 31, true);
    check(4, u32::MAX, u32::MAX, true);
}

/// A red of 200, 30, 40 by the formulas of BT.601 in studio range: luma 16 + 219 * 0.322, chroma 128 + 224 * -0.0927
/// and 128 + 224 * 0.3305.
#[test]
fn planes_are_encoded_as_they_are() {
    for (width, height) in [(1_u32, 1_u32), (16, 16), (37, 21), (80, 65)] {
        let half = (width.div_ceil(2) * height.div_ceil(2)) as usize;
        let luma = vec![86; (width * height) as usize];
        let planes = Planes::new(width, height, luma, [vec![107; half], vec![202; half]]).unwrap();
        let file = encode_planes(planes, SETTINGS, &|| true).unwrap();
        assert_eq!(&file[8..16], b"WEBPVP8 ");
        let image = webp::Decoder::new(&file).decode().unwrap();
        assert_eq!((image.width(), image.height()), (width, height));
        for pixel in image.as_chunks::<3>().0 {
            let far = pixel.iter().zip([200_u8, 30, 40]).any(|(a, b)| a.abs_diff(b) > 3);
            assert!(!far, "{width} x {height}: {pixel:?}");
        }
    }
}

#[test]
fn planes_of_another_size_are_refused() {
    let check = |width: u32, height: u32, luma: usize, chroma: [usize; 2]| {
        let planes = Planes::new(width, height, vec![0; luma], chroma.map(|length| vec![0; length]));
        let bytes = luma + chroma[0] + chroma[1];
        assert_eq!(planes.err(), Some(EncodeError::Size { bytes, width, height }));
    };
    check(0, 0, 0, [0, 0]);
    check(3, 3, 9, [4, 1]);
    check(3, 3, 9, [1, 4]);
    check(3, 3, 8, [4, 4]);
    check(4, 4, 16, [8, 8]);
    check(MOST_SIDE + 1, 1, MOST_SIDE as usize + 1, [8192, 8192]);
    check(1 << 31, 1 << 31, 0, [0, 0]);
}
