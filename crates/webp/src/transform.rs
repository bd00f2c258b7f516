//! Inverse transforms (RFC 6386, section 14): Walsh-Hadamard for the Y2 block, cosine for all others.

/// From the Y2 block to the DC coefficients of the luma blocks, in the order of the blocks (section 14.3).
pub(crate) fn inverse_hadamard(block: &[i32; 16]) -> [i32; 16] {
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

/// From coefficients to the differences that are added to the prediction, row by row (section 14.4).
pub(crate) fn inverse_cosine(block: &[i32; 16]) -> [[i32; 4]; 4] {
    let mut columns = [[0; 4]; 4];
    for i in 0..4 {
        let [a, b, c, d] = butterfly([block[i], block[4 + i], block[8 + i], block[12 + i]]);
        (columns[0][i], columns[1][i], columns[2][i], columns[3][i]) = (a, b, c, d);
    }
    for row in &mut columns {
        let [a, b, c, d] = butterfly(*row);
        *row = [(a + 4) >> 3, (b + 4) >> 3, (c + 4) >> 3, (d + 4) >> 3];
    }
    columns
}

#[inline(always)]
fn butterfly([i0, i1, i2, i3]: [i32; 4]) -> [i32; 4] {
    let (a, b) = (i0 + i2, i0 - i2);
    let c = by_sine(i1) - by_cosine(i3);
    let d = by_cosine(i1) + by_sine(i3);
    [a + d, b + c, b - c, a - d]
}

/// The value times the square root of 2 and the cosine of π/8, out of 65536. A damaged picture may have products beyond
/// 32 bits.
fn by_cosine(value: i32) -> i32 {
    value + ((i64::from(value) * 20_091) >> 16) as i32
}

/// The value times the square root of 2 and the sine of π/8, out of 65536.
fn by_sine(value: i32) -> i32 {
    ((i64::from(value) * 35_468) >> 16) as i32
}
