//! Cost prediction: computes memory and time of a job from the header alone. The engine reserves the bytes before the
//! job may start, and orders its queue by the time (`time`).
//!
//! A job has three phases: decoding and scaling; the steps on the scaled picture, each of which holds its input and its
//! output; and encoding. The peak is that of the most expensive phase. The decoder of an animation stays while a frame
//! is processed, so its bytes are added. The encoded frames of an animation are not predicted: a still scene and noise
//! differ by a factor of a thousand. A job asks for that memory as it goes (`run_within`).

mod jpeg_xl;
mod time;

pub(crate) use jpeg_xl::jpeg_xl_most_pixels;
#[cfg(feature = "codecs")]
pub(crate) use jpeg_xl::{JPEG_XL_FAST_PIXELS, JPEG_XL_FASTEST_PIXELS, JPEG_XL_SEARCHING_EFFORT};

use std::time::Duration;

use crate::instructions::Subsampling;
use crate::plan::Plan;
use crate::resampling::Resampling;
use crate::shrink::Axis;
use crate::{Channels, Format, ImageError, Job, Lossless, Orientation, Size, SourceInfo};

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
    let plan = Plan::of(info, job)?;
    Ok(Cost {
        peak_bytes: peak_bytes(info, job, &plan),
        time: time::time(info.page(&job.instructions), &plan, job),
    })
}

/// The most bytes that a job with this plan holds.
pub(crate) fn peak_bytes(info: &SourceInfo, job: &Job, plan: &Plan) -> u64 {
    /// The codecs' tables and everything else that does not grow with the picture. A decoder keeps its part to the end.
    const BASE_BYTES: u64 = 768 * 1024;
    let pages = 2 * info.more_pages.len() * size_of::<SourceInfo>();
    let info = info.page(&job.instructions);
    let graphics = job.for_graphics();
    let phases = [
        scaling_bytes(info, plan),
        steps_bytes(info, plan),
        encoding_bytes(info, plan, job) + jpeg_xl::bounded_bytes(info, plan, job),
        graphics.map_or(0, |job| encoding_bytes(info, plan, &job)),
    ];
    let dearest = phases.into_iter().max().unwrap_or_default();
    let jobs_bytes = dearest + if plan.moving { info.decoder_bytes } else { 0 };
    let peak_bytes = match job.instructions.geometry.trim {
        Some(_) => jobs_bytes.max(trimming_bytes(info)),
        None => jobs_bytes,
    };
    BASE_BYTES + peak_bytes + pages as u64 + profile_bytes(info, job)
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

/// The bytes of the decoder, the scaler's rows and weights, and the scaled picture.
fn scaling_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
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

/// The bytes of a scaler and of the picture that it returns.
fn scaler_bytes([across, down]: [Axis; 2], scaled: Size, channels: Channels, resampling: &Resampling) -> u64 {
    const NUMBER_BYTES: u64 = 4;
    const SAMPLE_BYTES: u64 = 2;
    let unchanged = across.is_exactly(scaled.width) && down.is_exactly(scaled.height);
    // A row whose alpha is replaced.
    let opaque_row = match resampling.ignores_alpha {
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

/// The bytes of the steps after scaling.
fn steps_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
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
    [colour, orient, filters, corners, flatten, pad, turn, tilt]
        .into_iter()
        .max()
        .unwrap_or_default()
}

/// The bytes of the finished picture, the encoder and the output buffer, or at the end of these and the final copy.
fn encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let channels = plan.output_channels(info.channels);
    let width = u64::from(plan.output.width);
    let (encoder, encoded) = match job.format {
        Format::Jpeg => {
            let quality = job.instructions.effective_jpeg_quality();
            let subsampling = job.instructions.effective_subsampling();
            let planes = channels.count() as u64;
            let rows = width.next_multiple_of(16) * 16 * planes;
            let encoder = if job.instructions.jpeg_progressive {
                // A row of MCUs as numbers of four bytes, and all coefficients as numbers of two, with a bit for each.
                let coefficients = match (channels.is_gray(), subsampling) {
                    (true, _) => 17,
                    (false, Subsampling::Both) => 26,
                    (false, Subsampling::Across) => 34,
                    (false, Subsampling::Neither) => 51,
                };
                4 * rows + padded_pixels(plan.output) * coefficients / 8
            } else {
                // A row of MCUs as numbers of four bytes, and its coefficients as numbers of two, with a bit for each.
                49 * rows / 8
            };
            let encoded = jpeg_bytes(plan.output, channels, quality, subsampling);
            (encoder, encoded)
        }
        Format::Gif => return gif_encoding_bytes(plan, channels),
        Format::WebP => return webp_encoding_bytes(info, plan, job, channels),
        Format::JpegXl => return jpeg_xl::encoding_bytes(info, plan, job, channels),
        // The plan has refused formats that cannot be written.
        Format::Png | Format::Bmp | Format::Tiff => {
            /// Measured: the window and the tables of the compressor, and a chunk.
            const COMPRESSOR_BYTES: u64 = 768 * 1024;
            // The palette is chosen before anything is written.
            let palette = job.instructions.output.png_palette(info.lossless);
            let palette = palette.map_or(0, |_| palette_bytes(plan.output));
            let written = png_bytes(plan.output, channels);
            let compressor = COMPRESSOR_BYTES + 8 * width * channels.count() as u64;
            (compressor.max(palette.saturating_sub(written)), written)
        }
    };
    let frame = picture_bytes(plan.output, channels) + encoder + encoded;
    // Metadata is read when the file is finished.
    let metadata = metadata_bytes(job);
    if plan.moving {
        frame + metadata
    } else {
        frame.max(2 * encoded + metadata)
    }
}

/// The bytes held while a WebP is written.
fn webp_encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job, channels: Channels) -> u64 {
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

/// The bytes held while a GIF is written. Encoded noise takes less memory than the data it is made from.
fn gif_encoding_bytes(plan: &Plan, channels: Channels) -> u64 {
    // The pixels of the waiting frame. An animation also has the next frame and the canvas.
    let frames = if plan.moving { 3 } else { 1 } * PALETTE_PIXEL_BYTES * plan.output.pixels();
    // The changed part of the waiting frame is reduced.
    frames + palette_bytes(plan.output).max(picture_bytes(plan.output, channels))
}

/// A pixel of a picture that a palette is chosen for: a colour, or transparent.
const PALETTE_PIXEL_BYTES: u64 = 4;

/// The bytes held while the colours of a picture are reduced, without the picture: its pixels, and its samples or its
/// indices.
fn palette_bytes(size: Size) -> u64 {
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

/// The number of pixels with both sides rounded up to whole blocks of 16.
fn padded_pixels(size: Size) -> u64 {
    u64::from(size.width).next_multiple_of(16) * u64::from(size.height).next_multiple_of(16)
}

/// The size of the output buffer of a JPEG: what noise takes, so that the buffer never has to grow. Photographs take a
/// fifth of it. The rest is never touched, and is returned to the system.
pub(crate) fn jpeg_bytes(size: Size, channels: Channels, quality: u8, subsampling: Subsampling) -> u64 {
    /// The file header and the tables.
    const HEADER_BYTES: u64 = 1024;
    // Bits per pixel, measured on noise, for one channel and for three.
    let bits = match (channels.is_gray(), quality, subsampling) {
        (true, 0..=90, _) => 8,
        (true, _, _) => 14,
        (false, 0..=90, Subsampling::Both) => 13,
        (false, 0..=90, Subsampling::Across) => 17,
        (false, 0..=90, Subsampling::Neither) => 25,
        (false, _, Subsampling::Both) => 22,
        (false, _, Subsampling::Across) => 29,
        (false, _, Subsampling::Neither) => 40,
    };
    HEADER_BYTES + padded_pixels(size) * bits / 8
}

/// The size of the output buffer of a PNG that cannot be compressed at all: rows with a filter byte each, and the
/// overhead of deflate and chunks.
pub(crate) fn png_bytes(size: Size, channels: Channels) -> u64 {
    const HEADER_BYTES: u64 = 1024;
    let rows = picture_bytes(size, channels) + u64::from(size.height);
    HEADER_BYTES + rows + rows / 1000
}

/// The most pixels of a picture that a palette is chosen from. They are processed in one piece.
pub(crate) const PALETTE_MOST_SAMPLES: usize = 128 * 1024;

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
