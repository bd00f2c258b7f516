//! The rules of ImageResizer 4, row by row of `docs/differences.md`: pixels and instructions with them, compared with
//! formulas, and with what the same query gives without them.

use gif::DisposalMethod;
use png::ColorType;
use resizer_imaging::{
    Cancel, Compat, Encoded, FilterShape, Ignored, Instructions, Job, Layout, Limits, Mode, Size, inspect,
    output_format,
};

use crate::files::{self, Patch};
use crate::make;
use crate::view::{Animation, View};

fn parse(query: &str) -> (Instructions, Vec<Ignored>) {
    Instructions::parse_as(
        Compat::ImageResizer4,
        query.split('&').filter_map(|pair| pair.split_once('=')),
    )
}

fn instructions(query: &str) -> Instructions {
    let (instructions, ignored) = parse(query);
    assert_eq!(ignored, [], "{query}");
    instructions
}

fn process(source: &[u8], query: &str) -> Encoded {
    let instructions = instructions(query);
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    resizer_imaging::run(source, &job, &Cancel::new()).unwrap()
}

/// The view of a PNG of these pixels after a query.
fn view(width: u32, height: u32, colour: ColorType, pixels: &[u8], query: &str) -> View {
    View::of(&process(
        &make::png(width, height, colour, pixels),
        &format!("format=png&{query}"),
    ))
}

#[test]
fn repeated_key_is_joined_by_commas() {
    // Two numbers where one is expected are none.
    let (found, ignored) = parse("width=10&width=20&height=30");
    assert_eq!((found.width, found.height, ignored.len()), (None, Some(30), 2));
    let edges = instructions("crop=1,2,3,4").crop;
    let (found, _) = parse("crop=1,2&crop=3,4");
    assert_eq!(found.crop, edges);
}

#[test]
fn truth_values_of_simple_filters_are_one_word() {
    for value in ["1", "yes", "on"] {
        for key in ["s.sepia", "s.invert", "s.grayscale"] {
            let (found, ignored) = parse(&format!("{key}={value}"));
            assert!(found.filters.is_none() && ignored.len() == 1, "{key}={value}");
        }
    }
    let simple = instructions("s.sepia=TRUE&s.invert=true&s.grayscale=True")
        .filters
        .simple;
    assert!(simple.sepia && simple.invert && simple.grayscale.is_some());
    // All other keys keep their grammar.
    assert!(instructions("a.sepia=1").filters.advanced.sepia);
}

/// ImageResizer's own test: `6663` is 66666630.
#[test]
fn single_digit_of_alpha_is_not_doubled() {
    for (text, expected) in [
        ("6663", "66666630"),
        ("#f00f", "ff0000f0"),
        ("666", "666666ff"),
        ("44550099", "44550099"),
        ("blue", "0000ffff"),
    ] {
        let background = instructions(&format!("bgcolor={text}")).background.unwrap();
        assert_eq!(background.to_hex(), expected, "{text}");
    }
    assert_eq!(
        instructions("s.overlay=0007").filters.simple.overlay.unwrap().alpha,
        0x70
    );
}

#[test]
fn defaults_are_those_of_imageresizer() {
    assert_eq!(instructions("").effective_webp_quality(), 90);
    assert_eq!(instructions("quality=50").effective_webp_quality(), 50);
    let shapes = |query: &str| {
        let scaling = instructions(query).scaling;
        (scaling.effective_down(), scaling.effective_up())
    };
    assert_eq!(shapes(""), (FilterShape::Cubic, FilterShape::Cubic));
    assert_eq!(shapes("fastscale=true"), (FilterShape::Robidoux, FilterShape::Ginseng));
    assert_eq!(
        shapes("down.filter=mitchell"),
        (FilterShape::Mitchell, FilterShape::Cubic)
    );
    assert_eq!(instructions("maxwidth=4&mode=pad").effective_mode(), Mode::Pad);
    assert_eq!(instructions("maxwidth=4").effective_mode(), Mode::Max);
    // 30 % of the error, where the usual part is seven eighths.
    assert_eq!(instructions("dither=true").output.dither, Some(34));
    assert_eq!(instructions("dither=70").output.dither, Some(80));
    assert_eq!(instructions("dither=false").output.dither, Some(0));
}

/// A step becomes larger by the cubic curve with B = 0 and C = 1: the sum of the weights on the light side.
#[test]
fn pictures_are_scaled_by_a_cubic_curve() {
    let step = make::pixels(8, 1, |x, _| [if x < 4 { 60 } else { 180 }]);
    let after = view(
        8,
        1,
        ColorType::Grayscale,
        &step,
        "width=32&height=1&scale=both&mode=stretch",
    );
    let weight = |distance: f64| match distance.abs() {
        x if x < 1.0 => x * x * x - 2.0 * x * x + 1.0,
        x if x < 2.0 => -x * x * x + 5.0 * x * x - 8.0 * x + 4.0,
        _ => 0.0,
    };
    for x in 8..24_u32 {
        let centre = (f64::from(x) + 0.5) / 4.0 - 0.5;
        let light: f64 = (4..8).map(|at| weight(f64::from(at) - centre)).sum();
        let expected = 60.0 + 120.0 * light;
        let found = after.pixel(x, 0)[0];
        assert!((f64::from(found) - expected).abs() < 0.6, "{x}: {found}, {expected}");
    }
}

/// The factor of `down.blur` takes the place of a sharp filter's own: 1 makes it the plain filter.
#[test]
fn blur_of_a_filter_replaces_its_own() {
    let picture = make::busy(90, 60);
    let scaled = |query: &str| view(90, 60, ColorType::Rgb, &picture, &format!("width=30&{query}")).pixels;
    let plain = scaled("down.filter=lanczos");
    assert_ne!(scaled("down.filter=lanczos_sharp"), plain);
    assert_eq!(scaled("down.filter=lanczos_sharp&down.blur=1"), plain);
}

/// Sepia's matrix first, although `s.grayscale` is the first in the list: a brownish grey would be the other order.
#[test]
fn last_simple_filter_comes_first() {
    let colour = [40.0, 90.0, 160.0];
    let after = view(
        1,
        1,
        ColorType::Rgb,
        &[40, 90, 160],
        "s.grayscale=true&s.sepia=true&s.brightness=0.1",
    );
    let lighter = colour.map(|value: f64| value + 25.5);
    let sum = |weights: [f64; 3], colour: [f64; 3]| -> f64 { (0..3).map(|at| weights[at] * colour[at]).sum() };
    let sepia = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]].map(|row| sum(row, lighter));
    let gray = sum([0.229, 0.587, 0.114], sepia);
    assert!(
        after
            .pixel(0, 0)
            .iter()
            .take(3)
            .all(|value| (f64::from(*value) - gray).abs() < 0.6),
        "{gray}"
    );
}

/// A point becomes the kernel: a Gaussian of 1.4 pixels, cut off at half of the radius.
#[test]
fn radius_of_a_blur_is_the_length_of_its_kernel() {
    let point = make::pixels(41, 41, |x, y| [if (x, y) == (20, 20) { 255 } else { 0 }]);
    for (radius, reach) in [(7, 3), (6, 3), (1, 1), (5, 2), (21, 10), (40, 10)] {
        let after = view(
            41,
            41,
            ColorType::Grayscale,
            &point,
            &format!("a.radiusunits=41&a.blur={radius}"),
        );
        let weight = |distance: i32| match distance.abs() {
            far if far > reach => 0.0,
            near => (-f64::from(near * near) / (2.0 * 1.4 * 1.4)).exp(),
        };
        let whole: f64 = (-reach..=reach).map(weight).sum();
        for y in 0..41 {
            for x in 0..41 {
                let expected = 255.0 * weight(x - 20) * weight(y - 20) / (whole * whole);
                let found = f64::from(after.pixel(x as u32, y as u32)[0]);
                assert!(
                    (found - expected).abs() < 0.7,
                    "{radius} at {x}, {y}: {found}, {expected}"
                );
            }
        }
    }
}

/// The same kernel, of at most 11 pixels: twice the value less the blurred one.
#[test]
fn sharpening_has_the_same_kernel() {
    let edge = make::pixels(60, 5, |x, _| [if x < 30 { 80 } else { 160 }]);
    for (radius, reach) in [(5, 2), (11, 5), (50, 5)] {
        let query = format!("a.radiusunits=60&a.sharpen={radius}");
        let after = view(60, 5, ColorType::Grayscale, &edge, &query);
        let weight = |distance: i32| (-f64::from(distance * distance) / (2.0 * 1.4 * 1.4)).exp();
        let whole: f64 = (-reach..=reach).map(weight).sum();
        for x in 15..45 {
            let value = |x: i32| if x < 30 { 80.0 } else { 160.0 };
            let blurred: f64 = (-reach..=reach).map(|by| weight(by) * value(x + by)).sum::<f64>() / whole;
            let expected = 2.0 * value(x) - blurred;
            let found = f64::from(after.pixel(x as u32, 2)[0]);
            assert!((found - expected).abs() < 0.7, "{radius} at {x}: {found}, {expected}");
        }
    }
}

/// A soft edge has a slope of 4 x 10. The strongest is white, and the picture's own edge is black.
#[test]
fn strongest_edge_is_white() {
    let slope = make::pixels(12, 9, |x, _| [if x < 6 { 100 } else { 110 }]);
    let after = view(12, 9, ColorType::Grayscale, &slope, "a.sobel=true");
    for y in 0..9 {
        for x in 0..12 {
            let expected = if [5, 6].contains(&x) && (1..8).contains(&y) {
                255
            } else {
                0
            };
            assert_eq!(after.pixel(x, y)[0], expected, "{x}, {y}");
        }
    }
    // A border of one pixel counts as no edge.
    let framed = make::pixels(5, 5, |x, y| [if x.min(y).min(4 - x.max(y)) == 0 { 0 } else { 200 }]);
    let after = view(5, 5, ColorType::Grayscale, &framed, "a.sobel=true&a.threshold=200");
    assert_eq!(
        (after.pixel(0, 2)[0], after.pixel(1, 1)[0], after.pixel(2, 2)[0]),
        (0, 255, 0)
    );
}

/// The share of the pixels up to each value.
#[test]
fn equalised_values_are_shares() {
    let four = [10, 20, 20, 200];
    let after = view(4, 1, ColorType::Grayscale, &four, "a.equalize=true");
    assert_eq!(
        after
            .pixels
            .iter()
            .step_by(after.channels)
            .copied()
            .collect::<Vec<u8>>(),
        [63, 191, 191, 255]
    );
    let one = view(3, 1, ColorType::Grayscale, &[7; 3], "a.equalize=true");
    assert!(one.is_all(&[255], 0) || one.is_all(&[255; 3], 0));
}

#[test]
fn transparent_pixels_count_in_histograms() {
    let pixels = [10, 255, 30, 255, 90, 0, 250, 0];
    let query = "a.balancewhite=true&a.balancethreshold=0";
    let after = view(4, 1, ColorType::GrayscaleAlpha, &pixels, query);
    // From 10 to 250, and not from 10 to 30.
    assert_eq!((after.pixel(0, 0)[0], after.pixel(1, 0)[0]), (0, 21));
}

/// Faint colours become strong ones.
#[test]
fn saturation_begins_at_the_value() {
    let after = view(1, 1, ColorType::Rgb, &[120, 100, 100], "a.saturation=0.5");
    // HSL: lightness 110/255, and saturation 10/110, which the map from 0..1 to 0.5..1 makes 0.545.
    let distance = 110.0 * (0.5 + 0.5 * 10.0 / 110.0);
    let found = after.pixel(0, 0);
    let expected = [110.0 + distance, 110.0 - distance, 110.0 - distance];
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 1.0, "{found}, {expected}");
    }
}

/// The edge's fade is blurred as the image is, and no longer ends where the image does.
#[test]
fn edges_are_faded_before_the_image_is_blurred() {
    let source = make::png(100, 100, ColorType::Rgb, &[200; 30_000]);
    let query = "format=png&a.featheredges=20&a.blur=90";
    let edge = |encoded: &Encoded| View::of(encoded).pixel(0, 50)[3];
    let (ours, theirs) = (
        edge(&crate::process(&source, query).unwrap()),
        edge(&process(&source, query)),
    );
    assert!(theirs > ours + 20, "{theirs}, {ours}");
}

/// Two frames of one grey each, of which the second is lighter: each is stretched by itself.
#[test]
fn frames_have_curves_of_their_own() {
    let patch = |indices: &'static [u8]| Patch {
        area: [0, 0, 40, 20],
        indices,
        delay: 10,
        disposal: DisposalMethod::Keep,
    };
    let source = files::gif(40, 20, None, &[patch(&[1]), patch(&[2])]);
    let query = "format=webp&lossless=true&a.equalize=true";
    let shown = |encoded: &Encoded| {
        let animation = Animation::of(encoded);
        animation
            .frames
            .iter()
            .map(|frame| frame.pixels[..3].to_vec())
            .collect::<Vec<_>>()
    };
    // A frame of one colour is white, and equal frames are joined.
    assert!(shown(&process(&source, query)).iter().all(|pixel| *pixel == [255; 3]));
    assert!(
        shown(&crate::process(&source, query).unwrap())
            .iter()
            .any(|pixel| *pixel != [255; 3])
    );
}

#[test]
fn exif_orientation_counts_on_request() {
    let jpeg = make::jpeg(40, 20, &make::quadrants(40, 20));
    let source = make::jpeg_with_orientation(&jpeg, 6);
    let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
    for (query, size) in [
        ("", (40, 20)),
        ("autorotate=true", (20, 40)),
        ("autorotate=false", (40, 20)),
        ("autorotate.default=true", (20, 40)),
        ("autorotate=false&autorotate.default=true", (40, 20)),
    ] {
        let size = Size::new(size.0, size.1);
        assert_eq!(process(&source, &format!("format=png&{query}")).size, size, "{query}");
        let instructions = instructions(query);
        assert_eq!(
            Layout::of(&instructions, info.size_for(&instructions)).unwrap().output,
            size,
            "{query}"
        );
    }
}

/// Results of both rules differ, so their keys do.
#[test]
fn canonical_text_names_the_rules() {
    for query in ["", "width=10", "s.sepia=true&quality=80", "width=10&autorotate=true"] {
        let theirs = instructions(query).canonical();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let ours = Instructions::parse(pairs).0.canonical();
        assert!(
            theirs.starts_with("compat=imageresizer4") && theirs != ours,
            "{query}: {theirs}, {ours}"
        );
    }
    let bounds = |mode: &str| instructions(&format!("maxwidth=9{mode}")).canonical();
    assert_ne!(bounds("&mode=pad"), bounds(""));
    assert_eq!(bounds("&mode=max"), bounds(""));
    assert_ne!(
        instructions("autorotate=true").canonical(),
        instructions("").canonical()
    );
    assert_eq!(
        instructions("autorotate=false").canonical(),
        instructions("").canonical()
    );
}
