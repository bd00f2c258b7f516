//! One block: its coefficients from the bits, its samples into a plane.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::{Means, Others, PLACES};
use crate::transform::{self, Points};

/// The places of a block in the order of the file (T.81, figure A.6), each as a column times 8 plus a row.
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40, 33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42,
    35, 28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54,
    61, 62, 55, 63,
];

/// What the blocks of a component are decoded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables<'t> {
    pub(crate) means: &'t Means,
    pub(crate) others: &'t Others,
    /// What the coefficients are multiplied by, in the order of the file.
    pub(crate) multipliers: &'t [f32; 64],
}

/// Decodes a block into rows of a plane. `mean` is that of the block before, and becomes this block's.
pub(crate) type Decode =
    fn(&mut Bits<'_>, Tables<'_>, mean: &mut i32, plane: &mut [u8], stride: usize) -> Result<(), Error>;

/// How blocks become so many samples across and down; each 1, 2, 4 or 8.
pub(crate) fn decoder(width: u32, height: u32) -> Option<Decode> {
    Some(match (width, height) {
        (1, 1) => decode::<1, 1>,
        (1, 2) => decode::<1, 2>,
        (1, 4) => decode::<1, 4>,
        (2, 1) => decode::<2, 1>,
        (2, 2) => decode::<2, 2>,
        (2, 4) => decode::<2, 4>,
        (2, 8) => decode::<2, 8>,
        (4, 1) => decode::<4, 1>,
        (4, 2) => decode::<4, 2>,
        (4, 4) => decode::<4, 4>,
        (4, 8) => decode::<4, 8>,
        (8, 2) => decode::<8, 2>,
        (8, 4) => decode::<8, 4>,
        (8, 8) => decode::<8, 8>,
        _ => return None,
    })
}

/// The last place, in the order of the file, of a frequency below these.
const fn last_place(width: usize, height: usize) -> u32 {
    let (mut last, mut place) = (0, 0);
    while place < ZIGZAG.len() {
        let (column, row) = (ZIGZAG[place] as usize / 8, ZIGZAG[place] as usize % 8);
        if column < width && row < height {
            last = place;
        }
        place += 1;
    }
    last as u32
}

fn decode<const W: usize, const H: usize>(
    bits: &mut Bits<'_>,
    tables: Tables<'_>,
    mean: &mut i32,
    plane: &mut [u8],
    stride: usize,
) -> Result<(), Error>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    let Tables {
        means,
        others,
        multipliers,
    } = tables;
    let mut here = *bits;
    here.refill();
    *mean = mean.wrapping_add(means.read(&mut here)?);
    let first = *mean as f32 * multipliers[0];
    let last = const { last_place(W, H) };

    let mut block = [0.0; 64];
    let (mut place, mut flat) = (1, true);
    while place <= last {
        here.refill();
        let (found, value) = others.read(&mut here, place)?;
        place = found + 1;
        if place > PLACES {
            break;
        }
        let index = found as usize % 64;
        block[usize::from(ZIGZAG[index] % 64)] = value as f32 * multipliers[index];
        flat = false;
    }
    if place < PLACES {
        others.skip(&mut here, place)?;
    }
    *bits = here;

    if flat {
        let byte = transform::byte(first);
        for row in plane.chunks_mut(stride).take(H) {
            row[..W].fill(byte);
        }
    } else {
        block[0] = first;
        let samples = transform::samples::<W, H>(&block);
        for (row, samples) in plane.chunks_mut(stride).zip(&samples) {
            row[..W].copy_from_slice(&samples.map(transform::byte));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Along the diagonals, up and down in turn.
    #[test]
    fn the_order_is_a_zigzag() {
        let mut expected = Vec::new();
        for sum in 0..15_u8 {
            let rows = sum.saturating_sub(7)..=sum.min(7);
            let place = |row: u8| (sum - row) * 8 + row;
            if sum % 2 == 0 {
                expected.extend(rows.rev().map(place));
            } else {
                expected.extend(rows.map(place));
            }
        }
        assert_eq!(ZIGZAG.as_slice(), expected);
    }
}
