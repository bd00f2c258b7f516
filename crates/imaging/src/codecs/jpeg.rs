//! JPEG. The header is read here, so that what cannot be decoded and what is too large is known before the decoder
//! library sees a byte; pixels are decoded by zune-jpeg, which holds the whole picture, and encoded by jpeg-encoder.

mod decode;
mod encode;
mod entropy;
mod header;
mod scans;

use super::{Codec, Decoder, Encoder};
use crate::{Channels, Format, ImageError, Instructions, Limits, SourceInfo};
use header::Header;

pub(super) struct Jpeg;

impl Codec for Jpeg {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(&[0xff, 0xd8, 0xff])
    }

    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
        let header = Header::read(source)?;
        limits.check_source(header.size)?;
        Ok(SourceInfo {
            format: Format::Jpeg,
            width: header.size.width,
            height: header.size.height,
            orientation: header.orientation,
            // The decoder turns four inks into RGB.
            channels: if header.components.len() == 1 {
                Channels::Gray
            } else {
                Channels::Rgb
            },
            streams: false,
            decoder_bytes: header.decoder_bytes(),
        })
    }

    fn open<'s>(&self, source: &'s [u8], info: &SourceInfo) -> Result<Box<dyn Decoder + 's>, ImageError> {
        Ok(Box::new(decode::JpegDecoder::new(source, info.channels)?))
    }

    fn encoder(&self, instructions: &Instructions) -> Box<dyn Encoder> {
        Box::new(encode::JpegEncoder::new(instructions))
    }
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Jpeg, reason)
}

fn unsupported(what: &str) -> ImageError {
    ImageError::UnsupportedFormat {
        reason: format!("the source is a JPEG {what}, which this server cannot decode"),
    }
}
