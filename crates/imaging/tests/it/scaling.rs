//! Keys of scaling in whole jobs: light, the decoder's part of the work, and what reaches the pixels of a file.

use png::ColorType;
use resizer_imaging::{Limits, inspect, predict};

use crate::view::View;
use crate::{job, make, process};

/// Black and white pixels in turn.
fn checkerboard(side: u32) -> Vec<u8> {
    make::pixels(side, side, |x, y| if (x + y) % 2 == 0 { [0; 3] } else { [255; 3] })
}

/// The mean of the green values, without a margin of an eighth, where the filter's window is cut.
fn brightness(source: &[u8], query: &str) -> f64 {
    let view = View::of(&process(source, query).unwrap());
    let (left, right) = (view.width / 8, view.width - view.width / 8);
    let values: Vec<f64> = (left..right)
        .flat_map(|y| (left..right).map(move |x| (x, y)))
        .map(|(x, y)| f64::from(view.pixel(x, y)[1]))
        .collect();
    values.iter().sum::<f64>() / values.len() as f64
}

/// Half of white's light is 187.5 as a byte, half of white's byte is 127.5. Decoders average bytes where they deliver a
/// JPEG at a reduced size, and must not do so here.
#[test]
fn checkerboard_keeps_its_brightness_in_linear_light() {
    let pixels = checkerboard(256);
    let mut jpeg = Vec::new();
    jpeg_encoder::Encoder::new(&mut jpeg, 100)
        .encode(&pixels, 256, 256, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    for source in [make::png(256, 256, ColorType::Rgb, &pixels), jpeg] {
        for width in [128, 100, 64, 32, 16] {
            let linear = brightness(&source, &format!("format=png&width={width}&down.colorspace=linear"));
            assert!((linear - 187.5).abs() < 1.5, "{width}: {linear}");
            let encoded = brightness(&source, &format!("format=png&width={width}"));
            assert!((encoded - 127.5).abs() < 1.5, "{width}: {encoded}");
        }
    }
}

/// Between a black and a white pixel lies half of the light.
#[test]
fn enlarged_edge_is_brighter_in_linear_light() {
    let source = make::png(2, 1, ColorType::Rgb, &[[0; 3], [255; 3]].concat());
    let query = "format=png&width=5&height=1&mode=stretch&scale=both&up.filter=triangle";
    let middle = |more: &str| View::of(&process(&source, &format!("{query}{more}")).unwrap()).pixel(2, 0)[0];
    assert_eq!(middle("&up.colorspace=linear"), 188);
    assert_eq!(middle(""), 128);
    assert_eq!(middle("&down.colorspace=linear"), 128);
}

/// The pixels from a JPEG are those from a PNG of all its pixels, exactly, where the decoder has to leave the whole
/// scaling to the filter; and others where it may take a part of it.
#[test]
fn precise_ratio_decides_the_scale_of_decoding() {
    let source = make::jpeg(400, 320, &make::busy(400, 320));
    let all = process(&source, "format=png").unwrap().bytes;
    let scaled = |source: &[u8], query: &str| process(source, &format!("format=png&{query}")).unwrap().bytes;
    let check = |width: u32, ratio: &str, whole: bool| {
        let expected = scaled(&all, &format!("width={width}"));
        let ratio = format!("width={width}&decoder.min_precise_scaling_ratio={ratio}");
        assert_eq!(scaled(&source, &ratio) == expected, whole, "{ratio}");
    };
    check(50, "8.1", true);
    check(50, "4", false);
    check(190, "1", false);
    check(190, "2.1", true);
    check(95, "2.1", false);
}

/// A JPEG that is decoded whole takes more memory, and the header tells.
#[test]
fn prediction_knows_the_scale_of_decoding() {
    let source = make::jpeg(1600, 1200, &make::busy(1600, 1200));
    let info = inspect(&source, &Limits::default(), &resizer_imaging::Cancel::new()).unwrap();
    let bytes = |query: &str| predict(&info, &job(query, &Limits::default())).unwrap().peak_bytes;
    assert!(bytes("width=100") < bytes("width=100&decoder.min_precise_scaling_ratio=16"));
    assert!(bytes("width=100") < bytes("width=100&down.colorspace=linear"));
}

/// The box filter takes the mean of the pixels that each pixel of the result covers.
#[test]
fn box_filter_takes_the_mean() {
    let pixels = make::busy(40, 40);
    let source = make::png(40, 40, ColorType::Rgb, &pixels);
    let view = View::of(&process(&source, "format=png&width=10&down.filter=box").unwrap());
    for (x, y) in [(0, 0), (3, 7), (9, 9)] {
        for channel in 0..3 {
            let sum: u32 = (0..4)
                .flat_map(|row| (0..4).map(move |column| (4 * x + column, 4 * y + row)))
                .map(|(column, row)| u32::from(pixels[((row * 40 + column) * 3) as usize + channel]))
                .sum();
            let found = view.pixel(x, y)[channel];
            assert!(
                (f64::from(found) - f64::from(sum) / 16.0).abs() <= 0.51,
                "{x}, {y}: {found}"
            );
        }
    }
}

#[test]
fn ignored_alpha_shows_the_colours_below() {
    let source = make::png(8, 8, ColorType::Rgba, &[9, 80, 200, 0].repeat(64));
    for query in ["format=png&f.ignorealpha=true", "format=png&width=4&f.ignorealpha=true"] {
        let view = View::of(&process(&source, query).unwrap());
        assert!(view.is_all(&[9, 80, 200], 0), "{query}: {:?}", &view.pixels[..8]);
    }
}

/// Frames pass through the filter one by one.
#[test]
fn animation_is_scaled_in_linear_light() {
    let palette = [0, 0, 0, 255, 255, 255];
    let frames: Vec<Vec<u8>> = (0..2)
        .map(|first| (0..64 * 64).map(|at| ((at / 64 + at + first) % 2) as u8).collect())
        .collect();
    let mut source = Vec::new();
    let mut encoder = gif::Encoder::new(&mut source, 64, 64, &palette).unwrap();
    for pixels in frames {
        let frame = gif::Frame {
            width: 64,
            height: 64,
            delay: 7,
            buffer: pixels.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    let encoded = process(
        &source,
        "format=webp&webp.lossless=true&width=16&down.colorspace=linear",
    )
    .unwrap();
    let animation = crate::view::Animation::of(&encoded);
    assert_eq!(animation.frames.len(), 2);
    for frame in animation.frames {
        let pixel = &frame.pixels[(8 * 16 + 8) * 4..][..4];
        assert!(pixel[1].abs_diff(188) <= 1, "{pixel:?}");
        assert_eq!(frame.delay, 70);
    }
}
