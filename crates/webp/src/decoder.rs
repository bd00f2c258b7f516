//! Lossy decoder: reads, predicts and loop-filters a row of macroblocks, then converts the rows of pixels that are
//! final.

use crate::colour::{Converter, Pixels, Row, Square};
use crate::header::Header;
use crate::loop_filter::LoopFilter;
use crate::macroblock::{LumaMode, ModeContext};
use crate::planes::Plane;
use crate::prediction::{Place, Planes};
use crate::residual::{Neighbours, Residual};
use crate::{DecodeError, Scale, filter_strength::Strength};

/// A lossy picture being decoded, from the top down.
#[derive(Debug)]
pub struct Decoder<'a> {
    header: Header<'a>,
    planes: Planes,
    modes: ModeContext,
    /// For each column, the context that the macroblock above leaves.
    neighbours: Vec<Neighbours>,
    residual: Residual,
    /// The loop filter's settings for each macroblock of the row.
    loop_filters: Vec<LoopFilter>,
    scale: Scale,
    converter: Converter,
    output: Vec<u8>,
    row_bytes: usize,
    /// The next row of macroblocks, and the next row of delivered pixels to hand out.
    row: usize,
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

/// The side of a macroblock in luma samples.
const SIDE: usize = 16;
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
        let header = Header::read(data)?;
        let width = usize::from(header.width);
        let columns = width.div_ceil(SIDE);
        let denominator = usize::from(scale.denominator());
        let row_bytes = width.div_ceil(denominator) * pixels.bytes();
        let untouched = LoopFilter {
            strength: Strength::default(),
            inner: false,
        };
        Ok(Self {
            header,
            planes: Planes {
                luma: Plane::new(columns),
                chroma: [Plane::new(columns), Plane::new(columns)],
            },
            modes: ModeContext::new(columns),
            neighbours: vec![Neighbours::default(); columns],
            residual: Residual::default(),
            loop_filters: vec![untouched; columns],
            scale,
            converter: Converter::new(width, pixels, scale),
            output: vec![0; row_bytes * (SIDE + HELD).div_ceil(denominator)],
            row_bytes,
            row: 0,
            next: 0,
        })
    }

    /// The most bytes that a decoder of a picture of this width holds at any scale, without the compressed picture.
    pub const fn bytes(width: u16, pixels: Pixels) -> u64 {
        /// Probabilities, coefficients, readers, and the allocator's overhead.
        const TABLES: usize = 16 * 1024;
        let width = width as usize;
        let columns = width.div_ceil(SIDE);
        let macroblock = size_of::<[u32; 4]>() + size_of::<Neighbours>() + size_of::<LoopFilter>();
        let planes = Plane::<16>::bytes(columns) + 2 * Plane::<8>::bytes(columns);
        let output = width * pixels.bytes() * (SIDE + HELD);
        (TABLES + columns * macroblock + planes + Converter::bytes(width) + output) as u64
    }

    /// Width in pixels, 1 to 16383.
    pub const fn width(&self) -> u16 {
        self.header.width
    }

    /// Height in pixels, 1 to 16383.
    pub const fn height(&self) -> u16 {
        self.header.height
    }

    /// Decodes the next row of macroblocks and lends the rows of pixels that it completes, at most 23. Returns `None`
    /// after the last row. The decoder must not be used after an error.
    pub fn next_rows(&mut self) -> Result<Option<Rows<'_>>, DecodeError> {
        let height = usize::from(self.header.height);
        let denominator = usize::from(self.scale.denominator());
        let delivered = height.div_ceil(denominator);
        if self.next == delivered {
            return Ok(None);
        }
        self.decode_row()?;
        let below = (self.row + 1) * SIDE;
        let end = if below >= height {
            delivered
        } else {
            (below - HELD) / denominator
        };
        let first = self.next;
        for (row, output) in (first..end).zip(self.output.chunks_exact_mut(self.row_bytes)) {
            let rows = StoredRows {
                planes: &self.planes,
                macroblocks: self.row,
                height,
            };
            match self.scale {
                Scale::Full => self.converter.convert(&rows.around(row), output),
                _ => rows.convert_square(row, denominator, &mut self.converter, output),
            }
        }
        self.planes.luma.advance();
        self.planes.chroma.iter_mut().for_each(Plane::advance);
        self.row += 1;
        self.next = end;
        Ok(Some(Rows {
            first: first as u32,
            pixels: &mut self.output[..(end - first) * self.row_bytes],
        }))
    }

    fn decode_row(&mut self) -> Result<(), DecodeError> {
        self.modes.begin_row();
        let mut left = Neighbours::default();
        let columns = self.loop_filters.iter_mut().zip(&mut self.neighbours);
        for (column, (loop_filter, above)) in columns.enumerate() {
            let place = Place { column, row: self.row };
            let macroblock = self.modes.read(&mut self.header, column);
            // The modulo changes nothing, as only four segments can be coded. It spares the bounds check.
            let segment = &self.header.segments[macroblock.segment % 4];
            let is_whole = matches!(macroblock.luma, LumaMode::Whole(_));
            let any = if macroblock.has_coefficients {
                let reader = self.header.partitions.of_row(self.row);
                let neighbours = (above, &mut left);
                let (tokens, quantiser) = (&self.header.tokens, &segment.quantiser);
                self.residual.read(reader, tokens, quantiser, is_whole, neighbours)
            } else {
                self.residual.skip(is_whole, above, &mut left);
                false
            };
            *loop_filter = LoopFilter {
                strength: segment.strengths[usize::from(!is_whole)],
                inner: any || !is_whole,
            };
            let differences = self.residual.differences();
            self.planes
                .reconstruct(place, macroblock.luma, macroblock.chroma, differences);
        }
        if self.header.modes.is_exhausted() || self.header.partitions.of_row(self.row).is_exhausted() {
            return Err(DecodeError::Exhausted);
        }
        self.planes.luma.finish_prediction();
        self.planes.chroma.iter_mut().for_each(Plane::finish_prediction);
        self.planes
            .filter_row(self.row, &self.loop_filters, self.header.simple_filter);
        Ok(())
    }
}

/// The rows of a picture of this height, as far as planes that hold the given row of macroblocks have them.
struct StoredRows<'p> {
    planes: &'p Planes,
    macroblocks: usize,
    height: usize,
}

impl<'p> StoredRows<'p> {
    fn luma(&self, row: usize) -> &'p [u8] {
        let first = self.macroblocks * SIDE;
        self.planes.luma.row(row as isize - first as isize)
    }

    fn chroma(&self, plane: usize, row: usize) -> &'p [u8] {
        let first = self.macroblocks * SIDE / 2;
        self.planes.chroma[plane].row(row as isize - first as isize)
    }

    /// A row of luma, and the rows of chroma around it.
    fn around(&self, row: usize) -> Row<'p> {
        let near = row / 2;
        // The second nearest row of chroma: above for even rows, below for odd ones.
        let far = if row.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            near + 1
        };
        let far = far.min(self.height.div_ceil(2) - 1);
        Row {
            luma: self.luma(row),
            chroma: [0, 1].map(|plane| [near, far].map(|row| self.chroma(plane, row))),
        }
    }

    /// Converts a row of pixels, each for a square of so many stored rows and columns.
    fn convert_square(&self, row: usize, side: usize, converter: &mut Converter, output: &mut [u8]) {
        let rows = |side: usize, height: usize| row * side..((row + 1) * side).min(height);
        let mut luma: [&[u8]; 8] = [&[]; 8];
        let luma_rows = rows(side, self.height);
        let count = luma_rows.len();
        for (luma, row) in luma.iter_mut().zip(luma_rows) {
            *luma = self.luma(row);
        }
        let mut chroma: [[&[u8]; 4]; 2] = [[&[]; 4]; 2];
        let chroma_rows = rows(side / 2, self.height.div_ceil(2));
        for (plane, chroma) in chroma.iter_mut().enumerate() {
            for (chroma, row) in chroma.iter_mut().zip(chroma_rows.clone()) {
                *chroma = self.chroma(plane, row);
            }
        }
        let square = Square {
            luma: &luma[..count],
            chroma: [0, 1].map(|plane: usize| &chroma[plane][..chroma_rows.len()]),
        };
        converter.convert_means(&square, output);
    }
}
