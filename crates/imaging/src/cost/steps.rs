//! Memory of the steps on the scaled picture: each holds its input and its output, so the most expensive one counts.
//! `peak_bytes` asks for it.

use super::picture_bytes;
use crate::plan::Plan;
use crate::{Channels, Orientation, SourceInfo};

/// The bytes of the steps after scaling.
pub(super) fn steps_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
    let scaled = picture_bytes(plan.scaled, info.channels);
    let colour = if info.profile_bytes > 0 || info.channels == Channels::Cmyk {
        2 * scaled
    } else {
        0
    };
    let filters = plan.filters.bytes(plan.scaled, info.channels);
    let channels = plan.channels(info.channels);
    let filtered = picture_bytes(plan.scaled, channels.filtered);
    let rounded = picture_bytes(plan.scaled, channels.rounded);
    let flattened = picture_bytes(plan.scaled, channels.flattened);
    let padded = picture_bytes(plan.surround.canvas, channels.padded);
    let orient = if plan.orient == Orientation::IDENTITY {
        0
    } else {
        2 * scaled
    };
    let corners = if plan.corners.is_some() { filtered + rounded } else { 0 };
    let flatten = if channels.rounded.has_alpha() {
        rounded + flattened
    } else {
        0
    };
    let pad = if plan.is_padded() {
        // A row of each colour, and one that is converted.
        const ROWS: u64 = 5;
        let width = u64::from(plan.surround.canvas.width);
        flattened + padded + ROWS * width * channels.padded.count() as u64
    } else {
        0
    };
    let turn = if plan.turn == Orientation::IDENTITY {
        0
    } else {
        2 * padded
    };
    let tilt = if plan.tilt == 0 {
        0
    } else {
        padded + picture_bytes(plan.output, channels.output)
    };
    let layers = match (plan.layers.any, plan.layers.behind) {
        (false, _) => 0,
        (true, false) => 2 * padded,
        // The image as it is and with four channels, and the canvas twice.
        (true, true) => flattened + picture_bytes(plan.scaled, Channels::Rgba) + 2 * padded,
    };
    [colour, orient, filters, corners, flatten, pad, layers, turn, tilt]
        .into_iter()
        .max()
        .unwrap_or_default()
}
