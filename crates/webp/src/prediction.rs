//! Macroblock reconstruction (RFC 6386, sections 12 and 14.5): predicts samples from their neighbours and adds the
//! residual.

use crate::macroblock::{LumaMode, Mode};
use crate::planes::Plane;
use crate::residual::{Filled, Residual};
use crate::{subblock, transform};

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
    /// Decodes a macroblock. Leaves `residual` without coefficients.
    pub(crate) fn reconstruct(&mut self, place: Place, luma: LumaMode, chroma: Mode, residual: &mut Residual) {
        let mut blocks = residual.blocks.iter_mut().zip(&mut residual.filled);
        let left = place.column * 16;
        let subblocks = (0..16).map(|index| (index % 4 * 4, index / 4 * 4));
        match luma {
            LumaMode::Whole(mode) => {
                predict(&mut self.luma, place, mode);
                for ((x, y), (block, filled)) in subblocks.zip(&mut blocks) {
                    add(&mut self.luma, left + x, y, block, filled);
                }
            }
            LumaMode::Subblocks(modes) => {
                let modes = modes.as_flattened();
                for (((x, y), mode), (block, filled)) in subblocks.zip(modes).zip(&mut blocks) {
                    let edge = self.luma.edge(left, x, y);
                    let predicted = subblock::predict(*mode, &edge);
                    let (start, stride) = (self.luma.position(left + x, y), self.luma.stride());
                    for (row, predicted) in self.luma.samples_mut()[start..].chunks_mut(stride).zip(predicted) {
                        row[..4].copy_from_slice(&predicted);
                    }
                    add(&mut self.luma, left + x, y, block, filled);
                }
            }
        }
        for plane in &mut self.chroma {
            predict(plane, place, chroma);
            let subblocks = [(0, 0), (4, 0), (0, 4), (4, 4)];
            for ((x, y), (block, filled)) in subblocks.into_iter().zip(&mut blocks) {
                add(plane, place.column * 8 + x, y, block, filled);
            }
        }
    }
}

fn predict<const SIDE: usize>(plane: &mut Plane<SIDE>, place: Place, mode: Mode) {
    let x = place.column * SIDE;
    let above = plane.above(x);
    match mode {
        Mode::Vertical => put(plane, x, |_| above),
        Mode::Horizontal => put(plane, x, |left| [left; SIDE]),
        Mode::TrueMotion => {
            let corner = i16::from(plane.corner(x));
            put(plane, x, |left| {
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
            put(plane, x, |_| [mean as u8; SIDE]);
        }
    }
}

/// Writes the rows of a macroblock, each computed from the sample left of it.
fn put<const SIDE: usize>(plane: &mut Plane<SIDE>, x: usize, row: impl Fn(u8) -> [u8; SIDE]) {
    let (start, stride) = (plane.position(x, 0), plane.stride());
    for samples in plane.samples_mut()[start - 1..].chunks_mut(stride).take(SIDE) {
        let predicted = row(samples[0]);
        samples[1..=SIDE].copy_from_slice(&predicted);
    }
}

/// Adds a block of the residual to the prediction, and empties the block.
fn add<const SIDE: usize>(plane: &mut Plane<SIDE>, x: usize, y: usize, block: &mut [i32; 16], filled: &mut Filled) {
    let differences = match std::mem::take(filled) {
        Filled::Nothing => return,
        Filled::First => [[(block[0] + 4) >> 3; 4]; 4],
        Filled::More => transform::inverse_cosine(block),
    };
    *block = [0; 16];
    let (start, stride) = (plane.position(x, y), plane.stride());
    for (row, differences) in plane.samples_mut()[start..].chunks_mut(stride).zip(differences) {
        for (sample, difference) in row[..4].iter_mut().zip(differences) {
            *sample = (i32::from(*sample) + difference).clamp(0, 255) as u8;
        }
    }
}
