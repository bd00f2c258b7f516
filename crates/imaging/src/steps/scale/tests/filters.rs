//! Tests of the named filters: against their formulas in doubles, against values of Pillow, and of their sharpening.

use std::f64::consts::PI;

use super::*;

/// A curve, and where it ends on either side.
type Curve = (fn(f64) -> f64, f64);

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The Bessel function of the first kind and first order, by its integral (Abramowitz and Stegun, 9.1.21).
fn bessel(x: f64) -> f64 {
    const STEPS: u32 = 2000;
    let angle = |step: u32| (f64::from(step) + 0.5) / f64::from(STEPS) * PI;
    (0..STEPS)
        .map(|step| (angle(step) - x * angle(step).sin()).cos())
        .sum::<f64>()
        / f64::from(STEPS)
}

fn jinc(x: f64) -> f64 {
    // The integral is off by some 1e-16, which must not be divided by as little.
    if x < 1e-6 { 1.0 } else { 2.0 * bessel(PI * x) / (PI * x) }
}

/// The cubic that Keys published ("Cubic convolution interpolation", 1981), by its slope a at 1.
fn keys(x: f64, a: f64) -> f64 {
    match x {
        ..1.0 => (a + 2.0) * x.powi(3) - (a + 3.0) * x.powi(2) + 1.0,
        ..2.0 => a * x.powi(3) - 5.0 * a * x.powi(2) + 8.0 * a * x - 4.0 * a,
        _ => 0.0,
    }
}

/// The cubic B-spline.
fn spline(x: f64) -> f64 {
    match x {
        ..1.0 => (4.0 - 6.0 * x * x + 3.0 * x.powi(3)) / 6.0,
        ..2.0 => (2.0 - x).powi(3) / 6.0,
        _ => 0.0,
    }
}

/// Any cubic of the family of Mitchell and Netravali is this mixture of three.
fn mixed(x: f64, b: f64, c: f64) -> f64 {
    b * spline(x) + 2.0 * c * keys(x, -0.5) + (1.0 - b - 2.0 * c) * keys(x, 0.0)
}

fn robidoux(x: f64) -> f64 {
    mixed(x, 0.378_215_755_093_998_7, 0.310_892_122_453_000_7)
}

fn robidoux_sharp(x: f64) -> f64 {
    mixed(x, 0.262_014_512_399_014_2, 0.368_992_743_800_492_9)
}

const CURVES: [(&str, Curve); 24] = [
    ("lanczos", (|x| sinc(x) * sinc(x / 3.0), 3.0)),
    ("lanczos2", (|x| sinc(x) * sinc(x / 2.0), 2.0)),
    (
        "lanczos_sharp",
        (
            |x| sinc(x / 0.981_250_564_4) * sinc(x / 0.981_250_564_4 / 3.0),
            3.0 * 0.981_250_564_4,
        ),
    ),
    (
        "Lanczos2_Sharp",
        (
            |x| sinc(x / 0.954_996_364) * sinc(x / 0.954_996_364 / 2.0),
            2.0 * 0.954_996_364,
        ),
    ),
    ("catmull_rom", (|x| keys(x, -0.5), 2.0)),
    ("catmullrom", (|x| keys(x, -0.5), 2.0)),
    ("cubic", (|x| keys(x, -1.0), 2.0)),
    ("cubic_fast", (|x| keys(x, -1.0), 2.0)),
    ("cubic_sharp", (|x| keys(x / 0.954_996_364, -1.0), 2.0 * 0.954_996_364)),
    ("cubic_b_spline", (spline, 2.0)),
    ("mitchell", (|x| mixed(x, 1.0 / 3.0, 1.0 / 3.0), 2.0)),
    ("hermite", (|x| 2.0 * x.powi(3) - 3.0 * x * x + 1.0, 1.0)),
    ("robidoux", (robidoux, 2.0)),
    ("robidoux_sharp", (robidoux_sharp, 2.0)),
    ("robidoux_fast", (robidoux, 1.05)),
    ("fastest", (|x| robidoux(x / 0.74), 0.74)),
    ("n_cubic", (|x| robidoux(x * 1.168_577_762), 2.0 / 1.168_577_762)),
    (
        "n_cubic_sharp",
        (|x| robidoux_sharp(x * 1.105_822_933_7), 2.0 / 1.105_822_933_7),
    ),
    ("ginseng", (|x| sinc(x) * jinc(1.219_669_891 * x / 3.0), 3.0)),
    (
        "ginseng_sharp",
        (
            |x| sinc(x / 0.981_250_564_4) * jinc(1.219_669_891 * x / 0.981_250_564_4 / 3.0),
            3.0 * 0.981_250_564_4,
        ),
    ),
    ("jinc", (jinc, 6.0)),
    ("triangle", (|x| 1.0 - x, 1.0)),
    ("linear", (|x| 1.0 - x, 1.0)),
    ("box", (|_| 1.0, 0.5)),
];

/// A row that is scaled by the formula. `None` for a position whose window has an edge within rounding of a pixel's
/// centre: either side is right there.
fn row_by((curve, end): Curve, row: &[u8], target: u32) -> Vec<Option<f64>> {
    let ratio = row.len() as f64 / f64::from(target);
    let stretch = ratio.max(1.0);
    (0..target)
        .map(|position| {
            let centre = (f64::from(position) + 0.5) * ratio;
            let distances = (0..row.len()).map(|from| ((from as f64 + 0.5 - centre) / stretch).abs());
            let is_doubtful = distances.clone().any(|distance| (distance - end).abs() < 1e-6);
            let weights = distances.map(|distance| if distance < end { curve(distance) } else { 0.0 });
            let sum: f64 = weights.clone().sum();
            let value: f64 = weights.zip(row).map(|(weight, value)| weight * f64::from(*value)).sum();
            (!is_doubtful || curve(end).abs() < 1e-6).then_some((value / sum).clamp(0.0, 255.0))
        })
        .collect()
}

#[test]
fn named_filters_match_their_formulas() {
    let mut random = Random(0x1357_9bdf);
    let row: Vec<u8> = (0..61).map(|_| random.below(256) as u8).collect();
    for (name, curve) in CURVES {
        for target in [7, 17, 44, 60, 100, 183] {
            let query = format!("down.filter={name}&up.filter={name}");
            let found = scale_by(&query, &row, Channels::Gray, Size::new(61, 1), Size::new(target, 1));
            let expected = row_by(curve, &row, target);
            assert!(expected.iter().flatten().count() > expected.len() / 2, "{name}");
            for (position, (found, expected)) in found.iter().zip(expected).enumerate() {
                let Some(expected) = expected else { continue };
                assert!(
                    (f64::from(*found) - expected).abs() <= 0.51,
                    "{name}, 61 to {target}, position {position}: {found} for {expected}"
                );
            }
        }
    }
}

/// Values of Pillow 12, whose filters of these names have the same formulas.
#[test]
fn filters_match_those_of_pillow() {
    const ROW: [u8; 24] = [
        0, 20, 54, 102, 164, 240, 74, 178, 40, 172, 62, 222, 140, 72, 18, 234, 208, 196, 198, 214, 244, 32, 90, 162,
    ];
    let check = |name: &str, expected: &[u8]| {
        let (from, to) = (Size::new(24, 1), Size::new(expected.len() as u32, 1));
        let query = format!("down.filter={name}&up.filter={name}");
        let found = scale_by(&query, &ROW, Channels::Gray, from, to);
        assert!(
            found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= 1),
            "{name}: {found:?} for {expected:?}"
        );
    };
    check("lanczos", &[14, 142, 148, 111, 137, 109, 222, 183, 100]);
    check("catmull_rom", &[19, 139, 145, 111, 140, 111, 213, 189, 102]);
    check("triangle", &[29, 134, 138, 119, 139, 115, 205, 187, 109]);
    check("box", &[25, 133, 164, 91, 181, 108, 201, 229, 95]);
    check(
        "lanczos",
        &[
            0, 11, 34, 62, 101, 141, 232, 192, 74, 174, 81, 85, 164, 62, 182, 208, 116, 67, 4, 150, 253, 200, 196, 196,
            198, 234, 242, 66, 31, 128, 165,
        ],
    );
    check(
        "catmull_rom",
        &[
            0, 11, 33, 63, 101, 148, 220, 198, 74, 173, 82, 86, 164, 62, 188, 195, 120, 69, 11, 151, 242, 205, 196,
            196, 204, 226, 242, 63, 49, 118, 165,
        ],
    );
    check(
        "triangle",
        &[
            0, 13, 35, 64, 101, 149, 204, 189, 82, 163, 91, 93, 152, 67, 178, 181, 121, 69, 28, 147, 224, 206, 197,
            197, 205, 221, 241, 76, 65, 114, 162,
        ],
    );
}

/// Every filter, with the narrowest window and blur that can be asked for, from every size to every size.
#[test]
fn picture_of_one_colour_keeps_it_through_any_filter() {
    for (name, _) in CURVES {
        for more in [
            "",
            "&down.window=0.5&up.window=0.5",
            "&down.blur=0.5&up.blur=0.5",
            "&down.window=0.5&up.window=0.5&down.blur=0.5&up.blur=0.5",
            "&down.window=3&up.window=3&down.blur=2&up.blur=2",
            "&f.sharpen=60&f.sharpen_when=always",
            "&down.colorspace=linear&up.colorspace=linear",
        ] {
            let query = format!("down.filter={name}&up.filter={name}{more}");
            for from in 1..12 {
                for to in 1..12 {
                    let (from, to) = (Size::new(from, 2), Size::new(to, 3));
                    let pixels = [200, 100, 50, 127].repeat(from.pixels() as usize);
                    let scaled = scale_by(&query, &pixels, Channels::Rgba, from, to);
                    let expected = [200, 100, 50, 127].repeat(to.pixels() as usize);
                    assert_eq!(scaled, expected, "{query}: {from} to {to}");
                }
            }
        }
    }
}

/// The sums of negative and of positive weights in the middle of a long row.
fn sums(query: &str, target: u32) -> (f64, f64) {
    let (from, to) = (Size::new(4000, 1), Size::new(target, 1));
    let weights = Weights::new(Axis::new(0, 4000, Shrink::NONE), target, &resampling(query, from, to));
    let (_, window) = weights.window(target as usize / 2);
    let sum = |sign: f64| {
        window
            .iter()
            .map(|weight| f64::from(*weight))
            .filter(|weight| weight * sign > 0.0)
            .sum::<f64>()
    };
    (sum(-1.0), sum(1.0))
}

#[test]
fn sharpening_sets_the_ratio_of_negative_weights() {
    let ratio = |query: &str, target: u32| {
        let (negative, positive) = sums(query, target);
        assert!((negative + positive - 1.0).abs() < 1e-4);
        -negative / positive
    };
    for filter in ["lanczos", "robidoux", "mitchell", "cubic"] {
        for percent in [30.0, 50.0, 90.0] {
            let found = ratio(&format!("down.filter={filter}&f.sharpen={percent}"), 100);
            assert!(
                (found - percent / 100.0).abs() < 0.002,
                "{filter}: {found} for {percent} %"
            );
        }
    }
    // Less than the filter's own part changes nothing, nor does any where no weight is negative.
    assert_eq!(sums("f.sharpen=5", 100), sums("", 100));
    assert_eq!(
        sums("down.filter=triangle&f.sharpen=50", 100),
        sums("down.filter=triangle", 100)
    );
}

/// An edge from 80 to 160 overshoots more, the more it is sharpened.
#[test]
fn edge_is_steeper_where_it_is_sharpened() {
    let row: Vec<u8> = (0..400).map(|x| if x < 200 { 80 } else { 160 }).collect();
    let step = |query: &str, target: u32| {
        let scaled = scale_by(query, &row, Channels::Gray, Size::new(400, 1), Size::new(target, 1));
        let middle = target as usize / 2;
        scaled[middle].abs_diff(scaled[middle - 1])
    };
    let steps = ["f.sharpen=0", "f.sharpen=25", "f.sharpen=40"].map(|query| step(query, 40));
    assert!(steps.is_sorted_by(|a, b| a + 5 < *b), "{steps:?}");
    let always = "f.sharpen_when=always&f.sharpen=25";
    assert!(step(always, 400) > 80, "{}", step(always, 400));
    assert_eq!(step("f.sharpen=25", 400), 80);
}

/// A quarter of negative to positive weights: -1/6, 4/3 and -1/6 at three neighbours. At the ends one is missing.
#[test]
fn unchanged_size_is_sharpened_by_three_weights() {
    let row = [90_u8, 90, 120, 150, 120];
    let query = "f.sharpen_when=always&f.sharpen=25";
    let found = scale_by(query, &row, Channels::Gray, Size::new(5, 1), Size::new(5, 1));
    let at = |before: f64, here: f64, after: f64| (8.0 * here - before - after) / 6.0;
    let expected = [
        (8.0 * 90.0 - 90.0) / 7.0,
        at(90.0, 90.0, 120.0),
        at(90.0, 120.0, 150.0),
        at(120.0, 150.0, 120.0),
        (8.0 * 120.0 - 150.0) / 7.0,
    ];
    for (found, expected) in found.iter().zip(expected) {
        assert!((f64::from(*found) - expected).abs() < 0.51, "{found} for {expected}");
    }
}

/// Pixels below full transparency have a colour, which shows where alpha is ignored.
#[test]
fn ignored_alpha_becomes_opaque() {
    let pixels = [10, 20, 30, 0].repeat(36);
    for to in [3, 6, 9] {
        let found = scale_by(
            "f.ignorealpha=true",
            &pixels,
            Channels::Rgba,
            Size::new(6, 6),
            Size::new(to, to),
        );
        assert_eq!(found, [10, 20, 30, 255].repeat((to * to) as usize), "{to}");
    }
}
