//! Filter weights along one axis: how much each source position counts for each target position.

use super::filter::{self, Filter};
use crate::resampling::Resampling;
use crate::shrink::Axis;

/// The weights of one axis.
pub(super) struct Weights {
    /// For each target position, the first source position and the range of its weights in `values`.
    windows: Vec<(u32, u32, u32)>,
    values: Vec<f32>,
}

impl Weights {
    /// The filter's weights from the window on the source to `target` positions, above 0.
    ///
    /// Pixels are squares: position i covers i to i + 1, so the centre of target position i lies at (i + 0.5) times the
    /// length of a target position from their start. To a smaller size, the filter is widened to that length. A source
    /// pixel that lies only in part in the window counts for that part. The weights for a target position add up to 1,
    /// also at the edges. A side of unchanged length is left as it is, unless it is sharpened.
    pub(super) fn new(axis: Axis, target: u32, resampling: &Resampling) -> Self {
        if axis.is_exactly(target) {
            return if resampling.sharpens_unchanged {
                Self::sharpening(target, filter::sharpening(resampling.sharpen))
            } else {
                Self {
                    windows: (0..target).map(|position| (position, 0, 1)).collect(),
                    values: vec![1.0],
                }
            };
        }
        let filter = Filter::new(resampling);
        let source = axis.pixels();
        let ratio = axis.target_length / f64::from(target);
        let part = |from: u32| {
            let start = axis.start.max(f64::from(from));
            (axis.start + axis.length).min(f64::from(from) + 1.0) - start
        };
        let stretch = ratio.max(1.0);
        let reach = filter.reach() * stretch;
        let room = (2.0 * reach + 1.0).min(f64::from(source)) as usize;
        let mut weights = Self::with_room(target, room);
        let mut window: Vec<f64> = Vec::new();
        for position in 0..target {
            let centre = axis.target_start + (f64::from(position) + 0.5) * ratio;
            // The first position whose centre lies within reach.
            let first = (centre - reach + 0.5).floor().max(0.0) as u32;
            let end = ((centre + reach + 0.5).floor() as u32).min(source);
            window.clear();
            window.extend((first..end).map(|from| {
                let distance = f64::from(from) + 0.5 - centre;
                filter.at(distance / stretch) * part(from)
            }));
            weights.push(first, &window);
        }
        weights
    }

    /// The same three weights for each position and its neighbours. At the edges there are two.
    fn sharpening(target: u32, [before, middle, after]: [f64; 3]) -> Self {
        let mut weights = Self::with_room(target, 3);
        for position in 0..target {
            let all = [before, middle, after];
            let from = usize::from(position == 0);
            let to = if position + 1 == target { 2 } else { 3 };
            weights.push(position.saturating_sub(1), &all[from..to]);
        }
        weights
    }

    fn with_room(target: u32, window: usize) -> Self {
        Self {
            windows: Vec::with_capacity(target as usize),
            values: Vec::with_capacity(target as usize * window),
        }
    }

    /// Adds the window of the next target position: the first source position and the weights from there on, divided
    /// by their sum. Where a narrow filter is 0 at all of them, the middle one counts alone.
    fn push(&mut self, first: u32, window: &[f64]) {
        const LEAST_SUM: f64 = 1e-6;
        let sum: f64 = window.iter().sum();
        let begin = self.values.len() as u32;
        if sum > LEAST_SUM {
            self.values.extend(window.iter().map(|weight| (weight / sum) as f32));
        } else {
            let middle = window.len() / 2;
            self.values
                .extend((0..window.len()).map(|index| f32::from(u8::from(index == middle))));
        }
        self.windows.push((first, begin, self.values.len() as u32));
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
