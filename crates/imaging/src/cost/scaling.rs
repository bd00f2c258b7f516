//! Memory of decoding and scaling: the decoder, the scaler's rows and weights, and the scaled picture. `peak_bytes`
//! asks for it. The scaler takes its measures from here, so that prediction and work cannot disagree.

use super::picture_bytes;
use crate::instructions::Scaling;
use crate::plan::Plan;
use crate::resampling::Resampling;
use crate::shrink::{Axis, Shrink};
use crate::{Channels, Size, SourceInfo};

/// The bytes of the decoder, the scaler's rows and weights, and the scaled picture.
pub(super) fn scaling_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
    let pixels = scaler_bytes(plan.axes(), plan.scaled, info.channels, &plan.resampling);
    let planes = plan.planes.as_ref().map(|planar| {
        let planes = planar.planes.iter();
        planes
            .map(|plane| scaler_bytes(plane.axes, plane.scaled, Channels::Gray, &plan.resampling))
            .sum()
    });
    let scaler = match planes {
        Some(planes) if info.profile_bytes == 0 => planes,
        // Only the contents of the profile tell whether the planes become pixels.
        Some(planes) => pixels.max(planes),
        None => pixels,
    };
    plan.decoder_bytes(info) + scaler
}

/// The bytes of scaling a layer to another size once it is decoded: as it is, and its scaler.
pub(crate) fn rescaling_bytes(size: Size, target: Size) -> u64 {
    let axes = [size.width, size.height].map(|side| Axis::new(0, side, Shrink::NONE));
    let resampling = Resampling::of(&Scaling::default(), size, target);
    picture_bytes(size, Channels::Rgba) + scaler_bytes(axes, target, Channels::Rgba, &resampling)
}

/// The bytes of a scaler and of the picture that it returns.
fn scaler_bytes([across, down]: [Axis; 2], scaled: Size, channels: Channels, resampling: &Resampling) -> u64 {
    const NUMBER_BYTES: u64 = 4;
    const SAMPLE_BYTES: u64 = 2;
    let unchanged = across.is_exactly(scaled.width) && down.is_exactly(scaled.height);
    // A row whose alpha is replaced.
    let opaque_row = match resampling.ignores_alpha && channels.has_alpha() {
        true => u64::from(across.pixels()) * channels.count() as u64,
        false => 0,
    };
    let picture = picture_bytes(scaled, channels) + opaque_row;
    if unchanged && !resampling.sharpens_unchanged {
        return picture;
    }
    let reach = resampling.reach().ceil() as u64;
    let (width, height) = (across.pixels(), down.pixels());
    let channels = channels.count() as u64;
    let window = |source: u32, target: u32| {
        let widened = (2 * reach * u64::from(source)).div_ceil(u64::from(target));
        widened.max(2 * reach) + 2
    };
    let rows = window(height, scaled.height);
    let ring = rows.next_power_of_two().min(SCALER_ROWS as u64) * SAMPLE_BYTES;
    // Unfinished target rows where the window is longer than the ring, and the spare one.
    let sums = if rows > SCALER_ROWS as u64 { 2 * reach + 2 } else { 0 } * NUMBER_BYTES;
    let lines = SCALER_LINES as u64 * NUMBER_BYTES;
    // The lines of some target positions on their side.
    let stretch = SCALER_TARGETS as u64 * u64::from(width).div_ceil(u64::from(scaled.width));
    let turned = (stretch + window(width, scaled.width)).min(u64::from(width) + SCALER_LINES as u64) * lines;
    let rows = channels * (u64::from(width) * (ring + sums + lines) + turned);
    picture + rows + weight_bytes(width, scaled.width, reach) + weight_bytes(height, scaled.height, reach)
}

/// The most source rows that the scaler holds at once. A power of two.
pub(crate) const SCALER_ROWS: usize = 32;

/// The rows that the scaler filters along their length at once: as many numbers as a vector register holds.
pub(crate) const SCALER_LINES: usize = 8;

/// The target positions that it filters before it goes on along the lines: their sources stay in the first-level cache.
/// A multiple of the lines.
pub(crate) const SCALER_TARGETS: usize = 32;

/// The bytes of one axis: for each target position its window, and the weights in it.
fn weight_bytes(source: u32, target: u32, reach: u64) -> u64 {
    let (source, target) = (u64::from(source), u64::from(target));
    let weights = (2 * reach * source.max(target) + 2 * target).min((source * target).max(3 * target));
    target * 12 + weights * 4
}
