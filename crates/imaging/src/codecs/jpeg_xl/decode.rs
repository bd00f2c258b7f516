//! JPEG XL decoder: decodes the first frame that is shown, whole, and lends its rows.

use jxl::api::{Event, JxlOutputBuffer};

use super::header::{Sections, begin, samples};
use super::{cut, failure};
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay, corrupt};
use crate::{Cancel, Channels, Format, ImageError, Size, SourceInfo};

pub(super) struct JpegXlDecoder<'s> {
    source: &'s [u8],
    size: Size,
    channels: Channels,
    begun: bool,
    /// The whole picture.
    pixels: Vec<u8>,
    /// The bytes of it that were lent.
    lent: usize,
}

impl<'s> JpegXlDecoder<'s> {
    pub(super) fn new(source: &'s [u8], info: &SourceInfo) -> Self {
        Self {
            source,
            size: info.stored_size(),
            channels: info.channels,
            begun: false,
            pixels: Vec::new(),
            lent: 0,
        }
    }

    const fn row_bytes(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    fn decode(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        /// The smallest bound of a frame that is not shown. Marks that repeat are kept in such frames, side by side.
        const LEAST_SAMPLES: usize = 64 * 1024;
        let mut rest = self.source;
        let (_, basic) = begin(&mut rest, None, false, cancel)?;
        let most = samples(&basic).max(LEAST_SAMPLES) + 1;
        let mut rest = self.source;
        let (mut decoder, _) = begin(&mut rest, Some(most), false, cancel)?;
        let (row_bytes, rows) = (self.row_bytes(), self.size.height as usize);
        let mut pixels = vec![0; row_bytes * rows];
        loop {
            cancel.check()?;
            let mut buffers = [JxlOutputBuffer::new(&mut pixels, rows, row_bytes)];
            let event = decoder.process(&mut rest, Some(&mut buffers), Some(&mut Sections(cancel)));
            match event.map_err(|error| failure(&error, cancel))? {
                Event::FrameHeader => {}
                Event::FrameComplete { .. } => break,
                Event::NeedMoreInput { .. } => return Err(cut()),
                Event::BasicInfo | Event::Complete => return Err(corrupt(Format::JpegXl, "it has no frames")),
            }
        }
        self.pixels = pixels;
        Ok(())
    }
}

impl Decoder for JpegXlDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(None);
        }
        self.decode(cancel)?;
        Ok(Some(0))
    }

    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        cancel.check()?;
        let band_bytes = rows_per_band(self.row_bytes()) * self.row_bytes();
        let (start, end) = (self.lent, (self.lent + band_bytes).min(self.pixels.len()));
        self.lent = end;
        Ok((start < end).then(|| Band {
            pixels: &self.pixels[start..end],
            width: self.size.width,
            channels: self.channels,
        }))
    }
}
