//! Block decoder: reads the coefficients of a block and writes its samples into a plane.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::{AcTable, COEFFICIENTS, DcTable};
use crate::transform::{self, Points};

/// The zigzag order of coefficients (T.81, figure A.6). Each entry is a column times 8 plus a row.
pub(crate) const ZIGZAG: [u8; 64] = [
    0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40, 33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42,
    35, 28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54,
    61, 62, 55, 63,
];

/// The tables that blocks of a component are decoded with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables<'t> {
    pub(crate) dc_table: &'t DcTable,
    pub(crate) ac_table: &'t AcTable,
    /// The dequantisation factors, in zigzag order.
    pub(crate) multipliers: &'t [f32; 64],
}

/// Decodes a block into rows of a plane. `dc` is the DC coefficient of the block before, and becomes this block's.
pub(crate) type Decode =
    fn(&mut Bits<'_>, Tables<'_>, dc: &mut i32, plane: &mut [u8], stride: usize) -> Result<(), Error>;

/// The decoder for blocks of this many samples across and down. Each is 1, 2, 4 or 8.
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

/// The last index in zigzag order of a frequency below these.
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
    dc: &mut i32,
    plane: &mut [u8],
    stride: usize,
) -> Result<(), Error>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    let Tables {
        dc_table,
        ac_table,
        multipliers,
    } = tables;
    let mut here = *bits;
    here.refill();
    *dc = dc.wrapping_add(dc_table.read(&mut here)?);
    let first = *dc as f32 * multipliers[0];
    let last = const { last_place(W, H) };

    let mut block = [0.0; 64];
    let (mut place, mut flat) = (1, true);
    while place <= last {
        here.refill();
        let (found, value) = ac_table.read(&mut here, place)?;
        place = found + 1;
        if place > COEFFICIENTS {
            break;
        }
        let index = found as usize % 64;
        block[usize::from(ZIGZAG[index] % 64)] = value as f32 * multipliers[index];
        flat = false;
    }
    if place < COEFFICIENTS {
        ac_table.skip(&mut here, place)?;
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

    /// T.81, figure A.6: along the diagonals, up and down in turn.
    #[test]
    fn zigzag_order_runs_along_the_diagonals() {
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
