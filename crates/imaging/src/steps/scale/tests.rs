//! Tests of the scaler against the textbook formula, computed in doubles, and against properties of any filter.

mod filters;
mod light;

use super::*;
use crate::Instructions;
use crate::shrink::Shrink;

/// Random number generator (Marsaglia's xorshift) with a fixed seed, so that failures can be repeated.
struct Random(u32);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, end: u32) -> u32 {
        self.next() % end
    }
}

/// The filter of a query.
fn resampling(query: &str, from: Size, to: Size) -> Resampling {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert_eq!(ignored, [], "{query}");
    Resampling::of(&instructions.scaling, from, to)
}

fn scale(pixels: &[u8], channels: Channels, from: Size, to: Size) -> Vec<u8> {
    scale_by("", pixels, channels, from, to)
}

fn scale_by(query: &str, pixels: &[u8], channels: Channels, from: Size, to: Size) -> Vec<u8> {
    let axes = [from.width, from.height].map(|side| Axis::new(0, side, Shrink::NONE));
    let mut scaler = Scaler::new(channels, axes, to, &resampling(query, from, to));
    pixels
        .chunks(from.width as usize * channels.count())
        .for_each(|row| scaler.push(row));
    let picture = scaler.finish();
    assert_eq!(picture.pixels.len(), Picture::bytes(to, channels));
    picture.pixels
}

fn kernel(x: f64) -> f64 {
    let sinc = |x: f64| {
        if x == 0.0 {
            1.0
        } else {
            (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
        }
    };
    if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

/// Weights of all source positions for one target position.
fn weights(source: u32, target: u32, position: u32) -> Vec<f64> {
    let ratio = f64::from(source) / f64::from(target);
    let stretch = ratio.max(1.0);
    let centre = (f64::from(position) + 0.5) * ratio;
    let raw: Vec<f64> = (0..source)
        .map(|from| kernel((f64::from(from) + 0.5 - centre) / stretch))
        .collect();
    let sum: f64 = raw.iter().sum();
    raw.iter().map(|weight| weight / sum).collect()
}

/// The formula for both axes at once: every source pixel for every target pixel.
fn plainly(pixels: &[u8], channels: Channels, from: Size, to: Size) -> Vec<f64> {
    let n = channels.count();
    let mut result = Vec::new();
    for y in 0..to.height {
        let down = weights(from.height, to.height, y);
        for x in 0..to.width {
            let along = weights(from.width, to.width, x);
            let mut sums = vec![0.0; n];
            for (row, vertical) in pixels.chunks(from.width as usize * n).zip(&down) {
                for (pixel, horizontal) in row.chunks(n).zip(&along) {
                    let opacity = if channels.has_alpha() {
                        f64::from(pixel[n - 1]) / 255.0
                    } else {
                        1.0
                    };
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        let factor = if channels.has_alpha() && channel == n - 1 {
                            1.0
                        } else {
                            opacity
                        };
                        *sum += f64::from(pixel[channel]) * factor * vertical * horizontal;
                    }
                }
            }
            if channels.has_alpha() {
                let alpha = sums[n - 1];
                for colour in &mut sums[..n - 1] {
                    *colour = if alpha < 0.5 { 0.0 } else { *colour * 255.0 / alpha };
                }
            }
            result.extend(sums.iter().map(|sum| sum.clamp(0.0, 255.0)));
        }
    }
    result
}

#[test]
fn window_longer_than_all_held_rows_matches_the_formula() {
    let mut random = Random(0x1234_5679);
    // Windows of 30 to 600 rows, the second to last of them over a picture whose edges cut most windows.
    for (height, target) in [(90, 18), (200, 30), (300, 7), (257, 3), (100, 1)] {
        let (from, to) = (Size::new(40, height), Size::new(33, target));
        let pixels: Vec<u8> = (0..Picture::bytes(from, Channels::Rgb))
            .map(|_| random.below(256) as u8)
            .collect();
        let expected = plainly(&pixels, Channels::Rgb, from, to);
        for (index, (found, expected)) in scale(&pixels, Channels::Rgb, from, to)
            .iter()
            .zip(&expected)
            .enumerate()
        {
            let difference = (f64::from(*found) - expected).abs();
            assert!(
                difference <= 0.51,
                "{from} to {to}, value {index}: {found} for {expected}"
            );
        }
    }
}

#[test]
fn random_picture_matches_the_formula() {
    let mut random = Random(0x2545_f491);
    for round in 0..60 {
        let channels = [Channels::Gray, Channels::GrayAlpha, Channels::Rgb, Channels::Rgba][round % 4];
        let mut size = || Size::new(1 + random.below(24), 1 + random.below(24));
        let (from, to) = (size(), size());
        if from == to {
            continue;
        }
        let mut pixels: Vec<u8> = (0..Picture::bytes(from, channels))
            .map(|_| random.below(256) as u8)
            .collect();
        if channels.has_alpha() {
            // The colour of a nearly transparent pixel is the quotient of two small numbers, so it is not compared.
            pixels
                .chunks_mut(channels.count())
                .for_each(|pixel| *pixel.last_mut().unwrap() |= 0x80);
        }
        let expected = plainly(&pixels, channels, from, to);
        for (index, (found, expected)) in scale(&pixels, channels, from, to).iter().zip(&expected).enumerate() {
            let difference = (f64::from(*found) - expected).abs();
            assert!(
                difference <= 1.0,
                "{from} to {to}, {channels:?}, value {index}: {found} for {expected}"
            );
        }
    }
}

/// Every size to every size, so that no window and no first or last row is missed.
#[test]
fn picture_of_one_colour_keeps_it() {
    for (channels, colour) in [
        (Channels::Gray, &[0_u8][..]),
        (Channels::Gray, &[255]),
        (Channels::Rgb, &[1, 128, 254]),
        (Channels::GrayAlpha, &[77, 3]),
        (Channels::Rgba, &[200, 100, 50, 127]),
    ] {
        for from in 1..12 {
            for to in 1..12 {
                for (from, to) in [
                    (Size::new(from, 3), Size::new(to, 7)),
                    (Size::new(9, from), Size::new(2, to)),
                ] {
                    let pixels = colour.repeat(from.pixels() as usize);
                    let scaled = scale(&pixels, channels, from, to);
                    assert_eq!(scaled, colour.repeat(to.pixels() as usize), "{from} to {to}");
                }
            }
        }
    }
}

#[test]
fn unchanged_size_changes_nothing() {
    let mut random = Random(7);
    let size = Size::new(13, 9);
    let pixels: Vec<u8> = (0..size.pixels() * 4).map(|_| random.below(256) as u8).collect();
    assert_eq!(
        scale(&pixels, Channels::Rgba, size, size),
        pixels,
        "also the colour of transparent pixels"
    );
    // With one axis unchanged, only the other is filtered.
    let gray = &pixels[..size.pixels() as usize];
    let to = Size::new(13, 4);
    let together = scale(gray, Channels::Gray, size, to);
    for column in 0..13 {
        let alone: Vec<u8> = gray.iter().skip(column).step_by(13).copied().collect();
        let alone = scale(&alone, Channels::Gray, Size::new(1, 9), Size::new(1, 4));
        let found: Vec<u8> = together.iter().skip(column).step_by(13).copied().collect();
        assert_eq!(found, alone, "column {column}");
    }
}

/// A ramp 0, 2, 4 … has the value 2x + 1 at the place x: pixel i covers i to i + 1, is 2i, and its middle is i + 0.5.
/// Halved, target position i has its middle at 2i + 1, so its value is 4i + 1. Doubled, its middle is at (i + 0.5) / 2.
#[test]
fn ramp_stays_a_ramp_away_from_the_edges() {
    let ramp: Vec<u8> = (0..64).map(|i| 2 * i).collect();
    let halved = scale(&ramp, Channels::Gray, Size::new(64, 1), Size::new(32, 1));
    for (i, value) in halved.iter().enumerate().skip(3).take(26) {
        assert!(
            (f64::from(*value) - (4.0 * i as f64 + 1.0)).abs() <= 1.0,
            "position {i}: {value}"
        );
    }
    let doubled = scale(&ramp, Channels::Gray, Size::new(1, 64), Size::new(1, 128));
    for (i, value) in doubled.iter().enumerate().skip(6).take(116) {
        let expected = 2.0 * ((i as f64 + 0.5) / 2.0) - 1.0;
        assert!(
            (f64::from(*value) - expected).abs() <= 1.0,
            "position {i}: {value} for {expected}"
        );
    }
}

/// Fully transparent red beside opaque blue: no red may be visible.
#[test]
fn colour_of_transparent_pixels_is_never_visible() {
    let size = Size::new(16, 16);
    let pixels: Vec<u8> = (0..size.pixels())
        .flat_map(|i| {
            if (i / 3) % 2 == 0 {
                [255, 0, 0, 0]
            } else {
                [0, 0, 255, 255]
            }
        })
        .collect();
    for to in [Size::new(5, 5), Size::new(16, 9), Size::new(40, 33)] {
        for pixel in scale(&pixels, Channels::Rgba, size, to).chunks(4) {
            let [red, _, blue, alpha] = pixel.try_into().unwrap();
            assert_eq!(red, 0);
            assert!(alpha == 0 || blue == 255, "{pixel:?}");
        }
    }
}

/// Far from the edge of a black half and a white half the values stay, and the middle is symmetrical.
#[test]
fn edge_stays_symmetrical() {
    let row: Vec<u8> = (0..90).map(|x| if x < 45 { 0 } else { 255 }).collect();
    let scaled = scale(&row, Channels::Gray, Size::new(90, 1), Size::new(30, 1));
    for x in 0..15 {
        assert_eq!(u32::from(scaled[x]) + u32::from(scaled[29 - x]), 255, "{scaled:?}");
    }
    assert_eq!((scaled[0], scaled[11], scaled[29]), (0, 0, 255));
}

/// Stored pixels 6 to 38 of a picture delivered at an eighth: the window contains a quarter of the first delivered
/// pixel, three whole ones, and three quarters of the last.
#[test]
fn pixel_counts_as_far_as_it_lies_in_the_window() {
    let across = Axis::new(6, 38, Shrink::EIGHTH);
    let down = Axis::new(0, 16, Shrink::EIGHTH);
    assert_eq!((across.pixels(), down.pixels()), (5, 2));
    let parts = [0.25, 1.0, 1.0, 1.0, 0.75];
    let raw: Vec<f64> = (0..5)
        .map(|i| kernel((f64::from(i) + 0.5 - 2.75) / 4.0) * parts[i as usize])
        .collect();
    let sum: f64 = raw.iter().sum();
    for (bright, weight) in raw.iter().enumerate() {
        let row: Vec<u8> = (0..5).map(|i| if i == bright { 255 } else { 0 }).collect();
        let lanczos = resampling("", Size::new(32, 16), Size::new(1, 1));
        let mut scaler = Scaler::new(Channels::Gray, [across, down], Size::new(1, 1), &lanczos);
        scaler.push(&row);
        scaler.push(&row);
        let found = scaler.finish().pixels[0];
        let expected = 255.0 * weight / sum;
        assert!(
            (f64::from(found) - expected).abs() <= 0.6,
            "{bright}: {found} for {expected}"
        );
    }
}
