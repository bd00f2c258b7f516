//! Row filter: filters rows along their length, several at a time. The rows lie beside each other, value by value, so
//! that one instruction works on all of them.

use resizer_kernel::{Kernel, with_widest};

use super::light::Light;
use super::samples;
use super::weights::Weights;
use crate::Channels;
use crate::cost::SCALER_LINES as LINES;
use crate::picture::Picture;

/// Rows that wait to be filtered.
pub(super) struct Rows {
    weights: Weights,
    light: Option<&'static Light>,
    /// For each value of a row, that of all waiting rows.
    values: Vec<[f32; LINES]>,
    waiting: usize,
}

impl Rows {
    /// Filters rows of `length` values by these weights. `light`: the values are of light.
    pub(super) fn new(weights: Weights, length: usize, light: Option<&'static Light>) -> Self {
        Self {
            weights,
            light,
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
        picture.pixels.resize(start + self.waiting * picture.row_bytes(), 0);
        let (values, weights, light) = (self.values.as_slice(), &self.weights, self.light);
        let out = &mut picture.pixels[start..];
        match picture.channels {
            Channels::Gray => with_widest(Filter::<1, false> {
                values,
                weights,
                light,
                out,
            }),
            Channels::GrayAlpha => with_widest(Filter::<2, true> {
                values,
                weights,
                light,
                out,
            }),
            Channels::Rgb => with_widest(Filter::<3, false> {
                values,
                weights,
                light,
                out,
            }),
            Channels::Cmyk => with_widest(Filter::<4, false> {
                values,
                weights,
                light,
                out,
            }),
            Channels::Rgba => with_widest(Filter::<4, true> {
                values,
                weights,
                light,
                out,
            }),
        }
        self.waiting = 0;
    }
}

/// Filters rows of pixels with `N` channels, and writes each as bytes into a row of `out`.
struct Filter<'r, const N: usize, const ALPHA: bool> {
    values: &'r [[f32; LINES]],
    weights: &'r Weights,
    light: Option<&'r Light>,
    out: &'r mut [u8],
}

impl<const N: usize, const ALPHA: bool> Kernel for Filter<'_, N, ALPHA> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            values,
            weights,
            light,
            out,
        } = self;
        let row_bytes = weights.targets() * N;
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
                let pixel = sums.map(|sum| sum[line]);
                let bytes = samples::bytes::<N, ALPHA>(pixel, light);
                row[target * N..][..N].copy_from_slice(&bytes);
            }
        }
    }
}
