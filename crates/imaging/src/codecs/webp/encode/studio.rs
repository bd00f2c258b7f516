//! Studio range: luma and chroma of a JPEG (ITU-T T.871, 0 to 255) in the range of a WebP (ITU-R BT.601, luma from 16
//! to 235 and chroma from 16 to 240). The colours are the same.

use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, ImageError};

/// The planes in studio range, in rows without gaps.
pub(super) fn planes(picture: PlanarPicture, cancel: &Cancel) -> Result<[Vec<u8>; 3], ImageError> {
    let [luma, blue, red] = picture.planes;
    Ok([
        converted(luma, &LUMA, cancel)?,
        converted(blue, &CHROMA, cancel)?,
        converted(red, &CHROMA, cancel)?,
    ])
}

fn converted(mut plane: Picture, table: &[u8; 256], cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let row_bytes = plane.row_bytes();
    for row in plane.pixels.chunks_exact_mut(row_bytes) {
        cancel.check()?;
        row.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
    }
    Ok(plane.pixels)
}

/// 16 + 219/255 of luma, and 128 + 224/255 of the distance from 128, rounded.
static LUMA: [u8; 256] = table(219, 16 * 255);
static CHROMA: [u8; 256] = table(224, 128 * (255 - 224));

/// `range` parts of 255 of each value, and `offset` parts of 255.
const fn table(range: u32, offset: u32) -> [u8; 256] {
    let mut table = [0; 256];
    let mut value = 0;
    while value < 256 {
        table[value] = ((value as u32 * range + offset + 127) / 255) as u8;
        value += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_a_range_are_those_of_the_standard() {
        assert_eq!([0, 255].map(|value| LUMA[value]), [16, 235]);
        assert_eq!([0, 128, 255].map(|value| CHROMA[value]), [16, 128, 240]);
    }

    #[test]
    fn value_is_rounded_to_the_nearest() {
        for value in 0..=255_u8 {
            let number = f64::from(value);
            let luma = 16.0 + number * 219.0 / 255.0;
            let chroma = 128.0 + (number - 128.0) * 224.0 / 255.0;
            for (table, expected) in [(&LUMA, luma), (&CHROMA, chroma)] {
                let found = f64::from(table[usize::from(value)]);
                assert!((found - expected).abs() <= 0.5, "{value}: {found} for {expected}");
            }
        }
    }
}
