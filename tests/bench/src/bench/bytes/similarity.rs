//! Structural similarity (SSIM) of luma: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", 2004; over
//! squares of eight pixels.

use anyhow::{Result, ensure};

use crate::bench::pixels::judge::Picture;

/// The side of a square, and the constants of the formula for values up to 255.
const SIDE: usize = 8;
const C1: f64 = 0.01 * 255.0 * 0.01 * 255.0;
const C2: f64 = 0.03 * 255.0 * 0.03 * 255.0;

/// The mean over all squares: 1 for equal pictures.
pub(super) fn of_luma(a: &Picture, b: &Picture) -> Result<f64> {
    ensure!(a.sides == b.sides, "two pictures of different sizes");
    let [width, height] = a.sides;
    ensure!(width >= SIDE && height >= SIDE, "a picture is too small");
    let (a, b) = (luma(a), luma(b));
    let (mut sum, mut count) = (0.0, 0);
    for top in 0..=height - SIDE {
        for left in 0..=width - SIDE {
            sum += of_square(&a, &b, top * width + left, width);
            count += 1;
        }
    }
    Ok(sum / f64::from(count))
}

fn luma(picture: &Picture) -> Vec<f64> {
    let pixels = picture.pixels.chunks_exact(3);
    pixels
        .map(|pixel| 0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2]))
        .collect()
}

fn of_square(a: &[f64], b: &[f64], start: usize, width: usize) -> f64 {
    let [mut of_a, mut of_b, mut of_aa, mut of_bb, mut of_ab] = [0.0; 5];
    for row in 0..SIDE {
        let place = start + row * width;
        for (a, b) in a[place..place + SIDE].iter().zip(&b[place..place + SIDE]) {
            of_a += a;
            of_b += b;
            of_aa += a * a;
            of_bb += b * b;
            of_ab += a * b;
        }
    }
    let mean = |sum: f64| sum / (SIDE * SIDE) as f64;
    let (a, b) = (mean(of_a), mean(of_b));
    let (variance_a, variance_b) = (mean(of_aa) - a * a, mean(of_bb) - b * b);
    let covariance = mean(of_ab) - a * b;
    (2.0 * a * b + C1) * (2.0 * covariance + C2) / ((a * a + b * b + C1) * (variance_a + variance_b + C2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(value: impl Fn(usize, usize) -> u8) -> Picture {
        let pixels = (0..20 * 20).flat_map(|place| [value(place % 20, place / 20); 3]);
        Picture {
            sides: [20, 20],
            pixels: pixels.collect(),
        }
    }

    #[test]
    fn picture_is_like_itself_and_unlike_its_reverse() {
        let checks = picture(|x, y| if (x + y) % 2 == 0 { 100 } else { 150 });
        let reversed = picture(|x, y| if (x + y) % 2 == 0 { 150 } else { 100 });
        assert!((of_luma(&checks, &checks).unwrap() - 1.0).abs() < 1e-12);
        assert!(of_luma(&checks, &reversed).unwrap() < 0.0);
    }

    /// Flat pictures have no variance: only the term of the means is left.
    #[test]
    fn flat_pictures_are_compared_by_their_means() {
        let found = of_luma(&picture(|_, _| 100), &picture(|_, _| 120)).unwrap();
        let expected = (2.0 * 100.0 * 120.0 + C1) / (100.0 * 100.0 + 120.0 * 120.0 + C1);
        assert!((found - expected).abs() < 1e-9);
    }
}
