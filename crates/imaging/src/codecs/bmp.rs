//! BMP codec: decodes through `image`, whose decoder holds the whole picture.

use image::codecs::bmp::BmpDecoder as Library;
use image::error::ImageError as LibraryError;
use image::{ColorType, ImageDecoder};

use super::reader::StoppableReader;
use super::{Codec, Decoder, Delay, corrupt, corrupt_because, internal, unsupported};
use crate::band::{Band, rows_per_band};
use crate::shrink::Shrink;
use crate::{Cancel, Channels, Format, ImageError, Limits, Size, SourceInfo};

pub(super) struct Bmp;

type Source<'s> = StoppableReader<&'s [u8]>;

impl Codec for Bmp {
    /// A file header of 14 bytes, then an info header that begins with its own length, 12 to 124.
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(b"BM") && matches!(source.get(14..18), Some(&[12..=124, 0, 0, 0]))
    }

    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
        let cancel = Cancel::new();
        limits.check_source(size(source)?)?;
        let decoder = open(source, &cancel)?;
        let (width, height) = decoder.dimensions();
        limits.check_source(Size::new(width, height))?;
        if width == 0 || height == 0 {
            return Err(corrupt(Format::Bmp, "it has no pixels"));
        }
        let channels = channels(&decoder)?;
        Ok(SourceInfo {
            streams: false,
            // The library writes rows as it reads them. Indices of compressed pictures take one more row.
            decoder_bytes: u64::from(width) * (u64::from(height) * channels.count() as u64 + 16),
            ..SourceInfo::new(Format::Bmp, width, height, channels)
        })
    }

    /// BMPs with profiles are almost unknown.
    fn profile(&self, _: &[u8], _: &SourceInfo, _: u32) -> Option<Vec<u8>> {
        None
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        _: u32,
        _: Shrink,
        cancel: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        let library = open(source, cancel)?;
        let (size, channels) = (info.stored_size(), channels(&library)?);
        Ok(Box::new(BmpDecoder {
            library: Some(library),
            picture: Whole::new(size, channels),
        }))
    }
}

struct BmpDecoder<'s> {
    /// Taken when the only frame begins.
    library: Option<Library<Source<'s>>>,
    picture: Whole,
}

impl Decoder for BmpDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        let Some(library) = self.library.take() else {
            return Ok(None);
        };
        let pixels = self.picture.fill();
        if library.total_bytes() != pixels.len() as u64 {
            return Err(corrupt(Format::Bmp, "its header contradicts itself"));
        }
        library.read_image(pixels).map_err(|error| failure(&error, cancel))?;
        Ok(Some(0))
    }

    fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        Ok(self.picture.next_band())
    }
}

/// A decoded picture that is lent band by band.
pub(super) struct Whole {
    size: Size,
    channels: Channels,
    pixels: Vec<u8>,
    position: usize,
}

impl Whole {
    pub(super) const fn new(size: Size, channels: Channels) -> Self {
        Self {
            size,
            channels,
            pixels: Vec::new(),
            position: 0,
        }
    }

    /// A buffer for all pixels.
    pub(super) fn fill(&mut self) -> &mut [u8] {
        let bytes = self.size.width as usize * self.size.height as usize * self.channels.count();
        self.position = 0;
        self.pixels = vec![0; bytes];
        &mut self.pixels
    }

    /// The next rows. `None` after the last.
    pub(super) fn next_band(&mut self) -> Option<Band<'_>> {
        if self.position == self.pixels.len() {
            return None;
        }
        let row_bytes = self.size.width as usize * self.channels.count();
        let rest = &self.pixels[self.position..];
        let pixels = &rest[..rest.len().min(rows_per_band(row_bytes) * row_bytes)];
        self.position += pixels.len();
        Some(Band {
            pixels,
            width: self.size.width,
            channels: self.channels,
        })
    }
}

/// Width and height from the info header, so that limits are checked before the library sees the file.
fn size(source: &[u8]) -> Result<Size, ImageError> {
    const OLD_HEADER: u8 = 12;
    let cut = || corrupt(Format::Bmp, "it ends within its header");
    let header = source.get(14..).ok_or_else(cut)?;
    let size = match *header {
        [OLD_HEADER, 0, 0, 0, w0, w1, h0, h1, ..] => {
            Size::new(u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into())
        }
        [_, _, _, _, w0, w1, w2, w3, h0, h1, h2, h3, ..] => Size::new(
            i32::from_le_bytes([w0, w1, w2, w3]).unsigned_abs(),
            // A negative height means that the rows go from top to bottom.
            i32::from_le_bytes([h0, h1, h2, h3]).unsigned_abs(),
        ),
        _ => return Err(cut()),
    };
    Ok(size)
}

fn open<'s>(source: &'s [u8], cancel: &Cancel) -> Result<Library<Source<'s>>, ImageError> {
    Library::new(StoppableReader::new(source, cancel)).map_err(|error| failure(&error, cancel))
}

fn channels(decoder: &Library<Source<'_>>) -> Result<Channels, ImageError> {
    match decoder.color_type() {
        ColorType::L8 => Ok(Channels::Gray),
        ColorType::Rgb8 => Ok(Channels::Rgb),
        ColorType::Rgba8 => Ok(Channels::Rgba),
        other => Err(internal(format!("a BMP was decoded to {other:?}"))),
    }
}

fn failure(error: &LibraryError, cancel: &Cancel) -> ImageError {
    if cancel.is_cancelled() {
        return ImageError::Cancelled;
    }
    match error {
        LibraryError::Unsupported(_) => unsupported(Format::Bmp, "of a kind"),
        LibraryError::IoError(_) => corrupt(Format::Bmp, "it ends before all its pixels"),
        error => corrupt_because(Format::Bmp, "its data cannot be decoded", error),
    }
}
