//! JPEG decoder of planes: lends rows of luma and chroma as they are stored, without upsampling and without colours.

use std::ops::Range;

use resizer_jpeg::{Chroma, Header, Reduction, Step};

use super::stream::{failure, scale};
use super::{INCOMPLETE, corrupt};
use crate::codecs::PlaneDecoder;
use crate::shrink::{Shrink, Spacing};
use crate::source::PlaneSpacings;
use crate::{Cancel, ImageError, SampleRange};

pub(super) struct JpegPlanes<'s> {
    library: resizer_jpeg::Decoder<'s>,
}

impl<'s> JpegPlanes<'s> {
    pub(super) fn new(header: &Header<'s>, shrink: Shrink, half_chroma: bool) -> Result<Self, ImageError> {
        let library = resizer_jpeg::Decoder::new(header, reduction(shrink, half_chroma)).map_err(failure)?;
        Ok(Self { library })
    }
}

impl PlaneDecoder for JpegPlanes<'_> {
    fn advance(&mut self, cancel: &Cancel) -> Result<bool, ImageError> {
        loop {
            cancel.check()?;
            match self.library.step().map_err(failure)? {
                Step::Working => {}
                Step::Rows => return Ok(true),
                Step::End if self.library.has_pixels() => return Ok(false),
                Step::End => return Err(corrupt(INCOMPLETE)),
            }
        }
    }

    fn ready(&self, plane: usize) -> Range<u32> {
        self.library.rows().plane(plane).ready()
    }

    fn row(&self, plane: usize, row: u32) -> &[u8] {
        self.library.rows().plane(plane).row(row)
    }

    fn is_damaged(&self) -> bool {
        self.library.is_damaged()
    }
}

/// The spacings of a picture that has luma and chroma.
pub(super) fn spacings(header: &Header<'_>) -> PlaneSpacings {
    PlaneSpacings::new(SampleRange::Full, |plane, shrink, half_chroma| {
        let (across, down) = header.ratios(plane, reduction(shrink, half_chroma));
        [across, down].map(|ratio| Spacing {
            // At most 4 times 8.
            pixels: (ratio.pixels * shrink.denominator()) as u8,
            samples: ratio.samples as u8,
        })
    })
}

const fn reduction(shrink: Shrink, half_chroma: bool) -> Reduction {
    Reduction {
        scale: scale(shrink),
        chroma: if half_chroma { Chroma::Half } else { Chroma::Full },
    }
}
