//! Memory of the TIFF decoder, which the page's header tells.

use super::compression::Compression;
use super::page::Page;
use super::zstandard;
use crate::Size;
use crate::codecs::jpeg;

impl Page<'_> {
    /// The bytes that the decoder holds: a band of pixels, the decompressed rows of a chunk, a row of samples, and what
    /// the decompressors need.
    pub(super) fn decoder_bytes(&self) -> u64 {
        /// Measured: tables of the decompressors.
        const LIBRARY_BYTES: u64 = 128 * 1024;
        const ZSTANDARD_BYTES: u64 = 1 << 20;
        const LZMA_BYTES: u64 = 256 * 1024;
        // The size is not yet checked against the limits, so that a product may be too large for any number.
        let rows = self.band_rows().min(self.size.height);
        let band = Size::new(self.size.width, rows).pixels();
        let band = band.saturating_mul(self.channels().count() as u64);
        let width = u64::from(self.chunk.width);
        let planes = self.planes() as u64;
        let held = self.plane_bytes(rows as usize) as u64;
        let row = self.row_bytes() as u64 + width * u64::from(self.samples) * self.sample_bytes() as u64;
        // All of a chunk that is needed.
        let needed = self.plane_bytes(self.chunk.height.min(self.size.height) as usize) as u64;
        let stored = |bytes| self.compression.most_bytes(bytes).min(self.source_bytes as u64);
        let decompressor = match self.compression {
            Compression::Jpeg(tables) => {
                // The decoder holds a whole chunk, sometimes with its coefficients, and the chunk's data.
                let whole = self.plane_bytes(self.chunk.height.saturating_add(jpeg::MORE_ROWS) as usize) as u64;
                let copies = whole.saturating_mul(4);
                copies.saturating_add(width * 256 + stored(whole) + tables.len() as u64)
            }
            // Two rows of changes of colour.
            Compression::Fax(_) => 16 * width,
            // The window grows by doubling, up to the size of the chunk.
            Compression::Zstandard => 3 * needed.min(zstandard::MOST_WINDOW as u64) + ZSTANDARD_BYTES,
            Compression::Lzma => needed.saturating_mul(3).saturating_add(LZMA_BYTES),
            _ => 0,
        };
        let reversed = if self.reversed { stored(needed) } else { 0 };
        let of_plane = [held, decompressor, reversed, LIBRARY_BYTES]
            .into_iter()
            .fold(0, u64::saturating_add);
        band.saturating_add(row).saturating_add(of_plane.saturating_mul(planes))
    }
}
