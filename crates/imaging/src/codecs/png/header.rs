//! PNG header: reads size, channels and notes, and sets up the library, for the header and for the pixels.

use std::io::{BufRead, Seek};

use png::{BitDepth, ColorType, DecodingError, Reader, Transformations};

use super::chunks::{Notes, PixelChunks};
use super::salvage;
use crate::band::rows_per_band;
use crate::codecs::{corrupt, exif};
use crate::{Cancel, Channels, Detail, Format, ImageError, Limits, Size, SourceInfo};

pub(super) fn info(source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
    let mut decoder = decoder(PixelChunks::new(source, cancel));
    let header = decoder.read_header_info().map_err(|error| failure(&error, cancel))?;
    let size = Size::new(header.width, header.height);
    limits.check_source(size)?;
    decoder.set_limits(library_limits(size.width));
    let reader = decoder.read_info().map_err(|error| failure(&error, cancel))?;
    let channels = channels(&reader)?;

    let info = reader.info();
    check_palette(info)?;
    let row_bytes = u64::from(size.width) * channels.count() as u64;
    let streams = !info.interlaced;
    let pixels = if streams {
        rows_per_band(row_bytes as usize) as u64 * row_bytes
    } else {
        row_bytes * u64::from(size.height)
    };
    // The library exists twice when salvage begins.
    let salvage_bytes = if limits.show_damaged {
        salvage::BYTES + library_bytes(info)
    } else {
        0
    };
    let notes = Notes::read(source, cancel)?;
    let profile_bytes = notes.profile_bytes(cancel);
    cancel.check()?;
    Ok(SourceInfo {
        orientation: notes.exif.map(exif::orientation).unwrap_or_default(),
        streams,
        decoder_bytes: pixels + library_bytes(info) + salvage_bytes,
        profile_bytes,
        ..SourceInfo::new(Format::Png, size.width, size.height, channels)
    })
}

pub(super) fn profile(source: &[u8], info: &SourceInfo, cancel: &Cancel) -> Option<Vec<u8>> {
    Notes::read(source, cancel).ok()?.profile(info.profile_bytes, cancel)
}

/// Refuses a palette with a part of a colour at its end (PNG, third edition, 11.2.2), on which the library panics.
fn check_palette(info: &png::Info<'_>) -> Result<(), ImageError> {
    match &info.palette {
        Some(palette) if info.color_type == ColorType::Indexed && !palette.len().is_multiple_of(3) => {
            Err(corrupt(Format::Png, "its palette ends within a colour"))
        }
        _ => Ok(()),
    }
}

/// Limits for a file whose palette is not known yet: the widest possible row has four channels of 16 bits.
pub(super) fn library_limits(width: u32) -> png::Limits {
    /// Palettes and transparent colours, in the buffers that the library reads chunks into.
    const CHUNK_BYTES: usize = 128 * 1024;
    png::Limits {
        bytes: CHUNK_BYTES + width as usize * 8 * 4,
    }
}

/// The bytes that the library holds while it decodes rows.
pub(super) fn library_bytes(info: &png::Info<'_>) -> u64 {
    /// Measured: the window of the decompressor, its input and its output buffer.
    const DECOMPRESSOR_BYTES: u64 = 256 * 1024;
    DECOMPRESSOR_BYTES + 4 * info.raw_row_length() as u64
}

pub(super) fn decoder<S: BufRead + Seek>(source: S) -> png::Decoder<S> {
    let mut decoder = png::Decoder::new(source);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder
}

pub(super) fn channels<S: BufRead + Seek>(reader: &Reader<S>) -> Result<Channels, ImageError> {
    match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Ok(Channels::Gray),
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Ok(Channels::GrayAlpha),
        (ColorType::Rgb, BitDepth::Eight) => Ok(Channels::Rgb),
        (ColorType::Rgba, BitDepth::Eight) => Ok(Channels::Rgba),
        other => Err(ImageError::Internal {
            detail: Detail(format!("a PNG was decoded to {other:?}")),
        }),
    }
}

pub(super) fn failure(error: &DecodingError, cancel: &Cancel) -> ImageError {
    if cancel.is_cancelled() {
        return ImageError::Cancelled;
    }
    let reason = match error {
        DecodingError::IoError(_) => "it ends before all its pixels",
        DecodingError::Format(_) => "its data cannot be decoded",
        DecodingError::LimitsExceeded => "its palette is too long",
        DecodingError::Parameter(_) => {
            return ImageError::Internal {
                detail: Detail(error.to_string()),
            };
        }
    };
    ImageError::Corrupt {
        format: Some(Format::Png),
        reason: reason.to_owned(),
        detail: Some(Detail(error.to_string())),
    }
}
