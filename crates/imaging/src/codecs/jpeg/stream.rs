//! JPEG decoder through resizer-jpeg: lends rows as they are decoded, at full or reduced size, in a few hundred
//! kilobytes.

use resizer_jpeg::{Error, Header, Scale, Step};

use super::rows::{self, Conversion, RowMaker};
use super::{INCOMPLETE, corrupt};
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay};
use crate::shrink::Shrink;
use crate::{Cancel, Detail, Format, ImageError};

pub(super) struct StreamDecoder<'s> {
    library: resizer_jpeg::Decoder<'s>,
    begun: bool,
    /// The next row of pixels to lend, and the end of the rows that are ready.
    next: u32,
    ready: u32,
    rows: RowMaker,
    band: Vec<u8>,
}

impl<'s> StreamDecoder<'s> {
    pub(super) fn new(header: &Header<'s>, shrink: Shrink, conversion: Conversion) -> Result<Self, ImageError> {
        Ok(Self {
            rows: RowMaker::new(header.colours(), conversion),
            library: resizer_jpeg::Decoder::new(header, scale(shrink)).map_err(failure)?,
            begun: false,
            next: 0,
            ready: 0,
            band: Vec::new(),
        })
    }
}

impl Decoder for StreamDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        cancel.check()?;
        let first = !self.begun;
        self.begun = true;
        Ok(first.then_some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        let Self {
            library, rows, band, ..
        } = self;
        while self.next == self.ready {
            cancel.check()?;
            match library.step().map_err(failure)? {
                Step::Working => continue,
                Step::Rows => {}
                Step::End if library.has_pixels() => return Ok(None),
                Step::End => return Err(corrupt(INCOMPLETE)),
            }
            let decoded = library.rows();
            // The last row may need the chroma of the next one.
            let held_back = u32::from(!decoded.are_last() && rows.need_next(&decoded));
            self.ready = decoded.end() - held_back;
        }
        let width = library.width();
        let channels = rows::channels(library.colours());
        let row_bytes = width as usize * channels.count();
        let end = self.ready.min(self.next + rows_per_band(row_bytes) as u32);
        band.resize((end - self.next) as usize * row_bytes, 0);
        for (y, pixels) in (self.next..end).zip(band.chunks_exact_mut(row_bytes)) {
            rows.make(&library.rows(), y, width, pixels);
        }
        self.next = end;
        Ok(Some(Band {
            pixels: band,
            width,
            channels,
        }))
    }

    fn is_damaged(&self) -> bool {
        self.library.is_damaged()
    }
}

pub(super) const fn scale(shrink: Shrink) -> Scale {
    match shrink {
        Shrink::EIGHTH => Scale::Eighth,
        Shrink::QUARTER => Scale::Quarter,
        Shrink::HALF => Scale::Half,
        _ => Scale::Full,
    }
}

/// Bytes that a decoder of this picture holds, at full size and at a half, a quarter and an eighth of it.
pub(super) fn bytes(header: &Header<'_>) -> (u64, [u64; 3]) {
    let channels = rows::channels(header.colours()).count() as u64;
    let at = |scale: Scale| {
        let width = scale.apply(header.width());
        let row_bytes = u64::from(width) * channels;
        // As many rows as are decoded at once, or as fit into a band.
        let rows = (rows_per_band(row_bytes as usize) as u64).min(u64::from(header.rows_at_once(scale)));
        header.decoder_bytes(scale) + rows * row_bytes + u64::from(width) * RowMaker::PIXEL_BYTES
    };
    let [full, half, quarter, eighth] = Scale::ALL.map(at);
    (full, [half, quarter, eighth])
}

/// A failure of resizer-jpeg. The header has shown before that the kind of file is supported.
pub(super) fn failure(error: Error) -> ImageError {
    match error {
        Error::Truncated => corrupt(INCOMPLETE),
        error => ImageError::Corrupt {
            format: Some(Format::Jpeg),
            reason: "its pixels cannot be decoded".to_owned(),
            detail: Some(Detail(error.to_string())),
        },
    }
}
