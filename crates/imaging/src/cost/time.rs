//! Time prediction: the processor time of a job from the header alone, good to a factor of two for photographs. The
//! engine orders its queue by it, so that the ratios between jobs matter, and not the milliseconds of one machine.
//!
//! The time is a sum over decoded, scaled and encoded pixels, each times a constant of its format. The constants are
//! picoseconds of one pixel or sample. They were measured by the [example](../../examples/duration.rs) `duration` on
//! one core of a shared server, over a photograph of 0.2, 4 and 24 megapixels. The example prints the ratio of measured
//! to predicted time for each kind of job. It was 0.65 to 1.33.

use std::time::Duration;

use super::jpeg_xl::{JPEG_XL_FAST_PIXELS, JPEG_XL_FASTEST_PIXELS, JPEG_XL_SEARCHING_EFFORT};
use crate::plan::Plan;
use crate::shrink::{Axis, Shrink};
use crate::{Format, Job, Lossless, Size, SourceInfo};

/// Tables, buffers, and the header, in picoseconds.
const BASE: u64 = 200_000_000;
/// A sample of the window: converted and filtered down its column.
const SCALED_SAMPLE: u64 = 700;
/// A sample of the scaled picture: filtered along its row, and the steps after it.
const RESULT_SAMPLE: u64 = 2_000;

/// A pixel of a canvas with padding or rings.
const PADDED_PIXEL: u64 = 1_000;
/// A pixel of a canvas that a tilted picture lies on.
const TILTED_PIXEL: u64 = 15_000;
/// A pixel of a layer.
const COMPOSITED_PIXEL: u64 = 4_000;
/// A stored pixel that trimming compares with its neighbours.
const TRIMMED_PIXEL: u64 = 800;

/// The processor time of a job.
pub(super) fn time(info: &SourceInfo, plan: &Plan, job: &Job) -> Duration {
    let decoded = info.stored_size().pixels() * u64::from(plan.frames) * decoding(info, plan.shrink);
    let scaled = match &plan.planes {
        Some(planar) => planar
            .planes
            .iter()
            .map(|plane| scaling(plane.axes, plane.scaled, plan))
            .sum(),
        None => info.channels.count() as u64 * scaling(plan.axes(), plan.scaled, plan),
    };
    let padded = match plan.is_padded() {
        true => plan.surround.canvas.pixels() * PADDED_PIXEL,
        false => 0,
    };
    let tilted = match plan.tilt {
        0 => 0,
        _ => plan.output.pixels() * TILTED_PIXEL,
    };
    let trimmed = match job.instructions.geometry.trim {
        Some(_) => {
            info.stored_size().pixels() * u64::from(plan.frames) * (decoding(info, Shrink::NONE) + TRIMMED_PIXEL)
        }
        None => 0,
    };
    let filtered = plan.filters.picoseconds(info.channels) * plan.scaled.pixels();
    let graphics = job.for_graphics().map_or(0, |job| encoding(info, plan, &job));
    let encoded = plan.output.pixels() * encoding(info, plan, job).max(graphics);
    // A search for a quality that fits: most of its eight attempts at most.
    let attempts = match !plan.moving && job.instructions.is_bounded(job.format, info.lossless) {
        true => 6,
        false => 1,
    };
    let encoded = encoded * attempts;
    // Of an animation that is not kept whole, one frame is scaled and encoded.
    let written = if plan.moving { u64::from(plan.frames) } else { 1 };
    let composited = plan.layers.pixels * COMPOSITED_PIXEL;
    let picoseconds = BASE + trimmed + decoded + (scaled + filtered + padded + composited + tilted + encoded) * written;
    Duration::from_nanos(picoseconds / 1000)
}

/// Picoseconds of scaling one channel.
fn scaling([across, down]: [Axis; 2], scaled: Size, plan: &Plan) -> u64 {
    let unchanged = across.is_exactly(scaled.width) && down.is_exactly(scaled.height);
    if unchanged && !plan.resampling.sharpens_unchanged {
        return 0;
    }
    let window = u64::from(across.pixels()) * u64::from(down.pixels());
    window * SCALED_SAMPLE + scaled.pixels() * RESULT_SAMPLE
}

/// Picoseconds of a stored pixel.
fn decoding(info: &SourceInfo, shrink: Shrink) -> u64 {
    match info.format {
        // Entropy decoding remains at any scale.
        Format::Jpeg if info.streams => match shrink {
            Shrink::NONE => 3_500,
            Shrink::HALF => 2_000,
            Shrink::QUARTER => 1_200,
            _ => 900,
        },
        // Progressive files, and others that are decoded whole.
        Format::Jpeg => 5_500,
        Format::Png => 8_500,
        Format::Gif => 4_500,
        Format::WebP if info.lossless => 13_000,
        Format::WebP => 10_000,
        Format::Avif => 45_000,
        Format::JpegXl if info.lossless => 60_000,
        Format::JpegXl => 15_000,
        Format::Tiff => 6_000,
        Format::Bmp => 3_000,
    }
}

/// Picoseconds of a pixel of the result.
fn encoding(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    match job.format {
        Format::Jpeg => 9_000,
        Format::Gif => 120_000,
        Format::WebP => {
            let lossless = match job.instructions.effective_webp_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            };
            match (lossless, plan.output_channels(info.channels).has_alpha()) {
                (true, _) => 170_000,
                (false, true) => 120_000,
                (false, false) => 85_000,
            }
        }
        Format::Avif => avif(info, plan, job),
        Format::JpegXl => jpeg_xl(info, plan, job),
        // Twelve times as long as at the usual level, for a photograph.
        Format::Png if job.instructions.output.png_max_deflate => 900_000,
        Format::Png | Format::Bmp | Format::Tiff => 75_000,
    }
}

/// Picoseconds of a pixel of an AVIF.
fn avif(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let colours = match job.instructions.effective_avif_speed() {
        10.. => 850_000,
        9 => 1_500_000,
        _ => 3_000_000,
    };
    match plan.output_channels(info.channels).has_alpha() {
        true => 3 * colours / 2,
        false => colours,
    }
}

/// Picoseconds of a pixel of a JPEG XL.
fn jpeg_xl(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let lossless = match job.instructions.effective_jxl_lossless() {
        Lossless::No => false,
        Lossless::Yes => true,
        Lossless::Keep => info.lossless,
    };
    let effort = job.instructions.effective_jxl_effort();
    match (lossless, effort) {
        (true, 0..JPEG_XL_SEARCHING_EFFORT) => 30_000,
        (true, _) => 150_000,
        (false, _) if plan.output_channels(info.channels).has_alpha() => 150_000,
        (false, 4..) if plan.output.pixels() <= JPEG_XL_FAST_PIXELS => 260_000,
        (false, 2..) if plan.output.pixels() <= JPEG_XL_FASTEST_PIXELS => 100_000,
        (false, _) => 40_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Instructions, Limits, output_format, predict};

    /// Milliseconds of a job on a source of this size.
    fn predicted(format: Format, (width, height): (u32, u32), query: &str) -> f64 {
        let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
        let job = Job {
            format: output_format(&instructions, None),
            instructions,
            limits: Limits::default(),
        };
        let info = SourceInfo::new(format, width, height, Channels::Rgb);
        predict(&info, &job).unwrap().time.as_secs_f64() * 1000.0
    }

    /// Within a factor of two of what other programs were measured at: libwebp encodes 0.5 megapixels in 53 ms, and a
    /// PNG is inflated at some 10 ns a pixel. The exact values depend on the machine.
    #[test]
    fn predicted_time_is_near_that_of_other_programs() {
        let check = |time: f64, expected: f64| assert!((expected / 2.0..expected * 2.0).contains(&time), "{time} ms");
        check(predicted(Format::Bmp, (800, 600), "format=webp"), 53.0);
        check(predicted(Format::Png, (4000, 3000), "width=100&format=jpg"), 150.0);
    }

    #[test]
    fn predicted_time_grows_with_source_result_and_format() {
        let rows = [
            (Format::Jpeg, (600, 400), "width=100"),
            (Format::Jpeg, (600, 400), "width=400"),
            (Format::Jpeg, (600, 400), "width=400&format=webp"),
            (Format::Jpeg, (6000, 4000), "width=100"),
            (Format::WebP, (6000, 4000), "width=100"),
            (Format::WebP, (6000, 4000), "width=4000&format=webp"),
        ];
        let times = rows.map(|(format, size, query)| predicted(format, size, query));
        assert!(times.is_sorted(), "{times:?}");
    }
}
