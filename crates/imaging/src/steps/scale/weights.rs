//! Filter weights along one axis: how much each source position counts for each target position.

use crate::shrink::Axis;

/// The weights of one axis.
pub(super) struct Weights {
    /// For each target position, the first source position and the range of its weights in `values`.
    windows: Vec<(u32, u32, u32)>,
    values: Vec<f32>,
}

/// Half the filter's width, in source pixels when enlarging.
const LOBES: f64 = 3.0;

impl Weights {
    /// Lanczos weights from the window on the source to `target` positions, above 0.
    ///
    /// Pixels are squares: position i covers i to i + 1, so the centre of target position i lies at (i + 0.5) * length
    /// / target from the window's start. To a smaller size, the filter is widened to the length that one target pixel
    /// covers. A source pixel that lies only in part in the window counts for that part. The weights for a target
    /// position add up to 1, also at the edges.
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
        let ratio = axis.length / f64::from(target);
        let part = |from: u32| {
            let start = axis.start.max(f64::from(from));
            (axis.start + axis.length).min(f64::from(from) + 1.0) - start
        };
        let stretch = ratio.max(1.0);
        let reach = LOBES * stretch;
        let mut windows = Vec::with_capacity(target as usize);
        let mut values: Vec<f32> =
            Vec::with_capacity(target as usize * (2.0 * reach + 1.0).min(f64::from(source)) as usize);
        let mut window: Vec<f64> = Vec::new();
        for position in 0..target {
            let centre = axis.start + (f64::from(position) + 0.5) * ratio;
            // The first position whose centre lies within reach.
            let first = (centre - reach + 0.5).floor().max(0.0) as u32;
            let end = ((centre + reach + 0.5).floor() as u32).min(source);
            window.clear();
            window.extend((first..end).map(|from| {
                let distance = f64::from(from) + 0.5 - centre;
                lanczos(distance / stretch) * part(from)
            }));
            let sum: f64 = window.iter().sum();
            let begin = values.len() as u32;
            values.extend(window.iter().map(|weight| (weight / sum) as f32));
            windows.push((first, begin, values.len() as u32));
        }
        Self { windows, values }
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

/// The Lanczos kernel: sinc(x) sinc(x / lobes) inside the lobes, 0 outside, with sinc(x) = sin(pi x) / (pi x).
fn lanczos(x: f64) -> f64 {
    if x == 0.0 {
        1.0
    } else if x.abs() < LOBES {
        let angle = std::f64::consts::PI * x;
        LOBES * angle.sin() * (angle / LOBES).sin() / (angle * angle)
    } else {
        0.0
    }
}
