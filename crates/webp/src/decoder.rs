//! Lossy decoder of pixels: converts the rows of each row of macroblocks that are final to colours.

use crate::colour::{Converter, Pixels, Row, Square};
use crate::macroblock_rows::{MacroblockRows, SIDE};
use crate::{DecodeError, Scale};

/// A lossy picture being decoded, from the top down.
#[derive(Debug)]
pub struct Decoder<'a> {
    rows: MacroblockRows<'a>,
    scale: Scale,
    converter: Converter,
    output: Vec<u8>,
    row_bytes: usize,
    /// The next row of delivered pixels to hand out.
    next: usize,
}

/// Finished rows of pixels, borrowed from the decoder.
#[derive(Debug)]
pub struct Rows<'a> {
    /// The index of the first row, counted from the top of the picture.
    pub first: u32,
    /// The rows, one after another without gaps. The caller may change them: later rows do not depend on them.
    pub pixels: &'a mut [u8],
}

/// How many rows at the lower end of a macroblock may still change, or lack the chroma below them. The loop filter
/// changes three rows of each plane. Three rows of chroma are six of luma, and the row above them interpolates between
/// changed and unchanged chroma.
const HELD: usize = 7;

impl<'a> Decoder<'a> {
    /// Reads the header of a picture: the contents of a chunk `VP8 `. Allocates a few rows of the picture's width.
    pub fn new(data: &'a [u8], pixels: Pixels) -> Result<Self, DecodeError> {
        Self::at_scale(data, pixels, Scale::Full)
    }

    /// As [`new`](Self::new), for a picture that is delivered at this scale: its width and height are divided by the
    /// denominator and rounded up.
    pub fn at_scale(data: &'a [u8], pixels: Pixels, scale: Scale) -> Result<Self, DecodeError> {
        let rows = MacroblockRows::new(data)?;
        let width = usize::from(rows.width());
        let denominator = usize::from(scale.denominator());
        let row_bytes = width.div_ceil(denominator) * pixels.bytes();
        Ok(Self {
            rows,
            scale,
            converter: Converter::new(width, pixels, scale),
            output: vec![0; row_bytes * (SIDE + HELD).div_ceil(denominator)],
            row_bytes,
            next: 0,
        })
    }

    /// The most bytes that a decoder of a picture of this width holds at any scale, without the compressed picture.
    pub const fn bytes(width: u16, pixels: Pixels) -> u64 {
        let width = width as usize;
        let output = width * pixels.bytes() * (SIDE + HELD);
        (MacroblockRows::bytes(width) + Converter::bytes(width) + output) as u64
    }

    /// Width in pixels, 1 to 16383.
    pub const fn width(&self) -> u16 {
        self.rows.width()
    }

    /// Height in pixels, 1 to 16383.
    pub const fn height(&self) -> u16 {
        self.rows.height()
    }

    /// Decodes the next row of macroblocks and lends the rows of pixels that it completes, at most 23. Returns `None`
    /// after the last row. The decoder must not be used after an error.
    pub fn next_rows(&mut self) -> Result<Option<Rows<'_>>, DecodeError> {
        let height = usize::from(self.rows.height());
        let denominator = usize::from(self.scale.denominator());
        let delivered = height.div_ceil(denominator);
        if self.next == delivered {
            return Ok(None);
        }
        self.rows.decode_row()?;
        let below = self.rows.luma_rows();
        let end = if below >= height {
            delivered
        } else {
            (below - HELD) / denominator
        };
        let first = self.next;
        for (row, output) in (first..end).zip(self.output.chunks_exact_mut(self.row_bytes)) {
            match self.scale {
                Scale::Full => self.converter.convert(&around(&self.rows, row), output),
                _ => convert_square(&self.rows, row, denominator, &mut self.converter, output),
            }
        }
        self.next = end;
        Ok(Some(Rows {
            first: first as u32,
            pixels: &mut self.output[..(end - first) * self.row_bytes],
        }))
    }
}

/// A row of luma, and the rows of chroma around it.
fn around<'r>(rows: &'r MacroblockRows<'_>, row: usize) -> Row<'r> {
    let near = row / 2;
    // The second nearest row of chroma: above for even rows, below for odd ones.
    let far = if row.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        near + 1
    };
    let far = far.min(usize::from(rows.height()).div_ceil(2) - 1);
    Row {
        luma: rows.luma(row),
        chroma: [0, 1].map(|plane| [near, far].map(|row| rows.chroma(plane, row))),
    }
}

/// Converts a row of pixels, each for a square of so many stored rows and columns.
fn convert_square(stored: &MacroblockRows<'_>, row: usize, side: usize, converter: &mut Converter, output: &mut [u8]) {
    let height = usize::from(stored.height());
    let rows = |side: usize, height: usize| row * side..((row + 1) * side).min(height);
    let mut luma: [&[u8]; 8] = [&[]; 8];
    let luma_rows = rows(side, height);
    let count = luma_rows.len();
    for (luma, row) in luma.iter_mut().zip(luma_rows) {
        *luma = stored.luma(row);
    }
    let mut chroma: [[&[u8]; 4]; 2] = [[&[]; 4]; 2];
    let chroma_rows = rows(side / 2, height.div_ceil(2));
    for (plane, chroma) in chroma.iter_mut().enumerate() {
        for (chroma, row) in chroma.iter_mut().zip(chroma_rows.clone()) {
            *chroma = stored.chroma(plane, row);
        }
    }
    let square = Square {
        luma: &luma[..count],
        chroma: [0, 1].map(|plane: usize| &chroma[plane][..chroma_rows.len()]),
    };
    converter.convert_means(&square, output);
}
