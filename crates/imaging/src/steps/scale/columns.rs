//! Filters columns: whole rows go in from the top, filtered rows come out. Only a handful of rows is held at a time,
//! whichever way the size changes.

use std::collections::VecDeque;

use super::weights::Weights;
use crate::shrink::Axis;

/// The column filter at work.
pub(super) struct Columns {
    weights: Weights,
    /// Rows pushed so far.
    pushed: usize,
    /// Target rows that have left.
    left: usize,
    /// When the picture gets smaller a source row counts for few target rows, so the unfinished sums of the target
    /// rows `left..` are held. When it gets larger a target row needs few source rows, so the last source rows are
    /// held.
    held: VecDeque<Vec<f32>>,
    sums: bool,
    /// A row out of use, kept for its memory.
    spare: Vec<Vec<f32>>,
    length: usize,
}

impl Columns {
    /// The rows of `source` become `target` rows; a row has `length` values.
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

    /// Takes the next source row and hands each target row that is complete with it to `leave`.
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
