//! PNG encoder: writes row by row.

use std::io::Write;

use png::{BitDepth, ColorType, DeflateCompression, EncodingError, Filter};

use crate::band::rows_per_band;
use crate::codecs::{Delay, Encoder, internal};
use crate::cost::png_bytes;
use crate::picture::Picture;
use crate::{Cancel, Channels, Detail, ImageError};

/// The length of a chunk of pixel data.
const CHUNK_BYTES: usize = 64 * 1024;

/// The compression level, a compromise between speed and size. Level 6 takes two to three times as long for 3 to 5 %
/// fewer bytes. Level 2 makes screenshots a tenth larger.
const LEVEL: u8 = 3;

#[derive(Default)]
pub(in crate::codecs) struct PngEncoder {
    bytes: Vec<u8>,
}

impl Encoder for PngEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        let expected = png_bytes(picture.size, picture.channels);
        self.bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        let mut encoder = png::Encoder::new(&mut self.bytes, picture.size.width, picture.size.height);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_color(match picture.channels {
            Channels::Gray => ColorType::Grayscale,
            Channels::GrayAlpha => ColorType::GrayscaleAlpha,
            Channels::Rgb => ColorType::Rgb,
            Channels::Rgba => ColorType::Rgba,
            Channels::Cmyk => return Err(internal("a PNG encoder was given four inks")),
        });
        encoder.set_deflate_compression(DeflateCompression::Level(LEVEL));
        encoder.set_filter(Filter::Adaptive);
        let mut header = encoder.write_header().map_err(|error| failure(&error))?;
        let mut writer = header
            .stream_writer_with_size(CHUNK_BYTES)
            .map_err(|error| failure(&error))?;
        let band_bytes = rows_per_band(picture.row_bytes()) * picture.row_bytes();
        for band in picture.pixels.chunks(band_bytes) {
            cancel.check()?;
            writer.write_all(band).map_err(|error| failure(&error.into()))?;
        }
        writer.finish().map_err(|error| failure(&error))?;
        header.finish().map_err(|error| failure(&error))
    }

    fn finish(mut self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.bytes.shrink_to_fit();
        Ok(self.bytes)
    }
}

fn failure(error: &EncodingError) -> ImageError {
    ImageError::Internal {
        detail: Detail(error.to_string()),
    }
}
