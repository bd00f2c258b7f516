//! Colours and effects, compared with their formulas in doubles.

mod animations;
mod colours;
mod curves;
mod neighbours;
mod tone;

use png::ColorType;

use crate::view::View;
use crate::{make, process};

/// Colours of every kind: greys, full colours, and those between.
fn colours() -> Vec<[u8; 3]> {
    let mut colours = vec![[0, 0, 0], [255, 255, 255], [128, 128, 128], [127, 127, 127]];
    for red in [0, 37, 128, 200, 255] {
        for green in [0, 90, 255] {
            for blue in [0, 5, 160, 255] {
                colours.push([red, green, blue]);
            }
        }
    }
    colours
}

/// The view of an RGB picture of these colours, one in each column, after a query.
fn shown(colours: &[[u8; 3]], query: &str) -> View {
    let width = colours.len() as u32;
    let source = make::png(width, 1, ColorType::Rgb, colours.as_flattened());
    View::of(&process(&source, &format!("format=png&{query}")).unwrap())
}

/// Compares each colour with the value of a formula, which is in levels and may lie beyond 0 to 255. The result may be
/// grey.
#[track_caller]
fn check_formula(query: &str, formula: impl Fn([f64; 3]) -> [f64; 3]) {
    let colours = colours();
    let view = shown(&colours, query);
    for (x, colour) in colours.iter().enumerate() {
        let found = view.pixel(x as u32, 0);
        let found = if found.len() == 1 {
            [found[0]; 3]
        } else {
            [found[0], found[1], found[2]]
        };
        for (found, expected) in found.iter().zip(formula(colour.map(f64::from))) {
            let error = f64::from(*found) - expected.clamp(0.0, 255.0);
            assert!(error.abs() < 0.51, "{query}, {colour:?}: {found}, {expected} expected");
        }
    }
}

/// The source in a lossless format, unscaled, as pixels with the source's channels.
#[track_caller]
fn filtered(width: u32, height: u32, colour: ColorType, pixels: &[u8], query: &str) -> Vec<u8> {
    let source = make::png(width, height, colour, pixels);
    let view = View::of(&process(&source, &format!("format=png&{query}")).unwrap());
    assert_eq!((view.width, view.height), (width, height), "{query}");
    assert_eq!(view.channels, colour.samples(), "{query}");
    view.pixels
}

/// Noise (Marsaglia's xorshift) in few values, so that neighbours are often the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state % 40 * 6) as u8
    })
    .take(length)
    .collect()
}
