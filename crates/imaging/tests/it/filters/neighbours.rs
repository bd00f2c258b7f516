//! Filters that look at the pixels around each pixel: blur, sharpening, noise removal and edges.

use png::ColorType;

use super::{filtered, noise};
use crate::make;

/// The integral of the standard normal distribution, by Simpson's rule.
fn normal(x: f64) -> f64 {
    const STEPS: u32 = 2000;
    let density = |x: f64| (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let (from, to) = (-8.0, x.clamp(-8.0, 8.0));
    let step = (to - from) / f64::from(STEPS);
    let sum: f64 = (0..=STEPS)
        .map(|at| {
            let weight = match at {
                0 | STEPS => 1.0,
                at if at % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * density(from + f64::from(at) * step)
        })
        .sum();
    sum * step / 3.0
}

/// An edge in the middle of 200 x 200 pixels, across or down.
fn edge(across: bool, dark: u8, light: u8) -> Vec<u8> {
    make::pixels(200, 200, |x, y| {
        [if (if across { x } else { y }) < 100 {
            dark
        } else {
            light
        }]
    })
}

/// An edge becomes the integral of a Gaussian, whose deviation is half of the radius.
#[test]
fn blurred_edge_is_the_integral_of_the_gaussian() {
    let check = |query: &str, deviation: f64| {
        for across in [true, false] {
            let after = filtered(200, 200, ColorType::Grayscale, &edge(across, 20, 220), query);
            // Of a smaller one, single samples are no integral.
            for at in (40..160_usize).filter(|_| deviation >= 4.0) {
                let found = if across {
                    after[77 * 200 + at]
                } else {
                    after[at * 200 + 77]
                };
                let expected = 20.0 + 200.0 * normal((at as f64 + 0.5 - 100.0) / deviation);
                let error = f64::from(found) - expected;
                assert!(error.abs() < 2.5, "{query} at {at}: {found}, {expected}");
            }
            // The slope is the Gaussian, and its variance the square of the deviation.
            let at = |index: usize| {
                f64::from(if across {
                    after[77 * 200 + index]
                } else {
                    after[index * 200 + 77]
                })
            };
            let variance: f64 = (1..200)
                .map(|index| (at(index) - at(index - 1)) / 200.0 * (index as f64 - 100.0).powi(2))
                .sum();
            assert!((variance.sqrt() / deviation - 1.0).abs() < 0.03, "{query}: {variance}");
        }
    };
    check("a.blur=40", 4.0);
    check("blur=40", 4.0);
    check("a.blur=8", 0.8);
    check("a.blur=100", 10.0);
    check("a.blur=6&a.radiusunits=100", 6.0);
}

/// By the definition, at every pixel: sums of a Gaussian to five deviations. Beyond an edge its pixels count.
#[test]
fn blurred_picture_is_the_sum_of_the_gaussian() {
    let (width, height) = (151_usize, 98_usize);
    let pixels = make::busy(width as u32, height as u32);
    let line = |values: &[f64], deviation: f64| -> Vec<f64> {
        let reach = (5.0 * deviation).ceil() as i64;
        let weight = |x: i64| {
            if x == 0 {
                1.0
            } else {
                (-0.5 * (x as f64 / deviation).powi(2)).exp()
            }
        };
        let whole: f64 = (-reach..=reach).map(weight).sum();
        let at = |x: i64| values[x.clamp(0, values.len() as i64 - 1) as usize];
        let sum = |x: i64| (-reach..=reach).map(|by| weight(by) * at(x + by)).sum::<f64>();
        (0..values.len() as i64).map(|x| sum(x) / whole).collect()
    };
    // Small deviations are exact at each edge. For larger ones, the pixels nearest to an edge count beyond it, not only
    // the last ones.
    let edges = |deviation: f64| if deviation < 3.0 { 0.0 } else { 2.0 * deviation };
    for (deviation, most) in [
        (0.4, 0.6),
        (0.8, 0.6),
        (1.5, 0.7),
        (2.9, 0.9),
        (3.1, 1.5),
        (5.9, 1.6),
        (8.0, 1.6),
        (14.0, 1.6),
    ] {
        let mut expected = vec![0.0; pixels.len()];
        for channel in 0..3 {
            let mut plane: Vec<f64> = pixels
                .iter()
                .skip(channel)
                .step_by(3)
                .map(|byte| f64::from(*byte))
                .collect();
            for row in plane.chunks_mut(width) {
                row.copy_from_slice(&line(row, deviation));
            }
            for x in 0..width {
                let column: Vec<f64> = plane.iter().skip(x).step_by(width).copied().collect();
                for (y, value) in line(&column, deviation).into_iter().enumerate() {
                    expected[(y * width + x) * 3 + channel] = value;
                }
            }
        }
        let query = format!("a.radiusunits={width}&a.blur={}", 2.0 * deviation);
        let after = filtered(width as u32, height as u32, ColorType::Rgb, &pixels, &query);
        let mut compared = 0;
        for (index, (found, expected)) in after.iter().zip(&expected).enumerate() {
            let (x, y) = (index / 3 % width, index / 3 / width);
            let to_edge = x.min(width - 1 - x).min(y).min(height - 1 - y) as f64;
            if to_edge >= edges(deviation) {
                let error = (f64::from(*found) - expected).abs();
                assert!(error <= most, "{deviation} at {x}, {y}: {found}, {expected}");
                compared += 1;
            }
        }
        assert!(compared > 10_000, "{deviation}: {compared} samples");
    }
}

/// Of a disc of one colour nothing but the opacity is blurred, whatever colour the transparent pixels have.
#[test]
fn blurred_edge_of_transparency_keeps_its_colour() {
    let disc = make::pixels(80, 60, |x, y| {
        let inside = x.abs_diff(40).pow(2) + y.abs_diff(30).pow(2) < 15 * 15;
        if inside { [200, 100, 50, 255] } else { [0, 0, 0, 0] }
    });
    for query in ["a.blur=100", "a.blur=900", "a.blur=1&a.sharpen=30"] {
        let after = filtered(80, 60, ColorType::Rgba, &disc, query);
        let mut partly = 0;
        for pixel in after.chunks(4).filter(|pixel| pixel[3] > 0) {
            // Faint pixels cannot tell more exactly.
            let most = 2 + 8 / pixel[3];
            let near = pixel
                .iter()
                .zip([200, 100, 50])
                .all(|(found, expected)| found.abs_diff(expected) <= most);
            assert!(near, "{query}: {pixel:?}");
            partly += u32::from(pixel[3] < 255);
        }
        assert!(
            partly > 50 || query.contains("sharpen"),
            "{query}: {partly} pixels of an edge"
        );
    }
}

/// The unsharp mask: twice the value, less that of the blurred edge.
#[test]
fn sharpened_edge_overshoots_by_the_blurred_difference() {
    let after = filtered(200, 200, ColorType::Grayscale, &edge(true, 80, 160), "a.sharpen=30");
    for at in 60..140_usize {
        let value = if at < 100 { 80.0 } else { 160.0 };
        let blurred = 80.0 + 80.0 * normal((at as f64 + 0.5 - 100.0) / 3.0);
        let error = f64::from(after[50 * 200 + at]) - (2.0 * value - blurred);
        assert!(error.abs() < 2.0, "at {at}: {}", after[50 * 200 + at]);
    }
    // More than 11 pixels count as 11.
    let least = filtered(200, 200, ColorType::Grayscale, &edge(true, 80, 160), "a.sharpen=55");
    let more = filtered(200, 200, ColorType::Grayscale, &edge(true, 80, 160), "a.sharpen=500");
    assert_eq!(least, more);
    let alpha = make::pixels(20, 20, |x, y| [(x * 9) as u8, (y * 9) as u8, 90, (x * y % 256) as u8]);
    let after = filtered(20, 20, ColorType::Rgba, &alpha, "a.sharpen=100");
    let alphas = |pixels: &[u8]| pixels.iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
    assert_eq!(alphas(&after), alphas(&alpha), "alpha stays");
}

#[test]
fn flat_field_stays_as_it_is() {
    for (colour, pixel) in [
        (ColorType::Grayscale, &[77][..]),
        (ColorType::GrayscaleAlpha, &[77, 128]),
        (ColorType::Rgb, &[200, 100, 50]),
        (ColorType::Rgba, &[200, 100, 50, 3]),
    ] {
        let pixels = pixel.repeat(37 * 41);
        for query in [
            "a.blur=10",
            "a.blur=1000",
            "a.blur=99999",
            "a.sharpen=20",
            "a.removenoise=true",
            "a.removenoise=500",
            "a.equalize=true",
            "a.balancewhite=true",
        ] {
            assert_eq!(filtered(37, 41, colour, &pixels, query), pixels, "{query}, {colour:?}");
        }
    }
}

#[test]
fn smallest_pictures_pass() {
    for (width, height) in [(1, 1), (1, 5), (5, 1), (2, 2)] {
        let pixels = [90, 60, 30].repeat((width * height) as usize);
        for query in ["a.blur=300", "a.sharpen=300", "a.removenoise=true"] {
            let after = filtered(width, height, ColorType::Rgb, &pixels, query);
            assert_eq!(after, pixels, "{query}, {width} x {height}");
        }
    }
}

/// By the definition: each value, brought between the lowest and the highest of all others in the square.
#[test]
fn extreme_values_become_the_nearest_around_them() {
    let check = |query: &str, side: i32, width: i32, height: i32, colour: ColorType| {
        let channels = colour.samples() as i32;
        let pixels = noise((width * height * channels) as usize);
        let after = filtered(width as u32, height as u32, colour, &pixels, query);
        let at = |x: i32, y: i32, channel: i32| pixels[((y * width + x) * channels + channel) as usize];
        let reach = side / 2;
        let mut changed = 0;
        for y in 0..height {
            for x in 0..width {
                for channel in 0..channels {
                    let rows = (y - reach).max(0)..=(y + reach).min(height - 1);
                    let others: Vec<u8> = rows
                        .flat_map(|row| {
                            let columns = (x - reach).max(0)..=(x + reach).min(width - 1);
                            columns.map(move |column| (column, row))
                        })
                        .filter(|place| *place != (x, y))
                        .map(|(column, row)| at(column, row, channel))
                        .collect();
                    let value = at(x, y, channel);
                    let bounds = (others.iter().min().unwrap(), others.iter().max().unwrap());
                    let is_alpha = channels % 2 == 0 && channel == channels - 1;
                    let expected = if is_alpha {
                        value
                    } else {
                        value.clamp(*bounds.0, *bounds.1)
                    };
                    let found = after[((y * width + x) * channels + channel) as usize];
                    assert_eq!(found, expected, "{query} at {x}, {y}");
                    changed += u32::from(found != value);
                }
            }
        }
        changed
    };
    assert!(check("a.removenoise=true", 3, 50, 40, ColorType::Grayscale) > 50);
    assert!(check("a.removenoise=true", 3, 50, 40, ColorType::Rgba) > 50);
    check("a.removenoise=80", 5, 50, 40, ColorType::Rgb);
    check("a.removenoise=100", 5, 50, 40, ColorType::GrayscaleAlpha);
    check("a.removenoise=900", 25, 50, 40, ColorType::Grayscale);
    check("a.removenoise=true", 3, 50, 1, ColorType::Rgb);
}

/// The Sobel operator in whole numbers, on luma.
#[test]
fn slopes_follow_the_sobel_operator() {
    let (width, height) = (40, 30);
    let pixels = make::busy(width as u32, height as u32);
    let luma: Vec<i32> = pixels
        .chunks(3)
        .map(|pixel| (299 * i32::from(pixel[0]) + 587 * i32::from(pixel[1]) + 114 * i32::from(pixel[2]) + 500) / 1000)
        .collect();
    let source = make::png(width as u32, height as u32, ColorType::Rgb, &pixels);
    let view = |query: &str| {
        let view = crate::view::View::of(&crate::process(&source, &format!("format=png&{query}")).unwrap());
        assert_eq!(view.channels, 1);
        view.pixels
    };
    let (edges, black_and_white) = (view("a.sobel=true"), view("a.sobel=true&a.threshold=100"));
    for y in 0..height {
        for x in 0..width {
            let at = |dx: i32, dy: i32| {
                luma[((y + dy).clamp(0, height - 1) * width + (x + dx).clamp(0, width - 1)) as usize]
            };
            let across = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
            let down = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
            let expected = (across.abs() + down.abs()).min(255);
            let index = (y * width + x) as usize;
            assert_eq!(i32::from(edges[index]), expected, "at {x}, {y}");
            assert_eq!(
                black_and_white[index],
                if expected >= 100 { 255 } else { 0 },
                "at {x}, {y}"
            );
        }
    }
}
