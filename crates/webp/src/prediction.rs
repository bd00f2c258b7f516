//! Macroblock reconstruction (RFC 6386, sections 12 and 14.5): predicts samples from their neighbours and adds the
//! residual.

use resizer_kernel::{Kernel, with_widest};

use crate::macroblock::{LumaMode, Mode};
use crate::planes::Plane;
use crate::subblock::{self, Edge, Four, SubblockMode};
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
        with_widest(Reconstruct {
            planes: self,
            place,
            luma,
            chroma,
            differences,
        });
    }
}

/// The reconstruction of one macroblock.
struct Reconstruct<'r> {
    planes: &'r mut Planes,
    place: Place,
    luma: LumaMode,
    chroma: Mode,
    differences: &'r Differences,
}

impl Kernel for Reconstruct<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            planes,
            place,
            luma,
            chroma,
            differences,
        } = self;
        match luma {
            LumaMode::Whole(mode) => predict(&mut planes.luma, place, mode, |y| luma_row(differences, y)),
            LumaMode::Subblocks(modes) => predict_subblocks(&mut planes.luma, place.column * 16, &modes, differences),
        }
        for (number, plane) in planes.chroma.iter_mut().enumerate() {
            predict(plane, place, chroma, |y| chroma_row(differences, number, y));
        }
    }
}

/// Predicts a macroblock of luma subblock by subblock, and adds the differences. Each prediction needs the sums before.
///
/// The samples around the subblocks are kept in numbers, since samples that were just written in parts are slow to read
/// as a whole.
#[inline(always)]
fn predict_subblocks(plane: &mut Plane<16>, x: usize, modes: &[[SubblockMode; 4]; 4], differences: &Differences) {
    let around = plane.around(x);
    let mut first_corner = around[0];
    // The rows above the subblocks. The samples right of the macroblock are not decoded yet. Those above them take
    // their place in all rows.
    let mut above: [Four; 5] = [0; 5];
    for (four, samples) in above.iter_mut().zip(around[1..].as_chunks().0) {
        *four = Four::from_le_bytes(*samples);
    }
    let columns = plane.left(x);
    let (start, stride) = (plane.position(x, 0), plane.stride());
    let samples = plane.samples_mut();
    for (y, (modes, left)) in modes.iter().zip(columns.as_chunks::<4>().0).enumerate() {
        let mut corner = std::mem::replace(&mut first_corner, left[3]);
        let mut left = Four::from_le_bytes(*left);
        for (x, mode) in modes.iter().enumerate() {
            let predicted = subblock::predict(*mode, Edge::new(left, corner, above[x], above[x + 1]));
            let mut bytes = [0_u8; 16];
            let mut added = [0_i16; 16];
            let rows = bytes
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(added.as_chunks_mut::<4>().0);
            for (((bytes, added), predicted), differences) in rows.zip(predicted).zip(differences) {
                *bytes = predicted.to_le_bytes();
                *added = differences[y * 4 + x];
            }
            let sums: [u8; 16] = sums(&bytes, &added);
            corner = (above[x] >> 24) as u8;
            left = 0;
            for (row, sums) in sums.as_chunks::<4>().0.iter().enumerate() {
                above[x] = Four::from_le_bytes(*sums);
                left |= (above[x] >> 24) << (8 * row);
                samples[start + (y * 4 + row) * stride + x * 4..][..4].copy_from_slice(sums);
            }
        }
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
