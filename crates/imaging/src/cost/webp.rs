//! Memory of encoding WebP: libwebp's planes, tokens and encoded data, and the search for back-references. The encoders
//! take their measures from here.

use super::{Which, metadata_bytes, padded_pixels, picture_bytes};
use crate::plan::Plan;
use crate::{Channels, Job, Lossless, Size, SourceInfo};

/// The samples that libwebp is given. They bound how many bits a pixel of noise takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    /// Pixels whose red, green and blue are equal: chroma is flat.
    Gray,
    /// Pixels: red, green and blue bound each other's luma and chroma.
    Pixels,
    /// Planes of luma and chroma, each of which may take any value.
    Planes,
}

/// The bytes held while a WebP is written: a still picture, or the first or a later frame of an animation.
pub(super) fn webp_encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job, channels: Channels, which: Which) -> u64 {
    let quality = job.instructions.effective_webp_quality();
    let lossless = match job.instructions.effective_webp_lossless() {
        Lossless::No => false,
        Lossless::Yes => true,
        Lossless::Keep => info.lossless,
    };
    let colours = if channels.is_gray() {
        Colours::Gray
    } else {
        Colours::Pixels
    };
    let written = |size: Size| {
        let encoder = match lossless {
            true => lossless_bytes(size),
            false => lossy_bytes(size, channels, colours, quality),
        };
        encoder + webp_bytes(size, channels, lossless, quality)
    };
    let pixels = plan.output.pixels();
    let frame = picture_bytes(plan.output, channels);
    if !plan.moving {
        let encoding = if lossless || !channels.is_gray() {
            frame + written(plan.output)
        } else {
            // Three channels take the place of the grey one.
            let expanded = picture_bytes(plan.output, Channels::of(false, channels.has_alpha()));
            expanded + frame.max(written(plan.output))
        };
        let encoding = match plan.planes {
            Some(_) if info.profile_bytes == 0 => planes_bytes(plan.output, quality),
            // Only the contents of the profile tell whether the planes become pixels.
            Some(_) => encoding.max(planes_bytes(plan.output, quality)),
            None => encoding,
        };
        let encoded = match plan.planes {
            Some(_) => webp_lossy_bytes(plan.output, Colours::Planes, quality),
            None => webp_bytes(plan.output, channels, lossless, quality),
        };
        return encoding.max(2 * encoded + metadata_bytes(job));
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
    let part = match which {
        Which::First => written(plan.output) + COPY_BYTES * pixels,
        Which::Later => written(changed) + COPY_BYTES * (pixels + changed.pixels()),
    };
    frame + COPY_BYTES * pixels + part + metadata_bytes(job)
}

/// The bytes of planes that go to libwebp as they are, of the encoder, and of its output buffer.
fn planes_bytes(size: Size, quality: u8) -> u64 {
    // The planes are those that the encoder of a picture would have made.
    lossy_bytes(size, Channels::Rgb, Colours::Planes, quality) + webp_lossy_bytes(size, Colours::Planes, quality)
}

/// The bytes of the lossless encoder, without its output buffer.
fn lossless_bytes(size: Size) -> u64 {
    /// Back-references of lossless pixels: 8 bytes for each, of three pixels or more, minus the bytes that they save in
    /// the file.
    const BACK_REFERENCE_BYTES: u64 = 2;
    webp_search_bytes(size) + BACK_REFERENCE_BYTES * size.pixels()
}

/// The bytes of the lossy encoder, without its output buffer.
fn lossy_bytes(size: Size, channels: Channels, colours: Colours, quality: u8) -> u64 {
    // Measured on noise: the planes of luma and chroma, and libwebp's encoded data, whose buffer doubles as it grows.
    let bits = lossy_bits(size, colours, quality);
    let counted_bytes = 2 + bits / 4;
    // The same where libwebp first collects all tokens, and where it first compresses alpha.
    let collected_bytes = 3 * bits - 2;
    const ALPHA_BYTES: u64 = 36;
    const ALPHA_TABLES_BYTES: u64 = 512 * 1024;
    let pixels = size.pixels();
    match pixels {
        0..=WEBP_IN_ONE_PIECE_PIXELS if channels.has_alpha() => ALPHA_TABLES_BYTES + ALPHA_BYTES * pixels,
        0..=WEBP_IN_ONE_PIECE_PIXELS => collected_bytes * pixels,
        // Alpha is compressed first.
        _ if channels.has_alpha() => lossless_bytes(size).max(counted_bytes * pixels),
        _ => counted_bytes * pixels,
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
        webp_lossy_bytes(size, Colours::Pixels, quality) + padded_pixels(size) * alpha
    }
}

const WEBP_HEADER_BYTES: u64 = 4096;

/// The size of the output buffer for the lossy colours alone.
pub(crate) fn webp_lossy_bytes(size: Size, colours: Colours, quality: u8) -> u64 {
    WEBP_HEADER_BYTES + padded_pixels(size) * lossy_bits(size, colours, quality) / 8
}

/// The bits of a lossy pixel, measured on noise of the darkest and the brightest values that the colours can take.
fn lossy_bits(size: Size, colours: Colours, quality: u8) -> u64 {
    let bits = match quality {
        0..=70 => [6, 6, 8],
        71..=80 => [6, 7, 8],
        81..=85 => [7, 8, 9],
        86..=90 => [7, 8, 10],
        91..=95 => [8, 10, 10],
        96..=98 => [8, 10, 11],
        // The encoder's fastest way has no shorter codes for these.
        _ if size.pixels() > WEBP_CAREFUL_PIXELS => [21, 26, 29],
        _ => [9, 11, 12],
    };
    bits[colours as usize]
}

/// Larger lossy pictures are written in a third of the time, with up to 7 % more bytes.
pub(crate) const WEBP_CAREFUL_PIXELS: u64 = 4_000_000;
