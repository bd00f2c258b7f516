//! Time prediction: the processor time of a job from the header alone, good to a factor of two for photographs. The
//! engine orders its queue by it, so that the ratios between jobs matter, and not the milliseconds of one machine.
//!
//! The time is a sum over decoded, scaled and encoded pixels, each times a constant of its format. The constants are in
//! nanoseconds of one pixel or sample, measured by the [example](../examples/duration.rs) `duration` on one core of a
//! shared server at some 2.5 GHz, over photographs of 0.1 to 24 megapixels. The example prints the ratio of measured to
//! predicted time for each kind of job.

use std::time::Duration;

use crate::plan::Plan;
use crate::shrink::Shrink;
use crate::{Format, Job, Lossless, SourceInfo};

/// Tables, buffers, and the header, in nanoseconds.
const BASE: u64 = 300_000;
/// A sample of the window: converted and filtered down its column.
const SCALED_SAMPLE: u64 = 1;
/// A sample of the scaled picture: filtered along its row, and the steps after it.
const RESULT_SAMPLE: u64 = 6;

/// The processor time of a job.
pub(super) fn time(info: &SourceInfo, plan: &Plan, job: &Job) -> Duration {
    let channels = info.channels.count() as u64;
    let [across, down] = plan.axes();
    let window = u64::from(across.pixels()) * u64::from(down.pixels());
    let decoded = info.stored_size().pixels() * u64::from(plan.frames) * decoding(info, plan.shrink);
    let scaled = window * channels * SCALED_SAMPLE + plan.scaled.pixels() * channels * RESULT_SAMPLE;
    let encoded = plan.output.pixels() * encoding(info, plan, job);
    // Of an animation that is not kept whole, one frame is scaled and encoded.
    let written = if plan.moving { u64::from(plan.frames) } else { 1 };
    Duration::from_nanos(BASE + decoded + (scaled + encoded) * written)
}

/// Nanoseconds of a stored pixel.
fn decoding(info: &SourceInfo, shrink: Shrink) -> u64 {
    match info.format {
        // Entropy decoding remains at any scale.
        Format::Jpeg if info.streams => match shrink {
            Shrink::NONE => 9,
            Shrink::HALF => 6,
            Shrink::QUARTER => 4,
            _ => 3,
        },
        // Progressive files, and others that are decoded whole.
        Format::Jpeg => 30,
        Format::Png => 12,
        Format::Gif => 10,
        Format::WebP if info.lossless => 12,
        Format::WebP => 15,
        Format::Tiff => 8,
        Format::Bmp => 4,
    }
}

/// Nanoseconds of a pixel of the result.
fn encoding(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let channels = plan.output_channels(info.channels);
    match job.format {
        Format::Jpeg if job.instructions.jpeg_progressive => 40,
        Format::Jpeg => 15,
        Format::Gif => 120,
        Format::WebP => {
            let lossless = match job.instructions.effective_webp_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            };
            match (lossless, channels.has_alpha()) {
                (true, _) => 170,
                (false, true) => 160,
                (false, false) => 90,
            }
        }
        Format::Png | Format::Bmp | Format::Tiff => 30,
    }
}
