//! Lossy pictures at a reduced scale: the means of libwebp's pixels at full size.

use resizer_webp::{DecodeError, Decoder, Pixels, Scale};

use crate::file;
use crate::pictures::Picture;

const REDUCED: [(Scale, usize); 3] = [(Scale::Half, 2), (Scale::Quarter, 4), (Scale::Eighth, 8)];

fn decode_at(encoded: &[u8], pixels: Pixels, scale: Scale) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::at_scale(encoded, pixels, scale)?;
    let mut all = Vec::new();
    while let Some(rows) = decoder.next_rows()? {
        all.extend_from_slice(rows.pixels);
    }
    Ok(all)
}

/// The greatest and the mean difference between a picture at each scale and the means of libwebp's pixels.
fn differences(picture: &Picture) -> Vec<(f64, f64)> {
    let encoded = picture.encode(|config| config.quality = 80.0);
    let full = webp::Decoder::new(&file(&encoded)).decode().unwrap();
    let (width, height) = (picture.width, picture.height);
    let at_scale = |(scale, side): (Scale, usize)| {
        let found = decode_at(&encoded, Pixels::Rgb, scale).unwrap();
        let (across, down) = (width.div_ceil(side), height.div_ceil(side));
        assert_eq!(found.len(), across * down * 3, "{width} x {height} at 1/{side}");
        let mut all = Vec::new();
        for (place, pixel) in found.as_chunks::<3>().0.iter().enumerate() {
            let columns = place % across * side..(place % across * side + side).min(width);
            let rows = place / across * side..(place / across * side + side).min(height);
            let count = (columns.len() * rows.len()) as f64;
            for (channel, found) in pixel.iter().enumerate() {
                let samples = rows
                    .clone()
                    .flat_map(|y| columns.clone().map(move |x| (y * width + x) * 3));
                let sum: f64 = samples.map(|start| f64::from(full[start + channel])).sum();
                all.push((f64::from(*found) - sum / count).abs());
            }
        }
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (all.into_iter().fold(0.0, f64::max), mean)
    };
    REDUCED.into_iter().map(at_scale).collect()
}

/// Without colours only luma counts, and the conversion is linear but for rounding.
#[test]
fn gray_picture_of_any_size_is_the_mean_of_its_pixels() {
    for width in (1..=34).chain([100, 129]) {
        for height in [1, 2, 3, 7, 8, 9, 15, 16, 17, 23, 24, 25, 33, 64] {
            for (greatest, _) in differences(&Picture::photograph(width, height).gray()) {
                assert!(greatest <= 2.0, "{width} x {height}: {greatest}");
            }
        }
    }
}

/// Chroma is averaged as it is stored, and not interpolated before. In smooth pictures this makes no difference.
#[test]
fn colours_are_the_means_of_the_pixels() {
    for (greatest, mean) in differences(&Picture::gradient(301, 203)) {
        assert!(greatest <= 4.0 && mean <= 1.0, "{greatest}, {mean}");
    }
    for (_, mean) in differences(&Picture::photograph(300, 200)) {
        assert!(mean <= 1.0, "{mean}");
    }
}

#[test]
fn opaque_alpha_is_added_at_every_scale() {
    let encoded = Picture::photograph(77, 50).encode(|_| {});
    for (scale, side) in REDUCED {
        let colours = decode_at(&encoded, Pixels::Rgb, scale).unwrap();
        let found = decode_at(&encoded, Pixels::Rgba, scale).unwrap();
        let expected = colours.as_chunks::<3>().0.iter().map(|[r, g, b]| [*r, *g, *b, 255]);
        assert!(found.as_chunks::<4>().0.iter().copied().eq(expected), "1/{side}");
    }
}

#[test]
fn rows_at_a_scale_follow_one_another_in_small_pieces() {
    for height in [1, 9, 16, 17, 25, 160, 161] {
        let encoded = Picture::gradient(50, height).encode(|_| {});
        for (scale, side) in REDUCED {
            let row_bytes = 50_usize.div_ceil(side) * 3;
            let mut decoder = Decoder::at_scale(&encoded, Pixels::Rgb, scale).unwrap();
            let mut next = 0;
            while let Some(rows) = decoder.next_rows().unwrap() {
                assert_eq!(rows.first as usize, next);
                assert_eq!(rows.pixels.len() % row_bytes, 0);
                let count = rows.pixels.len() / row_bytes;
                assert!((1..=12).contains(&count), "{count} of {height} rows at 1/{side}");
                next += count;
            }
            assert_eq!(next, height.div_ceil(side));
        }
    }
}

#[test]
fn picture_cut_anywhere_is_an_error_at_every_scale() {
    let whole = Picture::photograph(64, 100).encode(|_| {});
    for (scale, _) in REDUCED {
        for length in (0..whole.len() - 8).step_by(7) {
            assert!(decode_at(&whole[..length], Pixels::Rgb, scale).is_err(), "{length}");
        }
    }
}
