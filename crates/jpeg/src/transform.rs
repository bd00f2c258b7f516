//! Inverse cosine transform (T.81, A.3.3) for blocks of 1, 2, 4 or 8 samples in each direction.
//!
//! The smaller transforms use only the lowest frequencies, which a picture of that size can hold. All compute with
//! 32-bit floating point numbers along eight columns at once, which compilers turn into vector instructions.

/// One dimension of the transform.
pub(crate) trait Points {
    /// The samples of these frequencies. Of eight frequencies, each must have been multiplied by its [`factor`].
    fn samples(self) -> Self;
}

impl Points for [f32; 1] {
    #[inline(always)]
    fn samples(self) -> Self {
        self
    }
}

impl Points for [f32; 2] {
    #[inline(always)]
    fn samples(self) -> Self {
        let [a, b] = self;
        [a + b, a - b]
    }
}

impl Points for [f32; 4] {
    #[inline(always)]
    fn samples(self) -> Self {
        /// The square root of 2 times the cosines of pi/8 and 3 pi/8.
        const NEAR: f32 = 1.306_563;
        const FAR: f32 = 0.541_196_1;
        let [a, b, c, d] = self;
        let (outer, inner) = (a + c, a - c);
        let (p, q) = (b * NEAR + d * FAR, b * FAR - d * NEAR);
        [outer + p, inner + q, inner - q, outer - p]
    }
}

/// The algorithm of Arai, Agui and Nakajima (Transactions of the IEICE E71, 1988). It needs five multiplications, as
/// the others are part of the factors.
impl Points for [f32; 8] {
    #[inline(always)]
    fn samples(self) -> Self {
        const SQRT_2: f32 = std::f32::consts::SQRT_2;
        /// Twice the cosine of pi/8, then its difference from and its sum with twice the cosine of 3 pi/8.
        const TWICE: f32 = 1.847_759;
        const DIFFERENCE: f32 = 1.082_392_2;
        const SUM: f32 = 2.613_126;
        let [x0, x1, x2, x3, x4, x5, x6, x7] = self;

        let (outer, inner) = (x0 + x4, x0 - x4);
        let both = x2 + x6;
        let turned = (x2 - x6) * SQRT_2 - both;
        let even = [outer + both, inner + turned, inner - turned, outer - both];

        let (a, b) = (x5 + x3, x5 - x3);
        let (c, d) = (x1 + x7, x1 - x7);
        let odd_0 = c + a;
        let rotated = (b + d) * TWICE;
        let odd_1 = rotated - b * SUM - odd_0;
        let odd_2 = (c - a) * SQRT_2 - odd_1;
        let odd_3 = rotated - d * DIFFERENCE - odd_2;
        [
            even[0] + odd_0,
            even[1] + odd_1,
            even[2] + odd_2,
            even[3] + odd_3,
            even[3] - odd_3,
            even[2] - odd_2,
            even[1] - odd_1,
            even[0] - odd_0,
        ]
    }
}

/// The factor of a frequency before a transform of `points` points.
pub(crate) fn factor(frequency: usize, points: u32) -> f64 {
    if points < 8 || frequency == 0 {
        1.0
    } else {
        let angle = frequency as f64 * std::f64::consts::PI / 16.0;
        angle.cos() * std::f64::consts::SQRT_2
    }
}

/// The samples of a block, `W` across and `H` down, minus 128. `block` holds the frequencies column by column.
#[inline(always)]
pub(crate) fn samples<const W: usize, const H: usize>(block: &[f32; 64]) -> [[f32; W]; H]
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    let mut across = [[0.0; H]; W];
    for (column, across) in across.iter_mut().enumerate() {
        across.copy_from_slice(&block[column * 8..column * 8 + H]);
    }
    let across = pass(&across);
    let mut down = [[0.0; W]; H];
    for y in 0..H {
        for x in 0..W {
            down[y][x] = across[x][y];
        }
    }
    pass(&down)
}

/// Transforms each column.
#[inline(always)]
fn pass<const N: usize, const LANES: usize>(rows: &[[f32; LANES]; N]) -> [[f32; LANES]; N]
where
    [f32; N]: Points,
{
    let mut result = [[0.0; LANES]; N];
    for lane in 0..LANES {
        let mut column = [0.0; N];
        for (value, row) in column.iter_mut().zip(rows) {
            *value = row[lane];
        }
        for (value, row) in column.samples().into_iter().zip(&mut result) {
            row[lane] = value;
        }
    }
    result
}

/// A sample as a byte: 128 is added, then the sum is rounded and clamped to 0..=255.
#[inline(always)]
pub(crate) fn byte(sample: f32) -> u8 {
    /// From this number on, neighbouring floats differ by 1. So adding it rounds, and the lowest bits hold the result.
    const WHOLE: f32 = 8_388_608.0;
    ((sample + 128.0).clamp(0.0, 255.0) + WHOLE).to_bits() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of A.3.3 in full, limited to the lowest frequencies and scaled to their number: each of the N
    /// frequencies of an axis is a cosine over N samples.
    fn plainly(block: &[f64; 64], width: usize, height: usize) -> Vec<f64> {
        let cosine = |sample: usize, frequency: usize, points: usize| {
            let angle = (2 * sample + 1) as f64 * frequency as f64 * std::f64::consts::PI / (2 * points) as f64;
            let weight = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
            angle.cos() * weight
        };
        let mut samples = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let mut sum = 0.0;
                for v in 0..height {
                    for u in 0..width {
                        sum += block[v * 8 + u] * cosine(x, u, width) * cosine(y, v, height);
                    }
                }
                samples.push(sum / 4.0);
            }
        }
        samples
    }

    fn check<const W: usize, const H: usize>()
    where
        [f32; W]: Points,
        [f32; H]: Points,
    {
        let mut state = 0x2545_f491_u32;
        for round in 0..200 {
            let mut plain = [0.0; 64];
            let mut block = [0.0; 64];
            for (place, plain) in plain.iter_mut().enumerate() {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                if round % 3 == 0 || state.is_multiple_of(8) {
                    let (v, u) = (place / 8, place % 8);
                    *plain = f64::from(state as i16 / 64);
                    let factors = factor(u, W as u32) * factor(v, H as u32) / 8.0;
                    block[u * 8 + v] = (*plain * factors) as f32;
                }
            }
            let expected = plainly(&plain, W, H);
            let found = samples::<W, H>(&block);
            for (found, expected) in found.iter().flatten().zip(expected) {
                let difference = (f64::from(*found) - expected).abs();
                assert!(difference < 0.01, "{W} x {H}: {found} for {expected}");
            }
        }
    }

    #[test]
    fn every_block_size_matches_the_formula() {
        check::<8, 8>();
        check::<4, 4>();
        check::<2, 2>();
        check::<1, 1>();
        check::<8, 4>();
        check::<4, 8>();
        check::<2, 8>();
        check::<4, 1>();
    }

    #[test]
    fn samples_beyond_a_byte_are_clamped() {
        for (sample, expected) in [
            (-1000.0, 0),
            (-128.0, 0),
            (-127.6, 0),
            (-127.4, 1),
            (0.0, 128),
            (0.6, 129),
            (126.4, 254),
            (127.0, 255),
            (1e9, 255),
        ] {
            assert_eq!(byte(sample), expected, "{sample}");
        }
    }
}
