//! TIFF codec (TIFF 6.0): reads directories and pages itself, and decompresses strips and tiles by weezl, flate2 or the
//! JPEG decoder.
//!
//! Of the format it supports what programs write for pictures: grey, RGB, palettes and inks of 1 to 16 bits,
//! interleaved or in planes.

mod chunk;
mod decode;
mod directory;
mod page;
mod samples;

use super::{Codec, Decoder};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, Format, ImageError, Limits, Orientation, SourceInfo};
use directory::Directory;
use page::Page;

pub(super) struct Tiff;

impl Codec for Tiff {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"II*\0") || source.starts_with(b"MM\0*")
    }

    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
        let mut directories = Directory::all(source)?.into_iter();
        let first = directories.next().ok_or_else(|| corrupt("it has no pages"))?;
        let mut info = page_info(&first)?;
        limits.check_source(info.stored_size())?;
        // A page that cannot be decoded is counted, and refused when a request asks for it.
        let undecodable = SourceInfo::new(Format::Tiff, 1, 1, Channels::Gray);
        info.more_pages = directories
            .map(|directory| page_info(&directory).unwrap_or_else(|_| undecodable.clone()))
            .collect();
        Ok(info)
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, page: u32) -> Option<Vec<u8>> {
        let directories = Directory::all(source).ok()?;
        directories.get(page as usize)?.bytes(page::PROFILE).map(<[u8]>::to_vec)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        _: &SourceInfo,
        first: u32,
        _: Shrink,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let directories = Directory::all(source)?;
        let directory = directories
            .get(first as usize)
            .ok_or_else(|| corrupt("it has too few pages"))?;
        Ok(Box::new(decode::TiffDecoder::new(source, Page::read(directory)?)))
    }
}

fn page_info(directory: &Directory<'_>) -> Result<SourceInfo, ImageError> {
    let page = Page::read(directory)?;
    let orientation = directory.number(page::ORIENTATION).unwrap_or(1);
    Ok(SourceInfo {
        orientation: Orientation::from_exif(u16::try_from(orientation).unwrap_or(1)),
        lossless: !page.is_jpeg(),
        profile_bytes: directory.bytes(page::PROFILE).map_or(0, <[u8]>::len) as u64,
        streams: page.chunk.height < page.size.height,
        decoder_bytes: page.decoder_bytes(),
        ..SourceInfo::new(Format::Tiff, page.size.width, page.size.height, page.channels())
    })
}

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Tiff, reason)
}

fn unsupported(what: &str) -> ImageError {
    super::unsupported(Format::Tiff, what)
}
