//! What a job will take, told from the header alone. The engine reserves these bytes before the job may start.
//!
//! A job has three phases: decoding and scaling; the steps on the scaled picture, each of which holds what it was given
//! and what it makes; and encoding. The peak is that of the dearest phase. With an animation the decoder stays while a
//! frame is worked on, so that its bytes are added. What has been encoded of an animation is not predicted: between a
//! still scene and noise lies a factor of a thousand. A job asks for that memory as it goes (`run_within`).

use crate::plan::Plan;
use crate::{Channels, Format, ImageError, Job, Lossless, Orientation, Size, SourceInfo};

/// What a job takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// The most bytes the job holds at any time, not counting the source's own, nor the encoded frames of an animation.
    /// Never less than what is used, and rarely more than one and a half times that and 2 MB.
    pub peak_bytes: u64,
    /// Pixels that are decoded plus pixels that are encoded: a measure of the time.
    pub pixels: u64,
}

/// Tells the cost of a job, and refuses one that a limit forbids.
pub fn predict(info: &SourceInfo, job: &Job) -> Result<Cost, ImageError> {
    /// Codecs' tables and all else that does not grow with the picture; a decoder's stay until the job ends.
    const BASE_BYTES: u64 = 768 * 1024;
    let plan = Plan::of(info, job)?;
    let pages = 2 * info.more_pages.len() * size_of::<SourceInfo>();
    let info = info.page(&job.instructions);
    let phases = [
        scaling_bytes(info, &plan),
        steps_bytes(info, &plan),
        encoding_bytes(info, &plan, job),
    ];
    let dearest = phases.into_iter().max().unwrap_or_default();
    let peak_bytes = dearest + if plan.moving { info.decoder_bytes } else { 0 };
    let frames = u64::from(plan.frames);
    let written = if plan.moving { frames } else { 1 };
    Ok(Cost {
        peak_bytes: BASE_BYTES + peak_bytes + pages as u64 + profile_bytes(info, job),
        pixels: info.stored_size().pixels() * frames + plan.output.pixels() * written,
    })
}

/// A colour profile as it is read, and what is made of it.
fn profile_bytes(info: &SourceInfo, job: &Job) -> u64 {
    /// Measured: tables of a transform, and one of many inks.
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
    // Samples of tables become numbers of four bytes.
    tables + 6 * info.profile_bytes
}

fn picture_bytes(size: Size, channels: Channels) -> u64 {
    size.pixels() * channels.count() as u64
}

/// The decoder, the scaler's rows and weights, and the scaled picture.
fn scaling_bytes(info: &SourceInfo, plan: &Plan) -> u64 {
    /// Rows of numbers that the scaler holds: those of a window of three lobes each way, and one coming in.
    const ROWS_HELD: u64 = 9;
    const NUMBER_BYTES: u64 = 4;
    let [across, down] = plan.axes();
    let scaler = if across.is_exactly(plan.scaled.width) && down.is_exactly(plan.scaled.height) {
        0
    } else {
        let channels = info.channels.count() as u64;
        let (width, height) = (across.pixels(), down.pixels());
        let rows = (ROWS_HELD * u64::from(width) + u64::from(plan.scaled.width)) * channels * NUMBER_BYTES;
        rows + weight_bytes(width, plan.scaled.width) + weight_bytes(height, plan.scaled.height)
    };
    plan.decoder_bytes(info) + scaler + picture_bytes(plan.scaled, info.channels)
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
    let colour = if info.profile_bytes > 0 || info.channels == Channels::Cmyk {
        2 * scaled
    } else {
        0
    };
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
    colour.max(orient).max(flatten).max(pad).max(turn)
}

/// The finished picture, the encoder, and room for the encoded bytes; or these and the copy that is made of them in the end.
fn encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job) -> u64 {
    let channels = plan.output_channels(info.channels);
    let width = u64::from(plan.output.width);
    let pixels = plan.output.pixels();
    let (encoder, encoded) = match job.format {
        Format::Jpeg => {
            let quality = job.instructions.effective_jpeg_quality();
            let planes = channels.count() as u64;
            let rows = width.next_multiple_of(16) * 16 * planes;
            let encoder = if job.instructions.jpeg_progressive {
                // Rows of blocks, as numbers of four bytes, and all coefficients, of two.
                let coefficients = match (channels.is_gray(), quality) {
                    (true, _) => 2,
                    (false, 0..=90) => 3,
                    (false, _) => 6,
                };
                4 * rows + padded_pixels(plan.output) * coefficients
            } else {
                rows
            };
            (encoder, jpeg_bytes(plan.output, channels, quality))
        }
        Format::Gif => return gif_encoding_bytes(plan, channels),
        Format::WebP => {
            let quality = job.instructions.effective_webp_quality();
            let lossless = match job.instructions.effective_webp_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            };
            // Measured on noise, less the room for the file: planes of luma and chroma, and what libwebp has encoded,
            // which doubles as it grows.
            let bits = webp_lossy_bits(plan.output, quality);
            let lossy_bytes = 2 + bits / 4;
            // The same, where libwebp first collects what is to be coded; and where it compresses alpha before.
            let collected_bytes = 3 * bits - 2;
            const ALPHA_BYTES: u64 = 36;
            /// Copies that were found in pixels without loss: 8 bytes for each, of three pixels or more, less what they
            /// save in the file.
            const COPIES_BYTES: u64 = 2;
            let without_loss = webp_search_bytes(plan.output) + COPIES_BYTES * pixels;
            let written = match pixels {
                _ if lossless => without_loss,
                0..=WEBP_IN_ONE_PIECE_PIXELS if channels.has_alpha() => ALPHA_BYTES * pixels,
                0..=WEBP_IN_ONE_PIECE_PIXELS => collected_bytes * pixels,
                // Alpha first.
                _ if channels.has_alpha() => without_loss.max(lossy_bytes * pixels),
                _ => lossy_bytes * pixels,
            };
            // An animation's frame before, and this one in four channels, then the part that changed; or grey in three.
            let copies = match (plan.moving, channels.is_gray()) {
                (true, _) => 12,
                (false, true) => 3,
                (false, false) => 0,
            };
            (
                written + copies * pixels,
                webp_bytes(plan.output, channels, lossless, quality),
            )
        }
        // They are never written; the plan has said so.
        Format::Png | Format::Bmp | Format::Tiff => {
            /// Measured: the compressor's window and tables, and a chunk.
            const COMPRESSOR_BYTES: u64 = 768 * 1024;
            (
                COMPRESSOR_BYTES + 8 * width * channels.count() as u64,
                png_bytes(plan.output, channels),
            )
        }
    };
    let frame = picture_bytes(plan.output, channels) + encoder + encoded;
    if plan.moving { frame } else { frame.max(2 * encoded) }
}

/// What is held while a GIF is written. Noise that is encoded takes less than what there was before it.
fn gif_encoding_bytes(plan: &Plan, channels: Channels) -> u64 {
    /// The picture as colours or nothing.
    const COLOUR_BYTES: u64 = 4;
    /// Pixels that colours are chosen from, as sRGB and as Oklab.
    const SAMPLE_BYTES: u64 = 15;
    /// For each pixel of a row: its colour in both spaces, and errors of it and of the one below.
    const DITHER_BYTES: u64 = 39;
    /// Measured: boxes of colours, and the compressor.
    const QUANTISER_BYTES: u64 = 512 * 1024;
    let pixels = plan.output.pixels();
    // Those of the waiting frame; of an animation the one after it and the canvas below it, too.
    let frames = if plan.moving { 3 } else { 1 } * COLOUR_BYTES * pixels;
    let samples = pixels.min(GIF_MOST_SAMPLES as u64) * SAMPLE_BYTES;
    let dithered = pixels + u64::from(plan.output.width) * DITHER_BYTES;
    // What is stored of the waiting frame, and its samples or its indices.
    let reducing = COLOUR_BYTES * pixels + samples.max(dithered);
    frames + QUANTISER_BYTES + reducing.max(picture_bytes(plan.output, channels))
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

/// Pixels of a GIF's frame that colours are chosen from, at most: they are looked at in one piece.
pub(crate) const GIF_MOST_SAMPLES: usize = 128 * 1024;

/// Up to this size libwebp does in one piece what it cannot be interrupted in: it collects all that is to be coded, which
/// is the faster way, and compresses alpha, which it does in less time than we. Measured at 0.7 megapixels of noise: 52 ms at
/// quality 80, 96 ms at 100.
pub(crate) const WEBP_IN_ONE_PIECE_PIXELS: u64 = 250_000;

/// Pixels that copies are taken from, at most, in a WebP without loss or its alpha; how many more are kept before they are
/// dropped; and the longest copy.
pub(crate) const WEBP_WINDOW_PIXELS: usize = 1 << 18;
pub(crate) const WEBP_DROPPED_PIXELS: usize = 1 << 16;
pub(crate) const WEBP_LONGEST_COPY: usize = 4096;

/// What finds copies: pixels, and for each of the window two places where the same may be; rows, and what is counted.
fn webp_search_bytes(size: Size) -> u64 {
    /// Rows of pixels, what is expected in their squares, and distances between them.
    const COLUMN_BYTES: u64 = 32;
    /// Measured: how often symbols occur with caches of three sizes, codes, and a piece of copies.
    const COUNTS_BYTES: u64 = 192 * 1024;
    let width = u64::from(size.width);
    let window = size.pixels().min(WEBP_WINDOW_PIXELS as u64);
    let ahead = (WEBP_DROPPED_PIXELS + WEBP_LONGEST_COPY) as u64 + 2 * width;
    let pixels = size.pixels().min(window + ahead);
    4 * pixels + 2 * 4 * window.next_power_of_two() + size.pixels() / 1024 + COLUMN_BYTES * width + COUNTS_BYTES
}

/// Room for a WebP picture of noise.
fn webp_bytes(size: Size, channels: Channels, lossless: bool, quality: u8) -> u64 {
    let alpha = u64::from(channels.has_alpha());
    // Without loss a byte takes a little more than one, as symbols are not bytes alone.
    if lossless {
        WEBP_HEADER_BYTES + padded_pixels(size) * (3 + alpha) + size.pixels() / 8
    } else {
        webp_lossy_bytes(size, quality) + padded_pixels(size) * alpha
    }
}

const WEBP_HEADER_BYTES: u64 = 4096;

/// The same of its colours, with loss.
pub(crate) fn webp_lossy_bytes(size: Size, quality: u8) -> u64 {
    WEBP_HEADER_BYTES + padded_pixels(size) * webp_lossy_bits(size, quality) / 8
}

/// Bits of a pixel with loss, measured on noise of the darkest and the brightest values.
fn webp_lossy_bits(size: Size, quality: u8) -> u64 {
    match quality {
        0..=70 => 6,
        71..=80 => 7,
        81..=90 => 8,
        91..=98 => 10,
        // The fastest way of encoding knows no shorter codes for these.
        _ if size.pixels() > WEBP_CAREFUL_PIXELS => 26,
        _ => 11,
    }
}

/// Larger pictures are written with loss in a third of the time, for up to 7 % more bytes.
pub(crate) const WEBP_CAREFUL_PIXELS: u64 = 4_000_000;
