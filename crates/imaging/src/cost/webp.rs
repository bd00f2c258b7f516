//! Memory of encoding WebP: libwebp's planes, tokens and encoded data, and the search for back-references. The encoders
//! take their measures from here.

use super::{metadata_bytes, padded_pixels, picture_bytes};
use crate::plan::Plan;
use crate::{Channels, Job, Lossless, Size, SourceInfo};

/// The bytes held while a WebP is written.
pub(super) fn webp_encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job, channels: Channels) -> u64 {
    let quality = job.instructions.effective_webp_quality();
    let lossless = match job.instructions.effective_webp_lossless() {
        Lossless::No => false,
        Lossless::Yes => true,
        Lossless::Keep => info.lossless,
    };
    let written = |size: Size| {
        webp_picture_bytes(size, channels, lossless, quality) + webp_bytes(size, channels, lossless, quality)
    };
    let pixels = plan.output.pixels();
    let frame = picture_bytes(plan.output, channels);
    if !plan.moving {
        // Grey is expanded to three channels.
        let expanded = if channels.is_gray() { 3 * pixels } else { 0 };
        let encoded = webp_bytes(plan.output, channels, lossless, quality);
        return (frame + expanded + written(plan.output)).max(2 * encoded + metadata_bytes(job));
    }
    // The first frame is written whole. Later ones change at most the scaled part, whose place is rounded to even
    // numbers, and have the frame before them.
    const COPY_BYTES: u64 = 4;
    let scaled = plan.orient.then(plan.turn).apply_to_size(plan.scaled);
    let (width, height) = (scaled.width + 1, scaled.height + 1);
    let changed = match plan.tilt {
        0 => Size::new(width.min(plan.output.width), height.min(plan.output.height)),
        _ => plan.output,
    };
    let first = written(plan.output) + COPY_BYTES * pixels;
    let later = written(changed) + COPY_BYTES * (pixels + changed.pixels());
    frame + COPY_BYTES * pixels + first.max(later) + metadata_bytes(job)
}

/// The bytes of the encoder of one WebP picture of this size, without its output buffer.
fn webp_picture_bytes(size: Size, channels: Channels, lossless: bool, quality: u8) -> u64 {
    // Measured on noise: the planes of luma and chroma, and libwebp's encoded data, whose buffer doubles as it grows.
    let bits = webp_lossy_bits(size, quality);
    let lossy_bytes = 2 + bits / 4;
    // The same where libwebp first collects all tokens, and where it first compresses alpha.
    let collected_bytes = 3 * bits - 2;
    const ALPHA_BYTES: u64 = 36;
    /// Back-references of lossless pixels: 8 bytes for each, of three pixels or more, minus the bytes that they save in
    /// the file.
    const BACK_REFERENCE_BYTES: u64 = 2;
    let pixels = size.pixels();
    let lossless_bytes = webp_search_bytes(size) + BACK_REFERENCE_BYTES * pixels;
    match pixels {
        _ if lossless => lossless_bytes,
        0..=WEBP_IN_ONE_PIECE_PIXELS if channels.has_alpha() => ALPHA_BYTES * pixels,
        0..=WEBP_IN_ONE_PIECE_PIXELS => collected_bytes * pixels,
        // Alpha is compressed first.
        _ if channels.has_alpha() => lossless_bytes.max(lossy_bytes * pixels),
        _ => lossy_bytes * pixels,
    }
}

/// The largest size at which libwebp does its uninterruptible work in one piece: it collects all tokens, which is the
/// faster way, and compresses alpha, which it does in less time than this crate's encoder. Measured at 0.7 megapixels
/// of noise: 52 ms at quality 80, 96 ms at 100.
pub(crate) const WEBP_IN_ONE_PIECE_PIXELS: u64 = 250_000;

/// The window of back-references in a lossless WebP or its alpha, in pixels; how many more pixels are kept before they
/// are dropped; and the longest back-reference.
pub(crate) const WEBP_WINDOW_PIXELS: usize = 1 << 18;
pub(crate) const WEBP_DROPPED_PIXELS: usize = 1 << 16;
pub(crate) const WEBP_LONGEST_BACK_REFERENCE: usize = 4096;

/// The bytes of the search for back-references: pixels, two hash entries for each pixel of the window, rows, and
/// counts.
fn webp_search_bytes(size: Size) -> u64 {
    /// Rows of pixels and of residuals, the predictors' price sums for a row of tiles, and the table of distance codes.
    const COLUMN_BYTES: u64 = 32;
    /// Measured: counts of symbols with colour caches of three sizes, prefix codes, and a block of back-references.
    const COUNTS_BYTES: u64 = 192 * 1024;
    let width = u64::from(size.width);
    let window = size.pixels().min(WEBP_WINDOW_PIXELS as u64);
    let ahead = (WEBP_DROPPED_PIXELS + WEBP_LONGEST_BACK_REFERENCE) as u64 + 2 * width;
    let pixels = size.pixels().min(window + ahead);
    4 * pixels + 2 * 4 * window.next_power_of_two() + size.pixels() / 1024 + COLUMN_BYTES * width + COUNTS_BYTES
}

/// The size of the output buffer of a WebP picture of noise.
fn webp_bytes(size: Size, channels: Channels, lossless: bool, quality: u8) -> u64 {
    let alpha = u64::from(channels.has_alpha());
    // A lossless byte takes a little more than one byte, as there are more symbols than byte values.
    if lossless {
        WEBP_HEADER_BYTES + padded_pixels(size) * (3 + alpha) + size.pixels() / 8
    } else {
        webp_lossy_bytes(size, quality) + padded_pixels(size) * alpha
    }
}

const WEBP_HEADER_BYTES: u64 = 4096;

/// The size of the output buffer for the lossy colours alone.
pub(crate) fn webp_lossy_bytes(size: Size, quality: u8) -> u64 {
    WEBP_HEADER_BYTES + padded_pixels(size) * webp_lossy_bits(size, quality) / 8
}

/// The bits of a lossy pixel, measured on noise of the darkest and the brightest values.
fn webp_lossy_bits(size: Size, quality: u8) -> u64 {
    match quality {
        0..=70 => 6,
        71..=80 => 7,
        81..=90 => 8,
        91..=98 => 10,
        // The encoder's fastest way has no shorter codes for these.
        _ if size.pixels() > WEBP_CAREFUL_PIXELS => 26,
        _ => 11,
    }
}

/// Larger lossy pictures are written in a third of the time, with up to 7 % more bytes.
pub(crate) const WEBP_CAREFUL_PIXELS: u64 = 4_000_000;
