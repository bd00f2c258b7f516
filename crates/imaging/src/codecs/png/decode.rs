//! PNG decoder: reads the rows. Where damage is shown, rows before it are salvaged.

use std::cell::Cell;
use std::io::{BufRead, Seek};
use std::rc::Rc;

use png::{DecodingError, InterlaceInfo, Reader};

use super::chunks::PixelChunks;
use super::header::{channels, decoder, failure, library_limits};
use super::salvage::Salvage;
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay, corrupt};
use crate::{Cancel, Channels, Format, ImageError, Size, SourceInfo};

/// A source as the library reads it.
trait PixelSource: BufRead + Seek {}

impl PixelSource for PixelChunks<'_> {}

impl PixelSource for Salvage<'_> {}

/// The second attempt at a damaged source.
struct Salvaged {
    /// The bytes of rows that are there, filters included.
    there: Rc<Cell<u64>>,
    /// The damage that the first attempt met.
    damage: ImageError,
}

pub(super) struct PngDecoder<'s> {
    source: &'s [u8],
    show_damaged: bool,
    reader: Reader<Box<dyn PixelSource + 's>>,
    salvaged: Option<Salvaged>,
    /// The stored rows that were read, and their bytes, filters included.
    stored_rows: u32,
    stored_bytes: u64,
    size: Size,
    channels: Channels,
    started: bool,
    rows_left: u32,
    /// A band of rows. For an interlaced picture, the whole picture.
    pixels: Vec<u8>,
    /// The damage after the rows that were lent last.
    damage: Option<ImageError>,
}

impl<'s> PngDecoder<'s> {
    pub(super) fn new(
        source: &'s [u8],
        info: &SourceInfo,
        show_damaged: bool,
        cancel: &Cancel,
    ) -> Result<Self, ImageError> {
        let size = info.stored_size();
        let mut decoder = decoder(Box::new(PixelChunks::new(source, cancel)) as Box<dyn PixelSource>);
        decoder.set_limits(library_limits(size.width));
        let reader = decoder.read_info().map_err(|error| failure(&error, cancel))?;
        let channels = channels(&reader)?;
        Ok(Self {
            source,
            show_damaged,
            reader,
            salvaged: None,
            stored_rows: 0,
            stored_bytes: 0,
            size,
            channels,
            started: false,
            rows_left: size.height,
            pixels: Vec::new(),
            damage: None,
        })
    }

    const fn row_bytes(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    /// Reads the next stored row, of `width` pixels.
    fn read_row(&mut self, width: u32, row: &mut [u8], cancel: &Cancel) -> Result<Option<InterlaceInfo>, ImageError> {
        let mut read = self.reader.read_row(row).map_err(|error| failure(&error, cancel));
        if let Err(damage @ ImageError::Corrupt { .. }) = &read
            && self.show_damaged
            && self.salvaged.is_none()
        {
            let damage = damage.clone();
            self.salvage(damage, cancel)?;
            read = self.reader.read_row(row).map_err(|error| failure(&error, cancel));
        }
        let read = read?;
        self.stored_rows += 1;
        self.stored_bytes += self.reader.info().raw_row_length_from_width(width) as u64;
        match &self.salvaged {
            Some(Salvaged { there, damage }) if self.stored_bytes > there.get() => Err(damage.clone()),
            _ => Ok(read),
        }
    }

    /// Begins again, with all that can be decompressed of the source.
    fn salvage(&mut self, damage: ImageError, cancel: &Cancel) -> Result<(), ImageError> {
        let info = self.reader.info();
        let row_bytes = |width| info.raw_row_length_from_width(width) as u64;
        let all_bytes = if info.interlaced {
            rows_of_passes(self.size).map(row_bytes).sum()
        } else {
            row_bytes(self.size.width) * u64::from(self.size.height)
        };
        let source = Salvage::new(self.source, all_bytes, cancel);
        let there = source.there();
        let mut decoder = decoder(Box::new(source) as Box<dyn PixelSource>);
        decoder.ignore_checksums(true);
        decoder.set_limits(library_limits(self.size.width));
        self.reader = decoder.read_info().map_err(|error| failure(&error, cancel))?;
        self.salvaged = Some(Salvaged { there, damage });
        let mut row = vec![0; self.row_bytes()];
        for _ in 0..self.stored_rows {
            cancel.check()?;
            self.reader
                .read_row(&mut row)
                .map_err(|error| failure(&error, cancel))?;
        }
        Ok(())
    }

    /// Reads up to `rows` consecutive rows, fewer before damage.
    fn read_rows(&mut self, rows: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let row_bytes = self.row_bytes();
        let mut pixels = std::mem::take(&mut self.pixels);
        pixels.resize(rows * row_bytes, 0);
        let mut read = 0;
        for row in pixels.chunks_exact_mut(row_bytes) {
            match self.read_row(self.size.width, row, cancel) {
                Ok(Some(_)) => read += 1,
                Ok(None) => self.damage = Some(corrupt(Format::Png, "it has too few rows")),
                Err(error) => self.damage = Some(error),
            }
            if self.damage.is_some() {
                break;
            }
        }
        self.pixels = pixels;
        self.pixels.truncate(read * row_bytes);
        self.rows_left -= read as u32;
        self.damage_unless(read > 0)
    }

    /// Reads all passes of an interlaced picture, or those before damage. Then pixels of later passes are like their
    /// neighbours of earlier ones.
    fn read_passes(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        let row_bytes = self.row_bytes();
        let bits_per_pixel = self.channels.count() as u8 * 8;
        self.pixels = vec![0; row_bytes * self.size.height as usize];
        if self.show_damaged {
            let missing = self.channels.missing();
            let pixels = self.pixels.chunks_exact_mut(missing.len());
            pixels.for_each(|pixel| pixel.copy_from_slice(missing));
        }
        let expand = if self.show_damaged {
            png::splat_interlaced_row
        } else {
            png::expand_interlaced_row
        };
        self.rows_left = 0;
        let mut row = vec![0; row_bytes];
        let mut read = 0;
        for width in rows_of_passes(self.size) {
            cancel.check()?;
            match self.read_row(width, &mut row, cancel) {
                Ok(Some(InterlaceInfo::Adam7(pass))) => {
                    expand(&mut self.pixels, row_bytes, &row, &pass, bits_per_pixel);
                    read += 1;
                }
                Ok(Some(InterlaceInfo::Null(_)) | None) => {
                    let reason = "its rows are not interlaced as its header says";
                    self.damage = Some(corrupt(Format::Png, reason));
                }
                Err(error) => self.damage = Some(error),
            }
            if self.damage.is_some() {
                break;
            }
        }
        self.damage_unless(read > 0)
    }

    /// Reads the rest of the pixel data after the last row, where the checksums are. Pixels that are all there are
    /// shown even if the file ends without its last chunk.
    fn read_end(&mut self, cancel: &Cancel) {
        if let Some(salvaged) = &self.salvaged {
            self.damage = Some(salvaged.damage.clone());
            return;
        }
        self.damage = match self.reader.next_row() {
            Ok(None) => None,
            Ok(Some(_)) => Some(corrupt(Format::Png, "it has too many rows")),
            Err(DecodingError::IoError(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(failure(&error, cancel)),
        };
    }

    /// Reports the damage at once, unless there are rows to lend before it, or if it is no damage but a cancelled job.
    fn damage_unless(&mut self, has_rows: bool) -> Result<(), ImageError> {
        match &self.damage {
            Some(damage) if !has_rows || matches!(damage, ImageError::Cancelled) => {
                self.damage.take().map_or(Ok(()), Err)
            }
            _ => Ok(()),
        }
    }
}

/// The widths of all rows in the seven passes of an interlaced picture (PNG, third edition, 8.1).
fn rows_of_passes(Size { width, height }: Size) -> impl Iterator<Item = u32> {
    /// The first column and row of each pass, and the steps from column to column and from row to row.
    const PASSES: [[u32; 4]; 7] = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
    ];
    PASSES
        .iter()
        .filter(move |[column, ..]| *column < width)
        .flat_map(move |[column, row, across, down]| {
            let rows = height.saturating_sub(*row).div_ceil(*down);
            (0..rows).map(move |_| (width - column).div_ceil(*across))
        })
}

impl Decoder for PngDecoder<'_> {
    fn next_frame(&mut self, _: &Cancel) -> Result<Option<Delay>, ImageError> {
        let first = !std::mem::replace(&mut self.started, true);
        Ok(first.then_some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if let Some(damage) = self.damage.take() {
            return Err(damage);
        }
        if self.rows_left == 0 {
            return Ok(None);
        }
        if self.reader.info().interlaced {
            self.read_passes(cancel)?;
        } else {
            let rows = rows_per_band(self.row_bytes()).min(self.rows_left as usize);
            self.read_rows(rows, cancel)?;
        }
        if self.rows_left == 0 && self.damage.is_none() {
            self.read_end(cancel);
        }
        Ok(Some(Band {
            pixels: &self.pixels,
            width: self.size.width,
            channels: self.channels,
        }))
    }
}
