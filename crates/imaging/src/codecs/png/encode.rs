//! PNG encoder: writes row by row, with all colours or with a palette. A picture of few colours has a palette that keeps
//! them all.

use std::io::Write;

use png::{BitDepth, ColorType, DeflateCompression, EncodingError, Filter};

use super::content::{self, Content};
use super::few_colours::{FewColours, bits};
use crate::band::rows_per_band;
use crate::codecs::palette::{Indexed, allowed_difference, pixels_of, reduce};
use crate::codecs::{Delay, Encoder, internal};
use crate::cost::png_bytes;
use crate::instructions::Output;
use crate::instructions::output::PaletteSettings;
use crate::picture::Picture;
use crate::{Cancel, Channels, Detail, ImageError, Size, SourceInfo};

/// The length of a chunk of pixel data.
const CHUNK_BYTES: usize = 64 * 1024;

/// The compression level of photographs, a compromise between speed and size. Level 6 takes two to three times as long
/// for 3 to 5 % fewer bytes.
pub(super) const LEVEL: u8 = 3;

/// The level of graphics, which have fewer bytes to compress.
const GRAPHICS_LEVEL: u8 = 6;

/// The level of `png.max_deflate`, and the bytes that it compresses between two checks of the cancel flag.
const MOST_LEVEL: u8 = 9;
const MOST_LEVEL_BAND_BYTES: usize = 16 * 1024;

pub(in crate::codecs) struct PngEncoder {
    palette: Option<PaletteSettings>,
    /// The difference that the palette may have. Beyond it all colours are kept.
    most_difference: f32,
    max_deflate: bool,
    bytes: Vec<u8>,
}

impl PngEncoder {
    pub(in crate::codecs) fn new(output: &Output, info: &SourceInfo) -> Self {
        Self {
            palette: output.png_palette(info.lossless),
            most_difference: output.png_min_quality.map_or(f32::INFINITY, allowed_difference),
            max_deflate: output.png_max_deflate,
            bytes: Vec::new(),
        }
    }

    /// The picture with a palette. `None` if it keeps all its colours: where no palette is asked for or none is good
    /// enough, or where a pixel is partly transparent and no number of colours is asked for.
    fn indexed(&self, picture: &Picture, cancel: &Cancel) -> Result<Option<Indexed>, ImageError> {
        let Some(settings) = self.palette else {
            return Ok(None);
        };
        if settings.keeps_alpha && has_partial_alpha(picture, cancel)? {
            return Ok(None);
        }
        let indexed = reduce(picture.size, &pixels_of(picture, cancel)?, settings, cancel)?;
        Ok(Some(indexed).filter(|indexed| indexed.difference <= self.most_difference))
    }

    /// Writes rows of `row_bytes` bytes, which `rows` yields in pieces.
    fn write<'r>(
        &mut self,
        size: Size,
        level: u8,
        set_up: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>) -> Result<(), ImageError>,
        pieces: impl Iterator<Item = std::borrow::Cow<'r, [u8]>>,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
        let level = if self.max_deflate { MOST_LEVEL } else { level };
        let mut encoder = png::Encoder::new(&mut self.bytes, size.width, size.height);
        encoder.set_deflate_compression(DeflateCompression::Level(level));
        set_up(&mut encoder)?;
        let mut header = encoder.write_header().map_err(|error| failure(&error))?;
        let mut writer = header
            .stream_writer_with_size(CHUNK_BYTES)
            .map_err(|error| failure(&error))?;
        for piece in pieces {
            cancel.check()?;
            writer.write_all(&piece).map_err(|error| failure(&error.into()))?;
        }
        writer.finish().map_err(|error| failure(&error))?;
        header.finish().map_err(|error| failure(&error))
    }

    fn write_colours(&mut self, picture: &Picture, cancel: &Cancel) -> Result<(), ImageError> {
        let colour = match picture.channels {
            Channels::Gray => ColorType::Grayscale,
            Channels::GrayAlpha => ColorType::GrayscaleAlpha,
            Channels::Rgb => ColorType::Rgb,
            Channels::Rgba => ColorType::Rgba,
            Channels::Cmyk => return Err(internal("a PNG encoder was given four inks")),
        };
        let (filter, level) = match content::of(picture, cancel)? {
            Content::Photograph => (Filter::Adaptive, LEVEL),
            Content::Graphics if content::is_smaller_without_filter(picture, colour, cancel)? => {
                (Filter::NoFilter, GRAPHICS_LEVEL)
            }
            Content::Graphics => (Filter::Adaptive, GRAPHICS_LEVEL),
        };
        let expected = png_bytes(picture.size, picture.channels);
        self.bytes.reserve_exact(usize::try_from(expected).unwrap_or(0));
        let band_bytes = if self.max_deflate {
            MOST_LEVEL_BAND_BYTES
        } else {
            rows_per_band(picture.row_bytes()) * picture.row_bytes()
        };
        let set_up = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
            encoder.set_depth(BitDepth::Eight);
            encoder.set_color(colour);
            encoder.set_filter(filter);
            Ok(())
        };
        let bands = picture.pixels.chunks(band_bytes).map(Into::into);
        self.write(picture.size, level, set_up, bands, cancel)
    }

    /// Writes a picture with few colours: as shades of grey, if it has no others.
    fn write_few(&mut self, size: Size, few: FewColours, cancel: &Cancel) -> Result<(), ImageError> {
        let Some(shades) = few.grey() else {
            let colours: Vec<u8> = few
                .colours
                .iter()
                .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
                .collect();
            return self.write_indexed(size, &few.indices, colours, few.alpha(), cancel);
        };
        let mut pixels = few.indices;
        for row in pixels.chunks_mut(size.width as usize) {
            cancel.check()?;
            row.iter_mut().for_each(|index| *index = shades[usize::from(*index)]);
        }
        let channels = Channels::Gray;
        self.write_colours(&Picture { size, channels, pixels }, cancel)
    }

    /// Writes indices in as few bits as hold them (PNG, third edition, 7.2: the first pixel in the highest bits).
    /// `alpha` is that of the first colours.
    fn write_indexed(
        &mut self,
        size: Size,
        indices: &[u8],
        colours: Vec<u8>,
        alpha: Vec<u8>,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
        let bits = bits(colours.len() / 3);
        let depth = match bits {
            1 => BitDepth::One,
            2 => BitDepth::Two,
            4 => BitDepth::Four,
            _ => BitDepth::Eight,
        };
        let expected = png_bytes(size, Channels::Gray);
        self.bytes
            .reserve_exact(usize::try_from(expected).unwrap_or(0) + 4 * 256);
        let set_up = |encoder: &mut png::Encoder<'_, &mut Vec<u8>>| {
            encoder.set_depth(depth);
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(colours);
            if !alpha.is_empty() {
                encoder.set_trns(alpha);
            }
            // Neighbouring indices are no neighbouring colours.
            encoder.set_filter(Filter::NoFilter);
            Ok(())
        };
        let rows = indices.chunks(size.width as usize);
        let rows = rows.map(|row| packed(row, bits.into()).into());
        self.write(size, GRAPHICS_LEVEL, set_up, rows, cancel)
    }
}

impl Encoder for PngEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        match self.indexed(&picture, cancel)? {
            Some(indexed) => {
                let size = picture.size;
                drop(picture);
                let alpha = indexed.transparent.map_or(Vec::new(), |transparent| {
                    // The transparent colour is the last.
                    let mut alpha = vec![u8::MAX; usize::from(transparent)];
                    alpha.push(0);
                    alpha
                });
                self.write_indexed(size, &indexed.indices, indexed.colours, alpha, cancel)
            }
            None => match FewColours::of(&picture, cancel)? {
                Some(few) => {
                    let size = picture.size;
                    drop(picture);
                    self.write_few(size, few, cancel)
                }
                None => self.write_colours(&picture, cancel),
            },
        }
    }

    fn finish(mut self: Box<Self>, _: &Cancel) -> Result<Vec<u8>, ImageError> {
        self.bytes.shrink_to_fit();
        Ok(self.bytes)
    }
}

/// Whether a pixel is neither opaque nor transparent.
fn has_partial_alpha(picture: &Picture, cancel: &Cancel) -> Result<bool, ImageError> {
    let count = picture.channels.count();
    if !picture.channels.has_alpha() {
        return Ok(false);
    }
    for row in picture.rows() {
        cancel.check()?;
        let mut alphas = row.chunks_exact(count).map(|pixel| pixel[count - 1]);
        if alphas.any(|alpha| alpha != 0 && alpha != u8::MAX) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Indices of a row in this many bits each: 1, 2, 4 or 8.
fn packed(row: &[u8], bits: usize) -> Vec<u8> {
    let byte = |indices: &[u8]| {
        let joined = indices.iter().fold(0, |byte, index| byte << bits | u16::from(*index));
        (joined << (bits * (8 / bits - indices.len()))) as u8
    };
    row.chunks(8 / bits).map(byte).collect()
}

fn failure(error: &EncodingError) -> ImageError {
    ImageError::Internal {
        detail: Detail(error.to_string()),
    }
}
