//! Planes of lossy pictures: converted by the formulas of BT.601, they are the means of libwebp's pixels.

use resizer_webp::{PlaneDecoder, Scale};

use crate::file;
use crate::pictures::Picture;

/// A plane's width and samples.
type Plane = (usize, Vec<u8>);

/// All planes of a picture. Each row comes once, and in order.
fn planes(encoded: &[u8], picture: &Picture, scale: Scale, half_chroma: bool) -> [Plane; 3] {
    let sides = [0, 1, 2].map(|plane| usize::from(PlaneDecoder::spacing(plane, scale, half_chroma)));
    let mut planes = sides.map(|side| (picture.width.div_ceil(side), Vec::new()));
    let mut decoder = PlaneDecoder::new(encoded, scale, half_chroma).unwrap();
    while decoder.step().unwrap() {
        for (index, (width, samples)) in planes.iter_mut().enumerate() {
            for row in decoder.ready(index) {
                assert_eq!(samples.len(), row as usize * *width, "row {row} of plane {index}");
                samples.extend_from_slice(&decoder.row(index, row)[..*width]);
            }
        }
    }
    for ((width, samples), side) in planes.iter().zip(sides) {
        assert_eq!(samples.len(), width * picture.height.div_ceil(side));
    }
    planes
}

/// The greatest and the mean difference between colours of the planes and the means of libwebp's pixels.
fn differences(picture: &Picture, scale: Scale, half_chroma: bool) -> (f64, f64) {
    let encoded = picture.encode(|config| config.quality = 90.0);
    let full = webp::Decoder::new(&file(&encoded)).decode().unwrap();
    let [(across, luma), blue, red] = planes(&encoded, picture, scale, half_chroma);
    let side = usize::from(scale.denominator());
    let chroma_side = usize::from(PlaneDecoder::spacing(1, scale, half_chroma));
    let mut all = Vec::new();
    for (place, luma) in luma.iter().enumerate() {
        let (left, top) = (place % across * side, place / across * side);
        let chroma =
            |(width, samples): &Plane| f64::from(samples[top / chroma_side * width + left / chroma_side]) - 128.0;
        let luma = (f64::from(*luma) - 16.0) * 255.0 / 219.0;
        // The weights of blue and red in luma are 0.114 and 0.299.
        let [blue, red] = [chroma(&blue) * 255.0 / 224.0, chroma(&red) * 255.0 / 224.0];
        let found = [
            luma + 1.402 * red,
            luma - (0.114 * 1.772 * blue + 0.299 * 1.402 * red) / 0.587,
            luma + 1.772 * blue,
        ];
        let columns = left..(left + side).min(picture.width);
        let rows = top..(top + side).min(picture.height);
        for (channel, found) in found.into_iter().enumerate() {
            let samples = rows.clone().flat_map(|y| columns.clone().map(move |x| (y, x)));
            let sum: f64 = samples
                .map(|(y, x)| f64::from(full[(y * picture.width + x) * 3 + channel]))
                .sum();
            all.push((found - sum / (columns.len() * rows.len()) as f64).abs());
        }
    }
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    (all.into_iter().fold(0.0, f64::max), mean)
}

/// Samples of chroma are not interpolated here, and cover up to eight pixels, which differ by a level each.
#[test]
fn planes_have_the_colours_of_the_pixels_at_every_scale() {
    for scale in Scale::ALL {
        for half_chroma in [false, true] {
            for (width, height) in [(301, 203), (304, 208)] {
                let (greatest, mean) = differences(&Picture::gradient(width, height), scale, half_chroma);
                assert!(
                    greatest <= 12.0 && mean <= 2.5,
                    "{width} x {height}, {scale:?}, {half_chroma}: {greatest}, {mean}"
                );
            }
        }
    }
}

#[test]
fn planes_of_any_size_are_complete() {
    for scale in Scale::ALL {
        for (width, height) in [(1, 1), (2, 3), (15, 17), (16, 16), (17, 33), (48, 1), (1, 100)] {
            let picture = Picture::photograph(width, height).gray();
            let (greatest, _) = differences(&picture, scale, true);
            assert!(greatest <= 3.0, "{width} x {height}, {scale:?}: {greatest}");
        }
    }
}

#[test]
fn picture_cut_anywhere_is_an_error() {
    let whole = Picture::photograph(64, 100).encode(|_| {});
    for length in (0..whole.len() - 8).step_by(7) {
        let ended = PlaneDecoder::new(&whole[..length], Scale::Half, true).and_then(|mut decoder| {
            while decoder.step()? {}
            Ok(())
        });
        assert!(ended.is_err(), "{length}");
    }
}
