//! Row filter: filters rows along their length, several at a time. The rows lie beside each other, value by value, so
//! that one instruction works on all of them.

use resizer_vector::with_widest;

use super::samples;
use super::weights::Weights;
use crate::Channels;
use crate::cost::SCALER_LINES as LINES;
use crate::picture::Picture;

/// Rows that wait to be filtered.
pub(super) struct Rows {
    weights: Weights,
    /// For each value of a row, that of all waiting rows.
    values: Vec<[f32; LINES]>,
    waiting: usize,
}

impl Rows {
    /// Filters rows of `length` values by these weights.
    pub(super) fn new(weights: Weights, length: usize) -> Self {
        Self {
            weights,
            values: vec![[0.0; LINES]; length],
            waiting: 0,
        }
    }

    /// Whether no further row has room.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting == LINES
    }

    /// Takes a row. There is room for it.
    pub(super) fn push(&mut self, line: &[f32]) {
        for (place, value) in self.values.iter_mut().zip(line) {
            place[self.waiting] = *value;
        }
        self.waiting += 1;
    }

    /// Filters the waiting rows, and appends them to the picture.
    pub(super) fn filter(&mut self, picture: &mut Picture) {
        let start = picture.pixels.len();
        let row_bytes = picture.row_bytes();
        picture.pixels.resize(start + self.waiting * row_bytes, 0);
        let out = &mut picture.pixels[start..];
        let Self { weights, values, .. } = &*self;
        with_widest(|| match picture.channels {
            Channels::Gray => filter(values, weights, out, row_bytes, samples::opaque::<1>),
            Channels::GrayAlpha => filter(values, weights, out, row_bytes, samples::straight::<2>),
            Channels::Rgb => filter(values, weights, out, row_bytes, samples::opaque::<3>),
            Channels::Cmyk => filter(values, weights, out, row_bytes, samples::opaque::<4>),
            Channels::Rgba => filter(values, weights, out, row_bytes, samples::straight::<4>),
        });
        self.waiting = 0;
    }
}

/// Filters rows of pixels with `N` channels, and writes each as bytes into a row of `out`.
#[inline(always)]
fn filter<const N: usize>(
    values: &[[f32; LINES]],
    weights: &Weights,
    out: &mut [u8],
    row_bytes: usize,
    to_bytes: impl Fn([f32; N]) -> [u8; N],
) {
    let (source, _) = values.as_chunks::<N>();
    for target in 0..weights.targets() {
        let (first, weights) = weights.window(target);
        let mut sums = [[0.0; LINES]; N];
        for (pixel, weight) in source[first..].iter().zip(weights) {
            for (sum, values) in sums.iter_mut().zip(pixel) {
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += value * weight;
                }
            }
        }
        for (line, row) in out.chunks_exact_mut(row_bytes).enumerate() {
            row[target * N..][..N].copy_from_slice(&to_bytes(sums.map(|sum| sum[line])));
        }
    }
}
