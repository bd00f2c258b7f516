//! WebP codec: reads the container (RFC 9649), so that sizes, frames and truncation are known before a decoder starts.
//!
//! resizer-webp decodes the pictures, a few rows at a time. libwebp encodes lossy pictures and never sees a foreign
//! byte. Lossless pictures and animations are encoded here.

mod container;
mod decode;
mod encode;

pub(super) use encode::WebPEncoder;

use super::{Codec, Decoder, exif};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, Format, ImageError, Limits, SourceInfo};
use container::Container;

pub(super) struct WebP;

impl Codec for WebP {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"RIFF") && source.get(8..12) == Some(b"WEBP")
    }

    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
        let container = Container::read(source)?;
        limits.check_source(container.size)?;
        let alpha = container.animated || container.frames.iter().any(container::Frame::has_alpha);
        let channels = Channels::of(false, alpha);
        Ok(SourceInfo {
            orientation: container.exif.map(exif::orientation).unwrap_or_default(),
            lossless: container.frames.iter().all(container::Frame::is_lossless),
            profile_bytes: container.profile.map_or(0, <[u8]>::len) as u64,
            frames: u32::try_from(container.frames.len()).unwrap_or(u32::MAX),
            plays: container.plays,
            streams: container.streams(),
            decoder_bytes: decode::decoder_bytes(&container),
            ..SourceInfo::new(Format::WebP, container.size.width, container.size.height, channels)
        })
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, _: u32) -> Option<Vec<u8>> {
        Container::read(source).ok()?.profile.map(<[u8]>::to_vec)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        first: u32,
        _: Shrink,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        Ok(Box::new(decode::WebPDecoder::new(
            Container::read(source)?,
            info,
            first,
        )))
    }
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::WebP, reason)
}
