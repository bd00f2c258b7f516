//! Alpha channel of a lossy picture (RFC 9649, section 2.7.1.2): stored as it is, or as the green of a lossless
//! picture.

use resizer_webp::LosslessDecoder;

use super::frame::{failed, step};
use crate::codecs::webp::corrupt;
use crate::{Cancel, ImageError, Size};

/// Alpha values, row by row.
pub(super) struct Alpha<'s> {
    values: Values<'s>,
    filter: Filter,
    /// The last row; zeros before the first.
    above: Vec<u8>,
    row: usize,
}

/// Values as they are stored.
enum Values<'s> {
    /// The values that are left.
    Plain(&'s [u8]),
    /// Whether there were rows, and how many bytes of the rows decoded last were taken.
    Compressed {
        decoder: Box<LosslessDecoder<'s>>,
        begun: bool,
        taken: usize,
    },
}

/// The filter: the predicted value that was subtracted.
#[derive(Clone, Copy)]
enum Filter {
    Nothing,
    Left,
    Above,
    /// Left plus above less above left.
    Gradient,
}

/// Whether a channel is compressed: the lowest two bits of its first byte.
pub(super) fn is_compressed(chunk: &[u8]) -> bool {
    chunk.first().is_some_and(|info| info & 3 != 0)
}

impl<'s> Alpha<'s> {
    pub(super) fn open(chunk: &'s [u8], size: Size) -> Result<Self, ImageError> {
        let (info, data) = chunk.split_first().ok_or_else(ends)?;
        // From the lowest bits: compression, filter, and preprocessing (none, or fewer levels).
        if info & 3 > 1 || info >> 4 & 3 > 1 {
            return Err(corrupt("its alpha channel is of an unknown kind"));
        }
        let filter = match info >> 2 & 3 {
            0 => Filter::Nothing,
            1 => Filter::Left,
            2 => Filter::Above,
            _ => Filter::Gradient,
        };
        // Sides of lossy pictures fit 14 bits.
        let [width, height] = [size.width, size.height].map(|side| u16::try_from(side).unwrap_or(u16::MAX));
        let values = if is_compressed(chunk) {
            Values::Compressed {
                decoder: Box::new(LosslessDecoder::alpha(data, width, height).map_err(failed)?),
                begun: false,
                taken: 0,
            }
        } else {
            Values::Plain(data)
        };
        Ok(Self {
            values,
            filter,
            above: vec![0; size.width as usize],
            row: 0,
        })
    }

    /// Bytes that decoding takes beyond the prediction.
    pub(super) fn more_bytes(&self) -> u64 {
        match &self.values {
            Values::Plain(_) => 0,
            Values::Compressed { decoder, .. } => decoder.more_bytes(),
        }
    }

    /// Decodes one more step towards the first row, and returns whether the row is there. The caller asks for memory
    /// between two steps.
    pub(super) fn is_begun(&mut self) -> Result<bool, ImageError> {
        match &mut self.values {
            Values::Compressed {
                decoder,
                begun: begun @ false,
                ..
            } => {
                *begun = step(decoder)?;
                Ok(*begun)
            }
            _ => Ok(true),
        }
    }

    /// Puts the next row into the pixels of a row.
    pub(super) fn put(&mut self, pixels: &mut [u8], cancel: &Cancel) -> Result<(), ImageError> {
        let values = self.values.next_row(self.above.len(), cancel)?;
        let above = &mut self.above;
        match self.filter {
            Filter::Nothing => put_filtered(values, above, pixels, |_, _, _| 0),
            Filter::Left => put_filtered(values, above, pixels, |left, _, _| left),
            // The first row has no row above.
            Filter::Above if self.row == 0 => put_filtered(values, above, pixels, |left, _, _| left),
            Filter::Above => put_filtered(values, above, pixels, |_, above, _| above),
            Filter::Gradient => put_filtered(values, above, pixels, |left, above, corner| {
                (i16::from(left) + i16::from(above) - i16::from(corner)).clamp(0, 255) as u8
            }),
        }
        self.row += 1;
        Ok(())
    }
}

impl Values<'_> {
    fn next_row(&mut self, width: usize, cancel: &Cancel) -> Result<&[u8], ImageError> {
        match self {
            Self::Plain(left) => {
                let all = *left;
                let (row, rest) = all.split_at_checked(width).ok_or_else(ends)?;
                *left = rest;
                Ok(row)
            }
            Self::Compressed { decoder, taken, .. } => {
                if *taken == decoder.rows().len() {
                    while !step(decoder)? {
                        cancel.check()?;
                    }
                    *taken = 0;
                }
                let first = *taken;
                *taken += width;
                decoder.rows().get(first..first + width).ok_or_else(ends)
            }
        }
    }
}

fn ends() -> ImageError {
    corrupt("it ends before all its pixels")
}

#[inline(always)]
fn put_filtered(values: &[u8], above: &mut [u8], pixels: &mut [u8], predict: impl Fn(u8, u8, u8) -> u8) {
    // The left neighbour of a row's first value is the value above it.
    let mut left = above.first().copied().unwrap_or_default();
    let mut corner = left;
    let (pixels, _) = pixels.as_chunks_mut::<4>();
    for ((pixel, value), above) in pixels.iter_mut().zip(values).zip(above) {
        left = value.wrapping_add(predict(left, *above, corner));
        corner = std::mem::replace(above, left);
        pixel[3] = left;
    }
}
