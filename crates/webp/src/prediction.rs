//! Macroblock reconstruction (RFC 6386, sections 12 and 14.5): predicts samples from their neighbours and adds the
//! residual.

use crate::macroblock::{LumaMode, Mode};
use crate::planes::{BEYOND, Plane};
use crate::subblock::{self, Edge, SubblockMode};
use crate::transform::Differences;

/// The position of a macroblock, counted in macroblocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) column: usize,
    pub(crate) row: usize,
}

/// The luma plane and the two chroma planes.
#[derive(Debug)]
pub(crate) struct Planes {
    pub(crate) luma: Plane<16>,
    pub(crate) chroma: [Plane<8>; 2],
}

impl Planes {
    /// Decodes a macroblock.
    pub(crate) fn reconstruct(&mut self, place: Place, luma: LumaMode, chroma: Mode, differences: &Differences) {
        match luma {
            LumaMode::Whole(mode) => predict(&mut self.luma, place, mode, |y| luma_row(differences, y)),
            LumaMode::Subblocks(modes) => predict_subblocks(&mut self.luma, place.column * 16, &modes, differences),
        }
        for (number, plane) in self.chroma.iter_mut().enumerate() {
            predict(plane, place, chroma, |y| chroma_row(differences, number, y));
        }
    }
}

/// Predicts a macroblock of luma subblock by subblock, and adds the differences. Each prediction needs the sums before.
fn predict_subblocks(plane: &mut Plane<16>, x: usize, modes: &[[SubblockMode; 4]; 4], differences: &Differences) {
    /// The column of the samples left of the macroblock. Right of the macroblock are [`BEYOND`] samples more.
    const LEFT: usize = 3;
    const RIGHT: usize = LEFT + 1 + 16;
    // The macroblock below the row above it, in rows of a length that is known here.
    let mut rows = [[0_u8; 32]; 17];
    rows[0][LEFT..RIGHT + BEYOND].copy_from_slice(plane.around(x));
    for (row, left) in rows[1..].iter_mut().zip(plane.left(x)) {
        row[LEFT] = left;
    }
    // The samples right of the macroblock are not decoded yet. Those above them take their place in all rows.
    let beyond: [u8; BEYOND] = std::array::from_fn(|index| rows[0][RIGHT + index]);
    for above in [4, 8, 12] {
        rows[above][RIGHT..RIGHT + BEYOND].copy_from_slice(&beyond);
    }
    for (block, mode) in modes.as_flattened().iter().enumerate() {
        let (x, y) = (block % 4 * 4, block / 4 * 4);
        let mut edge: Edge = [0; 13];
        for (sample, row) in edge[..4].iter_mut().rev().zip(&rows[y + 1..]) {
            *sample = row[LEFT + x];
        }
        edge[4..].copy_from_slice(&rows[y][LEFT + x..][..9]);
        let predicted = subblock::predict(*mode, &edge);
        let mut added = [[0; 4]; 4];
        for (added, differences) in added.iter_mut().zip(differences) {
            *added = differences[block];
        }
        let sums: [u8; 16] = sums(predicted.as_flattened(), added.as_flattened());
        for (row, sums) in rows[y + 1..].iter_mut().zip(sums.as_chunks::<4>().0) {
            row[LEFT + 1 + x..][..4].copy_from_slice(sums);
        }
    }
    let (start, stride) = (plane.position(x, 0), plane.stride());
    let target = plane.samples_mut()[start..].chunks_mut(stride);
    for (target, row) in target.zip(&rows[1..]) {
        target[..16].copy_from_slice(&row[LEFT + 1..RIGHT]);
    }
}

/// The differences of a row of luma.
#[inline(always)]
fn luma_row(differences: &Differences, y: usize) -> &[i16] {
    &differences[y % 4].as_flattened()[y / 4 * 16..][..16]
}

/// The differences of a row of a chroma plane.
#[inline(always)]
fn chroma_row(differences: &Differences, plane: usize, y: usize) -> &[i16] {
    const FIRST: usize = 64;
    &differences[y % 4].as_flattened()[FIRST + plane * 16 + y / 4 * 8..][..8]
}

/// Predicts a macroblock in one plane, and adds the differences of each row.
#[inline(always)]
fn predict<'d, const SIDE: usize>(
    plane: &mut Plane<SIDE>,
    place: Place,
    mode: Mode,
    differences: impl Fn(usize) -> &'d [i16],
) {
    let x = place.column * SIDE;
    let above = plane.above(x);
    match mode {
        Mode::Vertical => put(plane, x, differences, |_| above),
        Mode::Horizontal => put(plane, x, differences, |left| [left; SIDE]),
        Mode::TrueMotion => {
            let corner = i16::from(plane.corner(x));
            put(plane, x, differences, |left| {
                let base = i16::from(left) - corner;
                above.map(|above| (base + i16::from(above)).clamp(0, 255) as u8)
            });
        }
        Mode::Dc => {
            let sum = |samples: [u8; SIDE]| samples.into_iter().map(u32::from).sum::<u32>();
            let side = SIDE as u32;
            let mean = match (place.row, place.column) {
                (0, 0) => 128,
                (0, _) => (sum(plane.left(x)) + side / 2) / side,
                (_, 0) => (sum(above) + side / 2) / side,
                _ => (sum(above) + sum(plane.left(x)) + side) / (2 * side),
            };
            put(plane, x, differences, |_| [mean as u8; SIDE]);
        }
    }
}

/// Writes the rows of a macroblock, each predicted from the sample left of it.
#[inline(always)]
fn put<'d, const SIDE: usize>(
    plane: &mut Plane<SIDE>,
    x: usize,
    differences: impl Fn(usize) -> &'d [i16],
    row: impl Fn(u8) -> [u8; SIDE],
) {
    let (start, stride) = (plane.position(x, 0), plane.stride());
    let rows = plane.samples_mut()[start - 1..].chunks_mut(stride);
    for (y, samples) in rows.take(SIDE).enumerate() {
        let predicted = row(samples[0]);
        samples[1..=SIDE].copy_from_slice(&sums::<SIDE>(&predicted, differences(y)));
    }
}

/// Predicted samples plus differences.
#[inline(always)]
fn sums<const N: usize>(predicted: &[u8], differences: &[i16]) -> [u8; N] {
    let mut sums = [0; N];
    for ((sum, predicted), difference) in sums.iter_mut().zip(predicted).zip(differences) {
        *sum = difference.saturating_add(i16::from(*predicted)).clamp(0, 255) as u8;
    }
    sums
}
