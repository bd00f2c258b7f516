//! Decoder of one picture or frame: lends its pixels from the top down.

use resizer_webp::{DecodeError, Decoder, LosslessDecoder, Pixels, Scale};

use super::alpha::{self, Alpha};
use crate::codecs::corrupt_because;
use crate::codecs::webp::container::Frame;
use crate::codecs::webp::corrupt;
use crate::shrink::Shrink;
use crate::{Cancel, Channels, Format, ImageError};

/// A frame being decoded.
pub(super) enum FramePixels<'s> {
    Lossy {
        decoder: Box<Decoder<'s>>,
        row_bytes: usize,
        alpha: Option<Alpha<'s>>,
    },
    Lossless(Box<LosslessDecoder<'s>>),
}

impl<'s> FramePixels<'s> {
    /// Opens a frame. Only a lossy one without alpha can be shrunk.
    pub(super) fn open(frame: &Frame<'s>, shrink: Shrink, cancel: &Cancel) -> Result<Self, ImageError> {
        cancel.check()?;
        let size = frame.area.size;
        let row_bytes = size.width as usize * channels(frame).count();
        if frame.is_lossless() {
            let decoder = LosslessDecoder::new(frame.picture, pixels(frame)).map_err(failed)?;
            let announced = (size.width, size.height, frame.has_alpha());
            if (decoder.width(), decoder.height(), decoder.has_alpha()) != announced {
                return Err(corrupt("its header contradicts itself"));
            }
            return Ok(Self::Lossless(Box::new(decoder)));
        }
        let decoder = Decoder::at_scale(frame.picture, pixels(frame), scale(shrink)).map_err(failed)?;
        let alpha = frame.alpha.map(|chunk| Alpha::open(chunk, size)).transpose()?;
        Ok(Self::Lossy {
            decoder: Box::new(decoder),
            row_bytes,
            alpha,
        })
    }

    /// Lends the next rows, which may be none while codes and transforms are decoded; `None` after the last.
    pub(super) fn next_rows(&mut self, cancel: &Cancel) -> Result<Option<&[u8]>, ImageError> {
        cancel.check()?;
        match self {
            Self::Lossy {
                decoder,
                row_bytes,
                alpha,
            } => {
                if let Some(alpha) = alpha
                    && !alpha.is_begun()?
                {
                    return Ok(Some(&[]));
                }
                let Some(rows) = decoder.next_rows().map_err(failed)? else {
                    return Ok(None);
                };
                if let Some(alpha) = alpha {
                    for row in rows.pixels.chunks_exact_mut(*row_bytes) {
                        alpha.put(row, cancel)?;
                    }
                }
                Ok(Some(rows.pixels))
            }
            Self::Lossless(decoder) => {
                let is_last = decoder.step().map_err(failed)? && decoder.rows().is_empty();
                Ok((!is_last).then_some(decoder.rows()))
            }
        }
    }

    /// Bytes that decoding takes beyond the prediction.
    pub(super) fn more_bytes(&self) -> u64 {
        match self {
            Self::Lossy { alpha, .. } => alpha.as_ref().map_or(0, Alpha::more_bytes),
            Self::Lossless(decoder) => decoder.more_bytes(),
        }
    }
}

pub(super) const fn scale(shrink: Shrink) -> Scale {
    match shrink {
        Shrink::EIGHTH => Scale::Eighth,
        Shrink::QUARTER => Scale::Quarter,
        Shrink::HALF => Scale::Half,
        _ => Scale::Full,
    }
}

/// Decodes some of an alpha channel. Returns whether there are rows now, or none are left.
pub(super) fn step(decoder: &mut LosslessDecoder<'_>) -> Result<bool, ImageError> {
    decoder.step().map_err(failed)
}

/// The channels that a frame is decoded to.
pub(super) fn channels(frame: &Frame<'_>) -> Channels {
    Channels::of(false, frame.has_alpha())
}

fn pixels(frame: &Frame<'_>) -> Pixels {
    if frame.has_alpha() { Pixels::Rgba } else { Pixels::Rgb }
}

pub(super) fn failed(error: DecodeError) -> ImageError {
    match error {
        DecodeError::Truncated(_) => corrupt("it ends before all its pixels"),
        error => corrupt_because(Format::WebP, "its pixels cannot be decoded", &error),
    }
}

/// Predicted bytes that decoding a frame holds; later ones are reported by [`FramePixels::more_bytes`].
pub(in crate::codecs::webp) fn bytes(frame: &Frame<'_>) -> u64 {
    let size = frame.area.size;
    match frame.alpha {
        _ if frame.is_lossless() => LosslessDecoder::bytes(size.width, size.height, pixels(frame)),
        Some(chunk) if alpha::is_compressed(chunk) => {
            LosslessDecoder::alpha_bytes(size.width, size.height) + lossy_bytes(frame)
        }
        _ => lossy_bytes(frame),
    }
}

fn lossy_bytes(frame: &Frame<'_>) -> u64 {
    let width = frame.area.size.width;
    // Sides of lossy pictures fit 14 bits. One more row: of alpha.
    Decoder::bytes(u16::try_from(width).unwrap_or(u16::MAX), pixels(frame)) + u64::from(width)
}
