//! Block decoder: reads the coefficients of a block and writes its samples into a plane.
//!
//! A block of a sequential picture is read and written at once. Of a progressive picture all scans are read before.

use crate::Error;
use crate::ac_table::AcTable;
use crate::bits::Bits;
use crate::dc_table::DcTable;
use crate::skip_table::COEFFICIENTS;
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

/// The AC coefficients of a block of a progressive picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coefficients {
    /// The indices of values that are not 0: bit n for index n.
    pub(crate) nonzero: u64,
    /// In zigzag order. The first one is not used.
    pub(crate) values: [i16; 64],
}

impl Coefficients {
    /// A block of one colour.
    pub(crate) const NONE: Self = Self {
        nonzero: 0,
        values: [0; 64],
    };

    #[inline(always)]
    pub(crate) const fn set(&mut self, index: u32, value: i16) {
        let place = index % 64;
        self.values[place as usize] = value;
        self.nonzero = self.nonzero & !(1 << place) | ((value != 0) as u64) << place;
    }
}

/// The indices in zigzag order of the frequencies below these.
pub(crate) const fn wanted(width: usize, height: usize) -> u64 {
    let (mut wanted, mut place) = (0, 0);
    while place < ZIGZAG.len() {
        let (column, row) = (ZIGZAG[place] as usize / 8, ZIGZAG[place] as usize % 8);
        if column < width && row < height {
            wanted |= 1 << place;
        }
        place += 1;
    }
    wanted
}

/// Decodes a block. `dc` is the DC coefficient of the block before, and becomes this block's.
#[inline(always)]
pub(crate) fn read_block<const W: usize, const H: usize>(
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
    // The last index of a frequency that is used.
    let last = const { 63 - wanted(W, H).leading_zeros() };

    bits.refill();
    *dc = dc.wrapping_add(dc_table.read(bits)?);
    let mut block = Block {
        frequencies: [0.0; 64],
        flat: true,
    };
    let mut place = 1;
    // One symbol is left of the buffer each time. Then it is refilled for two.
    while place <= last {
        place = block.read(bits, ac_table, multipliers, place)?;
        if place <= last {
            bits.refill();
            place = block.read(bits, ac_table, multipliers, place)?;
        }
    }
    if last < COEFFICIENTS - 1 && place < COEFFICIENTS {
        // The DC coefficient alone has left enough bits.
        if last > 0 {
            bits.refill();
        }
        ac_table.skip(bits, place)?;
    }
    block.write::<W, H>(*dc as f32 * multipliers[0], plane, stride);
    Ok(())
}

/// Writes the samples of known coefficients. `dc` is their mean.
#[inline(always)]
pub(crate) fn draw_block<const W: usize, const H: usize>(
    dc: f32,
    coefficients: &Coefficients,
    multipliers: &[f32; 64],
    plane: &mut [u8],
    stride: usize,
) where
    [f32; W]: Points,
    [f32; H]: Points,
{
    let mut left = coefficients.nonzero & const { wanted(W, H) & !1 };
    let mut block = Block {
        frequencies: [0.0; 64],
        flat: left == 0,
    };
    while left != 0 {
        let index = left.trailing_zeros();
        left &= left - 1;
        block.set(index, coefficients.values[index as usize % 64].into(), multipliers);
    }
    block.write::<W, H>(dc, plane, stride);
}

/// The dequantised AC coefficients of a block, column by column.
struct Block {
    frequencies: [f32; 64],
    /// Whether there are none.
    flat: bool,
}

impl Block {
    #[inline(always)]
    fn set(&mut self, index: u32, value: i32, multipliers: &[f32; 64]) {
        let index = index as usize % 64;
        self.frequencies[usize::from(ZIGZAG[index] % 64)] = value as f32 * multipliers[index];
    }

    /// Reads the next coefficient. Returns the place after it, or [`COEFFICIENTS`] at the end of the block.
    #[inline(always)]
    fn read(
        &mut self,
        bits: &mut Bits<'_>,
        table: &AcTable,
        multipliers: &[f32; 64],
        place: u32,
    ) -> Result<u32, Error> {
        let Some((index, value)) = table.read(bits, place)? else {
            return Ok(COEFFICIENTS);
        };
        self.set(index, value, multipliers);
        self.flat = false;
        Ok(index + 1)
    }

    /// Transforms the block and writes its samples. `dc` is its mean.
    #[inline(always)]
    fn write<const W: usize, const H: usize>(mut self, dc: f32, plane: &mut [u8], stride: usize)
    where
        [f32; W]: Points,
        [f32; H]: Points,
    {
        // Up to this many samples a transform takes less time than a mispredicted branch.
        const FEW: usize = 16;
        let samples = if W * H == 1 || (W * H > FEW && self.flat) {
            [[dc; W]; H]
        } else {
            self.frequencies[0] = dc;
            transform::samples::<W, H>(&self.frequencies)
        };
        // Compilers turn one flat loop into vector instructions.
        let mut bytes = [[0; W]; H];
        for (byte, sample) in bytes.as_flattened_mut().iter_mut().zip(samples.as_flattened()) {
            *byte = transform::byte(*sample);
        }
        for (row, bytes) in bytes.iter().enumerate() {
            let start = row * stride;
            plane[start..start + W].copy_from_slice(bytes);
        }
    }
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
