//! JPEG codec: reads the header, so that unsupported and too large files are refused before a decoder starts.
//!
//! resizer-jpeg decodes the files that cameras write, row by row, at a reduced scale where that is enough. zune-jpeg,
//! which holds the whole picture, decodes the rest: progressive files, CMYK, components in scans of their own.
//! The encoder of baseline and progressive files is in `encode`.

mod decode;
mod encode;
mod entropy;
mod header;
mod profile;
mod scans;
mod stream;
mod upsample;

pub(super) use encode::JpegEncoder;

use super::{Codec, Decoder};
use crate::picture::Picture;
use crate::shrink::Shrink;
use crate::{Cancel, Format, ImageError, Limits, SourceInfo};
use header::Header;

pub(super) struct Jpeg;

impl Codec for Jpeg {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(&[0xff, 0xd8, 0xff])
    }

    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
        let header = Header::read(source)?;
        limits.check_source(header.size)?;
        let Header { size, .. } = header;
        let streamed = resizer_jpeg::Header::read(source)
            .ok()
            .map(|header| stream::bytes(&header));
        Ok(SourceInfo {
            orientation: header.orientation,
            streams: streamed.is_some(),
            decoder_bytes: streamed.map_or_else(|| header.decoder_bytes(), |(full, _)| full),
            shrunk_bytes: streamed.map(|(_, shrunk)| shrunk),
            profile_bytes: header.profile.bytes(),
            ..SourceInfo::new(Format::Jpeg, size.width, size.height, header.channels())
        })
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, _: u32) -> Option<Vec<u8>> {
        Header::read(source).ok()?.profile.join(source)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        _: u32,
        shrink: Shrink,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        if info.streams {
            return Ok(Box::new(stream::StreamDecoder::new(source, shrink)?));
        }
        Ok(Box::new(decode::JpegDecoder::new(source)?))
    }
}

/// Decodes a JPEG that is embedded in another format. With `as_stored`, three components are not taken for luma and
/// chroma.
pub(super) fn decode(source: &[u8], as_stored: bool, cancel: &Cancel) -> Result<Picture, ImageError> {
    decode::JpegDecoder::new(source)?.whole(as_stored, cancel)
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Jpeg, reason)
}

fn unsupported(what: &str) -> ImageError {
    ImageError::UnsupportedFormat {
        reason: format!("the source is a JPEG {what}, which this server cannot decode"),
    }
}
