//! Row filter: filters rows along their length, several at a time. A stretch of the rows is turned on its side, so that
//! the values of all rows at one place lie beside each other, and one instruction works on all of them.

use std::rc::Rc;

use resizer_kernel::{Kernel, with_widest};

use super::light::Light;
use super::samples;
use super::weights::Weights;
use crate::Channels;
use crate::cost::{SCALER_LINES as LINES, SCALER_TARGETS as TARGETS};
use crate::picture::Picture;

/// Rows that wait to be filtered.
pub(super) struct Rows {
    weights: Rc<Weights>,
    light: Option<&'static Light>,
    /// The values of a row.
    length: usize,
    /// The waiting rows, one after the other. Behind them there is room for a block to reach beyond the last one.
    lines: Vec<f32>,
    waiting: usize,
    /// A stretch of the waiting rows on its side.
    values: Vec<[f32; LINES]>,
}

impl Rows {
    /// Filters rows of `length` values by these weights, which have windows of the same length. `light`: the values are
    /// of light.
    pub(super) fn new(weights: Rc<Weights>, length: usize, light: Option<&'static Light>) -> Self {
        Self {
            weights,
            light,
            length,
            lines: vec![0.0; LINES * length + LINES],
            waiting: 0,
            values: Vec::new(),
        }
    }

    /// A filter of other rows, by the same weights.
    pub(super) fn twin(&self) -> Self {
        Self::new(Rc::clone(&self.weights), self.length, self.light)
    }

    /// Whether no further row has room.
    pub(super) const fn is_full(&self) -> bool {
        self.waiting == LINES
    }

    /// The room for the next row, which counts as waiting from now on. There is room.
    pub(super) fn next_line(&mut self) -> &mut [f32] {
        let start = self.waiting * self.length;
        self.waiting += 1;
        &mut self.lines[start..start + self.length]
    }

    /// Filters the waiting rows, and appends them to the picture.
    pub(super) fn filter(&mut self, picture: &mut Picture) {
        let start = picture.pixels.len();
        picture.pixels.resize(start + self.waiting * picture.row_bytes(), 0);
        let out = &mut picture.pixels[start..];
        match picture.channels {
            Channels::Gray => with_widest(Filter::<1, false> { rows: self, out }),
            Channels::GrayAlpha => with_widest(Filter::<2, true> { rows: self, out }),
            Channels::Rgb => with_widest(Filter::<3, false> { rows: self, out }),
            Channels::Cmyk => with_widest(Filter::<4, false> { rows: self, out }),
            Channels::Rgba => with_widest(Filter::<4, true> { rows: self, out }),
        }
        self.waiting = 0;
    }

    /// Turns the values of all lines in a range on their side.
    #[inline(always)]
    fn turn(&mut self, values: std::ops::Range<usize>) {
        let needed = values.len().next_multiple_of(LINES);
        if self.values.len() < needed {
            self.values.resize(needed, [0.0; LINES]);
        }
        let blocks = self.values.as_chunks_mut::<LINES>().0;
        for (start, block) in values.step_by(LINES).zip(blocks) {
            // Where a block reaches beyond its row, nobody reads what it finds there.
            *block = turned(std::array::from_fn(|line| {
                let rest = &self.lines[line * self.length + start..];
                rest.first_chunk().copied().unwrap_or_default()
            }));
        }
    }
}

/// Filters rows of pixels with `N` channels, and writes each as bytes into a row of `out`.
struct Filter<'r, const N: usize, const ALPHA: bool> {
    rows: &'r mut Rows,
    out: &'r mut [u8],
}

impl<const N: usize, const ALPHA: bool> Kernel for Filter<'_, N, ALPHA> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { rows, out } = self;
        let weights = Rc::clone(&rows.weights);
        let row_bytes = weights.targets() * N;
        for begin in (0..weights.targets()).step_by(TARGETS) {
            let end = weights.targets().min(begin + TARGETS);
            let first = weights.window(begin).0;
            let (last, window) = weights.window(end - 1);
            rows.turn(first * N..(last + window.len()) * N);
            let (pixels, _) = rows.values.as_chunks::<N>();
            for octet in (begin..end).step_by(LINES) {
                let mut sums = [[[0.0; LINES]; N]; LINES];
                for (target, sums) in (octet..end).zip(&mut sums) {
                    let (start, window) = weights.window(target);
                    *sums = sum(&pixels[start - first..], window);
                    samples::finish::<N, LINES, ALPHA>(sums, rows.light);
                }
                // As many values of each line as there are lines, N times.
                for (part, sums) in sums.as_flattened().as_chunks::<LINES>().0.iter().enumerate() {
                    let from = octet * N + part * LINES;
                    if from >= row_bytes {
                        break;
                    }
                    let lines = turned(*sums).map(|line| line.map(samples::byte));
                    for (row, bytes) in out.chunks_exact_mut(row_bytes).zip(&lines) {
                        let rest = &mut row[from..];
                        match rest.first_chunk_mut() {
                            Some(room) => *room = *bytes,
                            None => rest.copy_from_slice(&bytes[..rest.len()]),
                        }
                    }
                }
            }
        }
    }
}

/// The sum of pixels, each times its weight.
#[inline(always)]
fn sum<const N: usize>(pixels: &[[[f32; LINES]; N]], weights: &[f32]) -> [[f32; LINES]; N] {
    let mut sums = [[0.0; LINES]; N];
    for (pixel, weight) in pixels.iter().zip(weights) {
        for (sum, values) in sums.iter_mut().zip(pixel) {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum += value * weight;
            }
        }
    }
    sums
}

/// Rows and columns exchanged.
#[inline(always)]
fn turned(block: [[f32; LINES]; LINES]) -> [[f32; LINES]; LINES] {
    std::array::from_fn(|row| std::array::from_fn(|column| block[column][row]))
}
