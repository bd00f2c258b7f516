//! Luma and chroma in TIFF without JPEG (TIFF 6.0, sections 20 and 21): blocks of samples, and their conversion to RGB.

use super::directory::Directory;
use super::values::Values;
use super::{tag, unsupported};
use crate::ImageError;

pub(super) struct YCbCr {
    /// Columns and rows of pixels that share chroma: 1, 2 or 4.
    pub(super) block: [u32; 2],
    luma: [i32; 256],
    red_of_cr: [i32; 256],
    green_of_cb: [i32; 256],
    green_of_cr: [i32; 256],
    blue_of_cb: [i32; 256],
}

/// The factor of the tables' numbers.
const ONE: f64 = 65_536.0;

impl YCbCr {
    pub(super) fn read(directory: &Directory<'_>) -> Result<Self, ImageError> {
        let side = |index| match directory.values(tag::SUBSAMPLING) {
            None => Some(2),
            Some(values) => values.number(index).filter(|side| matches!(side, 1 | 2 | 4)),
        };
        let (Some(columns), Some(rows)) = (side(0), side(1)) else {
            return Err(unsupported("whose chroma has this sampling"));
        };
        // Rec. 601, and the whole range of bytes.
        let [red, green, blue] = reals(directory.values(tag::LUMA_COEFFICIENTS), [0.299, 0.587, 0.114]);
        let green = if green.abs() < 0.01 { 0.587 } else { green };
        let levels = reals(
            directory.values(tag::REFERENCE_LEVELS),
            [0.0, 255.0, 128.0, 255.0, 128.0, 255.0],
        );
        let table = |black: f64, white: f64, range: f64, factor: f64| {
            let width = if white == black { 1.0 } else { white - black };
            std::array::from_fn(|stored| ((stored as f64 - black) * range / width * factor * ONE).round() as i32)
        };
        let (red_factor, blue_factor) = (2.0 - 2.0 * red, 2.0 - 2.0 * blue);
        let cb = |factor| table(levels[2], levels[3], 127.0, factor);
        let cr = |factor| table(levels[4], levels[5], 127.0, factor);
        Ok(Self {
            block: [columns as u32, rows as u32],
            luma: table(levels[0], levels[1], 255.0, 1.0),
            red_of_cr: cr(red_factor),
            green_of_cb: cb(-blue * blue_factor / green),
            green_of_cr: cr(-red * red_factor / green),
            blue_of_cb: cb(blue_factor),
        })
    }

    pub(super) fn to_rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let (cb, cr) = (usize::from(cb), usize::from(cr));
        let luma = self.luma[usize::from(y)];
        [
            luma.saturating_add(self.red_of_cr[cr]),
            luma.saturating_add(self.green_of_cb[cb])
                .saturating_add(self.green_of_cr[cr]),
            luma.saturating_add(self.blue_of_cb[cb]),
        ]
        .map(|sum| (sum.saturating_add(ONE as i32 / 2) >> 16).clamp(0, 255) as u8)
    }

    /// The bytes of a row of blocks: the lumas of a block row by row, then its chroma.
    pub(super) const fn block_row_bytes(&self, width: u32) -> usize {
        let [columns, rows] = self.block;
        width.div_ceil(columns) as usize * (columns * rows + 2) as usize
    }

    /// Writes the three samples of each pixel of row number `row` to `samples`.
    pub(super) fn unpack(&self, chunk: &[u8], row: usize, width: u32, samples: &mut [u8]) {
        let [columns, rows] = self.block.map(|side| side as usize);
        let block_row = self.block_row_bytes(width);
        let blocks = chunk[row / rows * block_row..][..block_row].chunks_exact(columns * rows + 2);
        for (block, pixels) in blocks.zip(samples.chunks_mut(3 * columns)) {
            let (lumas, chroma) = block.split_at(columns * rows);
            let lumas = &lumas[row % rows * columns..][..columns];
            for (pixel, luma) in pixels.chunks_exact_mut(3).zip(lumas) {
                pixel.copy_from_slice(&[*luma, chroma[0], chroma[1]]);
            }
        }
    }
}

/// The numbers of a tag. The defaults unless all of them are there and sensible.
fn reals<const N: usize>(values: Option<&Values<'_>>, defaults: [f64; N]) -> [f64; N] {
    /// Levels are of 8 bits.
    const MOST: f64 = 1000.0;
    let mut read = [0.0; N];
    for (index, number) in read.iter_mut().enumerate() {
        match values.and_then(|values| values.real(index as u64)) {
            Some(real) if real.abs() <= MOST => *number = real,
            _ => return defaults,
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::tiff::directory::Chain;

    /// A little-endian file with one directory of tags of eight bytes or less each, whose longer values follow it.
    fn ycbcr(tags: &[(u16, u16, u32, &[u8])]) -> YCbCr {
        let mut file = b"II*\0\x08\0\0\0".to_vec();
        file.extend((tags.len() as u16).to_le_bytes());
        let mut values = Vec::new();
        for (tag, kind, count, bytes) in tags {
            file.extend(tag.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(count.to_le_bytes());
            let mut field = bytes.to_vec();
            if bytes.len() > 4 {
                field = ((8 + 2 + 12 * tags.len() + 4 + values.len()) as u32)
                    .to_le_bytes()
                    .to_vec();
                values.extend_from_slice(bytes);
            }
            field.resize(4, 0);
            file.extend(field);
        }
        file.extend([0; 4]);
        file.extend(values);
        let entries = Chain::new(&file).unwrap().next().unwrap().unwrap();
        YCbCr::read(&Directory::read(entries)).unwrap()
    }

    fn rationals(numbers: [u32; 6]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| [number.to_le_bytes(), 1_u32.to_le_bytes()].concat())
            .collect()
    }

    /// Rec. 601: red is 0.299, 0.587 and 0.114 of luma, and chroma is half of a scaled difference to luma.
    #[test]
    fn luma_and_chroma_become_colours() {
        let whole = ycbcr(&[(tag::SUBSAMPLING, 3, 2, &[1, 0, 1, 0])]);
        assert_eq!(whole.block, [1, 1]);
        for colour in [[0, 0, 0], [255, 255, 255], [220, 40, 40], [40, 180, 60], [40, 70, 210]] {
            let [red, green, blue] = colour.map(f64::from);
            let y = 0.299 * red + 0.587 * green + 0.114 * blue;
            let (cb, cr) = ((blue - y) / 1.772 + 128.0, (red - y) / 1.402 + 128.0);
            let found = whole.to_rgb([y, cb, cr].map(|value| value.round() as u8));
            let near = found.iter().zip(colour).all(|(a, b)| a.abs_diff(b as u8) <= 2);
            assert!(near, "{colour:?} became {found:?}");
            // The same in the range of video: 16 to 235 and 128 ± 112.
            let levels = rationals([16, 235, 128, 240, 128, 240]);
            let video = ycbcr(&[(tag::REFERENCE_LEVELS, 5, 6, &levels)]);
            assert_eq!(video.block, [2, 2]);
            let (y, cb, cr) = (
                y * 219.0 / 255.0 + 16.0,
                (cb - 128.0) * 112.0 / 127.0,
                (cr - 128.0) * 112.0 / 127.0,
            );
            let found = video.to_rgb([y, cb + 128.0, cr + 128.0].map(|value| value.round() as u8));
            let near = found.iter().zip(colour).all(|(a, b)| a.abs_diff(b as u8) <= 3);
            assert!(near, "{colour:?} became {found:?}");
        }
    }

    /// Two blocks of two columns and two rows, the second of which has one column of the picture.
    #[test]
    fn blocks_are_unpacked() {
        let ycbcr = ycbcr(&[]);
        assert_eq!(ycbcr.block_row_bytes(3), 12);
        let chunk = [1, 2, 3, 4, 50, 60, 5, 6, 7, 8, 70, 80];
        let mut samples = [0; 9];
        ycbcr.unpack(&chunk, 1, 3, &mut samples);
        assert_eq!(samples, [3, 50, 60, 4, 50, 60, 7, 70, 80]);
    }

    #[test]
    fn absurd_levels_are_ignored() {
        let levels = rationals([0, u32::MAX, 128, 128, 128, 0]);
        let [plain, absurd] = [ycbcr(&[]), ycbcr(&[(tag::REFERENCE_LEVELS, 5, 6, &levels)])];
        assert_eq!(absurd.to_rgb([100, 90, 200]), plain.to_rgb([100, 90, 200]));
        let levels = rationals([7, 7, 9, 9, 9, 9]);
        ycbcr(&[(tag::REFERENCE_LEVELS, 5, 6, &levels)]).to_rgb([255, 0, 255]);
    }
}
