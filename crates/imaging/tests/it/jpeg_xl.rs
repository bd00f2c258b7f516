//! JPEG XL in and out. `jixel` writes the sources and `jxl` reads the results, so that each half of the codec meets
//! the other maker's half.

use jixel::{EncodeConfig, Speed};
use resizer_imaging::{Cancel, Channels, Format, ImageError, Limits, Orientation, inspect, predict};

use crate::profiles::{Curve, DISPLAY_P3, in_srgb, screen};
use crate::view::{View, near};
use crate::{job, make, process};

const WIDTH: u32 = 75;
const HEIGHT: u32 = 53;

fn settings() -> EncodeConfig {
    EncodeConfig {
        num_threads: 1,
        speed: Speed::Fastest,
        ..EncodeConfig::default()
    }
}

fn lossless() -> EncodeConfig {
    EncodeConfig {
        lossless: true,
        ..settings()
    }
}

/// A file of a picture with this many channels.
pub(crate) fn source(width: u32, height: u32, channels: usize, pixels: &[u8], settings: &EncodeConfig) -> Vec<u8> {
    let (width, height) = (width as usize, height as usize);
    match channels {
        1 => jixel::encode_image_gray(pixels, width, height, settings),
        2 => jixel::encode_image_gray_alpha(pixels, width, height, settings),
        3 => jixel::encode_image(pixels, width, height, settings),
        _ => jixel::encode_image_with_alpha(pixels, width, height, settings),
    }
    .unwrap()
}

/// Small files of each kind, with names.
pub(crate) fn sources() -> Vec<(&'static str, Vec<u8>)> {
    let rgb = make::busy(24, 16);
    let rgba = smooth_rgba(24, 16);
    let gray = make::pixels(24, 16, |x, y| [(x * 9 + y) as u8]);
    let file = source(24, 16, 3, &rgb, &settings());
    let fast = EncodeConfig {
        speed: Speed::UltraFast,
        ..settings()
    };
    vec![
        ("lossy", file.clone()),
        ("lossy_with_alpha", source(24, 16, 4, &rgba, &fast)),
        ("lossy_gray", source(24, 16, 1, &gray, &settings())),
        ("lossless", source(24, 16, 3, &rgb, &lossless())),
        ("lossless_with_alpha", source(24, 16, 4, &rgba, &lossless())),
        (
            "container",
            container(&[(b"Exif", b"\0\0\0\0MM\0*\0\0\0\x08\0\0")], &file),
        ),
    ]
}

fn smooth_rgb(width: u32, height: u32) -> Vec<u8> {
    make::pixels(width, height, |x, y| {
        let wave = |at: u32, length: f64| (127.5 + 100.0 * (f64::from(at) / length).sin()) as u8;
        [wave(x, 30.0), wave(y, 25.0), wave(x + y, 40.0)]
    })
}

fn smooth_rgba(width: u32, height: u32) -> Vec<u8> {
    let rgb = smooth_rgb(width, height);
    let alphas = make::pixels(width, height, |x, y| [200_u8.saturating_sub((x + y) as u8)]);
    let pixels = rgb.chunks(3).zip(alphas);
    pixels
        .flat_map(|(pixel, alpha)| [pixel[0], pixel[1], pixel[2], alpha])
        .collect()
}

/// A container written by hand (ISO/IEC 18181-2, 9): signature, type of file, boxes, codestream.
fn container(boxes: &[(&[u8; 4], &[u8])], codestream: &[u8]) -> Vec<u8> {
    let mut file = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl ".to_vec();
    for (kind, body) in boxes.iter().copied().chain([(b"jxlc", codestream)]) {
        file.extend((8 + body.len() as u32).to_be_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(body);
    }
    file
}

fn mean_difference(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let sum: u64 = one.iter().zip(other).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.len() as f64
}

#[test]
fn lossless_source_is_decoded_exactly() {
    let rgb = make::busy(WIDTH, HEIGHT);
    let rgba = smooth_rgba(WIDTH, HEIGHT);
    let gray = make::pixels(WIDTH, HEIGHT, |x, y| [(x * 3 + y) as u8]);
    for (channels, expected, pixels) in [
        (3, Channels::Rgb, &rgb),
        (4, Channels::Rgba, &rgba),
        (1, Channels::Gray, &gray),
    ] {
        let file = source(WIDTH, HEIGHT, channels, pixels, &lossless());
        for file in [container(&[], &file), file] {
            let info = inspect(&file, &Limits::default(), &Cancel::new()).unwrap();
            assert_eq!((info.format, info.width, info.height), (Format::JpegXl, WIDTH, HEIGHT));
            assert_eq!((info.channels, info.lossless, info.frames), (expected, true, 1));
            let view = View::of(&process(&file, "format=png").unwrap());
            assert!(view.pixels == *pixels, "{channels} channels");
        }
    }
}

#[test]
fn lossy_source_is_decoded_closely() {
    let rgb = smooth_rgb(WIDTH, HEIGHT);
    let file = source(WIDTH, HEIGHT, 3, &rgb, &settings());
    let info = inspect(&file, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(
        (info.channels, info.lossless, info.profile_bytes),
        (Channels::Rgb, false, 0)
    );
    let view = View::of(&process(&file, "format=png").unwrap());
    assert!(mean_difference(&view.pixels, &rgb) < 2.0);
}

#[test]
fn orientation_of_the_codestream_is_applied() {
    let rgb = make::quadrants(24, 16);
    let expected =
        View::of(&process(&make::jpeg_with_orientation(&make::jpeg(24, 16, &rgb), 6), "format=png").unwrap());
    let turned = EncodeConfig {
        orientation: jixel::Orientation::Rotate90,
        ..lossless()
    };
    let file = source(24, 16, 3, &rgb, &turned);
    let info = inspect(&file, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.orientation, Orientation::from_exif(6));
    let view = View::of(&process(&file, "format=png").unwrap());
    assert_eq!((view.width, view.height), (16, 24));
    assert!(
        near(&view.pixels, &expected.pixels, 40),
        "the JPEG of the same picture is only near"
    );
}

/// A lossless file keeps its profile, by which its colours become sRGB, as those of a PNG do.
#[test]
fn colour_profile_of_a_source_is_applied() {
    let profile = screen(DISPLAY_P3, Curve::Srgb);
    let colour = [200, 120, 60];
    let settings = EncodeConfig {
        icc_profile: Some(profile.clone()),
        ..lossless()
    };
    let file = source(16, 16, 3, &colour.repeat(256), &settings);
    let info = inspect(&file, &Limits::default(), &Cancel::new()).unwrap();
    assert_eq!(info.profile_bytes, profile.len() as u64);
    let view = View::of(&process(&file, "format=png").unwrap());
    let expected = in_srgb(DISPLAY_P3, Curve::Srgb, colour);
    assert!(view.is_all(&expected, 1), "{:?} is not {expected:?}", &view.pixels[..3]);
    let view = View::of(&process(&file, "format=png&ignoreicc=true").unwrap());
    assert!(view.is_all(&colour, 0));
}

/// Sizes on both sides of a block of 8, of a group of 256, and of a row of one pixel.
const SIDES: [u32; 12] = [1, 2, 7, 8, 9, 16, 31, 64, 65, 255, 256, 257];

fn every_channel_at(width: u32, height: u32) {
    let (rgb, rgba) = (smooth_rgb(width, height), smooth_rgba(width, height));
    for (colour, pixels) in [(png::ColorType::Rgb, &rgb), (png::ColorType::Rgba, &rgba)] {
        let png = make::png(width, height, colour, pixels);
        let about = format!("{width} x {height}, {colour:?}");
        let encoded = process(&png, "format=jxl&quality=95").unwrap();
        assert_eq!(encoded.format, Format::JpegXl);
        let view = View::of(&encoded);
        assert!(mean_difference(&view.pixels, pixels) < 2.5, "{about}");
        let view = View::of(&process(&png, "format=jxl&jxl.lossless=true").unwrap());
        assert!(view.pixels == *pixels, "{about}, lossless");
    }
}

#[test]
fn result_of_any_size_is_shown_by_another_decoder() {
    for width in SIDES {
        for height in SIDES {
            every_channel_at(width, height);
        }
    }
}

/// Takes an hour of processor time.
#[test]
#[ignore = "long: run it after an update of the encoder"]
fn result_of_every_size_up_to_300_is_shown_by_another_decoder() {
    for width in 1..=300 {
        for height in 1..=300 {
            every_channel_at(width, height);
        }
    }
}

#[test]
fn lossless_result_is_exact_at_each_effort() {
    let rgba = smooth_rgba(WIDTH, HEIGHT);
    let png = make::png(WIDTH, HEIGHT, png::ColorType::Rgba, &rgba);
    for effort in [1, 3, 4, 9] {
        let view = View::of(&process(&png, &format!("format=jxl&jxl.lossless=keep&jxl.effort={effort}")).unwrap());
        assert!(view.pixels == rgba, "effort {effort}");
    }
    let gray = make::pixels(WIDTH, HEIGHT, |x, y| [(x * 3 + y) as u8]);
    let png = make::png(WIDTH, HEIGHT, png::ColorType::Grayscale, &gray);
    let view = View::of(&process(&png, "format=jxl&lossless=true").unwrap());
    assert_eq!((view.channels, view.pixels == gray), (1, true));
}

#[test]
fn distance_and_quality_decide_the_bytes() {
    let png = make::png(200, 150, png::ColorType::Rgb, &make::busy(200, 150));
    let bytes = |query: &str| process(&png, &format!("format=jxl&{query}")).unwrap().bytes;
    let of_each = [
        bytes("quality=30"),
        bytes("quality=80"),
        bytes("jxl.quality=95"),
        bytes("jxl.distance=0.1"),
    ];
    let lengths = of_each.each_ref().map(Vec::len);
    assert!(lengths.is_sorted() && lengths[0] < lengths[3], "{lengths:?}");
    assert_eq!(bytes("quality=90"), bytes("jxl.distance=1"));
    assert_eq!(bytes("quality=10&jxl.quality=90"), bytes("jxl.quality=90"));
}

/// Of an animation that libjxl's format describes, only stills are written here.
#[test]
fn animation_becomes_a_still_jpeg_xl() {
    let source = crate::files::animated_webp(
        8,
        8,
        0,
        &[
            ([0, 0, 8, 8], [255, 0, 0, 255], 100, 0),
            ([0, 0, 8, 8], [0, 0, 255, 255], 100, 0),
        ],
    );
    let view = View::of(&process(&source, "format=jxl&jxl.lossless=true").unwrap());
    assert!(view.is_all(&[255, 0, 0], 0));
}

/// The encoder cannot be stopped, so that its pixels are bounded.
#[test]
fn result_of_too_many_pixels_is_refused() {
    let png = make::png(4, 4, png::ColorType::Rgb, &[0; 48]);
    let info = inspect(&png, &Limits::default(), &Cancel::new()).unwrap();
    let refused = |query: &str| predict(&info, &job(query, &Limits::default())).map_err(|error| error.to_string());
    let large = "format=jxl&scale=both&mode=stretch&width=6000&height=4001";
    assert_eq!(
        refused(large),
        Err("the requested image has 24006000 pixels; `JPEG XL` allows 24000000".to_owned())
    );
    assert!(refused("format=jxl&scale=both&mode=stretch&width=6000&height=4000").is_ok());
}

#[test]
fn damaged_source_is_an_error() {
    for (name, file) in sources() {
        for length in [12, file.len() / 2, file.len() - 3] {
            let result = process(&file[..length], "format=png");
            assert!(
                matches!(result, Err(ImageError::Corrupt { .. })),
                "{name}, {length} of {} bytes: {result:?}",
                file.len()
            );
        }
    }
}

#[test]
fn source_beyond_the_limits_is_refused_by_its_header() {
    let file = source(WIDTH, HEIGHT, 3, &make::busy(WIDTH, HEIGHT), &settings());
    let limits = Limits {
        max_source_side: 70,
        ..Limits::default()
    };
    let error = inspect(&file, &limits, &Cancel::new()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the source image has 75 pixels on its longest side; `max_source_side` allows 70"
    );
}
