//! `a.contrast`, `a.brightness` and `a.saturation`, against HSL by its definition; and faded edges.

use png::ColorType;

use super::check_formula;
use crate::view::View;
use crate::{make, process};

/// Hue in sixths of a turn, saturation, lightness (CSS Color Module Level 4, section 7).
fn to_hsl(colour: [f64; 3]) -> [f64; 3] {
    let [red, green, blue] = colour.map(|value| value / 255.0);
    let highest = red.max(green).max(blue);
    let lowest = red.min(green).min(blue);
    let chroma = highest - lowest;
    let lightness = (highest + lowest) / 2.0;
    if chroma == 0.0 {
        return [0.0, 0.0, lightness];
    }
    let hue = if highest == red {
        ((green - blue) / chroma).rem_euclid(6.0)
    } else if highest == green {
        (blue - red) / chroma + 2.0
    } else {
        (red - green) / chroma + 4.0
    };
    [hue, chroma / (1.0 - (2.0 * lightness - 1.0).abs()), lightness]
}

fn from_hsl([hue, saturation, lightness]: [f64; 3]) -> [f64; 3] {
    let chroma = (1.0 - (2.0 * lightness - 1.0).abs()) * saturation;
    let second = chroma * (1.0 - (hue % 2.0 - 1.0).abs());
    let colour = match hue as u32 {
        0 => [chroma, second, 0.0],
        1 => [second, chroma, 0.0],
        2 => [0.0, chroma, second],
        3 => [0.0, second, chroma],
        4 => [second, 0.0, chroma],
        _ => [chroma, 0.0, second],
    };
    colour.map(|value| (value + lightness - chroma / 2.0) * 255.0)
}

/// From one range to another; values outside of the first go to the ends of the second.
fn mapped(value: f64, from: [f64; 2], to: [f64; 2]) -> f64 {
    let share = ((value - from[0]) / (from[1] - from[0])).clamp(0.0, 1.0);
    to[0] + share * (to[1] - to[0])
}

fn check(query: &str, saturation: impl Fn(f64) -> f64, lightness: impl Fn(f64) -> f64) {
    check_formula(query, |colour| {
        let [h, s, l] = to_hsl(colour);
        let s = if s == 0.0 { 0.0 } else { saturation(s) };
        from_hsl([h, s, lightness(l)])
    });
}

#[test]
fn lightness_and_saturation_are_mapped() {
    let same = |value: f64| value;
    check("a.brightness=0.2", same, |l| mapped(l, [0.0, 1.0], [0.2, 1.0]));
    check("a.brightness=-0.2", same, |l| mapped(l, [0.0, 1.0], [0.0, 0.8]));
    check("a.brightness=0.2&a.truncate=true", same, |l| (l + 0.2).min(1.0));
    check("a.brightness=-0.2&a.truncate=true", same, |l| (l - 0.2).max(0.0));
    check("a.contrast=0.4", same, |l| mapped(l, [0.2, 0.8], [0.0, 1.0]));
    check("a.contrast=-0.4", same, |l| mapped(l, [0.0, 1.0], [0.2, 0.8]));
    check("a.contrast=0.4&a.brightness=0.2", same, |l| {
        mapped(l, [0.2, 0.8], [0.2, 1.0])
    });
    check("a.saturation=0.5", |s| (s / 0.5).min(1.0), same);
    check("a.saturation=-0.5", |s| s * 0.5, same);
    check("a.saturation=-0.5&a.truncate=true", |s| (s - 0.5).max(0.0), same);
    check("a.saturation=-1", |_| 0.0, same);
    check("a.saturation=1", |_| 1.0, same);
}

/// In the middle the picture stays. From there the opacity falls to that outside, by `3t^2 - 2t^3`, and corners are
/// round.
#[test]
fn edges_fade_smoothly() {
    let (width, height) = (60, 40);
    let source = make::png(width, height, ColorType::Rgb, &[200, 100, 50].repeat(2400));
    let check = |query: &str, distance: f64, [inside, outside]: [f64; 2]| {
        let view = View::of(&process(&source, &format!("format=png&{query}")).unwrap());
        for y in 0..height {
            for x in 0..width {
                let outwards = |at: u32, length: u32| (distance - f64::from(at.min(length - 1 - at))).max(0.0);
                let t = (outwards(x, width).hypot(outwards(y, height)) / distance).min(1.0);
                let expected = 255.0 * (inside + (outside - inside) * (3.0 * t * t - 2.0 * t * t * t));
                let pixel = view.pixel(x, y);
                assert_eq!(pixel[..3], [200, 100, 50], "{query} at {x}, {y}");
                let error = f64::from(pixel[3]) - expected;
                assert!(error.abs() < 0.51, "{query} at {x}, {y}: {}, {expected}", pixel[3]);
            }
        }
    };
    // Of the shorter edge, 40.
    check("a.featheredges=200", 8.0, [1.0, 0.0]);
    check("a.featheredges=10&a.radiusunits=100", 4.0, [1.0, 0.0]);
    check("a.featheredges=200&a.featherin=0.8&a.featherout=0.2", 8.0, [0.8, 0.2]);
    // Wider than the picture.
    check("a.featheredges=2000", 80.0, [1.0, 0.0]);
}
