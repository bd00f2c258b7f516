//! Column filter: whole rows go in from the top, filtered rows come out. It holds only a handful of rows, for both
//! smaller and larger sizes.

use std::collections::VecDeque;

use super::weights::Weights;
use crate::shrink::Axis;

/// The state of the column filter.
pub(super) struct Columns {
    weights: Weights,
    /// The number of source rows pushed so far.
    pushed: usize,
    /// The number of target rows completed.
    left: usize,
    /// To a smaller size, a source row counts for few target rows, so the unfinished sums of the target rows from
    /// `left` on are held. To a larger size, a target row needs few source rows, so the last source rows are held.
    held: VecDeque<Vec<f32>>,
    sums: bool,
    /// Unused rows, kept for their memory.
    spare: Vec<Vec<f32>>,
    length: usize,
}

impl Columns {
    /// Filters the rows of `source` to `target` rows. A row has `length` values.
    pub(super) fn new(source: Axis, target: u32, length: usize) -> Self {
        let weights = Weights::lanczos(source, target);
        Self {
            weights,
            pushed: 0,
            left: 0,
            held: VecDeque::new(),
            sums: target < source.pixels(),
            spare: Vec::new(),
            length,
        }
    }

    /// Takes the next source row, and passes each target row that it completes to `leave`.
    pub(super) fn push(&mut self, line: &[f32], leave: impl FnMut(&[f32])) {
        if self.sums {
            self.push_to_sums(line, leave);
        } else {
            self.push_to_window(line, leave);
        }
        self.pushed += 1;
    }

    fn push_to_sums(&mut self, line: &[f32], mut leave: impl FnMut(&[f32])) {
        for index in 0.. {
            let target = self.left + index;
            if target == self.weights.targets() {
                break;
            }
            let (first, weights) = self.weights.window(target);
            if first > self.pushed {
                break;
            }
            if index == self.held.len() {
                let mut sum = self.spare.pop().unwrap_or_default();
                sum.clear();
                sum.resize(self.length, 0.0);
                self.held.push_back(sum);
            }
            let weight = weights.get(self.pushed - first).copied().unwrap_or(0.0);
            for (sum, value) in self.held[index].iter_mut().zip(line) {
                *sum += value * weight;
            }
        }
        while self.left < self.weights.targets() && self.end(self.left) == self.pushed + 1 {
            let Some(sum) = self.held.pop_front() else { break };
            leave(&sum);
            self.spare.push(sum);
            self.left += 1;
        }
    }

    fn push_to_window(&mut self, line: &[f32], mut leave: impl FnMut(&[f32])) {
        let mut row = self.spare.pop().unwrap_or_default();
        row.clear();
        row.extend_from_slice(line);
        self.held.push_back(row);

        let mut sum = self.spare.pop().unwrap_or_default();
        while self.left < self.weights.targets() && self.end(self.left) <= self.pushed + 1 {
            let (first, weights) = self.weights.window(self.left);
            // The last held row is number `pushed`.
            while self.pushed + 1 - self.held.len() < first {
                self.spare.extend(self.held.pop_front());
            }
            sum.clear();
            sum.resize(self.length, 0.0);
            for (row, weight) in self.held.iter().zip(weights) {
                for (sum, value) in sum.iter_mut().zip(row) {
                    *sum += value * weight;
                }
            }
            leave(&sum);
            self.left += 1;
        }
        self.spare.push(sum);
    }

    /// The source row after the last one that counts for a target row.
    fn end(&self, target: usize) -> usize {
        let (first, weights) = self.weights.window(target);
        first + weights.len()
    }
}
