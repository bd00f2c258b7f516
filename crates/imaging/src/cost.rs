//! Cost prediction: computes memory and time of a job from the header alone. The engine reserves the bytes before the
//! job may start, and orders its queue by the time (`time`).
//!
//! A job has three phases: decoding and scaling; the steps on the scaled picture, each of which holds its input and its
//! output; and encoding. The peak is that of the most expensive phase. The decoder of an animation stays while a frame
//! is processed, so its bytes are added. The encoded frames of an animation are not predicted: a still scene and noise
//! differ by a factor of a thousand. A job asks for that memory as it goes (`run_within`).

mod avif;
mod encoding;
mod jpeg_xl;
mod palette;
mod scaling;
mod steps;
mod time;
mod webp;

use std::time::Duration;

use crate::plan::Plan;
use crate::{Channels, ImageError, Job, Size, SourceInfo};

pub(crate) use avif::AVIF_MOST_PIXELS;
#[cfg(feature = "codecs")]
pub(crate) use encoding::{jpeg_bytes, png_bytes};
pub(crate) use jpeg_xl::jpeg_xl_most_pixels;
#[cfg(feature = "codecs")]
pub(crate) use jpeg_xl::{JPEG_XL_FAST_PIXELS, JPEG_XL_FASTEST_PIXELS, JPEG_XL_SEARCHING_EFFORT};
#[cfg(feature = "codecs")]
pub(crate) use palette::PALETTE_MOST_SAMPLES;
pub(crate) use scaling::rescaling_bytes;
#[cfg(feature = "codecs")]
pub(crate) use scaling::{SCALER_LINES, SCALER_ROWS, SCALER_TARGETS};
#[cfg(feature = "codecs")]
pub(crate) use webp::{
    Colours, WEBP_CAREFUL_PIXELS, WEBP_DROPPED_PIXELS, WEBP_IN_ONE_PIECE_PIXELS, WEBP_LONGEST_BACK_REFERENCE,
    WEBP_WINDOW_PIXELS, webp_lossy_bytes,
};

/// The cost of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The most bytes that the job holds at any time, without the source, the encoded frames of an animation, and a
    /// result that becomes larger by trimming. The value is never less than the memory used, and rarely more than one
    /// and a half times that plus 2 MB.
    pub peak_bytes: u64,
    /// The processor time of the job on the machine that it was measured on, good to a factor of two or three. For
    /// comparing jobs.
    pub time: Duration,
}

/// Predicts the cost of a job, and refuses a job that a limit forbids. Borders that are trimmed count as kept. Where
/// the result becomes larger without them, the job asks for more memory (`run_within`).
pub fn predict(info: &SourceInfo, job: &Job) -> Result<Cost, ImageError> {
    of_plan(info, job, &Plan::of(info, job)?)
}

/// The cost of a job with this plan.
pub(crate) fn of_plan(info: &SourceInfo, job: &Job, plan: &Plan) -> Result<Cost, ImageError> {
    Ok(Cost {
        peak_bytes: peak_bytes(info, job, plan),
        time: time::time(info.page(&job.instructions), plan, job),
    })
}

/// The most bytes that a job with this plan holds.
pub(crate) fn peak_bytes(info: &SourceInfo, job: &Job, plan: &Plan) -> u64 {
    let page = info.page(&job.instructions);
    let jobs_bytes = frame_bytes(page, job, plan, Which::First).max(frame_bytes(page, job, plan, Which::Later));
    let peak_bytes = match job.instructions.geometry.trim {
        Some(_) => jobs_bytes.max(trimming_bytes(page)),
        None => jobs_bytes,
    };
    fixed_bytes(info, job) + peak_bytes + plan.layers.bytes
}

/// The frames of an animation that a prediction is about. A still picture is a first frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    First,
    Later,
}

/// The most bytes of the phases of one frame.
fn frame_bytes(info: &SourceInfo, job: &Job, plan: &Plan, which: Which) -> u64 {
    let graphics = job.for_graphics();
    let phases = [
        scaling::scaling_bytes(info, plan),
        steps::steps_bytes(info, plan),
        encoding::encoding_bytes(info, plan, job, which) + jpeg_xl::bounded_bytes(info, plan, job),
        graphics.map_or(0, |job| encoding::encoding_bytes(info, plan, &job, which)),
    ];
    let dearest = phases.into_iter().max().unwrap_or_default();
    dearest + if plan.moving { info.decoder_bytes } else { 0 }
}

/// The predicted bytes of an animation that are free for its encoded frames.
#[cfg(feature = "codecs")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spare {
    /// After the first frame.
    pub(crate) later: u64,
    /// When the frames are joined.
    pub(crate) joining: u64,
}

#[cfg(feature = "codecs")]
impl Spare {
    /// Nothing for a still picture.
    pub(crate) fn of(info: &SourceInfo, job: &Job, plan: &Plan) -> Self {
        if !plan.moving {
            return Self::default();
        }
        let frames_bytes = peak_bytes(info, job, plan) - fixed_bytes(info, job) - plan.layers.bytes;
        let page = info.page(&job.instructions);
        let joining_bytes = encoding::joining_bytes(plan, job.format) + metadata_bytes(job);
        Self {
            later: frames_bytes - frame_bytes(page, job, plan, Which::Later),
            joining: frames_bytes.saturating_sub(joining_bytes),
        }
    }
}

/// The bytes that a job may hold from its beginning to its end.
fn fixed_bytes(info: &SourceInfo, job: &Job) -> u64 {
    /// The codecs' tables and everything else that does not grow with the picture. A decoder keeps its part to the end.
    const BASE_BYTES: u64 = 768 * 1024;
    let pages = 2 * info.more_pages.len() * size_of::<SourceInfo>();
    BASE_BYTES + pages as u64 + profile_bytes(info.page(&job.instructions), job)
}

/// The bytes while the content between borders is found, at full size.
fn trimming_bytes(info: &SourceInfo) -> u64 {
    info.decoder_bytes + TRIM_ROWS as u64 * u64::from(info.width) * info.channels.count() as u64
}

/// The rows that trimming compares.
pub(crate) const TRIM_ROWS: usize = 3;

/// The bytes of copied metadata: three blocks, and the segments that they are written in.
fn metadata_bytes(job: &Job) -> u64 {
    /// A JPEG's segment.
    const BLOCK_BYTES: u64 = 64 * 1024;
    if job.instructions.output.copy_metadata {
        // A list of segments that grows may have room for twice its bytes.
        3 * BLOCK_BYTES + 2 * 3 * BLOCK_BYTES
    } else {
        0
    }
}

/// The bytes of a colour profile and of the transform that is built from it.
fn profile_bytes(info: &SourceInfo, job: &Job) -> u64 {
    /// Measured: the tables of a transform, and of one from inks.
    const TRANSFORM_BYTES: u64 = 512 * 1024;
    const INKS_BYTES: u64 = 4 << 20;
    if info.profile_bytes == 0 || job.instructions.ignore_profile {
        return 0;
    }
    let tables = if info.channels == Channels::Cmyk {
        INKS_BYTES
    } else {
        TRANSFORM_BYTES
    };
    // The samples of the profile's tables become numbers of four bytes.
    tables + 6 * info.profile_bytes
}

fn picture_bytes(size: Size, channels: Channels) -> u64 {
    size.pixels() * channels.count() as u64
}

/// The number of pixels with both sides rounded up to whole blocks of 16.
fn padded_pixels(size: Size) -> u64 {
    u64::from(size.width).next_multiple_of(16) * u64::from(size.height).next_multiple_of(16)
}

#[cfg(all(test, feature = "codecs"))]
mod tests;
