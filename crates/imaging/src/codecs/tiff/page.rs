//! TIFF page: reads the tags about a page's pixels, and decides whether it can be decoded.
//!
//! Only single numbers are read. The place of a chunk is looked up when the chunk is decoded. Here the number of places
//! is compared with the number of chunks that the page can have.

use super::colours::{Alpha, Colours, is_planar};
use super::compression::{Compression, Predictor};
use super::depth::Depth;
use super::directory::Directory;
use super::values::{Order, Values};
use super::{corrupt, tag, unsupported};
use crate::band::rows_per_band;
use crate::{Channels, ImageError, Size};

/// A page that can be decoded.
pub(super) struct Page<'s> {
    pub(super) size: Size,
    pub(super) order: Order,
    pub(super) depth: Depth,
    /// The samples of a pixel, including those that are not shown.
    pub(super) samples: u32,
    pub(super) colours: Colours,
    pub(super) alpha: Option<Alpha>,
    pub(super) compression: Compression<'s>,
    pub(super) predictor: Predictor,
    /// Whether the bits of each stored byte are in reverse order.
    pub(super) reversed: bool,
    /// Whether each sample has chunks of its own.
    pub(super) planar: bool,
    /// The size of a strip or tile. Strips are as wide as the page.
    pub(super) chunk: Size,
    /// The offset of each chunk, row by row, plane by plane.
    offsets: Values<'s>,
    /// The length of each chunk. Some writers omit it.
    lengths: Option<Values<'s>>,
    pub(super) source_bytes: usize,
}

impl<'s> Page<'s> {
    pub(super) fn read(directory: &Directory<'s>) -> Result<Self, ImageError> {
        let size = size(directory, tag::WIDTH, tag::HEIGHT)?;
        let size = size.ok_or_else(|| corrupt("a page does not tell its size"))?;
        let stated = directory.number(tag::SAMPLES)?;
        let compression = Compression::read(directory)?;
        let depth = Depth::read(directory, stated)?;
        let colours = Colours::read(directory, depth, stated, &compression)?;
        let samples = match stated {
            Some(samples) => samples,
            // The tag is missing: there are as many samples as depths, or as colours.
            None => u64::from(colours.samples()).max(directory.values(tag::BITS).map_or(1, Values::count)),
        };
        /// More samples than any program writes.
        const MOST_SAMPLES: u64 = 16;
        if !(u64::from(colours.samples())..=MOST_SAMPLES).contains(&samples) {
            return Err(corrupt("a page has too few or too many samples a pixel"));
        }
        let samples = samples as u32;
        let tile = self::size(directory, tag::TILE_WIDTH, tag::TILE_HEIGHT)?;
        let rows = directory.number(tag::ROWS_PER_STRIP)?.filter(|rows| *rows > 0);
        let rows = rows.map_or(size.height, |rows| rows.min(u64::from(size.height)) as u32);
        // Some writers use the strips' tags for tiles.
        let (places, others) = match tile {
            Some(_) => (
                [tag::TILE_OFFSETS, tag::TILE_LENGTHS],
                [tag::STRIP_OFFSETS, tag::STRIP_LENGTHS],
            ),
            None => (
                [tag::STRIP_OFFSETS, tag::STRIP_LENGTHS],
                [tag::TILE_OFFSETS, tag::TILE_LENGTHS],
            ),
        };
        let [offsets, lengths] = [0, 1].map(|index| {
            directory
                .values(places[index])
                .or_else(|| directory.values(others[index]))
                .copied()
        });
        let page = Self {
            size,
            order: directory.order(),
            depth,
            samples,
            alpha: colours.alpha(directory, samples),
            colours,
            predictor: compression.predictor(directory)?,
            reversed: directory.number(tag::FILL_ORDER)? == Some(2),
            planar: is_planar(directory)? && samples > 1,
            compression,
            chunk: tile.unwrap_or(Size::new(size.width, rows)),
            offsets: offsets.ok_or_else(|| corrupt("a page does not tell where its pixels are"))?,
            lengths,
            source_bytes: directory.source_bytes(),
        };
        page.check_geometry(tile.is_some())?;
        page.check_support()?;
        Ok(page)
    }

    /// Compares what the header claims with what the page can have.
    fn check_geometry(&self, tiled: bool) -> Result<(), ImageError> {
        let too_wide = u64::from(self.chunk.width) > 2 * u64::from(self.size.width) + 4096;
        let too_high = u64::from(self.chunk.height) > 2 * u64::from(self.size.height) + 4096;
        /// JPEG tiles are at least as large as a block of its pixels. Smaller ones would cost more than their pixels.
        const LEAST_TILE: u32 = 8;
        let too_small = tiled && self.is_jpeg() && self.chunk.width.min(self.chunk.height) < LEAST_TILE;
        if too_wide || too_high || too_small {
            return Err(corrupt("a page's tiles have no sensible size"));
        }
        let samples = u64::from(self.samples);
        let chunks = u64::from(self.across()) * u64::from(self.down());
        let most = samples.saturating_mul(if tiled { chunks } else { u64::from(self.size.height) });
        let lengths = self.lengths.map_or(0, |lengths| lengths.count());
        if self.offsets.count().max(lengths) > most {
            return Err(corrupt("a page claims more strips or tiles than it can have"));
        }
        if self.offsets.count() < chunks.saturating_mul(self.planes() as u64) {
            return Err(corrupt("a page does not tell where all its pixels are"));
        }
        Ok(())
    }

    /// Refuses combinations that no program writes, or that have no known meaning.
    fn check_support(&self) -> Result<(), ImageError> {
        // Signed bytes are taken for bytes, as by other readers, which agree on no wider ones.
        if self.depth.is_signed() && self.depth.bits() > 8 && !matches!(self.colours, Colours::Lab(_)) {
            return Err(unsupported("of signed numbers"));
        }
        if matches!(self.compression, Compression::Fax(_))
            && (self.depth.bits() != 1 || (self.samples > 1 && !self.planar))
        {
            return Err(unsupported("with fax compression of more than one bit a pixel"));
        }
        // The JPEG decoder delivers one component, three or four.
        if self.is_jpeg() && (!self.depth.is_byte() || !(self.planar || matches!(self.samples, 1 | 3 | 4))) {
            return Err(unsupported("with JPEG compression of this kind"));
        }
        let whole_bytes = self.depth.bytes().is_some();
        let has_predictor = match self.predictor {
            Predictor::None => true,
            Predictor::Horizontal => whole_bytes,
            Predictor::Floating => self.depth.is_float(),
        };
        if !has_predictor {
            return Err(unsupported("with this kind of differences"));
        }
        if self.subsampling().is_some()
            && (self.planar || self.samples != 3 || !matches!(self.predictor, Predictor::None))
        {
            return Err(unsupported("with chroma of this kind"));
        }
        Ok(())
    }

    const fn is_jpeg(&self) -> bool {
        matches!(self.compression, Compression::Jpeg(_))
    }

    /// Whether no sample is changed by the compression.
    pub(super) const fn is_lossless(&self) -> bool {
        !self.is_jpeg()
    }

    /// The channels of the decoded page.
    pub(super) const fn channels(&self) -> Channels {
        let alpha = self.alpha.is_some();
        match self.colours {
            Colours::Gray | Colours::InvertedGray => Channels::of(true, alpha),
            Colours::Inks => Channels::Cmyk,
            _ => Channels::of(false, alpha),
        }
    }

    /// The number of chunks in a row. `down` is the number of rows of chunks.
    pub(super) const fn across(&self) -> u32 {
        self.size.width.div_ceil(self.chunk.width)
    }

    pub(super) const fn down(&self) -> u32 {
        self.size.height.div_ceil(self.chunk.height)
    }

    /// The most rows that are decompressed at once: of a strip as many as make a band, of tiles all. Chroma that rows
    /// share is not cut.
    pub(super) fn band_rows(&self) -> u32 {
        const MOST_SHARED: usize = 4;
        if self.across() > 1 {
            return self.chunk.height;
        }
        let row_bytes = self.size.width as usize * self.channels().count();
        let rows = rows_per_band(row_bytes.max(self.row_bytes())).next_multiple_of(MOST_SHARED);
        self.chunk.height.min(u32::try_from(rows).unwrap_or(u32::MAX))
    }

    /// The chunks that hold the samples of the same pixels.
    pub(super) const fn planes(&self) -> usize {
        if self.planar { self.samples as usize } else { 1 }
    }

    /// Whether a sample is a colour or alpha.
    pub(super) fn is_shown(&self, sample: u32) -> bool {
        sample < self.colours.samples() || self.alpha.is_some_and(|alpha| alpha.sample == sample)
    }

    /// The place of a chunk in the file: its offset, and its length if that is known and not 0.
    pub(super) fn place(&self, index: u64) -> Option<(usize, Option<usize>)> {
        let offset = self.offsets.number(index)?;
        let length = self.lengths.and_then(|lengths| lengths.number(index));
        let length = match length.filter(|length| *length > 0) {
            Some(length) => Some(length),
            // It ends at the latest where the next one begins.
            None => self.offsets.number(index + 1).and_then(|next| next.checked_sub(offset)),
        };
        let length = length.filter(|length| *length > 0);
        Some((
            usize::try_from(offset).ok()?,
            length.map(|length| usize::try_from(length).unwrap_or(usize::MAX)),
        ))
    }

    /// The luma and chroma that are stored in blocks of several pixels.
    pub(super) const fn subsampling(&self) -> Option<&super::ycbcr::YCbCr> {
        match &self.colours {
            Colours::YCbCr(ycbcr) if !matches!(ycbcr.block, [1, 1]) => Some(ycbcr),
            _ => None,
        }
    }

    /// The bytes of an unpacked sample.
    pub(super) const fn sample_bytes(&self) -> usize {
        match self.colours {
            Colours::Lab(_) if self.depth.bits() > 8 => 2,
            _ => 1,
        }
    }

    /// The bytes of a row of one plane of a chunk.
    pub(super) const fn row_bytes(&self) -> usize {
        let samples = if self.planar { 1 } else { self.samples };
        (self.chunk.width as usize * samples as usize * self.depth.bits() as usize).div_ceil(8)
    }

    /// The rows of one plane of a chunk that so many bytes hold.
    pub(super) fn whole_rows(&self, bytes: usize) -> usize {
        match self.subsampling() {
            Some(ycbcr) => bytes / ycbcr.block_row_bytes(self.chunk.width).max(1) * ycbcr.block[1] as usize,
            None => bytes / self.row_bytes().max(1),
        }
    }

    /// The bytes of so many rows of one plane of a chunk.
    pub(super) fn plane_bytes(&self, rows: usize) -> usize {
        match self.subsampling() {
            Some(ycbcr) => ycbcr
                .block_row_bytes(self.chunk.width)
                .saturating_mul(rows.div_ceil(ycbcr.block[1] as usize)),
            None => self.row_bytes().saturating_mul(rows),
        }
    }
}

/// The size in these tags. `None` if the first is absent.
fn size(directory: &Directory<'_>, width: u16, height: u16) -> Result<Option<Size>, ImageError> {
    let Some(width) = directory.number(width)? else {
        return Ok(None);
    };
    let height = directory.number(height)?.unwrap_or_default();
    if width == 0 || height == 0 {
        return Err(corrupt("a page or its tiles have no pixels"));
    }
    let side = |side| u32::try_from(side).unwrap_or(u32::MAX);
    Ok(Some(Size::new(side(width), side(height))))
}
