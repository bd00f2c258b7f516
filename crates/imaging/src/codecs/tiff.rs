//! TIFF codec (TIFF 6.0 and BigTIFF): reads directories and pages, and decompresses strips and tiles: LZW and PackBits
//! by itself, all else by crates for the compression.
//!
//! Of the format it supports what programs write for pictures; `docs/formats.md` lists it. Reading a header copies no
//! array: the places of a page's strips or tiles are looked up when these are decoded.

mod chunk;
mod colours;
mod compression;
mod decode;
mod depth;
mod directory;
mod failure;
mod fax;
mod lab;
mod memory;
mod page;
mod predictor;
mod samples;
mod tag;
mod values;
mod ycbcr;
mod zstandard;

use super::{Codec, Decoder, Wanted};
use crate::{Cancel, Channels, Format, ImageError, Limits, Orientation, SourceInfo};
use directory::{Chain, Directory};
use page::Page;

pub(super) struct Tiff;

impl Codec for Tiff {
    fn sniff(&self, source: &[u8]) -> bool {
        let signatures = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
        signatures.iter().any(|signature| source.starts_with(*signature))
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        let mut pages = Chain::new(source)?;
        let first = pages.next().ok_or_else(|| corrupt("it has no pages"))??;
        let mut info = page_info(&Directory::read(first))?;
        limits.check_source(info.stored_size())?;
        // A page that cannot be decoded is counted, and refused when a request asks for it.
        let undecodable = SourceInfo::new(Format::Tiff, 1, 1, Channels::Gray);
        info.more_pages = pages
            .map(|entries| {
                cancel.check()?;
                page_info(&Directory::read(entries?)).or(Ok(undecodable.clone()))
            })
            .collect::<Result<_, ImageError>>()?;
        Ok(info)
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, page: u32, _: &Cancel) -> Option<Vec<u8>> {
        let entries = Chain::new(source).ok()?.page(page).ok()?;
        Directory::read(entries).bytes(tag::PROFILE).map(<[u8]>::to_vec)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        _: &SourceInfo,
        wanted: Wanted,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let entries = Chain::new(source)?.page(wanted.first)?;
        let directory = Directory::read(entries);
        let decoder = decode::TiffDecoder::new(source, &directory, wanted.show_damaged)?;
        Ok(Box::new(decoder))
    }
}

fn page_info(directory: &Directory<'_>) -> Result<SourceInfo, ImageError> {
    let page = Page::read(directory)?;
    // A page without a sound orientation is upright.
    let orientation = directory.number(tag::ORIENTATION).ok().flatten().unwrap_or(1);
    Ok(SourceInfo {
        orientation: Orientation::from_exif(u16::try_from(orientation).unwrap_or(1)),
        lossless: page.is_lossless(),
        profile_bytes: directory.bytes(tag::PROFILE).map_or(0, <[u8]>::len) as u64,
        streams: page.band_rows() < page.size.height,
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
