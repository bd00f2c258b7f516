//! JPEG encoder: [`baseline`] files in one scan, and [`progressive`] files in several. Both have optimal Huffman codes.
//!
//! The encoder is our own because it can be cancelled between two rows of blocks and holds few bytes: see the table in
//! `docs/architecture.md`. Where chroma is stored at half its resolution, it is averaged. Section numbers in this
//! folder are those of ITU-T T.81.

mod baseline;
mod file;
mod huffman;
mod input;
mod progressive;
mod quantiser;
mod symbols;
#[cfg(test)]
mod tests;
mod transform;

use crate::codecs::{Delay, Encoder, internal};
use crate::cost::jpeg_bytes;
use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, Channels, ImageError, Instructions, SampleRange, Subsampling};
use input::Input;

pub(in crate::codecs) struct JpegEncoder {
    quality: u8,
    subsampling: Subsampling,
    progressive: bool,
    bytes: Vec<u8>,
}

impl JpegEncoder {
    pub(in crate::codecs) fn new(instructions: &Instructions) -> Self {
        let quality = instructions.effective_jpeg_quality();
        Self {
            quality,
            subsampling: instructions.effective_subsampling(),
            progressive: instructions.jpeg_progressive,
            bytes: Vec::new(),
        }
    }

    fn write(&mut self, input: Input<'_>, cancel: &Cancel) -> Result<(), ImageError> {
        let size = input.size();
        if size.width.max(size.height) > u32::from(u16::MAX) {
            return Err(internal(format!("a JPEG encoder was given {size} pixels")));
        }
        let channels = Channels::of(input.is_gray(), false);
        let expected = jpeg_bytes(size, channels, self.quality, self.subsampling);
        self.bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        let write = if self.progressive {
            progressive::write
        } else {
            baseline::write
        };
        write(input, self.quality, self.subsampling, &mut self.bytes, cancel)
    }
}

impl Encoder for JpegEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        if !matches!(picture.channels, Channels::Gray | Channels::Rgb) {
            return Err(internal(format!("a JPEG encoder was given {:?}", picture.channels)));
        }
        self.write(Input::Pixels(&picture), cancel)
    }

    fn planes(&mut self, picture: PlanarPicture, cancel: &Cancel) -> Result<(), ImageError> {
        if picture.cell != self.subsampling.factors() {
            return Err(internal(format!(
                "a JPEG encoder was given chroma for {:?} pixels",
                picture.cell
            )));
        }
        let picture = picture.in_range(SampleRange::Full, cancel)?;
        self.write(Input::Planes(&picture), cancel)
    }

    fn finish(mut self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.bytes.shrink_to_fit();
        Ok(self.bytes)
    }
}
