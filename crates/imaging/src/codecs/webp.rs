//! WebP codec: reads the container (RFC 9649), so that sizes and frames are known before a decoder starts.
//!
//! resizer-webp decodes the pictures, a few rows at a time. libwebp encodes lossy pictures and never sees a foreign
//! byte. Lossless pictures and animations are encoded here.

mod container;
mod decode;
mod encode;

pub(super) use encode::WebPEncoder;

use super::metadata::Metadata;
use super::{Codec, Decoder, PlaneDecoder, Wanted, exif};
use crate::cancel::Pace;
use crate::{Cancel, Channels, Format, ImageError, Limits, Size, SourceInfo};
use container::Container;

pub(super) struct WebP;

impl Codec for WebP {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"RIFF") && source.get(8..12) == Some(b"WEBP")
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        let container = Container::read(source, limits.show_damaged, cancel)?;
        limits.check_source(container.size)?;
        let (mut frames, mut dearest) = (0, 0);
        let (mut alpha, mut lossless) = (container.animated, true);
        let mut pace = Pace::default();
        for frame in container.frames(cancel) {
            pace.step(cancel)?;
            match frame {
                Ok(frame) => {
                    alpha |= frame.has_alpha();
                    lossless &= frame.is_lossless();
                    dearest = dearest.max(decode::frame_bytes(&frame));
                }
                Err(error) if frames == 0 || matches!(error, ImageError::Cancelled) => return Err(error),
                // It is reported when it is decoded: whoever asks for an earlier frame does not need it.
                Err(_) => {}
            }
            frames += 1;
        }
        if frames == 0 {
            return Err(corrupt("it has no frames"));
        }
        let Size { width, height } = container.size;
        let decoder_bytes = decode::decoder_bytes(&container, dearest);
        // Samples of lossy pictures are averaged before they become colours. Colours that count by their alpha are not.
        let shrinks = !container.animated && !lossless && !alpha;
        Ok(SourceInfo {
            orientation: container.exif.map(exif::orientation).unwrap_or_default(),
            lossless,
            profile_bytes: container.profile.map_or(0, <[u8]>::len) as u64,
            frames,
            plays: container.plays,
            // Rows of a still lossy picture come as they are decoded. Its alpha channel may be held.
            streams: !container.animated && !lossless,
            decoder_bytes,
            shrunk_bytes: shrinks.then_some([decoder_bytes; 3]),
            // Damage in planes is not covered.
            planes: (shrinks && !limits.show_damaged).then(decode::spacings),
            ..SourceInfo::new(Format::WebP, width, height, Channels::of(false, alpha))
        })
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, _: u32, cancel: &Cancel) -> Option<Vec<u8>> {
        Container::read(source, true, cancel).ok()?.profile.map(<[u8]>::to_vec)
    }

    fn metadata(&self, source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
        let container = Container::read(source, true, cancel)?;
        Ok(Metadata::new(container.exif, container.xmp, None))
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let container = Container::read(source, wanted.show_damaged, cancel)?;
        Ok(Box::new(decode::WebPDecoder::new(&container, info, wanted, cancel)))
    }

    fn open_planes<'s>(
        &self,
        source: &'s [u8],
        wanted: Wanted,
        half_chroma: bool,
        cancel: &Cancel,
    ) -> Result<Box<dyn PlaneDecoder + 's>, ImageError> {
        let container = Container::read(source, wanted.show_damaged, cancel)?;
        let frame = container.frames(cancel).next().transpose()?;
        let frame = frame.ok_or_else(|| corrupt("it has no frames"))?;
        let decoder = decode::WebPPlanes::new(frame.picture, wanted.shrink, half_chroma)?;
        Ok(Box::new(decoder))
    }
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::WebP, reason)
}
