//! The keys `s.*`, `a.sepia` and `noalpha`.

use png::ColorType;

use super::{check_formula, colours, filtered, shown};
use crate::view::{View, near};
use crate::{make, process};

fn weighted(weights: [f64; 3]) -> impl Fn([f64; 3]) -> [f64; 3] {
    move |colour| [colour.iter().zip(weights).map(|(value, weight)| value * weight).sum(); 3]
}

fn sepia([red, green, blue]: [f64; 3]) -> [f64; 3] {
    [
        0.393 * red + 0.769 * green + 0.189 * blue,
        0.349 * red + 0.686 * green + 0.168 * blue,
        0.272 * red + 0.534 * green + 0.131 * blue,
    ]
}

#[test]
fn each_colour_filter_follows_its_formula() {
    for kind in ["true", "y", "ntsc"] {
        check_formula(&format!("s.grayscale={kind}"), weighted([0.229, 0.587, 0.114]));
    }
    check_formula("s.grayscale=ry", weighted([0.5, 0.419, 0.081]));
    check_formula("s.grayscale=bt709", weighted([0.2125, 0.7154, 0.0721]));
    check_formula("s.grayscale=flat", weighted([0.5, 0.5, 0.5]));
    check_formula("filter=grayscale", weighted([0.5, 0.5, 0.5]));
    check_formula("s.sepia=true", sepia);
    check_formula("s.invert=true", |colour| colour.map(|value| 255.0 - value));
    for brightness in [-0.4, 0.2, 1.0] {
        check_formula(&format!("s.brightness={brightness}"), |colour| {
            colour.map(|value| value + 255.0 * brightness)
        });
    }
    for contrast in [-1.0, -0.3, 0.5, 2.0] {
        check_formula(&format!("s.contrast={contrast}"), |colour| {
            colour.map(|value| (value - 127.5) * (1.0 + contrast) + 127.5)
        });
    }
    for saturation in [-1.0, -0.4, 0.7] {
        check_formula(&format!("s.saturation={saturation}"), |colour| {
            let gray = weighted([0.3086, 0.6094, 0.0820])(colour)[0];
            colour.map(|value| gray + (value - gray) * (1.0 + saturation))
        });
    }
    // An opacity of 0x33 is a fifth.
    check_formula("s.shift=ff800033", |colour| {
        let colour = colour.map(|value| 0.8 * value);
        let shift = [127.0, 0.0, -128.0].map(|value| value / 128.0 * 0.2 * 255.0);
        [colour[0] + shift[0], colour[1] + shift[1], colour[2] + shift[2]]
    });
    check_formula("s.overlay=00ff0033", |[red, green, blue]| {
        [0.8 * red, 0.8 * green + 51.0, 0.8 * blue]
    });
    check_formula("a.sepia=true", |colour| {
        let luma = weighted([0.299, 0.587, 0.114])(colour)[0];
        [luma + 49.0, luma - 14.0, luma - 56.0]
    });
}

/// Each filter works on the result of the one before, without cutting off what lies beyond white and black.
#[test]
fn colour_filters_follow_each_other() {
    check_formula("s.sepia=true&s.grayscale=bt709", |colour| {
        sepia(weighted([0.2125, 0.7154, 0.0721])(colour))
    });
    check_formula("s.brightness=0.3&s.invert=true", |colour| {
        colour.map(|value| 255.0 - value + 76.5)
    });
    check_formula("s.contrast=-0.5&s.brightness=0.5", |colour| {
        colour.map(|value| (value + 127.5 - 127.5) * 0.5 + 127.5)
    });
    check_formula("s.saturation=-1&s.invert=true&s.contrast=1", |colour| {
        weighted([0.3086, 0.6094, 0.0820])(colour.map(|value| (127.5 - value) * 2.0 + 127.5))
    });
}

#[test]
fn result_has_the_fewest_channels() {
    let rgb = |query: &str| shown(&colours(), query).channels;
    assert_eq!(rgb("s.grayscale=true"), 1);
    assert_eq!(rgb("s.grayscale=ry&s.contrast=0.3&s.invert=true"), 1);
    assert_eq!(rgb("a.sobel=true"), 1);
    assert_eq!(rgb("s.grayscale=ry&s.sepia=true"), 3);
    assert_eq!(rgb("s.grayscale=ry&s.overlay=f008"), 3);
    assert_eq!(rgb("s.grayscale=ry&s.overlay=8888"), 1);
    let gray = make::png(8, 1, ColorType::Grayscale, &[0, 9, 30, 80, 128, 200, 250, 255]);
    let of_gray = |query: &str| View::of(&process(&gray, &format!("format=png&{query}")).unwrap());
    let inverted = of_gray("s.invert=true");
    assert_eq!(
        (inverted.channels, inverted.pixels),
        (1, vec![255, 246, 225, 175, 127, 55, 5, 0])
    );
    for query in [
        "s.contrast=0.5",
        "s.saturation=0.5",
        "s.brightness=0.1",
        "a.brightness=0.1",
        "a.blur=100",
    ] {
        assert_eq!(of_gray(query).channels, 1, "{query}");
    }
    assert_eq!(of_gray("s.sepia=true").channels, 3);
    assert_eq!(of_gray("a.sepia=true").channels, 3);
    assert_eq!(of_gray("s.shift=f008").channels, 3);
    let written = process(&gray, "s.invert=true").unwrap();
    assert_eq!(View::of(&written).channels, 1, "a JPEG of one component");
}

#[test]
fn alpha_is_multiplied() {
    let opaque = make::png(4, 4, ColorType::Rgb, &[200, 100, 50].repeat(16));
    let half = make::png(4, 4, ColorType::Rgba, &[200, 100, 50, 128].repeat(16));
    let gray = make::png(4, 4, ColorType::Grayscale, &[77].repeat(16));
    let check = |source: &[u8], query: &str, pixel: &[u8], tolerance: u8| {
        let view = View::of(&process(source, query).unwrap());
        assert!(view.is_all(pixel, tolerance), "{query}: {:?}", &view.pixels[..4]);
    };
    check(&opaque, "format=png&s.alpha=0.2", &[200, 100, 50, 51], 0);
    check(&opaque, "format=png&filter=alpha(0.2)", &[200, 100, 50, 51], 0);
    check(&half, "format=png&s.alpha=0.5", &[200, 100, 50, 64], 0);
    check(&gray, "format=png&s.alpha=0.2", &[77, 51], 0);
    // A fifth of the colour over white, or over black.
    check(&opaque, "format=jpg&quality=100&s.alpha=0.2", &[244, 224, 214], 3);
    check(&opaque, "format=png&bgcolor=000&s.alpha=0.2", &[40, 20, 10], 0);
}

#[test]
fn overlay_covers_transparent_parts_and_no_padding() {
    let half = filtered(
        2,
        1,
        ColorType::Rgba,
        &[9, 9, 9, 0, 200, 100, 50, 255],
        "s.overlay=00ff0080",
    );
    assert_eq!(half[..4], [0, 255, 0, 128]);
    assert!(near(&half[4..], &[100, 178, 25, 255], 1), "{half:?}");
    let red = make::png(20, 10, ColorType::Rgb, &[255, 0, 0].repeat(200));
    let query = "format=png&width=20&height=20&scale=both&bgcolor=00f&s.overlay=0f0&s.invert=true&a.blur=100";
    let view = View::of(&process(&red, query).unwrap());
    assert_eq!(view.pixel(10, 0), [0, 0, 255], "padding");
    assert_eq!(view.pixel(10, 10), [0, 255, 0], "image");
}

#[test]
fn noalpha_shows_the_background() {
    let half = make::png(4, 4, ColorType::Rgba, &[255, 0, 0, 128].repeat(16));
    for format in ["png", "webp&lossless=true"] {
        let check = |query: &str, pixel: &[u8]| {
            let view = View::of(&process(&half, &format!("format={format}&noalpha=true{query}")).unwrap());
            assert!(view.is_all(pixel, 0), "{format}{query}: {:?}", &view.pixels[..4]);
        };
        check("", &[255, 127, 127]);
        check("&bgcolor=000", &[128, 0, 0]);
    }
}
