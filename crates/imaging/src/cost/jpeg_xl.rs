//! Memory of encoding JPEG XL, and the bounds of an encoder that cannot be stopped. The plan, the encoder and the
//! prediction of time take the bounds from here.

use super::{metadata_bytes, picture_bytes};
use crate::plan::Plan;
use crate::{Channels, Instructions, Job, Lossless, SourceInfo};

/// The most pixels of a JPEG XL. A search for a quality that fits takes as long as up to eight of them.
pub(crate) fn jpeg_xl_most_pixels(instructions: &Instructions) -> u64 {
    match instructions.output.max_bytes {
        Some(_) => JPEG_XL_MOST_PIXELS / 8,
        None => JPEG_XL_MOST_PIXELS,
    }
}

/// The bytes held while a JPEG XL is written: the picture, the library's tables and its numbers for each pixel, and the
/// file of noise. Measured.
pub(super) fn jpeg_xl_encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job, channels: Channels) -> u64 {
    const TABLE_BYTES: u64 = 14 << 20;
    let lossless = match job.instructions.effective_jxl_lossless() {
        Lossless::No => false,
        Lossless::Yes => true,
        Lossless::Keep => info.lossless,
    };
    let searches = job.instructions.effective_jxl_effort() >= JPEG_XL_SEARCHING_EFFORT;
    let samples = channels.count() as u64;
    let (tables, pixel_bytes) = match (lossless, searches, channels.has_alpha()) {
        (true, false, _) => (TABLE_BYTES / 8, 6 * samples),
        (true, true, _) => (TABLE_BYTES, 22 * samples),
        // The colours of grey are computed like those of colours.
        (false, _, false) => (TABLE_BYTES, 14),
        (false, _, true) => (TABLE_BYTES, 26),
    };
    let picture = picture_bytes(plan.output, channels);
    // Noise takes up to a byte and a third for each sample.
    let encoded = 4096 + plan.output.pixels() * samples * 4 / 3;
    let encoder = tables + plan.output.pixels() * pixel_bytes;
    (picture + encoder + encoded).max(2 * encoded + metadata_bytes(job))
}

/// The most pixels of a JPEG XL that is written. Its encoder cannot be stopped: noise with alpha of this size takes 7 s
/// at the lowest effort on a core of a shared server, a photograph 0.9 s.
const JPEG_XL_MOST_PIXELS: u64 = 24_000_000;

/// The most pixels at efforts from 2 on, which take up to three times as long, and from 4 on, up to ten times.
pub(crate) const JPEG_XL_FASTEST_PIXELS: u64 = 2_000_000;
pub(crate) const JPEG_XL_FAST_PIXELS: u64 = 1_000_000;

/// From this effort on a lossless picture is searched for repetitions, which takes five times as long.
pub(crate) const JPEG_XL_SEARCHING_EFFORT: u8 = 4;
