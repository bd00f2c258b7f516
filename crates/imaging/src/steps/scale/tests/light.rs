//! Tests of scaling in linear light, against the curve of sRGB in doubles.

use super::*;

const LINEAR: &str = "down.colorspace=linear&up.colorspace=linear";

/// IEC 61966-2-1, both ways.
fn light(encoded: f64) -> f64 {
    if encoded <= 0.040_45 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}

fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 {
        12.92 * light
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    }
}

/// Black and white pixels in turn are half of white's light: 187.5 of 255 as bytes.
#[test]
fn checkerboard_keeps_its_brightness() {
    let board: Vec<u8> = (0..64 * 64)
        .map(|i| if (i / 64 + i) % 2 == 0 { 0 } else { 255 })
        .collect();
    let scaled = |query: &str| scale_by(query, &board, Channels::Gray, Size::new(64, 64), Size::new(32, 32));
    let middle = |pixels: &[u8]| -> Vec<u8> {
        let rows = pixels.chunks(32).skip(4).take(24);
        rows.flat_map(|row| row[4..28].to_vec()).collect()
    };
    assert!(middle(&scaled(LINEAR)).iter().all(|value| (187..=188).contains(value)));
    assert!(middle(&scaled("")).iter().all(|value| (127..=128).contains(value)));
}

#[test]
fn random_picture_matches_the_formula() {
    let mut random = Random(0x0bad_cafe);
    for (channels, from, to) in [
        (Channels::Gray, Size::new(23, 17), Size::new(9, 11)),
        (Channels::Rgb, Size::new(19, 40), Size::new(7, 3)),
        (Channels::Rgb, Size::new(9, 9), Size::new(21, 14)),
        (Channels::GrayAlpha, Size::new(20, 12), Size::new(13, 5)),
        (Channels::Rgba, Size::new(18, 21), Size::new(6, 8)),
    ] {
        let count = channels.count();
        let mut pixels: Vec<u8> = (0..Picture::bytes(from, channels))
            .map(|_| random.below(256) as u8)
            .collect();
        if channels.has_alpha() {
            // The colour of a nearly transparent pixel is the quotient of two small numbers, so it is not compared.
            pixels.chunks_mut(count).for_each(|pixel| pixel[count - 1] |= 0x80);
        }
        let found = scale_by(LINEAR, &pixels, channels, from, to);
        for (index, pixel) in found.chunks(count).enumerate() {
            let (x, y) = (index as u32 % to.width, index as u32 / to.width);
            let (down, along) = (weights(from.height, to.height, y), weights(from.width, to.width, x));
            let mut sums = vec![0.0; count];
            for (row, vertical) in pixels.chunks(from.width as usize * count).zip(&down) {
                for (pixel, horizontal) in row.chunks(count).zip(&along) {
                    let alpha = if channels.has_alpha() {
                        f64::from(pixel[count - 1]) / 255.0
                    } else {
                        1.0
                    };
                    for (channel, sum) in sums.iter_mut().enumerate() {
                        let value = match channels.has_alpha() && channel == count - 1 {
                            true => 1.0,
                            false => light(f64::from(pixel[channel]) / 255.0),
                        };
                        *sum += value * alpha * vertical * horizontal;
                    }
                }
            }
            let alpha = if channels.has_alpha() { sums[count - 1] } else { 1.0 };
            for (channel, (found, sum)) in pixel.iter().zip(&sums).enumerate() {
                let expected = match channels.has_alpha() && channel == count - 1 {
                    true => 255.0 * sum,
                    false => 255.0 * encoded((sum / alpha).clamp(0.0, 1.0)),
                };
                let difference = (f64::from(*found) - expected.clamp(0.0, 255.0)).abs();
                assert!(
                    difference <= 0.6,
                    "{from} to {to}, {channels:?} {x}, {y}: {found} for {expected}"
                );
            }
        }
    }
}

/// Inks are no light, so that the key changes nothing about them.
#[test]
fn inks_are_scaled_as_they_are() {
    let mut random = Random(77);
    let pixels: Vec<u8> = (0..12 * 12 * 4).map(|_| random.below(256) as u8).collect();
    let (from, to) = (Size::new(12, 12), Size::new(5, 5));
    assert_eq!(
        scale_by(LINEAR, &pixels, Channels::Cmyk, from, to),
        scale_by("", &pixels, Channels::Cmyk, from, to)
    );
}
