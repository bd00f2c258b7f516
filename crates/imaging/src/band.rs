//! Band of rows: a few rows of a picture, lent by a decoder while they are scaled.

use crate::Channels;

/// Whole rows, one after another without gaps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band<'a> {
    pub(crate) pixels: &'a [u8],
    pub(crate) width: u32,
    pub(crate) channels: Channels,
}

impl<'a> Band<'a> {
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        self.pixels.chunks_exact(self.row_bytes())
    }

    pub(crate) const fn row_bytes(&self) -> usize {
        self.width as usize * self.channels.count()
    }
}

/// The number of rows in a band. 128 KiB of pixels stay in a processor's second-level cache and are decoded and scaled
/// in about a millisecond, which bounds the time between two checks of the cancel flag.
pub(crate) fn rows_per_band(row_bytes: usize) -> usize {
    const BAND_BYTES: usize = 128 * 1024;
    (BAND_BYTES / row_bytes.max(1)).max(1)
}
