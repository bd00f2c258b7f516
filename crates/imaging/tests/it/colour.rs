//! Colour profiles and inks: flat fields against formulas.

use jpeg_encoder::ColorType as JpegColour;
use png::ColorType;

use crate::make::{self, Kind};
use crate::profiles::{ADOBE_RGB, Curve, DISPLAY_P3, SRGB, gray_of, grays, in_srgb, screen, srgb_byte, table};
use crate::view::View;
use crate::{files, process};

const ADOBE_GAMMA: Curve = Curve::Gamma(2.199_218_75);

#[track_caller]
fn check(about: &str, source: &[u8], query: &str, pixel: &[u8], tolerance: u8) {
    let view = View::of(&process(source, query).unwrap());
    assert!(
        view.is_all(pixel, tolerance),
        "{about}, `{query}`: {:?}, not {pixel:?}",
        view.pixel(3, 3)
    );
}

/// A JPEG with a profile in pieces of this many bytes (ICC.1:2022, B.4).
fn jpeg_with_profile(jpeg: &[u8], profile: &[u8], piece_bytes: usize) -> Vec<u8> {
    let pieces: Vec<&[u8]> = profile.chunks(piece_bytes).collect();
    let count = pieces.len() as u8;
    // Each piece is put in front of those before, so the file has them from last to first.
    (1..).zip(pieces).fold(jpeg.to_vec(), |jpeg, (number, piece)| {
        let body = [&b"ICC_PROFILE\0"[..], &[number, count], piece].concat();
        make::with_segment(&jpeg, 0xe2, &body)
    })
}

/// A PNG with a profile chunk: a name, compression 0, and the profile in one stored block (RFC 1950).
fn png_with_profile(png: &[u8], profile: &[u8]) -> Vec<u8> {
    let body = [&b"icc\0\0"[..], &make::stored(profile)].concat();
    make::with_chunk(png, b"iCCP", &body)
}

fn webp_with_profile(pixels: &[u8], profile: &[u8]) -> Vec<u8> {
    const PROFILE: u8 = 0x20;
    let plain = files::lossless_webp(8, 8, pixels);
    files::extended_webp(&plain, 8, 8, PROFILE, &files::riff_chunk(b"ICCP", profile), &[])
}

fn tiff_with_profile(meaning: u16, samples: usize, pixels: &[u8], profile: &[u8]) -> Vec<u8> {
    let mut tags = files::tags(8, 8, &vec![8; samples], 1, meaning);
    tags.push((34_675, files::Value::Bytes(profile.to_vec())));
    let chunks = vec![pixels.to_vec()];
    files::tiff(false, vec![files::Page { tags, chunks }])
}

#[test]
fn profile_of_every_format_is_applied() {
    let profile = screen(DISPLAY_P3, Curve::Srgb);
    for colour in [
        [200, 100, 50],
        [30, 180, 90],
        [128, 128, 128],
        [255, 0, 0],
        [0, 255, 0],
        [20, 30, 60],
    ] {
        let expected = in_srgb(DISPLAY_P3, Curve::Srgb, colour);
        let pixels = colour.repeat(64);
        let png = make::png(8, 8, ColorType::Rgb, &pixels);
        check("PNG", &png_with_profile(&png, &profile), "format=png", &expected, 2);
        check(
            "PNG",
            &png_with_profile(&png, &profile),
            "format=png&width=4",
            &expected,
            2,
        );
        check(
            "PNG",
            &png_with_profile(&png, &profile),
            "format=png&ignoreicc=true",
            &colour,
            0,
        );
        check("PNG", &png, "format=png", &colour, 0);
        check(
            "WebP",
            &webp_with_profile(&pixels, &profile),
            "format=png",
            &expected,
            2,
        );
        check(
            "TIFF",
            &tiff_with_profile(2, 3, &pixels, &profile),
            "format=png",
            &expected,
            2,
        );
        let rgba: Vec<u8> = [colour[0], colour[1], colour[2], 100].repeat(64);
        let png = png_with_profile(&make::png(8, 8, ColorType::Rgba, &rgba), &profile);
        let [red, green, blue] = expected;
        check("RGBA", &png, "format=png", &[red, green, blue, 100], 2);
    }
    // A JPEG changes colours a little by itself.
    let colour = [200, 100, 50];
    let jpeg = make::jpeg(8, 8, &colour.repeat(64));
    let expected = in_srgb(DISPLAY_P3, Curve::Srgb, colour);
    for piece_bytes in [10_000, 100] {
        let source = jpeg_with_profile(&jpeg, &profile, piece_bytes);
        check("JPEG", &source, "format=png", &expected, 5);
        check("JPEG", &source, "format=png&ignoreicc=1", &colour, 3);
    }
    assert!(expected[0] > 206, "the profile makes a difference: {expected:?}");
}

#[test]
fn curves_and_primaries_are_applied() {
    let profile = screen(ADOBE_RGB, ADOBE_GAMMA);
    for colour in [[200, 100, 50], [60, 200, 90], [17, 17, 17], [90, 90, 200]] {
        let source = png_with_profile(&make::png(8, 8, ColorType::Rgb, &colour.repeat(64)), &profile);
        let expected = in_srgb(ADOBE_RGB, ADOBE_GAMMA, colour);
        check("Adobe RGB", &source, "format=png", &expected, 2);
    }
    // sRGB itself is recognised, so no value changes at all.
    let profile = screen(SRGB, Curve::Srgb);
    let pixels = make::busy(8, 8);
    let plain = make::png(8, 8, ColorType::Rgb, &pixels);
    let view = View::of(&process(&png_with_profile(&plain, &profile), "format=png").unwrap());
    assert_eq!(view.pixels, pixels);
}

#[test]
fn grey_profile_is_applied() {
    for gray in [0, 40, 128, 200, 255_u8] {
        let plain = make::png(8, 8, ColorType::Grayscale, &[gray].repeat(64));
        let linear = (f64::from(gray) / 255.0).powf(1.8);
        let source = png_with_profile(&plain, &grays(Curve::Gamma(1.8)));
        check("grey", &source, "format=png", &[srgb_byte(linear)], 2);
        let alpha = make::png(8, 8, ColorType::GrayscaleAlpha, &[gray, 77].repeat(64));
        let source = png_with_profile(&alpha, &grays(Curve::Gamma(1.8)));
        check("grey and alpha", &source, "format=png", &[srgb_byte(linear), 77], 2);
        // A grey picture with a colour profile follows the profile's curve.
        let linear = ADOBE_GAMMA.decode(f64::from(gray) / 255.0);
        let source = png_with_profile(&plain, &screen(ADOBE_RGB, ADOBE_GAMMA));
        check("grey in colours", &source, "format=png", &[srgb_byte(linear)], 2);
    }
}

/// Lightness depends on green alone: red and blue are black.
#[test]
fn tables_are_looked_up() {
    let profile = table(b"RGB ", 3, true, |rgb| f64::from(rgb[1]));
    for (colour, lightness) in [
        ([255, 0, 255], 0.0),
        ([0, 255, 0], 1.0),
        ([255, 255, 0], 1.0),
        ([9, 128, 200], 128.0 / 255.0),
    ] {
        let source = png_with_profile(&make::png(8, 8, ColorType::Rgb, &colour.repeat(64)), &profile);
        let gray = gray_of(lightness);
        check("table", &source, "format=png", &[gray; 3], 2);
    }
}

/// (1 - ink)(1 - black) of white, for each ink.
fn plain([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    [cyan, magenta, yellow].map(|ink| {
        let left = |ink: u8| 1.0 - f64::from(ink) / 255.0;
        (left(ink) * left(black) * 255.0).round() as u8
    })
}

const INKS: [[u8; 4]; 6] = [
    [0, 0, 0, 0],
    [0, 0, 0, 255],
    [255, 0, 0, 0],
    [0, 200, 30, 0],
    [40, 80, 120, 50],
    [0, 0, 0, 128],
];

#[test]
fn inks_without_a_profile_follow_a_formula() {
    for inks in INKS {
        for colour in [JpegColour::Cmyk, JpegColour::CmykAsYcck] {
            let source = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &inks.repeat(256), colour);
            check(&format!("{inks:?} {colour:?}"), &source, "format=png", &plain(inks), 4);
        }
        let source = files::plain_tiff(8, 8, 5, 4, &inks.repeat(64));
        check(&format!("{inks:?}"), &source, "format=png", &plain(inks), 0);
    }
}

/// Inks of a JPEG are inverted, whether a segment of Adobe's says so or not. The encoder writes inverted inks.
#[test]
fn inks_without_adobes_segment_are_inverted_too() {
    for inks in INKS {
        let source = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &inks.repeat(256), JpegColour::Cmyk);
        let at = source.windows(7).position(|bytes| &bytes[2..] == b"\0\x0eAdo").unwrap();
        let without = [&source[..at], &source[at + 16..]].concat();
        check(&format!("{inks:?}"), &without, "format=png", &plain(inks), 4);
    }
}

/// A transform that does not fit four components counts as the usual one, YCCK.
#[test]
fn inks_with_an_unknown_transform_are_converted() {
    for transform in [1, 7] {
        let inks = INKS[4];
        let mut source = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &inks.repeat(256), JpegColour::CmykAsYcck);
        let at = source.windows(5).position(|bytes| bytes == b"Adobe").unwrap() + 11;
        assert_eq!(source[at], 2);
        source[at] = transform;
        check(
            &format!("transform {transform}"),
            &source,
            "format=png",
            &plain(inks),
            4,
        );
    }
}

/// Inside of a TIFF the samples are inks as the TIFF means them: the file's Adobe segment does not count.
#[test]
fn inks_of_a_jpeg_inside_of_a_tiff_are_not_inverted() {
    // The encoder inverts inks, so it is given inverted ones.
    let inks = INKS[4];
    let inverted = inks.map(|ink| 255 - ink).repeat(256);
    let strip = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &inverted, JpegColour::Cmyk);
    assert!(strip.windows(5).any(|bytes| bytes == b"Adobe"));
    let page = files::Page {
        tags: files::tags(16, 16, &[8; 4], 7, 5),
        chunks: vec![strip],
    };
    check("TIFF", &files::tiff(true, vec![page]), "format=png", &plain(inks), 4);
}

/// The profile of a press that knows only black ink: 0 to 1 becomes a lightness of 1 to 0.
#[test]
fn inks_with_a_profile_follow_its_table() {
    for wide in [false, true] {
        let profile = table(b"CMYK", 4, wide, |inks| 1.0 - f64::from(inks[3]));
        for inks in INKS {
            let gray = gray_of(1.0 - f64::from(inks[3]) / 255.0);
            let source = tiff_with_profile(5, 4, &inks.repeat(64), &profile);
            check(&format!("TIFF {inks:?}"), &source, "format=png", &[gray; 3], 2);
            let jpeg = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &inks.repeat(256), JpegColour::CmykAsYcck);
            let source = jpeg_with_profile(&jpeg, &profile, 60_000);
            check(&format!("JPEG {inks:?}"), &source, "format=png", &[gray; 3], 4);
            check(
                &format!("JPEG {inks:?}"),
                &source,
                "format=png&ignoreicc=true",
                &plain(inks),
                4,
            );
        }
    }
}

/// A profile that is unreadable or does not fit counts as absent, and never fails a job.
#[test]
fn invalid_profile_is_ignored() {
    let colour = [200, 100, 50];
    let rgb = make::png(8, 8, ColorType::Rgb, &colour.repeat(64));
    let gray = make::png(8, 8, ColorType::Grayscale, &[99].repeat(64));
    let screen = screen(DISPLAY_P3, Curve::Srgb);
    let black_only = table(b"CMYK", 4, false, |inks| 1.0 - f64::from(inks[3]));
    for profile in [
        b"nonsense".to_vec(),
        screen[..100].to_vec(),
        screen[..screen.len() / 2].to_vec(),
        grays(Curve::Gamma(1.0)),
        black_only.clone(),
    ] {
        check("RGB", &png_with_profile(&rgb, &profile), "format=png", &colour, 0);
    }
    check("grey", &png_with_profile(&gray, &black_only), "format=png", &[99], 0);
    let jpeg = make::jpeg_of_kind(Kind::Baseline444, 16, 16, &[0, 0, 0, 255].repeat(256), JpegColour::Cmyk);
    check(
        "inks",
        &jpeg_with_profile(&jpeg, &screen, 60_000),
        "format=png",
        &[0; 3],
        3,
    );
    // A piece is missing.
    let whole = jpeg_with_profile(&make::jpeg(8, 8, &colour.repeat(64)), &screen, 100);
    let last = whole.windows(12).position(|bytes| bytes == b"ICC_PROFILE\0").unwrap();
    let mut incomplete = whole;
    incomplete[last] = b'X';
    check("a piece less", &incomplete, "format=png", &colour, 3);
}

/// Any result is fine, as long as there is one, whichever byte of a profile is changed.
#[test]
fn damaged_profile_does_not_panic() {
    let pixels = [40, 80, 120, 50].repeat(64);
    let screen = screen(DISPLAY_P3, Curve::Srgb);
    let press = table(b"CMYK", 4, true, |inks| 1.0 - f64::from(inks[3]));
    for (profile, meaning, samples) in [(screen, 2, 3), (press, 5, 4)] {
        for index in 0..profile.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut changed = profile.clone();
                changed[index] ^= change;
                let source = tiff_with_profile(meaning, samples, &pixels[..64 * samples], &changed);
                process(&source, "format=png").unwrap();
            }
        }
    }
}

/// Thin coloured lines lose their colour to their neighbours where its resolution is halved across them.
#[test]
fn subsampling_decides_the_resolution_of_colour() {
    let lines = |vertical: bool| {
        let pixels = make::pixels(64, 64, |x, y| {
            if (if vertical { x } else { y }) % 2 == 0 {
                [255, 0, 0]
            } else {
                [0, 0, 255]
            }
        });
        make::png(64, 64, ColorType::Rgb, &pixels)
    };
    let check = |query: &str, vertical_stays: bool, horizontal_stays: bool| {
        for (source, stays) in [(lines(true), vertical_stays), (lines(false), horizontal_stays)] {
            for more in ["", "&jpeg.progressive=true"] {
                let encoded = process(&source, &format!("{query}{more}")).unwrap();
                let red = View::of(&encoded).pixel(20, 20)[0];
                assert_eq!(red > 220, stays, "{query}{more}: {red}");
            }
        }
    };
    check("quality=90", false, false);
    check("quality=90&subsampling=422", false, true);
    check("quality=90&subsampling=444", true, true);
    check("quality=98", true, true);
    check("quality=98&subsampling=422", false, true);
    check("quality=98&subsampling=420", false, false);
}
