//! Transposition: exchanges the rows and columns of a macroblock, so that the loop filter finds the places along a
//! vertical edge side by side.
//!
//! Numbers of 64 or 32 bits hold the samples of a row, and the same steps are carried out for several squares of a
//! macroblock at once. So the compiler can use vector instructions.

use super::{BEFORE, Line, PLACES};

/// Transposes 16 rows of 16 samples.
#[inline(always)]
pub(super) fn transposed_luma(rows: &[Line; 16]) -> [Line; 16] {
    let (upper, lower) = (&rows[..8], &rows[8..]);
    let mut squares = [[0; 4]; 8];
    for ((square, upper), lower) in squares.iter_mut().zip(upper).zip(lower) {
        let ([upper_left, upper_right], [lower_left, lower_right]) = (halves(upper), halves(lower));
        *square = [upper_left, lower_left, upper_right, lower_right];
    }
    let squares = transposed_squares(squares);
    let mut columns = [[0; PLACES]; 16];
    let (left, right) = columns.split_at_mut(8);
    for ((left, right), [upper_left, lower_left, upper_right, lower_right]) in left.iter_mut().zip(right).zip(squares) {
        *left = line([upper_left, lower_left]);
        *right = line([upper_right, lower_right]);
    }
    columns
}

/// Transposes 8 rows of both chroma planes: each row holds 8 samples of one plane, then 8 of the other.
#[inline(always)]
pub(super) fn transposed_chroma(rows: &[Line; 8]) -> [Line; 8] {
    transposed_squares(rows.each_ref().map(halves)).map(line)
}

/// From 4 columns to rows of 4 samples. In chroma, the rows of the second plane follow those of the first.
#[inline(always)]
pub(super) fn rows_of(columns: &[Line; BEFORE]) -> [[u8; 4]; PLACES] {
    let mut rows = [[0; 4]; PLACES];
    for (y, quarters) in transposed_quarters(columns.each_ref().map(quarters))
        .into_iter()
        .enumerate()
    {
        for (square, quarter) in quarters.into_iter().enumerate() {
            rows[square * 4 + y] = quarter.to_le_bytes();
        }
    }
    rows
}

/// The reverse of [`rows_of`].
#[inline(always)]
pub(super) fn columns_of(rows: &[[u8; 4]; PLACES]) -> [Line; BEFORE] {
    let mut squares = [[0; 4]; 4];
    for (y, quarters) in squares.iter_mut().enumerate() {
        for (square, quarter) in quarters.iter_mut().enumerate() {
            *quarter = u32::from_le_bytes(rows[square * 4 + y]);
        }
    }
    transposed_quarters(squares).map(|quarters| {
        let mut line = [0; PLACES];
        for (samples, quarter) in line.as_chunks_mut::<4>().0.iter_mut().zip(quarters) {
            *samples = quarter.to_le_bytes();
        }
        line
    })
}

#[inline(always)]
fn halves(line: &Line) -> [u64; 2] {
    let mut halves = [0; 2];
    for (half, samples) in halves.iter_mut().zip(line.as_chunks::<8>().0) {
        *half = u64::from_le_bytes(*samples);
    }
    halves
}

#[inline(always)]
fn line(halves: [u64; 2]) -> Line {
    let mut line = [0; PLACES];
    for (samples, half) in line.as_chunks_mut::<8>().0.iter_mut().zip(halves) {
        *samples = half.to_le_bytes();
    }
    line
}

#[inline(always)]
fn quarters(line: &Line) -> [u32; 4] {
    let mut quarters = [0; 4];
    for (quarter, samples) in quarters.iter_mut().zip(line.as_chunks::<4>().0) {
        *quarter = u32::from_le_bytes(*samples);
    }
    quarters
}

/// Transposes squares of 8×8 bytes, a row of each in every number: swaps blocks of four, then of two, then single ones
/// across the diagonal.
#[inline(always)]
fn transposed_squares<const SQUARES: usize>(mut rows: [[u64; SQUARES]; 8]) -> [[u64; SQUARES]; 8] {
    for (bits, mask, distance) in [
        (32, 0x0000_0000_ffff_ffff, 4),
        (16, 0x0000_ffff_0000_ffff, 2),
        (8, 0x00ff_00ff_00ff_00ff, 1),
    ] {
        for upper in (0..8).filter(|row| row & distance == 0) {
            for square in 0..SQUARES {
                let (a, b) = (rows[upper][square], rows[upper + distance][square]);
                let both = (a >> bits ^ b) & mask;
                rows[upper][square] = a ^ both << bits;
                rows[upper + distance][square] = b ^ both;
            }
        }
    }
    rows
}

/// The same for squares of 4×4 bytes.
#[inline(always)]
fn transposed_quarters(mut rows: [[u32; 4]; 4]) -> [[u32; 4]; 4] {
    for (bits, mask, distance) in [(16, 0x0000_ffff, 2), (8, 0x00ff_00ff, 1)] {
        for upper in (0..4).filter(|row| row & distance == 0) {
            for square in 0..4 {
                let (a, b) = (rows[upper][square], rows[upper + distance][square]);
                let both = (a >> bits ^ b) & mask;
                rows[upper][square] = a ^ both << bits;
                rows[upper + distance][square] = b ^ both;
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All samples of the test differ in row and column.
    fn sample(column: usize, row: usize) -> u8 {
        (row * 16 + column) as u8
    }

    #[test]
    fn luma_has_rows_and_columns_exchanged() {
        let rows = std::array::from_fn(|row| std::array::from_fn(|column| sample(column, row)));
        let expected: [Line; 16] = std::array::from_fn(|column| std::array::from_fn(|row| sample(column, row)));
        assert_eq!(transposed_luma(&rows), expected);
    }

    #[test]
    fn chroma_has_rows_and_columns_of_each_plane_exchanged() {
        let rows = std::array::from_fn(|row| std::array::from_fn(|column| sample(column, row)));
        let expected: [Line; 8] =
            std::array::from_fn(|column| std::array::from_fn(|place| sample(place / 8 * 8 + column, place % 8)));
        assert_eq!(transposed_chroma(&rows), expected);
    }

    #[test]
    fn four_columns_are_the_samples_of_sixteen_rows() {
        let rows: [[u8; 4]; 16] = std::array::from_fn(|row| std::array::from_fn(|column| sample(column, row)));
        let columns: [Line; 4] = std::array::from_fn(|column| std::array::from_fn(|row| sample(column, row)));
        assert_eq!(columns_of(&rows), columns);
        assert_eq!(rows_of(&columns), rows);
    }
}
