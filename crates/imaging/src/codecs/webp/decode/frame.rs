//! The pixels of a picture or of a frame, from the top down: with loss as they are decoded, without loss all at once.

use resizer_webp::{DecodeError, Decoder, Pixels};

use super::alpha::{self, Alpha};
use super::lossless;
use crate::band::rows_per_band;
use crate::codecs::corrupt_because;
use crate::codecs::webp::container::Frame;
use crate::codecs::webp::corrupt;
use crate::{Cancel, Channels, Format, ImageError};

/// A frame being decoded.
pub(super) enum FramePixels<'s> {
    Lossy {
        decoder: Box<Decoder<'s>>,
        row_bytes: usize,
        alpha: Option<Alpha<'s>>,
    },
    Lossless {
        pixels: Vec<u8>,
        row_bytes: usize,
        /// The first byte that was not delivered.
        next: usize,
    },
}

impl<'s> FramePixels<'s> {
    pub(super) fn open(frame: &Frame<'s>, cancel: &Cancel) -> Result<Self, ImageError> {
        cancel.check()?;
        let size = frame.area.size;
        let row_bytes = size.width as usize * channels(frame).count();
        if frame.is_lossless() {
            let pixels = lossless::decode(&[frame.picture], size, frame.has_alpha(), cancel)?;
            return Ok(Self::Lossless {
                pixels,
                row_bytes,
                next: 0,
            });
        }
        let decoder = Decoder::new(frame.picture, pixels(frame)).map_err(failed)?;
        let alpha = frame.alpha.map(|chunk| Alpha::open(chunk, size, cancel)).transpose()?;
        Ok(Self::Lossy {
            decoder: Box::new(decoder),
            row_bytes,
            alpha,
        })
    }

    /// Lends the next rows; `None` after the last.
    pub(super) fn next_rows(&mut self, cancel: &Cancel) -> Result<Option<&[u8]>, ImageError> {
        cancel.check()?;
        match self {
            Self::Lossy {
                decoder,
                row_bytes,
                alpha,
            } => {
                let Some(rows) = decoder.next_rows().map_err(failed)? else {
                    return Ok(None);
                };
                if let Some(alpha) = alpha {
                    rows.pixels.chunks_exact_mut(*row_bytes).for_each(|row| alpha.put(row));
                }
                Ok(Some(rows.pixels))
            }
            Self::Lossless {
                pixels,
                row_bytes,
                next,
            } => {
                let rest = &pixels[*next..];
                let rows = &rest[..rest.len().min(rows_per_band(*row_bytes) * *row_bytes)];
                *next += rows.len();
                Ok((!rows.is_empty()).then_some(rows))
            }
        }
    }
}

/// What a frame is decoded to.
pub(super) fn channels(frame: &Frame<'_>) -> Channels {
    Channels::of(false, frame.has_alpha())
}

fn pixels(frame: &Frame<'_>) -> Pixels {
    if frame.has_alpha() { Pixels::Rgba } else { Pixels::Rgb }
}

fn failed(error: DecodeError) -> ImageError {
    match error {
        DecodeError::Truncated(_) => corrupt("it ends before all its pixels"),
        error => corrupt_because(Format::WebP, "its pixels cannot be decoded", &error),
    }
}

/// What is held while a frame is decoded.
pub(super) fn bytes(frame: &Frame<'_>) -> u64 {
    /// Measured: image-webp's code tables and rows.
    const LIBRARY_BYTES: u64 = 512 * 1024;
    let size = frame.area.size;
    // The library wants the compressed picture as a file of its own.
    let without_loss =
        |compressed: &[u8], pixel_bytes: u64| LIBRARY_BYTES + compressed.len() as u64 + size.pixels() * pixel_bytes;
    match frame.alpha {
        // It decodes four channels and copies three.
        _ if frame.is_lossless() => without_loss(frame.picture, if frame.has_alpha() { 4 } else { 4 + 3 }),
        Some(chunk) if alpha::is_compressed(chunk) => without_loss(chunk, 4) + lossy_bytes(frame),
        _ => lossy_bytes(frame),
    }
}

fn lossy_bytes(frame: &Frame<'_>) -> u64 {
    let width = frame.area.size.width;
    // Sides of pictures with loss fit 14 bits. One more row: of alpha.
    Decoder::bytes(u16::try_from(width).unwrap_or(u16::MAX), pixels(frame)) + u64::from(width)
}
