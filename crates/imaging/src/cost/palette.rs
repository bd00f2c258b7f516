//! Memory of palettes: the choice of a picture's colours, for a GIF and for a PNG with a palette.

use super::picture_bytes;
use crate::plan::Plan;
use crate::{Channels, Size};

/// The bytes held while a GIF is written. Encoded noise takes less memory than the data it is made from.
pub(super) fn gif_encoding_bytes(plan: &Plan, channels: Channels) -> u64 {
    // The pixels of the waiting frame. An animation also has the next frame and the canvas.
    let frames = if plan.moving { 3 } else { 1 } * PALETTE_PIXEL_BYTES * plan.output.pixels();
    // The changed part of the waiting frame is reduced.
    frames + palette_bytes(plan.output).max(picture_bytes(plan.output, channels))
}

/// A pixel of a picture that a palette is chosen for: a colour, or transparent.
const PALETTE_PIXEL_BYTES: u64 = 4;

/// The bytes held while the colours of a picture are reduced, without the picture: its pixels, and its samples or its
/// indices.
pub(super) fn palette_bytes(size: Size) -> u64 {
    /// A pixel that the palette is chosen from, as sRGB and as Oklab.
    const SAMPLE_BYTES: u64 = 15;
    /// For each pixel of a row: its colour in both spaces, and the errors of this row and of the next.
    const DITHER_BYTES: u64 = 39;
    /// Measured: the boxes of Wu's method, and the compressor.
    const QUANTISER_BYTES: u64 = 512 * 1024;
    let pixels = size.pixels();
    let samples = pixels.min(PALETTE_MOST_SAMPLES as u64) * SAMPLE_BYTES;
    let dithered = pixels + u64::from(size.width) * DITHER_BYTES;
    QUANTISER_BYTES + PALETTE_PIXEL_BYTES * pixels + samples.max(dithered)
}

/// The most pixels of a picture that a palette is chosen from. They are processed in one piece.
pub(crate) const PALETTE_MOST_SAMPLES: usize = 128 * 1024;
