//! AVIF encoder: passes luma and chroma of the finished picture to the crate, which asks all the time whether to stop.

use resizer_avif::{EncodeError, Samples};

use super::planes::Planes;
use crate::codecs::{Delay, Encoder, internal};
use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, ImageError, Instructions, SampleRange};

pub(in crate::codecs) struct AvifEncoder {
    quality: u8,
    speed: u8,
    bytes: Vec<u8>,
}

impl AvifEncoder {
    pub(in crate::codecs) fn new(instructions: &Instructions) -> Self {
        Self {
            quality: instructions.effective_avif_quality(),
            speed: instructions.effective_avif_speed(),
            bytes: Vec::new(),
        }
    }

    fn write(&mut self, planes: &Planes, cancel: &Cancel) -> Result<(), ImageError> {
        let samples = Samples {
            width: planes.size.width,
            height: planes.size.height,
            luma: &planes.luma,
            chroma: planes.chroma.as_ref().map(|[blue, red]| [&blue[..], &red[..]]),
            alpha: planes.alpha.as_deref(),
        };
        let stop = cancel.clone();
        self.bytes =
            resizer_avif::encode(samples, self.quality, self.speed, move || stop.is_cancelled()).map_err(|error| {
                match error {
                    EncodeError::Stopped => ImageError::Cancelled,
                    error => internal(error.to_string()),
                }
            })?;
        self.bytes.shrink_to_fit();
        Ok(())
    }
}

impl Encoder for AvifEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        let planes = Planes::of_pixels(&picture, cancel)?;
        drop(picture);
        self.write(&planes, cancel)
    }

    fn planes(&mut self, picture: PlanarPicture, cancel: &Cancel) -> Result<(), ImageError> {
        let picture = picture.in_range(SampleRange::Full, cancel)?;
        self.write(&Planes::of_planes(picture), cancel)
    }

    fn finish(self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        cancel.check()?;
        Ok(self.bytes)
    }
}
