//! JPEG encoder: writes a baseline file through jpeg-encoder, a progressive one through
//! [`progressive`](super::progressive).
//!
//! A baseline file holds one scan with the standard Huffman tables. It is written row by row in a few kilobytes of
//! memory, and every decoder reads it. (The library's optimised tables would save 2 to 4 %, but with them the library
//! writes one scan for each component and holds all coefficients.) Chroma is averaged to half its resolution both ways
//! up to quality 90; above, it keeps its resolution.

use std::io::{self, Write};

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, EncodingError, SamplingFactor};

use super::progressive;
use crate::codecs::{Delay, Encoder};
use crate::cost::jpeg_bytes;
use crate::picture::Picture;
use crate::{Cancel, Channels, Detail, ImageError, Instructions};

pub(in crate::codecs) struct JpegEncoder {
    quality: u8,
    progressive: bool,
    bytes: Vec<u8>,
}

impl JpegEncoder {
    pub(in crate::codecs) fn new(instructions: &Instructions) -> Self {
        let quality = instructions.effective_jpeg_quality();
        Self {
            quality,
            progressive: instructions.jpeg_progressive,
            bytes: Vec::new(),
        }
    }
}

impl Encoder for JpegEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        let internal = |detail: String| ImageError::Internal { detail: Detail(detail) };
        let colour = match picture.channels {
            Channels::Gray => ColorType::Luma,
            Channels::Rgb => ColorType::Rgb,
            channels => return Err(internal(format!("a JPEG encoder was given {channels:?}"))),
        };
        let (Ok(width), Ok(height)) = (u16::try_from(picture.size.width), u16::try_from(picture.size.height)) else {
            return Err(internal(format!("a JPEG encoder was given {} pixels", picture.size)));
        };
        let expected = jpeg_bytes(picture.size, picture.channels, self.quality);
        self.bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        if self.progressive {
            return progressive::write(
                &picture,
                self.quality,
                subsamples(self.quality),
                &mut self.bytes,
                cancel,
            );
        }

        // The library takes 1 to 100; 0 is as good as 1.
        let output = Stoppable {
            bytes: &mut self.bytes,
            cancel,
        };
        let mut encoder = jpeg_encoder::Encoder::new(output, self.quality.max(1));
        encoder.set_sampling_factor(if subsamples(self.quality) {
            SamplingFactor::F_2_2
        } else {
            SamplingFactor::F_1_1
        });
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        encoder
            .encode(&picture.pixels, width, height, colour)
            .map_err(|error: EncodingError| {
                if cancel.is_cancelled() {
                    ImageError::Cancelled
                } else {
                    internal(error.to_string())
                }
            })
    }

    fn finish(mut self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.bytes.shrink_to_fit();
        Ok(self.bytes)
    }
}

/// Whether chroma is stored at half its resolution.
const fn subsamples(quality: u8) -> bool {
    quality <= 90
}

/// A buffer that refuses to be written to once the job is cancelled.
struct Stoppable<'o> {
    bytes: &'o mut Vec<u8>,
    cancel: &'o Cancel,
}

impl Write for Stoppable<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("cancelled"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
