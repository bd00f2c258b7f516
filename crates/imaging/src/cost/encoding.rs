//! Memory of encoding: the finished picture, the encoder, and the output buffer. The encoders of JPEG and PNG take its
//! size from here. `peak_bytes` asks for it. WebP has a file of its own, as have palettes.

use super::palette::{gif_encoding_bytes, palette_bytes};
use super::webp::webp_encoding_bytes;
use super::{Which, metadata_bytes, padded_pixels, picture_bytes};
use crate::instructions::Subsampling;
use crate::plan::Plan;
use crate::{Channels, Format, Job, Size, SourceInfo};

/// The bytes of the finished picture, the encoder and the output buffer, or at the end of these and the final copy.
pub(super) fn encoding_bytes(info: &SourceInfo, plan: &Plan, job: &Job, which: Which) -> u64 {
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
        Format::WebP => return webp_encoding_bytes(info, plan, job, channels, which),
        Format::Avif => return super::avif::encoding_bytes(plan, job, channels),
        Format::JpegXl => return super::jpeg_xl::encoding_bytes(info, plan, job, channels),
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

/// The bytes that the encoder of an animation holds while it joins the frames, without those that it has counted.
#[cfg(feature = "codecs")]
pub(super) fn joining_bytes(plan: &Plan, format: Format) -> u64 {
    const CANVAS_BYTES: u64 = 4;
    /// The last frame of a GIF is written at the end, and is in its piece and in the file. Noise takes a code of up to
    /// 12 bits for each pixel, and the file a byte for each 255.
    const LAST_FRAME_BYTES: u64 = 2 * 2;
    const LAST_FRAME_HEADERS_BYTES: u64 = 2 * 1024;
    let pixels = plan.output.pixels();
    match format {
        Format::Gif => (CANVAS_BYTES + LAST_FRAME_BYTES) * pixels + LAST_FRAME_HEADERS_BYTES,
        _ => CANVAS_BYTES * pixels,
    }
}
