//! Filter weights along one axis: how much each source position counts for each target position.

use super::curve::{Curve, LOBES};
use crate::shrink::Axis;

/// The weights of one axis.
pub(super) struct Weights {
    /// For each target position, the first source position and the range of its weights in `values`.
    windows: Vec<(u32, u32, u32)>,
    values: Vec<f32>,
}

impl Weights {
    /// Lanczos weights from the window on the source to `target` positions, above 0.
    ///
    /// Pixels are squares: position i covers i to i + 1, so the centre of target position i lies at (i + 0.5) times the
    /// length of a target position from their start. To a smaller size, the filter is widened to that length. A source
    /// pixel that lies only in part in the window counts for that part. The weights for a target position add up to 1,
    /// also at the edges.
    pub(super) fn lanczos(axis: Axis, target: u32) -> Self {
        let source = axis.pixels();
        if axis.is_exactly(target) {
            // The filter is 1 at its centre and 0 at every other whole distance.
            let windows = (0..source).map(|position| (position, 0, 1)).collect();
            return Self {
                windows,
                values: vec![1.0],
            };
        }
        let ratio = axis.target_length / f64::from(target);
        let part = |from: u32| {
            let start = axis.start.max(f64::from(from));
            (axis.start + axis.length).min(f64::from(from) + 1.0) - start
        };
        let curve = Curve::lanczos();
        let stretch = ratio.max(1.0);
        let reach = LOBES * stretch;
        let mut windows = Vec::with_capacity(target as usize);
        let mut values: Vec<f32> =
            Vec::with_capacity(target as usize * (2.0 * reach + 1.0).min(f64::from(source)) as usize);
        let mut window: Vec<f64> = Vec::new();
        for position in 0..target {
            let centre = axis.target_start + (f64::from(position) + 0.5) * ratio;
            // The first position whose centre lies within reach.
            let first = (centre - reach + 0.5).floor().max(0.0) as u32;
            let end = ((centre + reach + 0.5).floor() as u32).min(source);
            window.clear();
            window.extend((first..end).map(|from| {
                let distance = f64::from(from) + 0.5 - centre;
                curve.at(distance / stretch) * part(from)
            }));
            let sum: f64 = window.iter().sum();
            let begin = values.len() as u32;
            values.extend(window.iter().map(|weight| (weight / sum) as f32));
            windows.push((first, begin, values.len() as u32));
        }
        Self { windows, values }
    }

    /// The same weights in windows of one length, with zeros around those that are cut off. Loops of one length are
    /// faster.
    pub(super) fn of_one_length(self) -> Self {
        let length = self.longest();
        let windows = || (0..self.targets()).map(|target| self.window(target));
        if windows().all(|(_, weights)| weights.len() == length) {
            return self;
        }
        let end = windows()
            .map(|(first, weights)| first + weights.len())
            .max()
            .unwrap_or(0);
        let mut values = Vec::with_capacity(self.targets() * length);
        let windows = windows().map(|(first, weights)| {
            let (start, begin) = (first.min(end - length), values.len());
            values.resize(begin + first - start, 0.0);
            values.extend_from_slice(weights);
            values.resize(begin + length, 0.0);
            (start as u32, begin as u32, values.len() as u32)
        });
        Self {
            windows: windows.collect(),
            values,
        }
    }

    /// The number of target positions.
    pub(super) fn targets(&self) -> usize {
        self.windows.len()
    }

    /// The length of the longest window: 1 or more.
    pub(super) fn longest(&self) -> usize {
        self.windows
            .iter()
            .map(|(_, begin, end)| (end - begin) as usize)
            .max()
            .unwrap_or(1)
    }

    /// The first source position that counts for a target position, and the weights from there on. Never empty.
    pub(super) fn window(&self, target: usize) -> (usize, &[f32]) {
        let (first, begin, end) = self.windows[target];
        (first as usize, &self.values[begin as usize..end as usize])
    }
}
