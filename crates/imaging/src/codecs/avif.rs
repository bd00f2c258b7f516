//! AVIF codec: passes pictures, grids and animations between the crate `resizer-avif` and the pipeline. Only with the
//! feature `avif`.
//!
//! A decoder cannot be stopped within a frame or a tile: the limits of a source bound its time. The pixels of a result
//! are bounded in `cost`. HDR pictures are not mapped to the range of ordinary screens: their curve counts as sRGB's.

mod decode;
mod encode;
mod planes;
mod profile;

pub(super) use encode::AvifEncoder;

use resizer_avif::{DecodeError, File, Header, Limits as HeaderLimits, Mirror};

use super::metadata::Metadata;
use super::{Codec, Decoder, Wanted};
use crate::{Cancel, Channels, Detail, Format, ImageError, Limits, Orientation, Size, SourceInfo};

pub(super) struct Avif;

/// The most tiles of a grid. A photograph of 100 megapixels in tiles of 512 pixels has 400.
const MOST_TILES: u32 = 1024;
/// The memory for the tables of the container. Those of two thousand frames take 64 KiB.
const TABLE_BYTES: u64 = 4 << 20;

impl Codec for Avif {
    /// The first box names the kind of the file, and what else it can be read as.
    fn sniff(&self, source: &[u8]) -> bool {
        let brands = source.get(8..16).map(|bytes| &bytes[..4]);
        source.get(4..8) == Some(b"ftyp") && (matches!(brands, Some(b"avif" | b"avis")) || is_compatible(source))
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        let file = read(source, limits.max_frames, cancel)?;
        let header = file.header();
        let [width, height] = header.coded;
        limits.check_source(Size::new(width, height))?;
        let channels = Channels::of(header.grey, header.alpha);
        Ok(SourceInfo {
            orientation: orientation(header),
            lossless: false,
            profile_bytes: profile::of(header).map_or(0, |profile| profile.len() as u64),
            frames: header.frames,
            plays: header.plays,
            streams: true,
            decoder_bytes: decode::decoder_bytes(header),
            ..SourceInfo::new(Format::Avif, header.width, header.height, channels)
        })
    }

    fn profile(&self, source: &[u8], info: &SourceInfo, _: u32, cancel: &Cancel) -> Option<Vec<u8>> {
        profile::of(read(source, info.frames, cancel).ok()?.header())
    }

    fn metadata(&self, source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
        let file = read(source, u32::MAX, cancel)?;
        let (exif, xmp) = (file.exif(), file.xmp());
        Ok(Metadata::new(exif.as_deref(), xmp.as_deref(), None))
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let file = read(source, info.frames, cancel)?;
        Ok(Box::new(decode::AvifDecoder::new(file, info, wanted)?))
    }
}

/// Whether a file of another kind, such as `mif1`, says that it can be read as an AVIF.
fn is_compatible(source: &[u8]) -> bool {
    let Some(&[a, b, c, d]) = source.get(..4) else {
        return false;
    };
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    let brands = source.get(16..length.min(source.len()).min(256)).unwrap_or_default();
    brands
        .as_chunks::<4>()
        .0
        .iter()
        .any(|brand| matches!(brand, b"avif" | b"avis"))
}

fn read<'s>(source: &'s [u8], frames: u32, cancel: &Cancel) -> Result<File<'s>, ImageError> {
    let limits = HeaderLimits {
        frames,
        tiles: MOST_TILES,
        table_bytes: TABLE_BYTES,
    };
    File::read(source, limits, &|| cancel.is_cancelled()).map_err(failure)
}

/// The turning comes before the mirroring (MIAF, ISO/IEC 23000-22, 7.3.6.7). EXIF says nothing about an AVIF.
fn orientation(header: &Header) -> Orientation {
    let turned = Orientation::rotation((4 - header.turns % 4) % 4);
    turned.then(match header.mirror {
        None => Orientation::IDENTITY,
        Some(Mirror::LeftToRight) => Orientation::flip(true, false),
        Some(Mirror::TopToBottom) => Orientation::flip(false, true),
    })
}

fn failure(error: DecodeError) -> ImageError {
    match error {
        DecodeError::Stopped => ImageError::Cancelled,
        DecodeError::Unsupported(what) => super::unsupported(Format::Avif, what),
        DecodeError::Library { part, reason } => ImageError::Corrupt {
            format: Some(Format::Avif),
            reason: part.to_owned(),
            detail: Some(Detail(reason)),
        },
        error => super::corrupt(Format::Avif, error.to_string()),
    }
}
