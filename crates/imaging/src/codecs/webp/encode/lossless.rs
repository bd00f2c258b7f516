//! Lossless WebP encoder (VP8L: RFC 9649, section 3): writes pictures, and alpha channels, which are stored the same
//! way.
//!
//! The rows are read three times, without a copy of the picture: to choose the predictors ([`prediction`]); to choose
//! the back-references ([`parse`]), which give the prefix codes; and to write. A picture may have no predictors: in
//! drawings equal pixels are easier to find than equal residuals. Both ways are tried on a part of the picture. The
//! encoder exists beside libwebp's because it can be cancelled at each row and needs a few megabytes
//! (`docs/architecture.md`).

mod parse;
mod prediction;
mod prices;
mod tokens;
mod window;
mod writer;

use std::ops::Range;

use super::huffman::{BitWriter, Code};
use crate::picture::Picture;
use crate::{Cancel, ImageError};

use parse::{Parse, Parsed};
use prediction::{Modes, Rows};
use tokens::{GREENS, LENGTHS};
use writer::Writer;

/// Alpha, red, green and blue, from the highest byte; or their residuals, which wrap.
type Pixel = u32;

/// Appends the body of a `VP8L` chunk. Fully transparent pixels become black, since their colours would take bytes that
/// nobody sees. With `exact` they keep their colours.
pub(super) fn write_picture(
    picture: &Picture,
    exact: bool,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    const SIGNATURE: u32 = 0x2f;
    let mut output = BitWriter::new(bytes);
    output.write(SIGNATURE, 8);
    output.write(picture.size.width - 1, 14);
    output.write(picture.size.height - 1, 14);
    output.write(u32::from(picture.channels.has_alpha()), 1);
    // The version.
    output.write(0, 3);
    write_pixels(picture, Part::Colours { exact }, output, cancel)
}

/// Appends the body of an `ALPH` chunk (section 2.7.1.2).
pub(super) fn write_alpha(picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
    /// Lossless compression, without a filter.
    const COMPRESSED: u8 = 1;
    bytes.push(COMPRESSED);
    write_pixels(picture, Part::Alpha, BitWriter::new(bytes), cancel)
}

/// The channels of a picture that are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Colours {
        /// Whether colours of transparent pixels are kept.
        exact: bool,
    },
    /// Stored in the channel of green; the other channels are constant.
    Alpha,
}

fn write_pixels(picture: &Picture, part: Part, output: BitWriter<'_>, cancel: &Cancel) -> Result<(), ImageError> {
    let modes = modes(picture, part, cancel)?;
    write_residuals(picture, part, modes.as_ref(), output, cancel)
}

fn write_residuals(
    picture: &Picture,
    part: Part,
    modes: Option<&Modes>,
    mut output: BitWriter<'_>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let rows = 0..picture.size.height;
    let parsed = parsed(picture, part, modes, std::slice::from_ref(&rows), cancel)?;
    describe_transforms(part, modes, &mut output);
    let mut writer = Writer::begin(&parsed, picture.size.width as usize, output);
    for_each_row(picture, part, modes, rows, cancel, |row| {
        row.iter().for_each(|pixel| writer.write(*pixel));
        Ok(())
    })?;
    writer.finish();
    Ok(())
}

/// The predictors, or none if they make a sample of the picture larger.
fn modes(picture: &Picture, part: Part, cancel: &Cancel) -> Result<Option<Modes>, ImageError> {
    /// The size of the sample, in pixels, and the number of pieces that it consists of.
    const TRIED: u32 = 100_000;
    const PIECES: u32 = 4;
    let (width, height) = (picture.size.width, picture.size.height);
    let modes = Modes::choose(width as usize, height as usize, cancel, |y, values| {
        read_row(picture, part, y, values);
    })?;
    let rows = TRIED.div_ceil(PIECES).div_ceil(width);
    let tried: Vec<Range<u32>> = if rows * PIECES >= height {
        std::iter::once(0..height).collect()
    } else {
        let starts = (0..PIECES).map(|piece| (height - rows) * piece / (PIECES - 1));
        starts.map(|start| start..start + rows).collect()
    };
    let differences = parsed(picture, part, Some(&modes), &tried, cancel)?;
    let pixels = parsed(picture, part, None, &tried, cancel)?;
    Ok((differences.bits <= pixels.bits).then_some(modes))
}

/// Writes which transforms were applied to the pixels, in their order.
fn describe_transforms(part: Part, modes: Option<&Modes>, output: &mut BitWriter<'_>) {
    const PREDICTOR: u32 = 0;
    const GREEN: u32 = 2;
    if part != Part::Alpha {
        output.write(1, 1);
        output.write(GREEN, 2);
    }
    if let Some(modes) = modes {
        output.write(1, 1);
        output.write(PREDICTOR, 2);
        output.write(prediction::TILE_BITS - 2, 3);
        // The modes are stored as the greens of a picture without a colour cache.
        output.write(0, 1);
        let mut counts = [0; GREENS + LENGTHS];
        for mode in &modes.modes {
            counts[usize::from(*mode)] += 1;
        }
        let code = Code::new(&counts);
        code.describe(output);
        for _ in 0..4 {
            Code::alone(0).describe(output);
        }
        for mode in &modes.modes {
            code.put(usize::from(*mode), output);
        }
    }
    // No more.
    output.write(0, 1);
}

/// Chooses back-references for some rows of a picture.
fn parsed(
    picture: &Picture,
    part: Part,
    modes: Option<&Modes>,
    rows: &[Range<u32>],
    cancel: &Cancel,
) -> Result<Parsed, ImageError> {
    let width = picture.size.width as usize;
    let pixels = rows.iter().map(|rows| rows.len() * width).sum();
    let mut parse = Parse::new(pixels, width);
    for rows in rows {
        for_each_row(picture, part, modes, rows.clone(), cancel, |row| {
            parse.push(row, cancel)
        })?;
    }
    parse.finish(cancel)
}

/// Passes on the rows as they are coded: as pixels, or as residuals.
fn for_each_row(
    picture: &Picture,
    part: Part,
    modes: Option<&Modes>,
    range: Range<u32>,
    cancel: &Cancel,
    mut take: impl FnMut(&[Pixel]) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let width = picture.size.width as usize;
    let mut rows = Rows::new(width);
    let mut residuals = vec![0; width];
    let range = range.start as usize..range.end as usize;
    if let Some(above) = range.start.checked_sub(1) {
        read_row(picture, part, above, rows.next());
    }
    for y in range {
        cancel.check()?;
        read_row(picture, part, y, rows.next());
        match modes {
            Some(modes) => {
                modes.residuals(y, &rows, &mut residuals);
                take(&residuals)?;
            }
            None => take(rows.last())?,
        }
    }
    Ok(())
}

/// A row of pixels before prediction; green is subtracted from red and blue.
fn read_row(picture: &Picture, part: Part, y: usize, values: &mut [Pixel]) {
    let row = &picture.pixels[y * picture.row_bytes()..][..picture.row_bytes()];
    let pixels = row.chunks_exact(picture.channels.count());
    for (value, pixel) in values.iter_mut().zip(pixels) {
        let [red, green, blue, alpha] = picture.channels.read(pixel);
        *value = Pixel::from_le_bytes(match part {
            Part::Alpha => [0, alpha, 0, u8::MAX],
            Part::Colours { exact: false } if alpha == 0 => [0; 4],
            Part::Colours { .. } => [blue.wrapping_sub(green), green, red.wrapping_sub(green), alpha],
        });
    }
}

#[cfg(test)]
mod tests;
