//! Pixels of a layer: carries out the job of a layer, and returns its pixels at the size that a result needs.

use super::{Growth, Output, run_to};
use crate::codecs::{Delay, Encoder};
use crate::layer::layer_job;
use crate::picture::Picture;
use crate::steps::flatten::converted;
use crate::steps::overlay::scaled;
use crate::{Cancel, Channels, ImageError, Instructions, Limits, Size};

/// Decodes a layer's file, carries out its instructions, and scales the result to `size`, whatever its proportions.
///
/// Returns red, green, blue and alpha in rows without gaps, alpha not premultiplied. Errors and cancellation are those
/// of [`run`](crate::run). The memory is that of [`predict_layer`](crate::predict_layer), and what `grow` grants as in
/// [`run_within`](crate::run_within).
pub fn decode_layer(
    source: &[u8],
    instructions: &Instructions,
    size: Size,
    limits: &Limits,
    cancel: &Cancel,
    grow: &mut dyn FnMut(u64) -> bool,
) -> Result<Vec<u8>, ImageError> {
    let job = layer_job(instructions, size, limits);
    let encoded = run_to(Output::Pixels, source, &job, &[], cancel, &mut Growth::new(grow))?;
    if encoded.size == size {
        return Ok(encoded.bytes);
    }
    scaled(&encoded.bytes, encoded.size, size, cancel)
}

/// An encoder that keeps the pixels of a still picture, as red, green, blue and alpha.
#[derive(Debug, Default)]
pub(super) struct Pixels(Vec<u8>);

impl Encoder for Pixels {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        self.0 = match picture.channels {
            Channels::Rgba => picture.pixels,
            _ => converted(&picture, Channels::Rgba, cancel, |pixel| pixel)?.pixels,
        };
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        Ok(self.0)
    }
}
