//! BMP decoder: finds each row in the source and unpacks it, from the top down.

use super::corrupt;
use super::header::Header;
use super::runs::Runs;
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay};
use crate::{Cancel, ImageError};

/// The bytes that the decoder holds: a band, tables of colours, and with run-length encoding a row and the place of
/// each.
pub(super) fn decoder_bytes(header: &Header) -> u64 {
    const TABLES_BYTES: u64 = 4096;
    let row_bytes = u64::from(header.size.width) * header.pixels.channels().count() as u64;
    let band = row_bytes * rows_per_band(row_bytes as usize) as u64;
    let runs = match header.runs {
        Some(kind) => {
            let row = u64::from(header.size.width) * u64::from(kind.decoded_bits() / 8);
            row + Runs::bytes(header.size.height)
        }
        None => 0,
    };
    TABLES_BYTES + band + runs
}

pub(super) struct BmpDecoder<'s> {
    source: &'s [u8],
    header: Header,
    show_damaged: bool,
    /// The stored rows that are all there. The rest is missing.
    stored_rows: u32,
    begun: bool,
    /// The codes of a picture that is run-length encoded, and a row of its pixels.
    runs: Option<(Runs<'s>, Vec<u8>)>,
    /// The next row, from the top.
    row: u32,
    band: Vec<u8>,
}

impl<'s> BmpDecoder<'s> {
    pub(super) const fn new(source: &'s [u8], header: Header, show_damaged: bool) -> Self {
        Self {
            source,
            stored_rows: header.size.height,
            header,
            show_damaged,
            begun: false,
            runs: None,
            row: 0,
            band: Vec::new(),
        }
    }

    /// The bytes of a stored row. They are `None` if the source ends before the row does. Only the padding of the last
    /// row may be missing.
    fn stored(&self, row: u32) -> Option<&'s [u8]> {
        let bits = self.header.size.width as usize * usize::from(self.header.bits);
        let start = bits
            .div_ceil(32)
            .checked_mul(4 * row as usize)?
            .checked_add(self.header.start)?;
        self.source.get(start..start.checked_add(bits.div_ceil(8))?)
    }

    /// The number of stored rows that the source holds.
    fn rows_before_the_end(&self) -> u32 {
        let (mut there, mut missing) = (0, self.header.size.height);
        if self.stored(missing - 1).is_some() {
            return missing;
        }
        while there < missing {
            let middle = there + (missing - there) / 2;
            if self.stored(middle).is_some() {
                there = middle + 1;
            } else {
                missing = middle;
            }
        }
        there
    }
}

impl Decoder for BmpDecoder<'_> {
    /// Refuses a picture that is not all there, unless damage is shown. The missing rows are mostly the first ones, so
    /// that rows before the damage are none.
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        let size = self.header.size;
        self.stored_rows = match self.header.runs {
            Some(kind) => {
                let codes = self.source.get(self.header.start..).unwrap_or_default();
                let runs = Runs::find(codes, kind, size.width, size.height, cancel)?;
                let stored = runs.stored_rows;
                let row = vec![0; size.width as usize * usize::from(kind.decoded_bits() / 8)];
                self.runs = Some((runs, row));
                stored
            }
            None => self.rows_before_the_end(),
        };
        if self.stored_rows == 0 || (self.is_damaged() && !self.show_damaged) {
            return Err(corrupt("it ends before all its pixels"));
        }
        Ok(Some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        let size = self.header.size;
        let channels = self.header.pixels.channels();
        let row_bytes = size.width as usize * channels.count();
        let rows = rows_per_band(row_bytes).min((size.height - self.row) as usize);
        if rows == 0 {
            return Ok(None);
        }
        cancel.check()?;
        let mut band = std::mem::take(&mut self.band);
        band.resize(rows * row_bytes, 0);
        for target in band.chunks_exact_mut(row_bytes) {
            let row = if self.header.top_down {
                self.row
            } else {
                size.height - 1 - self.row
            };
            let pixels = &self.header.pixels;
            if row >= self.stored_rows {
                let missing = channels.missing();
                target
                    .chunks_exact_mut(missing.len())
                    .for_each(|pixel| pixel.copy_from_slice(missing));
            } else if let Some((runs, decoded)) = &mut self.runs {
                runs.decode(row as usize, decoded, cancel)?;
                pixels.unpack(decoded, runs.kind.decoded_bits(), target);
            } else if let Some(stored) = self.stored(row) {
                pixels.unpack(stored, self.header.bits, target);
            }
            self.row += 1;
        }
        self.band = band;
        Ok(Some(Band {
            pixels: &self.band,
            width: size.width,
            channels,
        }))
    }

    fn is_damaged(&self) -> bool {
        self.stored_rows < self.header.size.height
    }
}
