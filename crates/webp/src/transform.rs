//! Inverse transforms (RFC 6386, section 14): Walsh-Hadamard for the Y2 block, cosine for all others.
//!
//! The cosine transform works on all blocks of a macroblock side by side, so that the compiler can use vector
//! instructions: a block without coefficients costs next to nothing then.

use resizer_kernel::{Kernel, with_widest};

/// The blocks of a macroblock: sixteen of luma, then four of each chroma, row by row.
pub(crate) const BLOCKS: usize = 24;

/// Dequantised coefficients of `N` blocks: by place in the block, row by row, then by block.
pub(crate) type Coefficients<const N: usize> = [[i32; N]; 16];

/// The differences that are added to the prediction: by row in the block, then by block, then by column.
pub(crate) type Differences = [[[i16; 4]; BLOCKS]; 4];

/// From the Y2 block to the DC coefficients of the luma blocks, in the order of the blocks (section 14.3).
pub(crate) fn inverse_hadamard(block: &Coefficients<1>) -> [i32; 16] {
    let block = block.as_flattened();
    let mut columns = [0; 16];
    for i in 0..4 {
        let (a, b) = (block[i] + block[12 + i], block[4 + i] + block[8 + i]);
        let (c, d) = (block[4 + i] - block[8 + i], block[i] - block[12 + i]);
        columns[i] = a + b;
        columns[4 + i] = c + d;
        columns[8 + i] = a - b;
        columns[12 + i] = d - c;
    }
    let mut result = [0; 16];
    for (output, row) in result.as_chunks_mut::<4>().0.iter_mut().zip(columns.as_chunks::<4>().0) {
        let (a, b) = (row[0] + row[3], row[1] + row[2]);
        let (c, d) = (row[1] - row[2], row[0] - row[3]);
        *output = [a + b, c + d, a - b, d - c].map(|sum| (sum + 3) >> 3);
    }
    result
}

/// From coefficients to differences (section 14.4). `magnitudes` has at least the bits of every coefficient's
/// magnitude.
pub(crate) fn inverse_cosine(coefficients: &Coefficients<BLOCKS>, magnitudes: u32, differences: &mut Differences) {
    /// Four times this, the largest sum of the first pass, times the larger factor is below 2^31.
    const NARROW: u32 = 1 << 13;
    if magnitudes < NARROW {
        with_widest(InverseCosine::<false> {
            coefficients,
            differences,
        });
    } else {
        // No encoder writes such coefficients.
        InverseCosine::<true> {
            coefficients,
            differences,
        }
        .run();
    }
}

/// The transform of all blocks. `WIDE` if products may not fit 32 bits.
struct InverseCosine<'t, const WIDE: bool> {
    coefficients: &'t Coefficients<BLOCKS>,
    differences: &'t mut Differences,
}

impl<const WIDE: bool> Kernel for InverseCosine<'_, WIDE> {
    type Output = ();

    #[expect(clippy::needless_range_loop, reason = "a block is the same in eight rows")]
    #[inline(always)]
    fn run(self) {
        let mut columns: Coefficients<BLOCKS> = [[0; BLOCKS]; 16];
        for x in 0..4 {
            for block in 0..BLOCKS {
                let column = [0, 4, 8, 12].map(|y| self.coefficients[y + x][block]);
                let [a, b, c, d] = butterfly::<WIDE>(column);
                columns[x][block] = a;
                columns[4 + x][block] = b;
                columns[8 + x][block] = c;
                columns[12 + x][block] = d;
            }
        }
        for (y, rows) in self.differences.iter_mut().enumerate() {
            for (block, row) in rows.iter_mut().enumerate() {
                let sums = butterfly::<WIDE>([0, 1, 2, 3].map(|x| columns[4 * y + x][block]));
                *row = sums.map(difference);
            }
        }
    }
}

/// A difference, which adds the same if it is clamped: it is to be added to a sample of 8 bits, and the sum is clamped.
#[inline(always)]
fn difference(sum: i32) -> i16 {
    ((sum + 4) >> 3).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[inline(always)]
fn butterfly<const WIDE: bool>([i0, i1, i2, i3]: [i32; 4]) -> [i32; 4] {
    let (a, b) = (i0 + i2, i0 - i2);
    let c = by_sine::<WIDE>(i1) - by_cosine::<WIDE>(i3);
    let d = by_cosine::<WIDE>(i1) + by_sine::<WIDE>(i3);
    [a + d, b + c, b - c, a - d]
}

/// The value times the square root of 2 and the cosine of π/8.
#[inline(always)]
fn by_cosine<const WIDE: bool>(value: i32) -> i32 {
    value + scaled::<WIDE>(value, 20_091)
}

/// The value times the square root of 2 and the sine of π/8.
#[inline(always)]
fn by_sine<const WIDE: bool>(value: i32) -> i32 {
    scaled::<WIDE>(value, 35_468)
}

/// The value times a factor out of 65536.
#[inline(always)]
fn scaled<const WIDE: bool>(value: i32, factor: i32) -> i32 {
    if WIDE {
        ((i64::from(value) * i64::from(factor)) >> 16) as i32
    } else {
        (value * factor) >> 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of section 14.4 in floating point: the sum of basis functions, each cosine with the gain that the
    /// standard gives it.
    #[test]
    fn narrow_and_wide_transforms_are_the_sum_of_cosines() {
        let mut coefficients: Coefficients<BLOCKS> = [[0; BLOCKS]; 16];
        for (place, blocks) in coefficients.iter_mut().enumerate() {
            for (block, coefficient) in blocks.iter_mut().enumerate() {
                *coefficient = (place * 977 + block * 311) as i32 % 601 - 300;
            }
        }
        let mut narrow = Differences::default();
        let mut wide = Differences::default();
        inverse_cosine(&coefficients, 511, &mut narrow);
        inverse_cosine(&coefficients, u32::MAX, &mut wide);
        assert_eq!(narrow, wide);
        let basis = |frequency: usize, place: usize| {
            let angle = std::f64::consts::PI / 8.0 * (2 * place + 1) as f64 * frequency as f64;
            if frequency == 0 {
                1.0
            } else {
                2.0_f64.sqrt() * angle.cos()
            }
        };
        for block in 0..BLOCKS {
            for (y, x) in (0..16).map(|place| (place / 4, place % 4)) {
                let sum: f64 = (0..16)
                    .map(|place| f64::from(coefficients[place][block]) * basis(place / 4, y) * basis(place % 4, x))
                    .sum();
                let found = f64::from(narrow[y][block][x]);
                // Each of the two passes rounds down products.
                assert!(
                    (found - sum / 8.0).abs() < 2.0,
                    "block {block}: {found} and {}",
                    sum / 8.0
                );
            }
        }
    }
}
