//! AV1 decoding through rav1d, in the caller's thread: one frame for each piece of data.

use re_rav1d::{Decoder, Error, PixelLayout, Settings};

use super::plane::Planes;
use crate::sequence::Sequence;
use crate::{DecodeError, units};

pub(super) struct Av1(Decoder);

impl Av1 {
    /// A decoder for frames that are not larger than the sequence header says.
    pub(super) fn new(sequence: &Sequence) -> Result<Self, DecodeError> {
        let pixels = u64::from(sequence.width) * u64::from(sequence.height);
        let pixels = u32::try_from(pixels).map_err(|_| DecodeError::Unsupported("of more than four billion pixels"))?;
        let mut settings = Settings::new();
        settings.set_n_threads(1);
        settings.set_max_frame_delay(1);
        settings.set_frame_size_limit(pixels);
        // Of layers, the highest alone is shown.
        settings.set_all_layers(false);
        let decoder = Decoder::with_settings(&settings).map_err(refused)?;
        Ok(Self(decoder))
    }

    /// The last picture that is shown in this data.
    pub(super) fn decode(&mut self, data: &[u8], sequence: &Sequence) -> Result<Planes, DecodeError> {
        let mut sent = self.0.send_data(units::needed(data)?, None, None, None);
        let mut picture = None;
        loop {
            match self.0.get_picture() {
                Ok(next) => picture = Some(next),
                Err(Error::Again) => {}
                Err(error) => return Err(refused(error)),
            }
            match sent {
                Ok(()) => break,
                // The rest of the data is taken after a picture was.
                Err(Error::Again) => sent = self.0.send_pending_data(),
                Err(error) => return Err(refused(error)),
            }
        }
        let picture = picture.ok_or(DecodeError::Corrupt("its AV1 data has no picture"))?;
        let bits = picture.bits_per_component().map_or(0, |bits| bits.0);
        let halved = match picture.pixel_layout() {
            PixelLayout::I400 | PixelLayout::I420 => [true, true],
            PixelLayout::I422 => [true, false],
            PixelLayout::I444 => [false, false],
        };
        let grey = picture.pixel_layout() == PixelLayout::I400;
        let found = (picture.width(), picture.height(), bits, grey, halved);
        let promised = (
            sequence.width,
            sequence.height,
            usize::from(sequence.bits),
            sequence.grey,
            sequence.halved,
        );
        if found != promised {
            return Err(DecodeError::Corrupt("a picture differs from its sequence header"));
        }
        Ok(Planes::new(&picture, sequence))
    }
}

fn refused(error: Error) -> DecodeError {
    DecodeError::Library {
        part: "its AV1 data is damaged",
        reason: error.to_string(),
    }
}
