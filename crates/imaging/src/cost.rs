//! What a job will take, told from the header alone. The engine reserves these bytes before the job may start.
//!
//! A job has three phases: decoding and scaling; the steps on the scaled picture, each of which holds what it was given
//! and what it makes; and encoding. The peak is that of the dearest phase.

use crate::plan::Plan;
use crate::{Channels, Format, ImageError, Job, Orientation, Size, SourceInfo};

/// What a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The most bytes the job holds at any time, not counting the source's own. Never less than what is used, and
    /// rarely more than one and a half times that and 2 MB.
    pub peak_bytes: u64,
    /// Pixels that are decoded plus pixels that are encoded: a measure of the time.
    pub pixels: u64,
}

/// Tells the cost of a job, and refuses one that a limit forbids.
pub fn predict(info: &SourceInfo, job: &Job) -> Result<Cost, ImageError> {
    /// Codecs' tables and all else that does not grow with the picture; a decoder's stay until the job ends.
    const BASE_BYTES: u64 = 768 * 1024;
    let plan = Plan::of(info, job)?;
    let phases = [
        scaling_bytes(info, &plan),
        steps_bytes(info, &plan),
        encoding_bytes(info, &plan, job),
    ];
    Ok(Cost {
        peak_bytes: BASE_BYTES + phases.into_iter().max().unwrap_or_default(),
        pixels: info.stored_size().pixels() + plan.output.pixels(),
    })
}

fn picture_bytes(size: Size, channels: Channels) -> u64 {
    size.pixels() * channels.count() as u64
}

/// The decoder, the scaler's rows and weights, and the scaled picture.
fn scaling_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
    /// Rows of numbers that the scaler holds: those of a window of three lobes each way, and one coming in.
    const ROWS_HELD: u64 = 9;
    const NUMBER_BYTES: u64 = 4;
    let window = plan.window_size();
    let scaler = if window == plan.scaled {
        0
    } else {
        let channels = info.channels.count() as u64;
        let rows = (ROWS_HELD * u64::from(window.width) + u64::from(plan.scaled.width)) * channels * NUMBER_BYTES;
        rows + weight_bytes(window.width, plan.scaled.width) + weight_bytes(window.height, plan.scaled.height)
    };
    info.decoder_bytes + scaler + picture_bytes(plan.scaled, info.channels)
}

/// One axis: for each target position its window, and the weights in it.
fn weight_bytes(source: u32, target: u32) -> u64 {
    let (source, target) = (u64::from(source), u64::from(target));
    let weights = (6 * source.max(target) + 2 * target).min(source * target);
    target * 12 + weights * 4
}

/// The steps after scaling.
fn steps_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
    let scaled = picture_bytes(plan.scaled, info.channels);
    let flattened = picture_bytes(plan.scaled, plan.output_channels(info.channels));
    let output = picture_bytes(plan.output, plan.output_channels(info.channels));
    let orient = if plan.orient == Orientation::IDENTITY {
        0
    } else {
        2 * scaled
    };
    let flatten = if info.has_alpha() { scaled + flattened } else { 0 };
    let pad = if plan.is_padded() {
        flattened + output + if flattened == scaled { 0 } else { scaled }
    } else {
        0
    };
    let turn = if plan.turn == Orientation::IDENTITY {
        0
    } else {
        2 * output
    };
    orient.max(flatten).max(pad).max(turn)
}

/// The finished picture, the encoder, and room for the encoded bytes; in the end, without the picture, that room and a
/// copy of what was used of it.
fn encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let channels = plan.output_channels(info.channels);
    let width = u64::from(plan.output.width);
    let (encoder, encoded) = match job.format {
        Format::Jpeg => {
            let quality = job.instructions.effective_jpeg_quality();
            // Rows of blocks; for a progressive file whole planes and all coefficients.
            let planes = channels.count() as u64;
            let rows = width.next_multiple_of(16) * 16 * planes;
            let progressive = if job.instructions.jpeg_progressive {
                padded_pixels(plan.output) * planes * 3
            } else {
                0
            };
            (rows + progressive, jpeg_bytes(plan.output, channels, quality))
        }
        Format::Png => {
            /// Measured: the compressor's window and tables, and a chunk.
            const COMPRESSOR_BYTES: u64 = 768 * 1024;
            (
                COMPRESSOR_BYTES + 8 * width * channels.count() as u64,
                png_bytes(plan.output, channels),
            )
        }
    };
    (picture_bytes(plan.output, channels) + encoder + encoded).max(2 * encoded)
}

/// Pixels with sides filled up to whole blocks of 16.
fn padded_pixels(size: Size) -> u64 {
    u64::from(size.width).next_multiple_of(16) * u64::from(size.height).next_multiple_of(16)
}

/// Room for an encoded JPEG: what noise takes, so that the buffer never has to grow. Photographs take a fifth of it;
/// the rest is never touched and is given back.
pub(crate) fn jpeg_bytes(size: Size, channels: Channels, quality: u8) -> u64 {
    /// File header and tables.
    const HEADER_BYTES: u64 = 1024;
    // Bits per pixel, measured on noise: one channel, then three of them.
    let bits = match (channels.is_gray(), quality) {
        (true, 0..=90) => 8,
        (true, _) => 14,
        (false, 0..=90) => 13,
        (false, _) => 40,
    };
    HEADER_BYTES + padded_pixels(size) * bits / 8
}

/// Room for an encoded PNG that cannot be compressed at all: rows with a filter byte each, and the overhead of deflate
/// and chunks.
pub(crate) fn png_bytes(size: Size, channels: Channels) -> u64 {
    const HEADER_BYTES: u64 = 1024;
    let rows = picture_bytes(size, channels) + u64::from(size.height);
    HEADER_BYTES + rows + rows / 1000
}
