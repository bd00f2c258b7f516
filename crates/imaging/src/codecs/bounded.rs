//! Encoder of a result with a bound on its bytes (`max_bytes`): writes the picture at the asked quality, and if that is
//! too long, searches by bisection for the largest quality that fits. Called for still pictures in lossy formats.
//!
//! A picture that is too long at the lowest quality is written at that. Metadata that is copied comes on top.

use super::jpeg::JpegEncoder;
use super::jpeg_xl::JpegXlEncoder;
use super::webp::WebPEncoder;
use super::{Delay, Encoder};
use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, Channels, Format, ImageError, Instructions, Lossless, Size, SourceInfo};

pub(super) struct BoundedEncoder {
    instructions: Instructions,
    format: Format,
    size: Size,
    most_bytes: usize,
    file: Vec<u8>,
}

impl BoundedEncoder {
    /// `None` if the format is lossless, or has no quality.
    pub(super) fn new(instructions: &Instructions, format: Format, info: &SourceInfo, size: Size) -> Option<Self> {
        let most_bytes = instructions.output.max_bytes?;
        if !instructions.is_bounded(format, info.lossless) {
            return None;
        }
        Some(Self {
            instructions: instructions.clone(),
            format,
            size,
            most_bytes: most_bytes as usize,
            file: Vec::new(),
        })
    }

    /// The encoder at a step from 1 to [`Self::last_step`], which is the asked quality.
    fn at(&self, step: u8) -> Box<dyn Encoder> {
        let mut instructions = self.instructions.clone();
        // Luma and chroma come as the asked quality wants them.
        instructions.subsampling = Some(self.instructions.effective_subsampling());
        instructions.output.profile = None;
        let info = SourceInfo::new(self.format, self.size.width, self.size.height, Channels::Rgb);
        match self.format {
            Format::WebP => {
                instructions.webp_quality = Some(step);
                instructions.webp_lossless = Some(Lossless::No);
                Box::new(WebPEncoder::new(&instructions, &info, self.size, None))
            }
            Format::JpegXl => {
                instructions.output.jxl.distance = Some(self.distance(step));
                instructions.output.jxl.lossless = Some(Lossless::No);
                Box::new(JpegXlEncoder::new(&instructions, &info))
            }
            _ => {
                instructions.jpeg_quality = Some(step);
                Box::new(JpegEncoder::new(&instructions))
            }
        }
    }

    fn last_step(&self) -> u8 {
        let last = match self.format {
            Format::WebP => self.instructions.effective_webp_quality(),
            Format::JpegXl => 100,
            _ => self.instructions.effective_jpeg_quality(),
        };
        last.max(1)
    }

    /// Distances from the largest one to the asked one, each smaller than the one before by the same factor.
    fn distance(&self, step: u8) -> f32 {
        const LARGEST: f32 = 25.0;
        let asked = self.instructions.effective_jxl_distance();
        asked * (LARGEST / asked).powf(f32::from(100 - step.min(100)) / 99.0)
    }

    /// Tries the last step, and then at most seven others: there are a hundred. `write` passes the picture on.
    fn search(
        &mut self,
        mut write: impl FnMut(&mut dyn Encoder) -> Result<(), ImageError>,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
        let (mut fitting, mut smallest) = (None, None);
        let (mut least, mut most, mut step) = (1, self.last_step(), self.last_step());
        loop {
            cancel.check()?;
            let mut encoder = self.at(step);
            write(&mut *encoder)?;
            let file = encoder.finish(cancel)?;
            let fits = file.len() <= self.most_bytes;
            if fits {
                (fitting, smallest) = (Some(file), None);
                least = step + 1;
            } else {
                // As long as none fits, each attempt is smaller than the one before.
                smallest = fitting.is_none().then_some(file);
                most = step - 1;
            }
            if least > most || (fits && step == self.last_step()) {
                break;
            }
            step = least + (most - least) / 2;
        }
        self.file = fitting.or(smallest).unwrap_or_default();
        Ok(())
    }
}

impl Encoder for BoundedEncoder {
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        self.search(|encoder| encoder.frame(picture.clone(), delay, cancel), cancel)
    }

    fn planes(&mut self, picture: PlanarPicture, cancel: &Cancel) -> Result<(), ImageError> {
        self.search(|encoder| encoder.planes(picture.clone(), cancel), cancel)
    }

    fn finish(self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        cancel.check()?;
        Ok(self.file)
    }
}
