//! Column filter: whole rows go in from the top, filtered rows come out. It holds the last rows, and where a window is
//! longer than that, the sums of the rows before.

use std::collections::VecDeque;
use std::rc::Rc;

use resizer_kernel::{Kernel, with_widest};

use super::weights::Weights;
use crate::cost::SCALER_ROWS;

/// The state of the column filter.
pub(super) struct Columns {
    weights: Rc<Weights>,
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
    /// A sum that has left. It then serves as the next one.
    spare: Vec<f32>,
}

impl Columns {
    /// Filters rows of `length` values by these weights.
    pub(super) fn new(weights: Rc<Weights>, length: usize) -> Self {
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
            spare: Vec::new(),
        }
    }

    /// A filter of other rows, by the same weights.
    pub(super) fn twin(&self) -> Self {
        Self::new(Rc::clone(&self.weights), self.length)
    }

    /// The room for the next row. The slot before was freed by [`make_room`](Self::make_room).
    pub(super) fn next_row(&mut self) -> &mut [u16] {
        let start = self.pushed % self.slots * self.length;
        self.pushed += 1;
        &mut self.ring[start..start + self.length]
    }

    /// Whether the rows so far complete a target row.
    pub(super) fn has_line(&self) -> bool {
        self.target < self.weights.targets() && self.end(self.target) <= self.pushed
    }

    /// Writes the target row that is complete.
    pub(super) fn write_line(&mut self, line: &mut [f32]) {
        match self.sums.pop_front() {
            Some(sum) => {
                line.copy_from_slice(&sum);
                self.spare = sum;
            }
            None => line.fill(0.0),
        }
        self.add(self.target, line);
        self.target += 1;
    }

    /// Frees the slot that the next row will be written to, once all complete target rows are written.
    pub(super) fn make_room(&mut self) {
        if self.pushed - self.held < self.slots {
            return;
        }
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
                let mut sum = std::mem::take(&mut self.spare);
                sum.clear();
                sum.resize(self.length, 0.0);
                sums.push_back(sum);
            }
            self.add(target, &mut sums[index]);
            target += 1;
        }
        self.sums = sums;
        self.held = self.pushed;
    }

    /// Adds the held rows in a target row's window.
    fn add(&self, target: usize, sums: &mut [f32]) {
        let (first, weights) = self.weights.window(target);
        let from = first.max(self.held);
        let to = (first + weights.len()).min(self.pushed);
        let mut rows = [(&self.ring[..0], 0.0); SCALER_ROWS];
        for (place, row) in rows.iter_mut().zip(from..to) {
            let start = row % self.slots * self.length;
            *place = (&self.ring[start..start + self.length], weights[row - first]);
        }
        let rows = &rows[..to.saturating_sub(from)];
        with_widest(AddRows { sums, rows });
    }

    /// The source row after the last one that counts for a target row.
    fn end(&self, target: usize) -> usize {
        let (first, weights) = self.weights.window(target);
        first + weights.len()
    }
}

/// Adds rows, each times its weight. The sums of a stretch of columns stay in registers while all rows are added.
struct AddRows<'s, 'r> {
    sums: &'s mut [f32],
    /// As many values each as there are sums.
    rows: &'r [(&'r [u16], f32)],
}

impl Kernel for AddRows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { sums, rows } = self;
        const STRETCH: usize = 64;
        let (stretches, rest) = sums.as_chunks_mut::<STRETCH>();
        let mut start = 0;
        for stretch in stretches {
            let mut sum = *stretch;
            for (row, weight) in rows {
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
