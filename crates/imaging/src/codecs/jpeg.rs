//! JPEG codec: reads the header and metadata, and decodes every kind of file row by row through resizer-jpeg, to pixels
//! or to planes of luma and chroma.
//!
//! The encoder of baseline and progressive files is in `encode`.

mod encode;
mod metadata;
mod planes;
mod profile;
mod rows;
mod stream;
mod upsample;

pub(super) use encode::JpegEncoder;

use resizer_jpeg::{Colours, Damage, Error, Header};

use super::{Codec, Decoder, PlaneDecoder, Wanted};
use crate::picture::Picture;
use crate::shrink::Shrink;
use crate::{Cancel, Format, ImageError, Limits, Size, SourceInfo};
use metadata::Metadata;
use rows::Conversion;
use stream::StreamDecoder;

pub(super) struct Jpeg;

impl Codec for Jpeg {
    /// The start marker is enough: other decoders skip bytes between it and the first segment.
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(&[0xff, 0xd8])
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        let header = read_header(source, damage(limits.show_damaged))?;
        limits.check_source(Size::new(header.width(), header.height()))?;
        // Each pass over the segments reads the file once at most, at the speed of memory.
        cancel.check()?;
        let Metadata { orientation, profile } = Metadata::read(source);
        let (full, shrunk) = stream::bytes(&header);
        let channels = rows::channels(header.colours());
        Ok(SourceInfo {
            orientation,
            decoder_bytes: full,
            shrunk_bytes: Some(shrunk),
            planes: (header.colours() == Colours::YCbCr).then(|| planes::spacings(&header)),
            profile_bytes: profile.bytes(),
            ..SourceInfo::new(Format::Jpeg, header.width(), header.height(), channels)
        })
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, _: u32, _: &Cancel) -> Option<Vec<u8>> {
        Metadata::read(source).profile.join(source)
    }

    fn metadata(&self, source: &[u8], cancel: &Cancel) -> Result<super::metadata::Metadata, ImageError> {
        // One pass over the segments, at the speed of memory.
        cancel.check()?;
        Ok(metadata::blocks(source))
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        _: &SourceInfo,
        wanted: Wanted,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let header = read_header(source, damage(wanted.show_damaged))?;
        let decoder = StreamDecoder::new(&header, wanted.shrink, Conversion::Display)?;
        Ok(Box::new(decoder))
    }

    fn open_planes<'s>(
        &self,
        source: &'s [u8],
        wanted: Wanted,
        half_chroma: bool,
        _: &Cancel,
    ) -> Result<Box<dyn PlaneDecoder + 's>, ImageError> {
        let header = read_header(source, damage(wanted.show_damaged))?;
        let decoder = planes::JpegPlanes::new(&header, wanted.shrink, half_chroma)?;
        Ok(Box::new(decoder))
    }
}

/// The rows that an embedded JPEG may have beyond its place: those of the tallest usual MCU, less one.
pub(super) const MORE_ROWS: u32 = 15;

/// Decodes a JPEG that is embedded in another format, and has a place of this size there. The last rows of its last
/// blocks may reach beyond it, and are left out. With `as_stored` the components are neither converted nor inverted:
/// luma and chroma stay so, and inks mean what they mean to the other format. Of a damaged picture the pixels before
/// the damage are returned, and the damage.
pub(super) fn decode(
    source: &[u8],
    place: Size,
    as_stored: bool,
    cancel: &Cancel,
) -> Result<(Picture, Option<ImageError>), ImageError> {
    let header = read_header(source, Damage::Refuse)?;
    if header.width() > place.width || header.height().saturating_sub(MORE_ROWS) > place.height {
        return Err(corrupt("it is larger than its place"));
    }
    let conversion = if as_stored {
        Conversion::None
    } else {
        Conversion::Display
    };
    let size = Size::new(header.width(), header.height().min(place.height));
    let channels = rows::channels(header.colours());
    let bytes = Picture::bytes(size, channels);
    let mut decoder = StreamDecoder::new(&header, Shrink::NONE, conversion)?;
    let mut pixels = Vec::new();
    let damage = loop {
        let band = match decoder.next_band(cancel) {
            Ok(Some(band)) => band,
            Ok(None) => break None,
            Err(damage @ ImageError::Corrupt { .. }) => break Some(damage),
            Err(error) => return Err(error),
        };
        let wanted = band.pixels.len().min(bytes - pixels.len());
        // Not all at once: the header may lie about the size, and the missing pixels show soon.
        if pixels.capacity() < pixels.len() + wanted {
            pixels.reserve_exact((2 * pixels.len()).max(wanted).min(bytes - pixels.len()));
        }
        pixels.extend_from_slice(&band.pixels[..wanted]);
    };
    Ok((Picture { size, channels, pixels }, damage))
}

const fn damage(show: bool) -> Damage {
    if show { Damage::Show } else { Damage::Refuse }
}

fn read_header(source: &[u8], damage: Damage) -> Result<Header<'_>, ImageError> {
    Header::read(source, damage).map_err(|error| match error {
        Error::Unsupported(what) => ImageError::UnsupportedFormat {
            reason: format!("the source is a JPEG {what}, which this server cannot decode"),
        },
        Error::Corrupt(reason) => corrupt(reason),
        _ => corrupt(INCOMPLETE),
    })
}

const INCOMPLETE: &str = "it ends before all its pixels";

fn corrupt(reason: &str) -> ImageError {
    super::corrupt(Format::Jpeg, reason)
}
