//! Loop filter (RFC 6386, section 15): smooths the edges of blocks.
//!
//! Macroblocks are filtered in order, since each reads what the one before left behind: first the edges on its left,
//! then those above. Sixteen places are filtered at once: those along an edge of luma, or those along the same edge of
//! both chroma planes. The arithmetic is in [`edge`]. A macroblock's vertical edges are filtered on its side: it is
//! [transposed] before the first of them, and back after the last.

mod edge;
mod transposed;

use resizer_kernel::{Kernel, with_widest};

use edge::{Edge, Kind, PLACES};
use transposed::{columns_of, rows_of, transposed_chroma, transposed_luma};

use crate::filter_strength::Strength;
use crate::prediction::Planes;

/// The loop filter's settings for one macroblock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopFilter {
    pub(crate) strength: Strength,
    /// Whether the edges between the macroblock's subblocks are filtered too.
    pub(crate) inner: bool,
}

/// Sixteen places along an edge.
type Line = [u8; PLACES];

/// The lines that the filter reads before an edge.
const BEFORE: usize = 4;

impl Planes {
    /// Filters the edges of a row of macroblocks in all planes.
    pub(crate) fn filter_row(&mut self, row: usize, loop_filters: &[LoopFilter], simple: bool) {
        for (column, loop_filter) in loop_filters.iter().enumerate() {
            if loop_filter.strength.level > 0 {
                with_widest(FilterMacroblock {
                    planes: self,
                    edges: Edges::new(*loop_filter, simple),
                    column,
                    row,
                });
            }
        }
    }
}

/// The filters of a macroblock's edges.
#[derive(Clone, Copy)]
struct Edges {
    outer: Edge,
    /// None if only the outer edges are filtered.
    inner: Option<Edge>,
    /// The simple filter leaves chroma alone.
    filters_chroma: bool,
}

impl Edges {
    fn new(LoopFilter { strength, inner }: LoopFilter, simple: bool) -> Self {
        let edge = |kind: Kind, limit: u8| Edge {
            kind: if simple { Kind::Simple } else { kind },
            limit,
            strength,
        };
        Self {
            outer: edge(Kind::Macroblock, strength.macroblock_limit()),
            inner: inner.then(|| edge(Kind::Subblock, strength.subblock_limit())),
            filters_chroma: !simple,
        }
    }

    /// Filters all edges between the lines of a macroblock, of which [`BEFORE`] are those of the one before. Without
    /// `outer` there is none before.
    #[inline(always)]
    fn filter(&self, lines: &mut [Line], outer: bool) {
        let across = |lines: &mut [Line], edge: Edge, first: usize| {
            if let Some(across) = lines[first..].first_chunk_mut() {
                edge.filter(across);
            }
        };
        if outer {
            across(lines, self.outer, 0);
        }
        if let Some(inner) = self.inner {
            for first in (BEFORE..lines.len() - BEFORE).step_by(4) {
                across(lines, inner, first);
            }
        }
    }
}

/// The filter of one macroblock.
struct FilterMacroblock<'p> {
    planes: &'p mut Planes,
    edges: Edges,
    column: usize,
    row: usize,
}

impl Kernel for FilterMacroblock<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            planes,
            edges,
            column,
            row,
        } = self;
        let outer = [column > 0, row > 0];
        let luma = &mut planes.luma;
        let (start, stride) = (luma.position(column * 16, 0), luma.stride());
        let samples = luma.samples_mut();
        let mut luma = Luma { samples, start, stride };
        edges.filter_columns(&mut luma, outer[0]);
        edges.filter_rows(&mut luma, outer[1]);
        if edges.filters_chroma {
            let [blue, red] = &mut planes.chroma;
            let (start, stride) = (blue.position(column * 8, 0), blue.stride());
            let planes = [blue.samples_mut(), red.samples_mut()];
            let mut chroma = Chroma { planes, start, stride };
            edges.filter_columns(&mut chroma, outer[0]);
            edges.filter_rows(&mut chroma, outer[1]);
        }
    }
}

impl Edges {
    /// Filters the vertical edges of a macroblock of `SIDE` rows. `outer` tells whether there is a macroblock on its
    /// left.
    #[inline(always)]
    fn filter_columns<const SIDE: usize>(&self, samples: &mut impl Samples<SIDE>, outer: bool) {
        let mut lines = [[0; PLACES]; BEFORE + 16];
        let (before, own) = lines.split_at_mut(BEFORE);
        let own = &mut own[..SIDE];
        let rows = std::array::from_fn(|y| samples.row(y, 0));
        own.copy_from_slice(&samples.transposed(&rows));
        if outer {
            let rows = std::array::from_fn(|place| samples.left(place));
            before.copy_from_slice(&columns_of(&rows));
        }
        self.filter(&mut lines[..BEFORE + SIDE], outer);
        if let Some((before, own)) = lines.split_first_chunk() {
            if outer {
                for (place, row) in rows_of(before).into_iter().enumerate() {
                    samples.put_left(place, row);
                }
            }
            if let Some(own) = own.first_chunk() {
                for (y, row) in samples.transposed(own).into_iter().enumerate() {
                    samples.put_row(y, 0, row);
                }
            }
        }
    }

    /// Filters the horizontal edges. `outer` tells whether there is a macroblock above.
    #[inline(always)]
    fn filter_rows<const SIDE: usize>(&self, samples: &mut impl Samples<SIDE>, outer: bool) {
        let mut lines = [[0; PLACES]; BEFORE + 16];
        // Without inner edges only the lines around the outer one are read.
        let end = BEFORE + if self.inner.is_some() { SIDE } else { BEFORE };
        let start = if outer { 0 } else { BEFORE };
        for (y, line) in lines[..end].iter_mut().enumerate().skip(start) {
            *line = samples.row(y, BEFORE);
        }
        self.filter(&mut lines[..end], outer);
        for (y, line) in lines[..end].iter().enumerate().skip(start) {
            samples.put_row(y, BEFORE, *line);
        }
    }
}

/// The samples of a macroblock, and those around it.
trait Samples<const SIDE: usize> {
    fn transposed(&self, rows: &[Line; SIDE]) -> [Line; SIDE];

    /// The row `y - above` of the macroblock.
    fn row(&self, y: usize, above: usize) -> Line;

    fn put_row(&mut self, y: usize, above: usize, row: Line);

    /// The samples left of the macroblock, in the row of a place along the vertical edge.
    fn left(&self, place: usize) -> [u8; BEFORE];

    fn put_left(&mut self, place: usize, samples: [u8; BEFORE]);
}

/// The plane of luma, and where the macroblock starts in it.
struct Luma<'p> {
    samples: &'p mut [u8],
    start: usize,
    stride: usize,
}

impl Samples<16> for Luma<'_> {
    #[inline(always)]
    fn transposed(&self, rows: &[Line; 16]) -> [Line; 16] {
        transposed_luma(rows)
    }

    #[inline(always)]
    fn row(&self, y: usize, above: usize) -> Line {
        part(self.samples, self.start + y * self.stride - above * self.stride)
    }

    #[inline(always)]
    fn put_row(&mut self, y: usize, above: usize, row: Line) {
        put(self.samples, self.start + y * self.stride - above * self.stride, row);
    }

    #[inline(always)]
    fn left(&self, place: usize) -> [u8; BEFORE] {
        part(self.samples, self.start + place * self.stride - BEFORE)
    }

    #[inline(always)]
    fn put_left(&mut self, place: usize, samples: [u8; BEFORE]) {
        put(self.samples, self.start + place * self.stride - BEFORE, samples);
    }
}

/// Both planes of chroma, which lie side by side in the rows.
struct Chroma<'p> {
    planes: [&'p mut [u8]; 2],
    start: usize,
    stride: usize,
}

impl Samples<8> for Chroma<'_> {
    #[inline(always)]
    fn transposed(&self, rows: &[Line; 8]) -> [Line; 8] {
        transposed_chroma(rows)
    }

    #[inline(always)]
    fn row(&self, y: usize, above: usize) -> Line {
        let start = self.start + y * self.stride - above * self.stride;
        let mut line = [0; PLACES];
        for (half, plane) in line.as_chunks_mut::<8>().0.iter_mut().zip(&self.planes) {
            *half = part(plane, start);
        }
        line
    }

    #[inline(always)]
    fn put_row(&mut self, y: usize, above: usize, row: Line) {
        let start = self.start + y * self.stride - above * self.stride;
        for (half, plane) in row.as_chunks::<8>().0.iter().zip(&mut self.planes) {
            put(plane, start, *half);
        }
    }

    #[inline(always)]
    fn left(&self, place: usize) -> [u8; BEFORE] {
        part(self.planes[place / 8], self.start + place % 8 * self.stride - BEFORE)
    }

    #[inline(always)]
    fn put_left(&mut self, place: usize, samples: [u8; BEFORE]) {
        put(
            self.planes[place / 8],
            self.start + place % 8 * self.stride - BEFORE,
            samples,
        );
    }
}

#[inline(always)]
fn part<const LENGTH: usize>(samples: &[u8], start: usize) -> [u8; LENGTH] {
    let mut part = [0; LENGTH];
    part.copy_from_slice(&samples[start..start + LENGTH]);
    part
}

#[inline(always)]
fn put<const LENGTH: usize>(samples: &mut [u8], start: usize, part: [u8; LENGTH]) {
    samples[start..start + LENGTH].copy_from_slice(&part);
}
