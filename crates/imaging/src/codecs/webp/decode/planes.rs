//! Decoder of planes: lends rows of luma and chroma of a lossy picture without alpha.

use std::ops::Range;

use resizer_webp::PlaneDecoder;

use super::frame::{failed, scale};
use crate::codecs;
use crate::shrink::{Shrink, Spacing};
use crate::source::PlaneSpacings;
use crate::{Cancel, ImageError, SampleRange};

pub(in crate::codecs::webp) struct WebPPlanes<'s> {
    library: PlaneDecoder<'s>,
}

impl<'s> WebPPlanes<'s> {
    /// Takes the contents of a chunk `VP8 `.
    pub(in crate::codecs::webp) fn new(
        picture: &'s [u8],
        shrink: Shrink,
        half_chroma: bool,
    ) -> Result<Self, ImageError> {
        let library = PlaneDecoder::new(picture, scale(shrink), half_chroma).map_err(failed)?;
        Ok(Self { library })
    }
}

impl codecs::PlaneDecoder for WebPPlanes<'_> {
    fn advance(&mut self, cancel: &Cancel) -> Result<bool, ImageError> {
        cancel.check()?;
        self.library.step().map_err(failed)
    }

    fn ready(&self, plane: usize) -> Range<u32> {
        self.library.ready(plane)
    }

    fn row(&self, plane: usize, row: u32) -> &[u8] {
        self.library.row(plane, row)
    }

    /// Planes are decoded only where damage is an error.
    fn is_damaged(&self) -> bool {
        false
    }
}

/// The spacings of any lossy picture.
pub(in crate::codecs::webp) fn spacings() -> PlaneSpacings {
    PlaneSpacings::new(SampleRange::Studio, |plane, shrink, half_chroma| {
        let pixels = PlaneDecoder::spacing(plane, scale(shrink), half_chroma);
        [Spacing { pixels, samples: 1 }; 2]
    })
}
