//! The alpha channel beside a picture with loss: RFC 9649, section 2.7.1.2. Stored as it is, or as the green of a picture
//! without loss, which image-webp decodes whole.

use std::borrow::Cow;

use super::lossless;
use crate::codecs::webp::corrupt;
use crate::{Cancel, ImageError, Size};

/// Alpha values, row by row.
pub(super) struct Alpha<'s> {
    values: Cow<'s, [u8]>,
    /// From one value to the next; and where in it the value is.
    step: usize,
    offset: usize,
    filter: Filter,
    /// The last row; zeros before the first.
    above: Vec<u8>,
    row: usize,
}

/// What was subtracted from a value.
#[derive(Clone, Copy)]
enum Filter {
    Nothing,
    Left,
    Above,
    /// Left plus above less what is above left.
    Gradient,
}

/// Whether a channel is compressed: the lowest two bits of its first byte.
pub(super) fn is_compressed(chunk: &[u8]) -> bool {
    chunk.first().is_some_and(|info| info & 3 != 0)
}

impl<'s> Alpha<'s> {
    pub(super) fn open(chunk: &'s [u8], size: Size, cancel: &Cancel) -> Result<Self, ImageError> {
        let (info, data) = chunk
            .split_first()
            .ok_or_else(|| corrupt("it ends before all its pixels"))?;
        // From the lowest bits: compression, filter, and what was done to the values before (nothing, or fewer levels).
        if info & 3 > 1 || info >> 4 & 3 > 1 {
            return Err(corrupt("its alpha channel is of an unknown kind"));
        }
        let filter = match info >> 2 & 3 {
            0 => Filter::Nothing,
            1 => Filter::Left,
            2 => Filter::Above,
            _ => Filter::Gradient,
        };
        let pixels = size.pixels() as usize;
        let (values, step, offset) = if is_compressed(chunk) {
            let [w, h] = [size.width, size.height].map(|side| side - 1);
            // The header that the channel lacks: mark, sides, and that there is alpha, so that pixels are decoded in place.
            let sides = (w | h << 14 | 1 << 28).to_le_bytes();
            let header = [0x2f, sides[0], sides[1], sides[2], sides[3]];
            (
                Cow::Owned(lossless::decode(&[&header, data], size, true, cancel)?),
                4,
                1,
            )
        } else {
            let values = data
                .get(..pixels)
                .ok_or_else(|| corrupt("it ends before all its pixels"))?;
            (Cow::Borrowed(values), 1, 0)
        };
        Ok(Self {
            values,
            step,
            offset,
            filter,
            above: vec![0; size.width as usize],
            row: 0,
        })
    }

    /// Puts the next row into the pixels of a row.
    pub(super) fn put(&mut self, pixels: &mut [u8]) {
        match self.filter {
            Filter::Nothing => self.put_filtered(pixels, |_, _, _| 0),
            Filter::Left => self.put_filtered(pixels, |left, _, _| left),
            // Nothing is above the first row.
            Filter::Above if self.row == 0 => self.put_filtered(pixels, |left, _, _| left),
            Filter::Above => self.put_filtered(pixels, |_, above, _| above),
            Filter::Gradient => self.put_filtered(pixels, |left, above, corner| {
                (i16::from(left) + i16::from(above) - i16::from(corner)).clamp(0, 255) as u8
            }),
        }
    }

    #[inline(always)]
    fn put_filtered(&mut self, pixels: &mut [u8], predict: impl Fn(u8, u8, u8) -> u8) {
        let row_bytes = self.above.len() * self.step;
        let values = self.values.get(self.row * row_bytes..).unwrap_or_default();
        let values = values.iter().skip(self.offset).step_by(self.step);
        // Left of a row is what is above its first value.
        let mut left = self.above.first().copied().unwrap_or_default();
        let mut corner = left;
        let (pixels, _) = pixels.as_chunks_mut::<4>();
        for ((pixel, value), above) in pixels.iter_mut().zip(values).zip(&mut self.above) {
            left = value.wrapping_add(predict(left, *above, corner));
            corner = std::mem::replace(above, left);
            pixel[3] = left;
        }
        self.row += 1;
    }
}
