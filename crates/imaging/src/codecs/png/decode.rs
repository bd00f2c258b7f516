//! PNG decoder: reads the header and the rows.

use std::io::Cursor;

use png::{BitDepth, ColorType, DecodingError, InterlaceInfo, Reader, Transformations};

use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay, corrupt, exif};
use crate::{Cancel, Channels, Detail, Format, ImageError, Limits, Orientation, Size, SourceInfo};

type Source<'s> = Cursor<&'s [u8]>;

/// The bytes that the library may allocate besides rows: EXIF data, palettes, colour profiles. Text is skipped.
const METADATA_BYTES: usize = 4 * 1024 * 1024;

pub(super) fn info(source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
    let mut decoder = decoder(source, true);
    let header = decoder.read_header_info().map_err(|error| failure(&error))?;
    let size = Size::new(header.width, header.height);
    limits.check_source(size)?;
    decoder.set_limits(library_limits(size.width));
    let reader = decoder.read_info().map_err(|error| failure(&error))?;
    let channels = channels(&reader)?;

    let info = reader.info();
    let exif_block = info.exif_metadata.as_deref();
    // A file that declares sRGB needs no profile.
    let profile = info.icc_profile.as_deref().filter(|_| info.srgb.is_none());
    let row_bytes = u64::from(size.width) * channels.count() as u64;
    let streams = !info.interlaced;
    let pixels = if streams {
        rows_per_band(row_bytes as usize) as u64 * row_bytes
    } else {
        row_bytes * u64::from(size.height)
    };
    Ok(SourceInfo {
        orientation: exif_block.map_or(Orientation::IDENTITY, exif::orientation),
        streams,
        decoder_bytes: pixels + library_bytes(info) + 2 * exif_block.map_or(0, <[u8]>::len) as u64,
        profile_bytes: profile.map_or(0, <[u8]>::len) as u64,
        ..SourceInfo::new(Format::Png, size.width, size.height, channels)
    })
}

pub(super) fn profile(source: &[u8], info: &SourceInfo) -> Option<Vec<u8>> {
    let mut decoder = decoder(source, true);
    decoder.set_limits(library_limits(info.width));
    let reader = decoder.read_info().ok()?;
    reader.info().icc_profile.as_deref().map(<[u8]>::to_vec)
}

/// Limits for a file whose palette is not known yet: the widest possible row has four channels of 16 bits.
fn library_limits(width: u32) -> png::Limits {
    png::Limits {
        bytes: METADATA_BYTES + width as usize * 8 * 4,
    }
}

/// The bytes that the library holds while it decodes rows.
fn library_bytes(info: &png::Info<'_>) -> u64 {
    /// Measured: the window of the decompressor, its input and its output buffer.
    const DECOMPRESSOR_BYTES: u64 = 256 * 1024;
    DECOMPRESSOR_BYTES + 4 * info.raw_row_length() as u64
}

pub(super) struct PngDecoder<'s> {
    reader: Reader<Source<'s>>,
    size: Size,
    channels: Channels,
    started: bool,
    rows_left: u32,
    /// A band of rows. For an interlaced picture, the whole picture.
    pixels: Vec<u8>,
}

impl<'s> PngDecoder<'s> {
    pub(super) fn new(source: &'s [u8], info: &SourceInfo) -> Result<Self, ImageError> {
        let size = info.stored_size();
        let mut decoder = decoder(source, false);
        decoder.set_limits(library_limits(size.width));
        let reader = decoder.read_info().map_err(|error| failure(&error))?;
        let control = reader.info().frame_control;
        if control.is_some_and(|control| (control.width, control.height) != (size.width, size.height)) {
            return Err(corrupt(Format::Png, "its first frame has another size than the image"));
        }
        let channels = channels(&reader)?;
        Ok(Self {
            reader,
            size,
            channels,
            started: false,
            rows_left: size.height,
            pixels: Vec::new(),
        })
    }

    const fn row_bytes(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    /// Reads up to `rows` consecutive rows.
    fn read_rows(&mut self, rows: usize) -> Result<(), ImageError> {
        let row_bytes = self.row_bytes();
        self.pixels.resize(rows * row_bytes, 0);
        for row in self.pixels.chunks_exact_mut(row_bytes) {
            if self.reader.read_row(row).map_err(|error| failure(&error))?.is_none() {
                return Err(corrupt(Format::Png, "it has too few rows"));
            }
        }
        Ok(())
    }

    /// Reads all passes of an interlaced picture.
    fn read_passes(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        let row_bytes = self.row_bytes();
        let bits_per_pixel = self.channels.count() as u8 * 8;
        self.pixels = vec![0; row_bytes * self.size.height as usize];
        let mut row = vec![0; row_bytes];
        while let Some(interlace) = self.reader.read_row(&mut row).map_err(|error| failure(&error))? {
            cancel.check()?;
            let InterlaceInfo::Adam7(pass) = interlace else {
                return Err(corrupt(Format::Png, "its rows are not interlaced as its header says"));
            };
            png::expand_interlaced_row(&mut self.pixels, row_bytes, &row, &pass, bits_per_pixel);
        }
        Ok(())
    }
}

impl Decoder for PngDecoder<'_> {
    fn next_frame(&mut self, _: &Cancel) -> Result<Option<Delay>, ImageError> {
        let first = !std::mem::replace(&mut self.started, true);
        Ok(first.then_some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if self.rows_left == 0 {
            return Ok(None);
        }
        if self.reader.info().interlaced {
            self.read_passes(cancel)?;
            self.rows_left = 0;
        } else {
            let rows = rows_per_band(self.row_bytes()).min(self.rows_left as usize);
            self.read_rows(rows)?;
            self.rows_left -= rows as u32;
            // After the last row the library reads the rest of the pixel data and checks the checksums.
            if self.rows_left == 0 && self.reader.next_row().map_err(|error| failure(&error))?.is_some() {
                return Err(corrupt(Format::Png, "it has too many rows"));
            }
        }
        Ok(Some(Band {
            pixels: &self.pixels,
            width: self.size.width,
            channels: self.channels,
        }))
    }
}

fn decoder(source: &[u8], with_profile: bool) -> png::Decoder<Source<'_>> {
    let mut decoder = png::Decoder::new(Cursor::new(source));
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(!with_profile);
    decoder.set_transformations(Transformations::normalize_to_color8());
    decoder
}

fn channels(reader: &Reader<Source<'_>>) -> Result<Channels, ImageError> {
    match reader.output_color_type() {
        (ColorType::Grayscale, BitDepth::Eight) => Ok(Channels::Gray),
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => Ok(Channels::GrayAlpha),
        (ColorType::Rgb, BitDepth::Eight) => Ok(Channels::Rgb),
        (ColorType::Rgba, BitDepth::Eight) => Ok(Channels::Rgba),
        other => Err(ImageError::Internal {
            detail: Detail(format!("a PNG was decoded to {other:?}")),
        }),
    }
}

fn failure(error: &DecodingError) -> ImageError {
    let reason = match error {
        DecodingError::IoError(_) => "it ends before all its pixels",
        DecodingError::Format(_) => "its data cannot be decoded",
        DecodingError::LimitsExceeded => "the notes in its header are too large",
        DecodingError::Parameter(_) => {
            return ImageError::Internal {
                detail: Detail(error.to_string()),
            };
        }
    };
    ImageError::Corrupt {
        format: Some(Format::Png),
        reason: reason.to_owned(),
        detail: Some(Detail(error.to_string())),
    }
}
