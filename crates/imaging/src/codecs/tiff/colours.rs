//! TIFF colours: the meaning of a page's samples (photometric interpretation and extra samples).

use super::compression::Compression;
use super::depth::Depth;
use super::directory::Directory;
use super::lab::Lab;
use super::values::Values;
use super::ycbcr::YCbCr;
use super::{corrupt, tag, unsupported};
use crate::ImageError;

pub(super) enum Colours {
    Gray,
    /// Grey, where 0 is white.
    InvertedGray,
    Rgb,
    /// Red, green and blue, once the JPEG decoder has converted luma and chroma.
    RgbOfJpeg,
    YCbCr(Box<YCbCr>),
    Lab(Lab),
    Palette,
    Inks,
}

/// The transparency of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alpha {
    /// The number of its sample.
    pub(super) sample: u32,
    pub(super) premultiplied: bool,
}

impl Colours {
    /// The colours of a page whose samples are stored so. `samples` is the number of samples a pixel, as far as known.
    pub(super) fn read(
        directory: &Directory<'_>,
        depth: Depth,
        samples: Option<u64>,
        compression: &Compression<'_>,
    ) -> Result<Self, ImageError> {
        const WHITE_IS_ZERO: u64 = 0;
        const BLACK_IS_ZERO: u64 = 1;
        const RGB: u64 = 2;
        // Without the tag a fax is black on white, three samples are colours, and all else is grey, as in libtiff.
        let missing = match compression {
            Compression::Fax(_) => WHITE_IS_ZERO,
            _ if samples.is_some_and(|samples| samples >= 3) => RGB,
            _ => BLACK_IS_ZERO,
        };
        match directory.number(tag::PHOTOMETRIC)?.unwrap_or(missing) {
            WHITE_IS_ZERO => Ok(Self::InvertedGray),
            // A mask of transparency, too, is shown as grey.
            BLACK_IS_ZERO | 4 => Ok(Self::Gray),
            RGB => Ok(Self::Rgb),
            3 if depth.is_whole() && depth.bits() <= 8 => {
                let count = directory.values(tag::PALETTE).map_or(0, Values::count);
                if count < 3 << depth.bits() {
                    return Err(palette_too_short());
                }
                Ok(Self::Palette)
            }
            5 => Ok(Self::Inks),
            6 if matches!(compression, Compression::Jpeg(_)) && !is_planar(directory)? => Ok(Self::RgbOfJpeg),
            6 if depth.is_byte() => YCbCr::read(directory).map(|ycbcr| Self::YCbCr(Box::new(ycbcr))),
            kind @ 8..=10 => Lab::read(directory, kind, depth).map(Self::Lab),
            _ => Err(unsupported("in this colour space")),
        }
    }

    /// The samples of a pixel without extra ones.
    pub(super) const fn samples(&self) -> u32 {
        match self {
            Self::Gray | Self::InvertedGray | Self::Palette => 1,
            Self::Rgb | Self::RgbOfJpeg | Self::YCbCr(_) | Self::Lab(_) => 3,
            Self::Inks => 4,
        }
    }

    /// The sample that tells of transparency among `samples`.
    pub(super) fn alpha(&self, directory: &Directory<'_>, samples: u32) -> Option<Alpha> {
        let shown = self.samples();
        let extra = samples.checked_sub(shown).filter(|extra| *extra > 0)?;
        if matches!(self, Self::Inks) {
            return None;
        }
        let Some(kinds) = directory.values(tag::EXTRA_SAMPLES) else {
            // A writer that says nothing about its only extra sample means alpha, as all readers take it.
            let plain = matches!(self, Self::Gray | Self::InvertedGray | Self::Rgb);
            return (extra == 1 && plain).then_some(Alpha {
                sample: shown,
                premultiplied: false,
            });
        };
        // 1 is premultiplied alpha, 2 is straight alpha, and 0 has no known meaning.
        (0..extra).find_map(|index| match kinds.number(u64::from(index)) {
            Some(kind @ (1 | 2)) => Some(Alpha {
                sample: shown + index,
                premultiplied: kind == 1,
            }),
            _ => None,
        })
    }
}

/// Whether each sample has chunks of its own.
pub(super) fn is_planar(directory: &Directory<'_>) -> Result<bool, ImageError> {
    Ok(directory.number(tag::PLANAR)? == Some(2))
}

/// The colours of a palette of `2^bits` entries: TIFF 6.0, section 5. Values are of 16 bits, unless all are below 256.
pub(super) fn palette(directory: &Directory<'_>, bits: u32) -> Result<Vec<[u8; 3]>, ImageError> {
    let count: u64 = 1 << bits;
    let values = directory.values(tag::PALETTE).ok_or_else(palette_too_short)?;
    let read = |index| values.number(index).ok_or_else(palette_too_short);
    let values: Vec<u64> = (0..3 * count).map(read).collect::<Result<_, _>>()?;
    let shift = if values.iter().all(|value| *value < 256) { 0 } else { 8 };
    let value = |index: usize| (values[index] >> shift) as u8;
    let count = count as usize;
    let colours = (0..count).map(|index| [value(index), value(count + index), value(2 * count + index)]);
    Ok(colours.collect())
}

fn palette_too_short() -> ImageError {
    corrupt("a page's palette is too short")
}
