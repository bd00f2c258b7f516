//! Crop window, and the position of a shorter length in a longer one.

use crate::Size;
use crate::instructions::{Align, CropWindow};

/// The window as x1, y1, x2, y2 inside `source`. An empty window means all of it. `round` rounds edges.
pub(super) fn of(crop: &CropWindow, source: Size, round: fn(f64) -> f64) -> [u32; 4] {
    let [x1, y1, x2, y2] = crop.edges;
    let (x1, x2) = edges(x1, x2, crop.x_units, source.width, round);
    let (y1, y2) = edges(y1, y2, crop.y_units, source.height, round);
    if x1 < x2 && y1 < y2 {
        [x1, y1, x2, y2]
    } else {
        [0, 0, source.width, source.height]
    }
}

/// One axis: converts units to pixels, counts negative values (and 0 for the far edge) from the far end, clamps, and
/// rounds.
fn edges(near: f64, far: f64, units: Option<f64>, length: u32, round: fn(f64) -> f64) -> (u32, u32) {
    let length = f64::from(length);
    let pixels = |edge: f64| (units.map_or(edge, |units| edge * length / units)).min(length);
    let (near, far) = (pixels(near), pixels(far));
    let near = if near < 0.0 { near + length } else { near };
    let far = if far <= 0.0 { far + length } else { far };
    let whole = |edge: f64| round(edge.clamp(0.0, length)) as u32;
    if near < far { (whole(near), whole(far)) } else { (0, 0) }
}

/// The share of the free space that lies before the inner length.
pub(super) fn share(align: Align) -> f64 {
    match align {
        Align::Near => 0.0,
        Align::Centre => 0.5,
        Align::Far => 1.0,
        Align::Percent(percent) => percent / 100.0,
    }
}

/// The distance from the start of `outer` to the start of `inner`.
pub(super) fn offset(outer: u32, inner: u32, align: Align) -> u32 {
    let free = outer.saturating_sub(inner);
    match align {
        Align::Near => 0,
        Align::Centre => free / 2,
        Align::Far => free,
        Align::Percent(percent) => ((f64::from(free) * percent / 100.0).round() as u32).min(free),
    }
}
