//! JPEG encoder: [`baseline`] files in one scan, and [`progressive`] files in several. Both have optimal Huffman codes.
//!
//! The encoder is our own because it can be cancelled between two rows of blocks and holds few bytes: see the table in
//! `docs/architecture.md`. Chroma is averaged to half its resolution both ways up to quality 90; above, it keeps its
//! resolution. Section numbers in this folder are those of ITU-T T.81.

mod baseline;
mod file;
mod huffman;
mod input;
mod progressive;
mod symbols;
#[cfg(test)]
mod tests;
mod transform;

use crate::codecs::{Delay, Encoder, internal};
use crate::cost::jpeg_bytes;
use crate::picture::{Picture, PlanarPicture};
use crate::plan::jpeg_cell;
use crate::{Cancel, Channels, ImageError, Instructions};
use input::Input;

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

    fn write(&mut self, input: Input<'_>, cell: [u8; 2], cancel: &Cancel) -> Result<(), ImageError> {
        let size = input.size();
        if size.width.max(size.height) > u32::from(u16::MAX) {
            return Err(internal(format!("a JPEG encoder was given {size} pixels")));
        }
        let channels = Channels::of(input.is_gray(), false);
        let expected = jpeg_bytes(size, channels, self.quality);
        self.bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        let write = if self.progressive {
            progressive::write
        } else {
            baseline::write
        };
        write(input, self.quality, cell == [2, 2], &mut self.bytes, cancel)
    }
}

impl Encoder for JpegEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        if !matches!(picture.channels, Channels::Gray | Channels::Rgb) {
            return Err(internal(format!("a JPEG encoder was given {:?}", picture.channels)));
        }
        self.write(Input::Pixels(&picture), jpeg_cell(self.quality), cancel)
    }

    fn planes(&mut self, picture: PlanarPicture, cancel: &Cancel) -> Result<(), ImageError> {
        self.write(Input::Planes(&picture), picture.cell, cancel)
    }

    fn finish(mut self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.bytes.shrink_to_fit();
        Ok(self.bytes)
    }
}
