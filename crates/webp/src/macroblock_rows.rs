//! Rows of macroblocks: reads, predicts and loop-filters a lossy picture, one row of macroblocks at a time. Called by
//! the decoders of [pixels](crate::Decoder) and of [planes](crate::PlaneDecoder), which take the rows that are final.

use crate::header::Header;
use crate::loop_filter::LoopFilter;
use crate::macroblock::{LumaMode, ModeContext};
use crate::planes::Plane;
use crate::prediction::{Place, Planes};
use crate::residual::{Neighbours, Residual};
use crate::{DecodeError, filter_strength::Strength};

/// A lossy picture being decoded, from the top down.
#[derive(Debug)]
pub(crate) struct MacroblockRows<'a> {
    header: Header<'a>,
    planes: Planes,
    modes: ModeContext,
    /// For each column, the context that the macroblock above leaves.
    neighbours: Vec<Neighbours>,
    residual: Residual,
    /// The loop filter's settings for each macroblock of the row.
    loop_filters: Vec<LoopFilter>,
    /// The rows of macroblocks that are decoded.
    decoded: usize,
}

/// The side of a macroblock in luma samples.
pub(crate) const SIDE: usize = 16;

/// How many rows at the lower end of a macroblock the loop filter may still change, in each plane.
pub(crate) const UNFILTERED: usize = 3;

impl<'a> MacroblockRows<'a> {
    /// Reads the header. Allocates a few rows of the picture's width.
    pub(crate) fn new(data: &'a [u8]) -> Result<Self, DecodeError> {
        let header = Header::read(data)?;
        let columns = usize::from(header.width).div_ceil(SIDE);
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
            decoded: 0,
        })
    }

    /// The bytes that are held for a picture of this width.
    pub(crate) const fn bytes(width: usize) -> usize {
        /// Probabilities, coefficients, readers, and the allocator's overhead.
        const TABLES: usize = 16 * 1024;
        let columns = width.div_ceil(SIDE);
        let macroblock = size_of::<[u32; 4]>() + size_of::<Neighbours>() + size_of::<LoopFilter>();
        let planes = Plane::<16>::bytes(columns) + 2 * Plane::<8>::bytes(columns);
        TABLES + columns * macroblock + planes
    }

    pub(crate) const fn width(&self) -> u16 {
        self.header.width
    }

    pub(crate) const fn height(&self) -> u16 {
        self.header.height
    }

    /// The rows of luma that are decoded: a multiple of [`SIDE`]. The last row of macroblocks may reach beyond the
    /// picture.
    pub(crate) const fn luma_rows(&self) -> usize {
        self.decoded * SIDE
    }

    /// A row of luma: of the macroblocks decoded last, or one of the eight rows above them. It may be longer than the
    /// picture is wide.
    pub(crate) fn luma(&self, row: usize) -> &[u8] {
        let first = (self.decoded * SIDE).wrapping_sub(SIDE);
        self.planes.luma.row(row.wrapping_sub(first) as isize)
    }

    /// The same of a plane of chroma, with four rows above.
    pub(crate) fn chroma(&self, plane: usize, row: usize) -> &[u8] {
        let first = (self.decoded * SIDE / 2).wrapping_sub(SIDE / 2);
        self.planes.chroma[plane].row(row.wrapping_sub(first) as isize)
    }

    /// Decodes the next row of macroblocks. It must not be called again after an error.
    pub(crate) fn decode_row(&mut self) -> Result<(), DecodeError> {
        if self.decoded > 0 {
            self.planes.luma.advance();
            self.planes.chroma.iter_mut().for_each(Plane::advance);
        }
        let row = self.decoded;
        self.decoded += 1;
        self.modes.begin_row();
        let mut left = Neighbours::default();
        let columns = self.loop_filters.iter_mut().zip(&mut self.neighbours);
        for (column, (loop_filter, above)) in columns.enumerate() {
            let place = Place { column, row };
            let macroblock = self.modes.read(&mut self.header, column);
            // The modulo changes nothing, as only four segments can be coded. It spares the bounds check.
            let segment = &self.header.segments[macroblock.segment % 4];
            let is_whole = matches!(macroblock.luma, LumaMode::Whole(_));
            let any = if macroblock.has_coefficients {
                let reader = self.header.partitions.of_row(row);
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
        if self.header.modes.is_exhausted() || self.header.partitions.of_row(row).is_exhausted() {
            return Err(DecodeError::Exhausted);
        }
        self.planes.luma.finish_prediction();
        self.planes.chroma.iter_mut().for_each(Plane::finish_prediction);
        self.planes
            .filter_row(row, &self.loop_filters, self.header.simple_filter);
        Ok(())
    }
}
