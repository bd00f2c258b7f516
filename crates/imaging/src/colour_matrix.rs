//! Colour matrix: computes red, green and blue as weighted sums of all three, plus an offset. Filters are multiplied
//! into one matrix, so that a picture is passed over once, and nothing is clamped in between.

/// Sums of red, green and blue in the range 0 to 1, and a factor of alpha.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ColourMatrix {
    /// For each channel of the result, the weights of red, green and blue.
    pub(crate) rows: [[f64; 3]; 3],
    /// Added to each channel of the result.
    pub(crate) offsets: [f64; 3],
    /// The factor of alpha, 0 to 1.
    pub(crate) alpha: f64,
}

impl ColourMatrix {
    /// Changes nothing.
    pub(crate) const IDENTITY: Self = Self::linear(1.0, [0.0; 3]);

    /// Weighted sums without an offset.
    pub(crate) const fn mixing(rows: [[f64; 3]; 3]) -> Self {
        Self {
            rows,
            offsets: [0.0; 3],
            alpha: 1.0,
        }
    }

    /// Each channel by itself, times a factor, plus an offset.
    pub(crate) const fn linear(factor: f64, offsets: [f64; 3]) -> Self {
        Self {
            rows: [[factor, 0.0, 0.0], [0.0, factor, 0.0], [0.0, 0.0, factor]],
            offsets,
            alpha: 1.0,
        }
    }

    /// This matrix, and then the next one on its result.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let sum = |weights: [f64; 3], values: [f64; 3]| -> f64 {
            weights.iter().zip(values).map(|(weight, value)| weight * value).sum()
        };
        let column = |input: usize| self.rows.map(|row| row[input]);
        let mut offsets = next.offsets;
        for (offset, weights) in offsets.iter_mut().zip(next.rows) {
            *offset += sum(weights, self.offsets);
        }
        Self {
            rows: next
                .rows
                .map(|weights| [0, 1, 2].map(|input| sum(weights, column(input)))),
            offsets,
            alpha: self.alpha * next.alpha,
        }
    }

    /// This matrix on opaque pixels, and its result over an opaque colour.
    #[cfg(feature = "codecs")]
    pub(crate) fn over(&self, below: crate::Colour) -> Self {
        let part = self.alpha;
        let mut offsets = self.offsets;
        for (offset, colour) in offsets.iter_mut().zip([below.red, below.green, below.blue]) {
            *offset = *offset * part + f64::from(colour) / 255.0 * (1.0 - part);
        }
        Self {
            rows: self.rows.map(|row| row.map(|weight| weight * part)),
            offsets,
            alpha: 1.0,
        }
    }

    /// Whether the result is grey, for a picture that is grey or is not.
    pub(crate) fn gives_gray(&self, from_gray: bool) -> bool {
        /// Sums of the same weights in different orders differ by less. A level is 1/255.
        const SAME: f64 = 1e-9;
        let same = |values: [f64; 3]| values.iter().all(|value| (value - values[0]).abs() < SAME);
        let inputs_count_alike = || [0, 1, 2].into_iter().all(|input| same(self.rows.map(|row| row[input])));
        let sums = self.rows.map(|row| row.iter().sum());
        same(self.offsets) && same(sums) && (from_gray || inputs_count_alike())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum in the order of the definition, for one pixel.
    fn applied(matrix: &ColourMatrix, pixel: [f64; 3]) -> [f64; 3] {
        [0, 1, 2].map(|channel| {
            let [red, green, blue] = matrix.rows[channel];
            red * pixel[0] + green * pixel[1] + blue * pixel[2] + matrix.offsets[channel]
        })
    }

    #[test]
    fn product_is_one_matrix_after_the_other() {
        let first = ColourMatrix {
            rows: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]],
            offsets: [0.01, 0.02, 0.03],
            alpha: 0.5,
        };
        let second = ColourMatrix {
            rows: [[2.0, -1.0, 0.0], [0.0, 3.0, 1.0], [0.5, 0.0, -2.0]],
            offsets: [1.0, 2.0, 3.0],
            alpha: 0.25,
        };
        let product = first.then(&second);
        for pixel in [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.2, 0.7, 0.4]] {
            let (found, expected) = (applied(&product, pixel), applied(&second, applied(&first, pixel)));
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
            }
        }
        assert_eq!(product.alpha, 0.125);
    }

    #[test]
    fn gray_is_recognised() {
        let check = |matrix: ColourMatrix, always: bool, from_gray: bool| {
            assert_eq!(matrix.gives_gray(false), always, "{matrix:?}");
            assert_eq!(matrix.gives_gray(true), from_gray, "{matrix:?}");
        };
        let gray = ColourMatrix::mixing([[0.2, 0.7, 0.1]; 3]);
        let inverted = ColourMatrix::linear(-1.0, [1.0; 3]);
        check(ColourMatrix::IDENTITY, false, true);
        check(gray, true, true);
        check(gray.then(&inverted), true, true);
        check(inverted.then(&gray), true, true);
        check(inverted, false, true);
        check(ColourMatrix::linear(1.0, [0.1, 0.0, 0.0]), false, false);
        check(gray.then(&ColourMatrix::linear(1.0, [0.0, 0.0, 0.1])), false, false);
    }
}
