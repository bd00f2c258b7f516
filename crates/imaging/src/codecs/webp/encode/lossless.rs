//! Writes pictures without loss (RFC 9649, section 3), and alpha channels, which are stored the same way.
//!
//! The rows are read three times, and there is no copy of the picture: to choose what is expected of pixels
//! ([`prediction`]); to find what is best copied from pixels before ([`parse`]), which gives the codes; and to write. What
//! is expected may be nothing: of drawings, pixels themselves are easier to find again than differences. Both ways are
//! tried on a part of the picture.

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

/// Alpha, red, green and blue, from the highest byte; or differences from what was expected, which wrap.
type Pixel = u32;

/// Appends the body of a `VP8L` chunk.
pub(super) fn write_picture(picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
    const SIGNATURE: u32 = 0x2f;
    let mut output = BitWriter::new(bytes);
    output.write(SIGNATURE, 8);
    output.write(picture.size.width - 1, 14);
    output.write(picture.size.height - 1, 14);
    output.write(u32::from(picture.channels.has_alpha()), 1);
    // The version.
    output.write(0, 3);
    write_pixels(picture, Part::Colours, output, cancel)
}

/// Appends the body of an `ALPH` chunk (section 2.7.1.2).
pub(super) fn write_alpha(picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
    /// Compressed without loss; no filter.
    const COMPRESSED: u8 = 1;
    bytes.push(COMPRESSED);
    write_pixels(picture, Part::Alpha, BitWriter::new(bytes), cancel)
}

/// What of a picture is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Colours,
    /// Stands in the channel of green; the others say nothing.
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

/// How pixels are expected, or none where that makes a part of the picture larger.
fn modes(picture: &Picture, part: Part, cancel: &Cancel) -> Result<Option<Modes>, ImageError> {
    /// Pixels that are tried, or a little more, in so many pieces.
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

/// Writes what was done to pixels, in that order.
fn describe_transforms(part: Part, modes: Option<&Modes>, output: &mut BitWriter<'_>) {
    const EXPECTATION: u32 = 0;
    const GREEN: u32 = 2;
    if part == Part::Colours {
        output.write(1, 1);
        output.write(GREEN, 2);
    }
    if let Some(modes) = modes {
        output.write(1, 1);
        output.write(EXPECTATION, 2);
        output.write(prediction::SQUARE_BITS - 2, 3);
        // A picture whose greens are modes, without a cache.
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

/// Chooses copies for some rows of a picture.
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

/// Takes rows as they are coded: pixels, or what is left of them.
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

/// Pixels before anything is expected of them; green is subtracted from red and blue.
fn read_row(picture: &Picture, part: Part, y: usize, values: &mut [Pixel]) {
    let row = &picture.pixels[y * picture.row_bytes()..][..picture.row_bytes()];
    let pixels = row.chunks_exact(picture.channels.count());
    for (value, pixel) in values.iter_mut().zip(pixels) {
        let [red, green, blue, alpha] = picture.channels.read(pixel);
        *value = Pixel::from_le_bytes(match part {
            Part::Alpha => [0, alpha, 0, u8::MAX],
            Part::Colours => [blue.wrapping_sub(green), green, red.wrapping_sub(green), alpha],
        });
    }
}

#[cfg(test)]
mod tests;
