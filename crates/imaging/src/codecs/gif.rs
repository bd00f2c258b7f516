//! GIF codec: reads blocks by itself, decompresses rows by `weezl`, and writes files by `gif`, frame by frame.
//!
//! Reading the blocks first counts the frames, and finds too large files before anything is decoded.

mod blocks;
mod decode;
mod encode;
mod indices;

pub(super) use encode::GifEncoder;

use super::{Codec, Decoder, Wanted};
use crate::{Cancel, Channels, Format, ImageError, Limits, SourceInfo};
use blocks::Summary;

pub(super) struct Gif;

impl Codec for Gif {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"GIF87a") || source.starts_with(b"GIF89a")
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        let summary = Summary::read(source, cancel)?;
        limits.check_source(summary.size)?;
        limits.check_source(summary.largest_frame)?;
        let frame = summary.largest_frame.pixels();
        Ok(SourceInfo {
            frames: summary.frames,
            plays: summary.plays,
            frame_pixels: frame.max(summary.size.pixels()),
            streams: false,
            // The rows that a damaged picture lacks are shown as transparent.
            opaque: summary.frames == 1 && summary.begins_opaque && !limits.show_damaged,
            decoder_bytes: decode::decoder_bytes(&summary),
            ..SourceInfo::new(Format::Gif, summary.size.width, summary.size.height, Channels::Rgba)
        })
    }

    /// Profiles in GIFs are an extension that no program reads.
    fn profile(&self, _: &[u8], _: &SourceInfo, _: u32, _: &Cancel) -> Option<Vec<u8>> {
        None
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        wanted: Wanted,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        Ok(Box::new(decode::GifDecoder::new(source, info, wanted.first)?))
    }
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Gif, reason)
}
