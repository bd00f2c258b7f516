//! Decoding scales: the sizes at which a lossy picture can be delivered.
//!
//! At a reduced scale, samples are averaged before they become colours. So a small result costs neither the
//! interpolation of chroma nor most of the conversion and of the scaling after it.

/// The fraction of width and height that a picture is delivered at. Each delivered pixel is the mean of a square of
/// stored ones; at the right and lower edges, of those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// The stored size.
    #[default]
    Full,
    /// One pixel for each 2 × 2.
    Half,
    /// One pixel for each 4 × 4.
    Quarter,
    /// One pixel for each 8 × 8.
    Eighth,
}

impl Scale {
    /// All scales, from the finest to the coarsest.
    pub const ALL: [Self; 4] = [Self::Full, Self::Half, Self::Quarter, Self::Eighth];

    /// How many pixels of the stored picture become one, in each direction: 1, 2, 4 or 8.
    pub const fn denominator(self) -> u16 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}

/// The means of squares of `SIDE` samples in each direction, of the first `width` samples of these rows. There are
/// `SIDE` rows, or fewer at the lower edge. `sums` has room for a row.
#[inline(always)]
pub(crate) fn means<const SIDE: usize>(rows: &[&[u8]], width: usize, sums: &mut [u16], means: &mut [u8]) {
    let sums = &mut sums[..width];
    sums.fill(0);
    for row in rows {
        for (sum, sample) in sums.iter_mut().zip(*row) {
            *sum += u16::from(*sample);
        }
    }
    // At most 64 samples: their sum fits.
    let mean = |sums: &[u16], samples: usize| {
        let sum: u16 = sums.iter().sum();
        ((sum + samples as u16 / 2) / samples as u16) as u8
    };
    let (squares, rest) = sums.as_chunks::<SIDE>();
    let (whole, last) = means.split_at_mut(squares.len());
    if rows.len() == SIDE {
        for (output, sums) in whole.iter_mut().zip(squares) {
            *output = mean(sums, SIDE * SIDE);
        }
    } else {
        for (output, sums) in whole.iter_mut().zip(squares) {
            *output = mean(sums, SIDE * rows.len());
        }
    }
    if let Some(output) = last.first_mut()
        && !rest.is_empty()
    {
        *output = mean(rest, rest.len() * rows.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each mean against a sum over the square in floating point, at every width, and with rows missing.
    #[test]
    fn means_are_those_of_the_samples_that_are_there() {
        let sample = |x: usize, y: usize| (x * 53 + y * 101 + x * y * 7) as u8;
        for width in 1..=40_usize {
            for count in 1..=4 {
                let rows: Vec<Vec<u8>> = (0..count).map(|y| (0..48).map(|x| sample(x, y)).collect()).collect();
                let rows: Vec<&[u8]> = rows.iter().map(Vec::as_slice).collect();
                let mut found = vec![0; width.div_ceil(4)];
                means::<4>(&rows, width, &mut vec![9; width], &mut found);
                for (square, found) in found.into_iter().enumerate() {
                    let columns = square * 4..(square * 4 + 4).min(width);
                    let samples = columns.flat_map(|x| (0..count).map(move |y| f64::from(sample(x, y))));
                    let samples: Vec<f64> = samples.collect();
                    let mean = samples.iter().sum::<f64>() / samples.len() as f64;
                    assert!(
                        (f64::from(found) - mean).abs() <= 0.5,
                        "{width}, {count}: {found} and {mean}"
                    );
                }
            }
        }
    }
}
