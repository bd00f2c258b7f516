//! Loop filter (RFC 6386, section 15): smooths the edges of blocks.
//!
//! Macroblocks are filtered in order, since each reads what the one before left behind: first the edges on its left,
//! then those above. Sixteen places are filtered at once: those along an edge of luma, or those along the same edge of
//! both chroma planes. The arithmetic is in [`edge`].

mod edge;

use edge::{Across, Edge, Kind, PLACES};

use crate::filter_strength::Strength;
use crate::planes::Plane;
use crate::prediction::Planes;

/// The loop filter's settings for one macroblock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoopFilter {
    pub(crate) strength: Strength,
    /// Whether the edges between the macroblock's subblocks are filtered too.
    pub(crate) inner: bool,
}

impl Planes {
    /// Filters the edges of a row of macroblocks in all planes.
    pub(crate) fn filter_row(&mut self, row: usize, loop_filters: &[LoopFilter], simple: bool) {
        for (column, loop_filter) in loop_filters.iter().enumerate() {
            let strength = loop_filter.strength;
            if strength.level == 0 {
                continue;
            }
            let (outer, inner) = if simple {
                (Kind::Simple, Kind::Simple)
            } else {
                (Kind::Macroblock, Kind::Subblock)
            };
            let outer = Edge {
                kind: outer,
                limit: strength.macroblock_limit(),
                strength,
            };
            let inner = Edge {
                kind: inner,
                limit: strength.subblock_limit(),
                strength,
            };
            let places = if loop_filter.inner { 16 } else { 1 };
            let edges = |outermost: bool| (if outermost { 0 } else { 4 }..places).step_by(4);
            for place in edges(column > 0) {
                let edge = if place == 0 { outer } else { inner };
                luma_columns(&mut self.luma, column * 16 + place, edge);
                if !simple && place.is_multiple_of(8) {
                    chroma_columns(&mut self.chroma, column * 8 + place / 2, edge);
                }
            }
            for place in edges(row > 0) {
                let edge = if place == 0 { outer } else { inner };
                luma_rows(&mut self.luma, column * 16, place, edge);
                if !simple && place.is_multiple_of(8) {
                    chroma_rows(&mut self.chroma, column * 8, place / 2, edge);
                }
            }
        }
    }
}

/// Filters a vertical edge of luma, between columns.
fn luma_columns(plane: &mut Plane<16>, x: usize, edge: Edge) {
    let halves = [plane.position(x, 0) - 4, plane.position(x, 8) - 4];
    let stride = plane.stride();
    let [first, second] = halves;
    let samples = plane.samples_mut();
    let mut across = across_columns([turned(samples, first, stride), turned(samples, second, stride)]);
    edge.filter(&mut across);
    for (start, half) in halves.into_iter().zip(columns_across(&across)) {
        put_turned(samples, start, stride, half);
    }
}

/// Filters a vertical edge of chroma.
fn chroma_columns(planes: &mut [Plane<8>; 2], x: usize, edge: Edge) {
    let [blue, red] = &mut *planes;
    let (start, stride) = (blue.position(x, 0) - 4, blue.stride());
    let halves = [
        turned(blue.samples_mut(), start, stride),
        turned(red.samples_mut(), start, stride),
    ];
    let mut across = across_columns(halves);
    edge.filter(&mut across);
    for (plane, half) in planes.iter_mut().zip(columns_across(&across)) {
        put_turned(plane.samples_mut(), start, stride, half);
    }
}

/// Filters a horizontal edge of luma, between rows.
fn luma_rows(plane: &mut Plane<16>, x: usize, y: usize, edge: Edge) {
    let stride = plane.stride();
    let start = plane.position(x, y) - 4 * stride;
    let samples = plane.samples_mut();
    let mut across = [[0; PLACES]; 8];
    for (line, row) in across.iter_mut().zip(0..) {
        line.copy_from_slice(&samples[start + row * stride..][..PLACES]);
    }
    edge.filter(&mut across);
    // The filter never changes the outermost lines.
    for (line, row) in across[1..7].iter().zip(1..) {
        samples[start + row * stride..][..PLACES].copy_from_slice(line);
    }
}

/// Filters a horizontal edge of chroma.
fn chroma_rows(planes: &mut [Plane<8>; 2], x: usize, y: usize, edge: Edge) {
    let stride = planes[0].stride();
    let start = planes[0].position(x, y) - 4 * stride;
    let mut across = [[0; PLACES]; 8];
    for (half, plane) in planes.iter_mut().enumerate() {
        for (line, row) in across.iter_mut().zip(0..) {
            line[half * 8..][..8].copy_from_slice(&plane.samples_mut()[start + row * stride..][..8]);
        }
    }
    edge.filter(&mut across);
    for (half, plane) in planes.iter_mut().enumerate() {
        for (line, row) in across[1..7].iter().zip(1..) {
            plane.samples_mut()[start + row * stride..][..8].copy_from_slice(&line[half * 8..][..8]);
        }
    }
}

/// Eight rows of eight samples each, turned into columns: each number holds the samples of a column, the first in the
/// lowest bits.
#[inline(always)]
fn turned(samples: &[u8], start: usize, stride: usize) -> [u64; 8] {
    let mut rows = [0; 8];
    for (row, samples) in rows.iter_mut().zip(samples[start..].chunks(stride)) {
        *row = samples.first_chunk().copied().map_or(0, u64::from_le_bytes);
    }
    transposed(rows)
}

/// Writes columns back to eight rows.
#[inline(always)]
fn put_turned(samples: &mut [u8], start: usize, stride: usize, columns: [u64; 8]) {
    for (row, samples) in transposed(columns).into_iter().zip(samples[start..].chunks_mut(stride)) {
        if let Some(samples) = samples.first_chunk_mut() {
            *samples = row.to_le_bytes();
        }
    }
}

/// Transposes 8×8 bytes: swaps blocks of four, then of two, then single ones across the diagonal. Rows are arranged so
/// that those that are swapped lie side by side.
fn transposed([r0, r1, r2, r3, r4, r5, r6, r7]: [u64; 8]) -> [u64; 8] {
    let (a, b) = swapped::<32>([r0, r1, r2, r3], [r4, r5, r6, r7], 0x0000_0000_ffff_ffff);
    let (c, d) = swapped::<16>(
        [a[0], a[1], b[0], b[1]],
        [a[2], a[3], b[2], b[3]],
        0x0000_ffff_0000_ffff,
    );
    let (e, f) = swapped::<8>(
        [c[0], d[0], c[2], d[2]],
        [c[1], d[1], c[3], d[3]],
        0x00ff_00ff_00ff_00ff,
    );
    [e[0], f[0], e[1], f[1], e[2], f[2], e[3], f[3]]
}

/// Swaps the blocks of `BITS` bits that the mask leaves out of the upper rows with those that it picks of the lower.
#[inline(always)]
fn swapped<const BITS: u32>(mut upper: [u64; 4], mut lower: [u64; 4], mask: u64) -> ([u64; 4], [u64; 4]) {
    for (upper, lower) in upper.iter_mut().zip(&mut lower) {
        let both = (*upper >> BITS ^ *lower) & mask;
        *lower ^= both;
        *upper ^= both << BITS;
    }
    (upper, lower)
}

/// Samples across an edge from the columns of both halves of its places.
#[inline(always)]
fn across_columns([first, second]: [[u64; 8]; 2]) -> Across {
    let mut across = [[0; PLACES]; 8];
    for ((line, first), second) in across.iter_mut().zip(first).zip(second) {
        line[..8].copy_from_slice(&first.to_le_bytes());
        line[8..].copy_from_slice(&second.to_le_bytes());
    }
    across
}

/// The reverse of [`across_columns`].
#[inline(always)]
fn columns_across(across: &Across) -> [[u64; 8]; 2] {
    let mut halves = [[0; 8]; 2];
    for (index, line) in across.iter().enumerate() {
        let (parts, _) = line.as_chunks::<8>();
        for (half, part) in halves.iter_mut().zip(parts) {
            half[index] = u64::from_le_bytes(*part);
        }
    }
    halves
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposed_bytes_have_rows_and_columns_swapped() {
        let rows =
            std::array::from_fn(|row| u64::from_le_bytes(std::array::from_fn(|column| (row * 8 + column) as u8)));
        for (column, samples) in transposed(rows).into_iter().enumerate() {
            let expected: [u8; 8] = std::array::from_fn(|row| (row * 8 + column) as u8);
            assert_eq!(samples.to_le_bytes(), expected, "column {column}");
        }
    }
}
