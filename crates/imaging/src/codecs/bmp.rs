//! BMP codec: reads the headers of OS/2 and Windows, and decodes rows one by one, from wherever they lie in the file.
//!
//! Few pixels are held: a band, and for run-length encoded pictures the place where each row begins.

mod decode;
mod header;
mod pixels;
mod runs;

use super::{Codec, Decoder, Wanted};
use crate::{Cancel, Format, ImageError, Limits, SourceInfo};
use header::Header;

pub(super) struct Bmp;

impl Codec for Bmp {
    /// A file header of 14 bytes, then an info header that begins with its own length, 12 to 124.
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"BM") && matches!(source.get(14..18), Some(&[12..=124, 0, 0, 0]))
    }

    fn info(&self, source: &[u8], limits: &Limits, _: &Cancel) -> Result<SourceInfo, ImageError> {
        limits.check_source(header::size(source)?)?;
        let header = Header::read(source)?;
        let channels = header.pixels.channels();
        Ok(SourceInfo {
            decoder_bytes: decode::decoder_bytes(&header),
            ..SourceInfo::new(Format::Bmp, header.size.width, header.size.height, channels)
        })
    }

    /// BMPs with profiles are almost unknown.
    fn profile(&self, _: &[u8], _: &SourceInfo, _: u32, _: &Cancel) -> Option<Vec<u8>> {
        None
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        _: &SourceInfo,
        wanted: Wanted,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let header = Header::read(source)?;
        Ok(Box::new(decode::BmpDecoder::new(source, header, wanted.show_damaged)))
    }
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Bmp, reason)
}

fn unsupported(what: &str) -> ImageError {
    super::unsupported(Format::Bmp, what)
}
