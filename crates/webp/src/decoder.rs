//! From the compressed picture to rows of pixels: a row of macroblocks is read, predicted and smoothed, and what can no
//! longer change is converted.

use crate::colour::{Converter, Pixels, Row};
use crate::filter::Smoothing;
use crate::header::Header;
use crate::macroblock::{LumaMode, ModeContext};
use crate::planes::Plane;
use crate::prediction::{Place, Planes};
use crate::residual::{self, Neighbours, Residual};
use crate::{DecodeError, filter_strength::Strength};

/// A picture being decoded, from the top down.
#[derive(Debug)]
pub struct Decoder<'a> {
    header: Header<'a>,
    planes: Planes,
    modes: ModeContext,
    /// Of each column of macroblocks, the one above.
    neighbours: Vec<Neighbours>,
    residual: Box<Residual>,
    /// Of each macroblock of the row.
    smoothing: Vec<Smoothing>,
    converter: Converter,
    output: Vec<u8>,
    row_bytes: usize,
    /// The next row of macroblocks, and the next row of pixels to hand out.
    row: usize,
    next: usize,
}

/// Finished rows of pixels, lent.
#[derive(Debug)]
pub struct Rows<'a> {
    /// The first of them, counted from the top of the picture.
    pub first: u32,
    /// The rows, one after another without gaps. They may be changed: nothing depends on them.
    pub pixels: &'a mut [u8],
}

/// A side of a macroblock in luma.
const SIDE: usize = 16;
/// How many rows at the lower end of a macroblock may still change, or lack the chroma below them: smoothing changes three
/// rows of each plane, and three rows of chroma are six of luma and the one above, which lies between them and others.
const HELD: usize = 7;

impl<'a> Decoder<'a> {
    /// Reads the header of a picture: the contents of a chunk `VP8 `. Allocates a few rows of its width.
    pub fn new(data: &'a [u8], pixels: Pixels) -> Result<Self, DecodeError> {
        let header = Header::read(data)?;
        let width = usize::from(header.width);
        let columns = width.div_ceil(SIDE);
        let row_bytes = width * pixels.bytes();
        let untouched = Smoothing {
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
            residual: Box::default(),
            smoothing: vec![untouched; columns],
            converter: Converter::new(width, pixels),
            output: vec![0; row_bytes * (SIDE + HELD)],
            row_bytes,
            row: 0,
            next: 0,
        })
    }

    /// What a decoder of a picture so wide holds, in bytes, without the compressed picture.
    pub const fn bytes(width: u16, pixels: Pixels) -> u64 {
        /// Probabilities, coefficients, readers, and what an allocator adds.
        const TABLES: usize = 16 * 1024;
        let width = width as usize;
        let columns = width.div_ceil(SIDE);
        let macroblock = size_of::<[u32; 4]>() + size_of::<Neighbours>() + size_of::<Smoothing>();
        let planes = Plane::<16>::bytes(columns) + 2 * Plane::<8>::bytes(columns);
        let output = width * pixels.bytes() * (SIDE + HELD);
        (TABLES + columns * macroblock + planes + Converter::bytes(width) + output) as u64
    }

    /// In pixels, 1 to 16383.
    pub const fn width(&self) -> u16 {
        self.header.width
    }

    /// In pixels, 1 to 16383.
    pub const fn height(&self) -> u16 {
        self.header.height
    }

    /// Decodes the next row of macroblocks and lends the rows of pixels that are finished with it, at most 23; `None`
    /// behind the last. After an error it is not to be asked again.
    pub fn next_rows(&mut self) -> Result<Option<Rows<'_>>, DecodeError> {
        let height = usize::from(self.header.height);
        if self.next == height {
            return Ok(None);
        }
        self.decode_row()?;
        let below = (self.row + 1) * SIDE;
        let end = if below >= height { height } else { below - HELD };
        let first = self.next;
        for (row, output) in (first..end).zip(self.output.chunks_exact_mut(self.row_bytes)) {
            self.converter
                .convert(&row_of(&self.planes, self.row, row, height), output);
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
        let columns = self.smoothing.iter_mut().zip(&mut self.neighbours);
        for (column, (smoothing, above)) in columns.enumerate() {
            let place = Place { column, row: self.row };
            let macroblock = self.modes.read(&mut self.header, column);
            // Only four segments can be named.
            let segment = &self.header.segments[macroblock.segment % 4];
            let is_whole = matches!(macroblock.luma, LumaMode::Whole(_));
            let any = macroblock.has_coefficients
                && residual::read(
                    self.header.partitions.of_row(self.row),
                    &self.header.tokens,
                    &segment.quantiser,
                    is_whole,
                    (above, &mut left),
                    &mut self.residual,
                );
            if !macroblock.has_coefficients {
                above.clear(is_whole);
                left.clear(is_whole);
            }
            *smoothing = Smoothing {
                strength: segment.strengths[usize::from(!is_whole)],
                inner: any || !is_whole,
            };
            self.planes
                .reconstruct(place, macroblock.luma, macroblock.chroma, &mut self.residual);
        }
        if self.header.modes.is_exhausted() || self.header.partitions.of_row(self.row).is_exhausted() {
            return Err(DecodeError::Exhausted);
        }
        self.planes.luma.predicted();
        self.planes.chroma.iter_mut().for_each(Plane::predicted);
        for (column, smoothing) in self.smoothing.iter().enumerate() {
            let place = Place { column, row: self.row };
            self.planes.smooth(place, *smoothing, self.header.simple_filter);
        }
        Ok(())
    }
}

/// A row of pixels, in the planes that stand at a row of macroblocks.
fn row_of(planes: &Planes, macroblocks: usize, row: usize, height: usize) -> Row<'_> {
    let near = row / 2;
    // The other row of chroma that is close: above the even rows, below the odd ones.
    let far = if row.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        near + 1
    };
    let far = far.min(height.div_ceil(2) - 1);
    let within = |row: usize, side: usize| row as isize - (macroblocks * side) as isize;
    Row {
        luma: planes.luma.row(within(row, SIDE)),
        chroma: [0, 1].map(|plane: usize| [near, far].map(|row| planes.chroma[plane].row(within(row, SIDE / 2)))),
    }
}
