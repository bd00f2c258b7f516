//! TIFF page: reads the tags about a page's pixels, and decides whether it can be decoded.

use super::directory::{Directory, Order};
use super::{corrupt, unsupported};
use crate::{Channels, ImageError, Size};

/// TIFF 6.0, section 8, and the ICC specification's annex B.4.
pub(super) const ORIENTATION: u16 = 274;
pub(super) const PROFILE: u16 = 34_675;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const BITS: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const STRIP_OFFSETS: u16 = 273;
const SAMPLES: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_LENGTHS: u16 = 279;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const PALETTE: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_HEIGHT: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_LENGTHS: u16 = 325;
const EXTRA_SAMPLES: u16 = 338;
const SAMPLE_FORMAT: u16 = 339;
const JPEG_TABLES: u16 = 347;

/// A page that can be decoded.
pub(super) struct Page<'s> {
    pub(super) size: Size,
    pub(super) order: Order,
    /// Bits of a sample: 1, 2, 4, 8 or 16.
    pub(super) bits: u32,
    /// The samples of a pixel, including those that are not shown.
    pub(super) samples: u32,
    pub(super) colours: Colours,
    pub(super) alpha: Option<Alpha>,
    pub(super) compression: Compression<'s>,
    /// Whether samples are stored as differences to their left neighbours (the horizontal predictor).
    pub(super) differences: bool,
    /// Whether each sample has chunks of its own.
    pub(super) planar: bool,
    /// The size of a strip or tile. Strips are as wide as the page.
    pub(super) chunk: Size,
    /// The offset and the length of each chunk, row by row, plane by plane.
    pub(super) chunks: Vec<(usize, usize)>,
}

/// The meaning of the samples.
pub(super) enum Colours {
    Gray,
    /// Grey, where 0 is white.
    InvertedGray,
    Rgb,
    /// Luma and chroma, which only the JPEG decoder converts.
    YCbCr,
    Palette(Vec<[u8; 3]>),
    Inks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    Premultiplied,
    Straight,
}

pub(super) enum Compression<'s> {
    None,
    PackBits,
    Lzw,
    Deflate,
    /// JPEG, with the tables that all chunks share.
    Jpeg(&'s [u8]),
}

impl<'s> Page<'s> {
    pub(super) fn read(directory: &Directory<'s>) -> Result<Self, ImageError> {
        let required = |tag, what: &str| {
            directory
                .number(tag)
                .ok_or_else(|| corrupt(&format!("a page does not tell its {what}")))
        };
        let or = |tag, default| directory.number(tag).unwrap_or(default);
        let size = Size::new(required(WIDTH, "width")?, required(HEIGHT, "height")?);
        if size.pixels() == 0 {
            return Err(corrupt("a page has no pixels"));
        }
        let depths = directory.numbers(BITS).unwrap_or_else(|| vec![1]);
        let bits = depths.first().copied().unwrap_or(1);
        if depths.iter().any(|depth| *depth != bits) || !matches!(bits, 1 | 2 | 4 | 8 | 16) {
            return Err(unsupported("with this many bits a sample"));
        }
        if or(SAMPLE_FORMAT, 1) != 1 {
            return Err(unsupported("of signed or fractional numbers"));
        }
        if or(FILL_ORDER, 1) != 1 {
            return Err(unsupported("with bits in reverse order"));
        }
        let samples = or(SAMPLES, 1);
        let compression = match or(COMPRESSION, 1) {
            1 => Compression::None,
            5 => Compression::Lzw,
            7 => Compression::Jpeg(directory.bytes(JPEG_TABLES).unwrap_or_default()),
            8 | 32_946 => Compression::Deflate,
            32_773 => Compression::PackBits,
            2..=4 => return Err(unsupported("with fax compression")),
            6 => return Err(unsupported("with an outdated kind of JPEG compression")),
            other => return Err(unsupported(&format!("with compression {other}"))),
        };
        let differences = match or(PREDICTOR, 1) {
            1 => false,
            2 if bits >= 8 => true,
            _ => return Err(unsupported("with this kind of differences")),
        };
        let colours = colours(directory, bits)?;
        let shown = colours.samples();
        let alpha = match directory.number(EXTRA_SAMPLES) {
            Some(1) if samples > shown => Some(Alpha::Premultiplied),
            Some(2) if samples > shown => Some(Alpha::Straight),
            _ => None,
        };
        let (chunk, tiled) = match directory.number(TILE_WIDTH) {
            Some(width) => (Size::new(width, required(TILE_HEIGHT, "tiles' height")?), true),
            None => {
                let rows = or(ROWS_PER_STRIP, size.height).min(size.height);
                (Size::new(size.width, rows), false)
            }
        };
        let (offsets, lengths) = if tiled {
            (TILE_OFFSETS, TILE_LENGTHS)
        } else {
            (STRIP_OFFSETS, STRIP_LENGTHS)
        };
        let numbers = |tag| {
            directory
                .numbers(tag)
                .ok_or_else(|| corrupt("a page does not tell where its pixels are"))
        };
        let chunks = numbers(offsets)?
            .into_iter()
            .zip(numbers(lengths)?)
            .map(|(offset, length)| (offset as usize, length as usize))
            .collect();
        let page = Self {
            size,
            order: directory.order(),
            bits,
            samples,
            colours,
            alpha,
            compression,
            differences,
            planar: or(PLANAR, 1) == 2 && samples > 1,
            chunk,
            chunks,
        };
        page.check()?;
        Ok(page)
    }

    fn check(&self) -> Result<(), ImageError> {
        /// More samples than any program writes.
        const MOST_SAMPLES: u32 = 16;
        if !(self.colours.samples()..=MOST_SAMPLES).contains(&self.samples) {
            return Err(corrupt("a page has too few or too many samples a pixel"));
        }
        let too_wide = u64::from(self.chunk.width) > 2 * u64::from(self.size.width) + 4096;
        let too_high = u64::from(self.chunk.height) > 2 * u64::from(self.size.height) + 4096;
        if self.chunk.pixels() == 0 || too_wide || too_high {
            return Err(corrupt("a page's tiles have no sensible size"));
        }
        let planes = if self.planar { u64::from(self.samples) } else { 1 };
        if (self.chunks.len() as u64) < u64::from(self.across()) * u64::from(self.down()) * planes {
            return Err(corrupt("a page does not tell where all its pixels are"));
        }
        if self.is_jpeg() && (self.bits != 8 || self.planar || self.samples != self.colours.samples()) {
            return Err(unsupported("with JPEG compression of this kind"));
        }
        if matches!(self.colours, Colours::YCbCr) && !self.is_jpeg() {
            return Err(unsupported("with luma and chroma outside of JPEG compression"));
        }
        Ok(())
    }

    pub(super) const fn is_jpeg(&self) -> bool {
        matches!(self.compression, Compression::Jpeg(_))
    }

    /// The channels of the decoded page.
    pub(super) fn channels(&self) -> Channels {
        let alpha = self.alpha.is_some();
        match self.colours {
            Colours::Gray | Colours::InvertedGray => Channels::of(true, alpha),
            Colours::Rgb | Colours::YCbCr | Colours::Palette(_) => Channels::of(false, alpha),
            Colours::Inks => Channels::Cmyk,
        }
    }

    /// The number of chunks in a row. `down` is the number of rows of chunks.
    pub(super) const fn across(&self) -> u32 {
        self.size.width.div_ceil(self.chunk.width)
    }

    pub(super) const fn down(&self) -> u32 {
        self.size.height.div_ceil(self.chunk.height)
    }

    /// The bytes of a row of a decompressed chunk.
    pub(super) fn chunk_row_bytes(&self) -> usize {
        let samples = if self.planar { 1 } else { self.samples };
        (self.chunk.width as usize * samples as usize * self.bits as usize).div_ceil(8)
    }

    /// The bytes that the decoder holds: a row of chunks as pixels, a decompressed chunk, the chunks' offsets, and the
    /// libraries' tables.
    pub(super) fn decoder_bytes(&self) -> u64 {
        /// Measured: tables of the decompressors.
        const LIBRARY_BYTES: u64 = 128 * 1024;
        let rows = u64::from(self.chunk.height.min(self.size.height));
        let band = u64::from(self.size.width) * rows * self.channels().count() as u64;
        let planes = if self.planar { u64::from(self.samples) } else { 1 };
        let chunk = self.chunk_row_bytes() as u64 * u64::from(self.chunk.height) * planes;
        // The JPEG decoder holds a whole chunk, sometimes with its coefficients.
        let jpeg = if self.is_jpeg() {
            let longest = self.chunks.iter().map(|(_, length)| *length).max().unwrap_or_default();
            chunk * 4 + u64::from(self.chunk.width) * 256 + longest as u64
        } else {
            0
        };
        band + chunk + jpeg + 48 * self.chunks.len() as u64 + LIBRARY_BYTES
    }
}

impl Colours {
    /// The samples of a pixel without extra ones.
    pub(super) const fn samples(&self) -> u32 {
        match self {
            Self::Gray | Self::InvertedGray | Self::Palette(_) => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Inks => 4,
        }
    }
}

fn colours(directory: &Directory<'_>, bits: u32) -> Result<Colours, ImageError> {
    match directory.number(PHOTOMETRIC) {
        Some(0) => Ok(Colours::InvertedGray),
        Some(1 | 4) => Ok(Colours::Gray),
        Some(2) => Ok(Colours::Rgb),
        Some(3) if bits <= 8 => {
            let values = directory.numbers(PALETTE).unwrap_or_default();
            let count = 1 << bits;
            if values.len() < 3 * count {
                return Err(corrupt("a page's palette is too short"));
            }
            // Only the upper 8 of 16 bits are used.
            let value = |index: usize| (values[index] >> 8) as u8;
            let colours = (0..count).map(|index| [value(index), value(count + index), value(2 * count + index)]);
            Ok(Colours::Palette(colours.collect()))
        }
        Some(5) => Ok(Colours::Inks),
        Some(6) => Ok(Colours::YCbCr),
        _ => Err(unsupported("in this colour space")),
    }
}
