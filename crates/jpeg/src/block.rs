//! Block decoder: reads the coefficients of a block and writes its samples into a plane.
//!
//! A block of a sequential picture is read and written at once. Of a progressive picture all scans are read before.

use resizer_kernel::{Kernel, with_widest};

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

/// Writes the samples of known coefficients into rows of a plane. `multipliers` are in zigzag order.
pub(crate) type Draw = fn(dc: i16, &Coefficients, multipliers: &[f32; 64], plane: &mut [u8], stride: usize);

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

/// The functions for blocks of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) decode: Decode,
    pub(crate) draw: Draw,
    /// The coefficients that the samples depend on: bit n for index n.
    pub(crate) wanted: u64,
}

impl Kind {
    const fn of<const W: usize, const H: usize>() -> Self
    where
        [f32; W]: Points,
        [f32; H]: Points,
    {
        Self {
            decode: decode::<W, H>,
            draw: draw::<W, H>,
            wanted: wanted(W, H),
        }
    }

    /// The functions for blocks of this many samples across and down. Each is 1, 2, 4 or 8. A side of 1 goes with one
    /// of 4 at most: at an eighth of the size a block of the fewest samples has 4.
    pub(crate) const fn new(width: u32, height: u32) -> Option<Self> {
        Some(match (width, height) {
            (1, 1) => Self::of::<1, 1>(),
            (1, 2) => Self::of::<1, 2>(),
            (1, 4) => Self::of::<1, 4>(),
            (2, 1) => Self::of::<2, 1>(),
            (2, 2) => Self::of::<2, 2>(),
            (2, 4) => Self::of::<2, 4>(),
            (2, 8) => Self::of::<2, 8>(),
            (4, 1) => Self::of::<4, 1>(),
            (4, 2) => Self::of::<4, 2>(),
            (4, 4) => Self::of::<4, 4>(),
            (4, 8) => Self::of::<4, 8>(),
            (8, 2) => Self::of::<8, 2>(),
            (8, 4) => Self::of::<8, 4>(),
            (8, 8) => Self::of::<8, 8>(),
            _ => return None,
        })
    }
}

/// The indices in zigzag order of the frequencies below these.
const fn wanted(width: usize, height: usize) -> u64 {
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
    with_widest(DecodeBlock::<W, H> {
        bits,
        tables,
        dc,
        plane,
        stride,
    })
}

/// The kernel of [`decode`].
struct DecodeBlock<'a, 's, 't, const W: usize, const H: usize> {
    bits: &'a mut Bits<'s>,
    tables: Tables<'t>,
    dc: &'a mut i32,
    plane: &'a mut [u8],
    stride: usize,
}

impl<const W: usize, const H: usize> Kernel for DecodeBlock<'_, '_, '_, W, H>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run(self) -> Result<(), Error> {
        let Self {
            bits,
            tables,
            dc,
            plane,
            stride,
        } = self;
        let Tables {
            dc_table,
            ac_table,
            multipliers,
        } = tables;
        let mut here = *bits;
        here.refill();
        *dc = dc.wrapping_add(dc_table.read(&mut here)?);
        let first = *dc as f32 * multipliers[0];
        // The last index of a frequency that is used.
        let last = const { 63 - wanted(W, H).leading_zeros() };

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

        write::<W, H>(first, &mut block, flat, plane, stride);
        Ok(())
    }
}

fn draw<const W: usize, const H: usize>(
    dc: i16,
    coefficients: &Coefficients,
    multipliers: &[f32; 64],
    plane: &mut [u8],
    stride: usize,
) where
    [f32; W]: Points,
    [f32; H]: Points,
{
    let mut left = coefficients.nonzero & const { wanted(W, H) & !1 };
    let flat = left == 0;
    let mut block = [0.0; 64];
    while left != 0 {
        let index = left.trailing_zeros() as usize % 64;
        left &= left - 1;
        block[usize::from(ZIGZAG[index] % 64)] = f32::from(coefficients.values[index]) * multipliers[index];
    }
    write::<W, H>(f32::from(dc) * multipliers[0], &mut block, flat, plane, stride);
}

/// Transforms a block and writes its samples. `dc` is its mean. A flat block has no other coefficients.
#[inline(always)]
fn write<const W: usize, const H: usize>(dc: f32, block: &mut [f32; 64], flat: bool, plane: &mut [u8], stride: usize)
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    if flat {
        let byte = transform::byte(dc);
        for row in plane.chunks_mut(stride).take(H) {
            row[..W].fill(byte);
        }
    } else {
        block[0] = dc;
        let samples = transform::samples::<W, H>(block);
        for (row, samples) in plane.chunks_mut(stride).zip(&samples) {
            row[..W].copy_from_slice(&samples.map(transform::byte));
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
