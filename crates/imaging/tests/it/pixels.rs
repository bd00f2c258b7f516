//! Colours, transparency and background of results.

use png::ColorType;

use crate::view::{View, near};
use crate::{make, process};

#[track_caller]
fn check_all(source: &[u8], query: &str, pixel: &[u8], tolerance: u8) {
    let view = View::of(&process(source, query).unwrap());
    assert!(
        view.is_all(pixel, tolerance),
        "`{query}`: {} channels, {:?}",
        view.channels,
        &view.pixels[..8]
    );
}

#[test]
fn picture_of_one_colour_keeps_it_in_every_format_and_size() {
    let rgb = make::png(40, 30, ColorType::Rgb, &[200, 100, 50].repeat(1200));
    let gray = make::png(40, 30, ColorType::Grayscale, &[77].repeat(1200));
    let jpeg = make::jpeg(40, 30, &[200, 100, 50].repeat(1200));
    for size in [
        "",
        "&width=10",
        "&width=7&height=29&mode=stretch",
        "&width=100&scale=both",
        "&width=20&srotate=90",
    ] {
        check_all(&rgb, &format!("format=png{size}"), &[200, 100, 50], 0);
        check_all(&rgb, &format!("format=jpg{size}"), &[200, 100, 50], 3);
        check_all(
            &rgb,
            &format!("format=jpg&jpeg.progressive=true{size}"),
            &[200, 100, 50],
            3,
        );
        check_all(&jpeg, &format!("format=png{size}"), &[200, 100, 50], 3);
        // One channel stays one channel.
        check_all(&gray, &format!("format=png{size}"), &[77], 0);
        check_all(&gray, &format!("format=jpg{size}"), &[77], 1);
    }
}

#[test]
fn unscaled_window_is_exact() {
    let pixels = make::busy(50, 40);
    let source = make::png(50, 40, ColorType::Rgb, &pixels);
    let view = View::of(&process(&source, "crop=7,11,37,31&format=png").unwrap());
    let expected: Vec<u8> = (11..31)
        .flat_map(|y| pixels[(y * 50 + 7) * 3..(y * 50 + 37) * 3].to_vec())
        .collect();
    assert_eq!((view.width, view.height, view.channels), (30, 20, 3));
    assert_eq!(view.pixels, expected);
}

#[test]
fn transparency_is_kept_where_the_format_can() {
    let half_red = make::png(20, 20, ColorType::Rgba, &[255, 0, 0, 128].repeat(400));
    let opaque = make::png(20, 20, ColorType::Rgba, &[255, 0, 0, 255].repeat(400));
    let half_gray = make::png(20, 20, ColorType::GrayscaleAlpha, &[100, 51].repeat(400));
    check_all(&half_red, "format=png&width=10", &[255, 0, 0, 128], 0);
    check_all(&half_gray, "format=png&width=10", &[100, 51], 0);
    // An alpha channel that is opaque everywhere is dropped.
    check_all(&opaque, "format=png&width=10", &[255, 0, 0], 0);
    // JPEG shows white below: 255*128/255 + 255*127/255 red, 127 of green and blue.
    check_all(&half_red, "format=jpg&width=16", &[255, 127, 127], 4);
    check_all(&half_red, "format=jpg&width=16&bgcolor=000", &[128, 0, 0], 4);
    // A fifth of 100 over four fifths of white is 224.
    check_all(&half_gray, "format=jpg&width=16", &[224], 1);
    check_all(&half_red, "format=png&bgcolor=00f", &[128, 0, 127], 0);
    // A half transparent background below: alpha 128 + 128 * 127/255 = 191.7.
    check_all(&half_red, "format=png&bgcolor=ff000080", &[255, 0, 0, 192], 0);
}

/// A 20 x 10 picture in the middle of 20 x 20: rows 0 to 4 and 15 to 19 are padding.
#[test]
fn padding_has_the_colour_of_the_background() {
    let red = make::png(20, 10, ColorType::Rgb, &[255, 0, 0].repeat(200));
    let gray = make::png(20, 10, ColorType::Grayscale, &[9].repeat(200));
    let check = |source: &[u8], query: &str, padding: &[u8], picture: &[u8], tolerance: u8| {
        let view = View::of(&process(source, &format!("width=20&height=20&scale=both&{query}")).unwrap());
        for (y, expected) in [
            (0, padding),
            (4, padding),
            (5, picture),
            (14, picture),
            (15, padding),
            (19, padding),
        ] {
            for x in [0, 10, 19] {
                assert!(
                    near(view.pixel(x, y), expected, tolerance),
                    "`{query}` at {x}, {y}: {:?}",
                    view.pixel(x, y)
                );
            }
        }
    };
    check(&red, "format=png", &[0, 0, 0, 0], &[255, 0, 0, 255], 0);
    check(&red, "format=png&bgcolor=lime", &[0, 255, 0], &[255, 0, 0], 0);
    check(&red, "format=png&bgcolor=0f08", &[0, 255, 0, 136], &[255, 0, 0, 255], 0);
    check(&gray, "format=png", &[0, 0], &[9, 255], 0);
    check(&gray, "format=png&bgcolor=808080", &[128], &[9], 0);
    check(&gray, "format=png&bgcolor=red", &[255, 0, 0], &[9, 9, 9], 0);
    check(&gray, "format=jpg&quality=100", &[255], &[9], 2);
    // Half red over white.
    check(
        &gray,
        "format=jpg&quality=100&bgcolor=ff000080",
        &[255, 127, 127],
        &[9, 9, 9],
        4,
    );
}

/// Four inks without ink are white paper. Full black is black.
#[test]
fn four_inks_become_three_colours() {
    let check = |inks: [u8; 4], expected: [u8; 3]| {
        let colour = jpeg_encoder::ColorType::Cmyk;
        let jpeg = make::jpeg_of_kind(make::Kind::Baseline444, 16, 16, &inks.repeat(256), colour);
        check_all(&jpeg, "format=png", &expected, 4);
    };
    check([0, 0, 0, 0], [255, 255, 255]);
    check([0, 0, 0, 255], [0, 0, 0]);
    check([255, 0, 0, 0], [0, 255, 255]);
}

/// A higher quality gives a larger file, and above 90 thin coloured lines keep their colour.
#[test]
fn higher_quality_gives_larger_files_and_finer_colour() {
    let pixels = make::pixels(64, 64, |x, _| if x % 2 == 0 { [255, 0, 0] } else { [0, 0, 255] });
    let source = make::png(64, 64, ColorType::Rgb, &pixels);
    let lengths: Vec<usize> = [10, 50, 90, 100]
        .map(|quality| process(&source, &format!("quality={quality}")).unwrap().bytes.len())
        .into();
    assert!(lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
    let red = |query: &str| View::of(&process(&source, query).unwrap()).pixel(20, 20)[0];
    assert!(red("quality=95") > 230, "a red line stays red");
    assert!(
        red("quality=90") < 200,
        "at lower quality neighbours share their colour"
    );
}
