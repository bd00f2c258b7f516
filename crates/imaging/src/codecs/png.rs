//! PNG codec through the `png` crate. Rows stream unless the file is interlaced. 16 bits become 8, palettes and
//! transparent colours become channels. Of an animation only the default image is decoded.

mod chunks;
mod content;
mod decode;
mod encode;
mod few_colours;
mod header;
mod salvage;

pub(super) use encode::PngEncoder;

use super::metadata::Metadata;
use super::{Codec, Decoder, Wanted};
use crate::{Cancel, ImageError, Limits, SourceInfo};

pub(super) struct Png;

impl Codec for Png {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"\x89PNG\r\n\x1a\n")
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        header::info(source, limits, cancel)
    }

    fn profile(&self, source: &[u8], info: &SourceInfo, _: u32, cancel: &Cancel) -> Option<Vec<u8>> {
        header::profile(source, info, cancel)
    }

    fn metadata(&self, source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
        chunks::Notes::blocks(source, cancel)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        Ok(Box::new(decode::PngDecoder::new(
            source,
            info,
            wanted.show_damaged,
            cancel,
        )?))
    }
}
