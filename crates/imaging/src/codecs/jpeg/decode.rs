//! JPEG decoder through zune-jpeg, which decodes the whole picture at once and checks the cancel flag itself. Bands are
//! then lent from that picture.

use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;

use super::entropy::GuardedReader;
use super::header::Header;
use super::{corrupt, scans};
use crate::band::{Band, rows_per_band};
use crate::codecs::{Decoder, Delay};
use crate::picture::Picture;
use crate::{Cancel, Channels, Detail, Format, ImageError, Size};

pub(super) struct JpegDecoder<'s> {
    /// The source up to its end marker. The only frame takes it.
    body: Option<&'s [u8]>,
    size: Size,
    channels: Channels,
    /// Whether CMYK is stored inverted.
    inverted: bool,
    pixels: Vec<u8>,
    /// The first row of the next band.
    position: usize,
}

impl<'s> JpegDecoder<'s> {
    pub(super) fn new(source: &'s [u8]) -> Result<Self, ImageError> {
        let header = Header::read(source)?;
        let end = scans::end(source, &header)?;
        Ok(Self {
            body: Some(&source[..end]),
            size: header.size,
            channels: header.channels(),
            inverted: header.adobe && header.channels() == Channels::Cmyk,
            pixels: Vec::new(),
            position: 0,
        })
    }

    /// The whole picture.
    pub(super) fn whole(mut self, as_stored: bool, cancel: &Cancel) -> Result<Picture, ImageError> {
        let body = self.body.take().unwrap_or_default();
        self.decode(body, as_stored, cancel)?;
        Ok(Picture {
            size: self.size,
            channels: self.channels,
            pixels: self.pixels,
        })
    }

    fn decode(&mut self, body: &[u8], as_stored: bool, cancel: &Cancel) -> Result<(), ImageError> {
        /// In blocks of up to 16 x 16 pixels; they take well under a millisecond.
        const CANCEL_INTERVAL: usize = 256;
        let colour = match self.channels {
            Channels::Gray => ColorSpace::Luma,
            Channels::Cmyk => ColorSpace::CMYK,
            _ => ColorSpace::RGB,
        };
        let options = DecoderOptions::default()
            // Damaged data is an error instead of a half-grey picture.
            .set_strict_mode(true)
            .set_max_width(usize::from(u16::MAX))
            .set_max_height(usize::from(u16::MAX))
            .jpeg_set_out_colorspace(colour);
        let (reader, overrun) = GuardedReader::new(body);
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(reader, options);
        let flag = cancel.clone();
        decoder.set_cancel(move || flag.is_cancelled());
        decoder.set_cancel_interval(CANCEL_INTERVAL);

        let failed = |error: DecodeErrors| match error {
            DecodeErrors::Cancelled => ImageError::Cancelled,
            error => failure(&error, overrun.happened()),
        };
        decoder.decode_headers().map_err(failed)?;
        if as_stored && let Some(stored) = decoder.input_colorspace() {
            decoder.set_options(options.jpeg_set_out_colorspace(stored));
        }
        let expected = (self.size.width as usize, self.size.height as usize);
        if decoder.dimensions() != Some(expected) {
            return Err(corrupt("its header contradicts itself"));
        }
        self.pixels = vec![0; expected.0 * expected.1 * self.channels.count()];
        decoder.decode_into(&mut self.pixels).map_err(failed)?;
        if overrun.happened() {
            return Err(corrupt(scans::INCOMPLETE));
        }
        if self.inverted && !as_stored {
            self.pixels.iter_mut().for_each(|ink| *ink = !*ink);
        }
        Ok(())
    }
}

impl Decoder for JpegDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        match self.body.take() {
            None => Ok(None),
            Some(body) => self.decode(body, false, cancel).map(|()| Some(0)),
        }
    }

    fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if self.position == self.pixels.len() {
            return Ok(None);
        }
        let row_bytes = self.size.width as usize * self.channels.count();
        let rest = &self.pixels[self.position..];
        let pixels = &rest[..rest.len().min(rows_per_band(row_bytes) * row_bytes)];
        self.position += pixels.len();
        Ok(Some(Band {
            pixels,
            width: self.size.width,
            channels: self.channels,
        }))
    }
}

fn failure(error: &DecodeErrors, overrun: bool) -> ImageError {
    let reason = if overrun || error.is_recoverable_eof() {
        scans::INCOMPLETE
    } else {
        "its pixels cannot be decoded"
    };
    ImageError::Corrupt {
        format: Some(Format::Jpeg),
        reason: reason.to_owned(),
        detail: Some(Detail(error.to_string())),
    }
}
