//! AVIF decoder: takes rows from the crate and lends them in bands.

use resizer_avif::{Decoder as Avif, File, Header};

use super::failure;
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay, Wanted};
use crate::{Cancel, Channels, ImageError, Size, SourceInfo};

/// The bytes that a decoder holds. Estimated, and not measured yet: beside the samples of a frame, rav1d keeps
/// some of its rows and of its blocks twice, and of an animation the frames that others refer to.
pub(super) fn decoder_bytes(header: &Header) -> u64 {
    const BASE_BYTES: u64 = 6 << 20;
    const REFERENCES: u64 = 9;
    let frames = if header.frames > 1 { REFERENCES } else { 2 };
    let row_bytes = u64::from(header.width) * 4;
    BASE_BYTES + frames * header.sample_bytes + row_bytes * (rows_per_band(row_bytes as usize) as u64 + 8)
}

pub(super) struct AvifDecoder<'s> {
    decoder: Avif<'s>,
    size: Size,
    channels: Channels,
    /// The frames that are passed over.
    skipped: u32,
    band: Vec<u8>,
}

impl<'s> AvifDecoder<'s> {
    pub(super) fn new(file: File<'s>, info: &SourceInfo, wanted: Wanted) -> Result<Self, ImageError> {
        Ok(Self {
            decoder: Avif::new(file).map_err(failure)?,
            size: info.stored_size(),
            channels: info.channels,
            skipped: wanted.first,
            band: Vec::new(),
        })
    }
}

impl Decoder for AvifDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        loop {
            cancel.check()?;
            let delay = self.decoder.next_frame().map_err(failure)?;
            match self.skipped.checked_sub(1) {
                Some(left) if delay.is_some() => self.skipped = left,
                _ => return Ok(delay),
            }
        }
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        cancel.check()?;
        let row_bytes = self.size.width as usize * self.channels.count();
        self.band.resize(rows_per_band(row_bytes) * row_bytes, 0);
        let mut rows = 0;
        for row in self.band.chunks_exact_mut(row_bytes) {
            if !self.decoder.next_row(row).map_err(failure)? {
                break;
            }
            rows += 1;
        }
        Ok((rows > 0).then(|| Band {
            pixels: &self.band[..rows * row_bytes],
            width: self.size.width,
            channels: self.channels,
        }))
    }
}
