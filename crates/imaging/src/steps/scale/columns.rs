//! Column filter: whole rows go in from the top, filtered rows come out. It holds the last rows, and where a window is
//! longer than that, the sums of the rows before.

use std::collections::VecDeque;

use resizer_kernel::{Kernel, with_widest};

use super::weights::Weights;
use crate::cost::SCALER_ROWS;

/// The state of the column filter.
pub(super) struct Columns {
    weights: Weights,
    /// The values of a row.
    length: usize,
    /// A ring of `slots` rows: row number `n` lies in slot `n % slots`.
    ring: Vec<u16>,
    slots: usize,
    /// The first row that is held and not yet part of the sums, and the row after the last one.
    held: usize,
    pushed: usize,
    /// The next target row.
    target: usize,
    /// For the target rows from `target` on: the sums over the rows before `held`. Empty unless a window is longer
    /// than the ring.
    sums: VecDeque<Vec<f32>>,
    /// A finished row. It then serves as the next sum.
    line: Vec<f32>,
}

impl Columns {
    /// Filters rows of `length` values by these weights.
    pub(super) fn new(weights: Weights, length: usize) -> Self {
        let slots = weights.longest().next_power_of_two().min(SCALER_ROWS);
        Self {
            weights,
            length,
            ring: vec![0; slots * length],
            slots,
            held: 0,
            pushed: 0,
            target: 0,
            sums: VecDeque::new(),
            line: Vec::new(),
        }
    }

    /// The room for the next row. [`filter`](Self::filter) takes the row.
    pub(super) fn next_row(&mut self) -> &mut [u16] {
        let start = self.pushed % self.slots * self.length;
        &mut self.ring[start..start + self.length]
    }

    /// Takes the row that was written, and passes each target row that it completes to `leave`.
    pub(super) fn filter(&mut self, mut leave: impl FnMut(&[f32])) {
        self.pushed += 1;
        while self.target < self.weights.targets() && self.end(self.target) <= self.pushed {
            let mut line = self.sums.pop_front().unwrap_or_else(|| {
                let mut line = std::mem::take(&mut self.line);
                line.clear();
                line.resize(self.length, 0.0);
                line
            });
            self.add(self.target, &mut line);
            leave(&line);
            self.line = line;
            self.target += 1;
        }
        if self.pushed - self.held == self.slots {
            self.make_room();
        }
    }

    /// Frees the slot that the next row will be written to.
    fn make_room(&mut self) {
        let targets = self.weights.targets();
        if self.target == targets || self.weights.window(self.target).0 > self.held {
            // No target row needs the oldest row any more.
            self.held += 1;
            return;
        }
        let mut sums = std::mem::take(&mut self.sums);
        let mut target = self.target;
        while target < targets && self.weights.window(target).0 < self.pushed {
            let index = target - self.target;
            if index == sums.len() {
                sums.push_back(vec![0.0; self.length]);
            }
            self.add(target, &mut sums[index]);
            target += 1;
        }
        self.sums = sums;
        self.held = self.pushed;
    }

    /// Adds the held rows in a target row's window.
    fn add(&self, target: usize, sum: &mut [f32]) {
        let (first, weights) = self.weights.window(target);
        let from = first.max(self.held);
        let to = (first + weights.len()).min(self.pushed);
        let rows = (from..to).map(|row| {
            let start = (row & (self.slots - 1)) * self.length;
            (&self.ring[start..start + self.length], weights[row - first])
        });
        with_widest(AddRows { sums: sum, rows });
    }

    /// The source row after the last one that counts for a target row.
    fn end(&self, target: usize) -> usize {
        let (first, weights) = self.weights.window(target);
        first + weights.len()
    }
}

/// Adds rows, each times its weight. The sums of a stretch of columns stay in registers while all rows are added.
struct AddRows<'s, R> {
    sums: &'s mut [f32],
    rows: R,
}

impl<'r, R: Iterator<Item = (&'r [u16], f32)> + Clone> Kernel for AddRows<'_, R> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { sums, rows } = self;
        const STRETCH: usize = 32;
        let (stretches, rest) = sums.as_chunks_mut::<STRETCH>();
        let mut start = 0;
        for stretch in stretches {
            let mut sum = *stretch;
            for (row, weight) in rows.clone() {
                let Some(values) = row[start..].first_chunk::<STRETCH>() else {
                    continue;
                };
                for (sum, value) in sum.iter_mut().zip(values) {
                    *sum += f32::from(*value) * weight;
                }
            }
            *stretch = sum;
            start += STRETCH;
        }
        for (row, weight) in rows {
            for (sum, value) in rest.iter_mut().zip(&row[start..]) {
                *sum += f32::from(*value) * weight;
            }
        }
    }
}
