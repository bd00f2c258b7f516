//! Smooths the edges of blocks: RFC 6386, section 15. Macroblock after macroblock, since each reads what the one before
//! left behind: first the edges on its left, then those above.
//!
//! The arithmetic is the same for sixteen places along an edge, without branches, so that a compiler can use vector
//! instructions for it.

#![expect(
    clippy::needless_range_loop,
    reason = "a place is the same in eight lines, of which six are written"
)]

use crate::filter_strength::Strength;
use crate::planes::Plane;
use crate::prediction::{Place, Planes};

/// Samples across an edge, four on each side, at `N` places along it.
type Across<const N: usize> = [[u8; N]; 8];

/// How edges are smoothed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Smoothing {
    pub(crate) strength: Strength,
    /// Whether the edges between its subblocks are smoothed too.
    pub(crate) inner: bool,
}

impl Planes {
    /// Smooths a macroblock.
    pub(crate) fn smooth(&mut self, place: Place, smoothing: Smoothing, simple: bool) {
        if smoothing.strength.level == 0 {
            return;
        }
        if simple {
            smooth(&mut self.luma, place, smoothing, simple_edge, simple_edge);
        } else {
            smooth(&mut self.luma, place, smoothing, macroblock_edge, subblock_edge);
            for plane in &mut self.chroma {
                smooth(plane, place, smoothing, macroblock_edge, subblock_edge);
            }
        }
    }
}

/// Smooths the edges of a macroblock in a plane: `outer` those towards others, `inner` those between its subblocks.
#[inline(always)]
fn smooth<const SIDE: usize>(
    plane: &mut Plane<SIDE>,
    place: Place,
    smoothing: Smoothing,
    outer: impl Fn(&mut Across<SIDE>, u8, Strength),
    inner: impl Fn(&mut Across<SIDE>, u8, Strength),
) {
    let strength = smoothing.strength;
    let (outer_limit, inner_limit) = (strength.macroblock_limit(), strength.subblock_limit());
    let x = place.column * SIDE;
    let inner_edges = || (4..SIDE).step_by(4).filter(|_| smoothing.inner);
    if place.column > 0 {
        upright(plane, x, |across| outer(across, outer_limit, strength));
    }
    for edge in inner_edges() {
        upright(plane, x + edge, |across| inner(across, inner_limit, strength));
    }
    if place.row > 0 {
        level(plane, x, 0, |across| outer(across, outer_limit, strength));
    }
    for edge in inner_edges() {
        level(plane, x, edge, |across| inner(across, inner_limit, strength));
    }
}

/// An edge between columns.
#[inline(always)]
fn upright<const SIDE: usize>(plane: &mut Plane<SIDE>, x: usize, edge: impl Fn(&mut Across<SIDE>)) {
    let (start, stride) = (plane.position(x, 0) - 4, plane.stride());
    let rows = || (0..SIDE).map(|row| start + row * stride);
    let samples = plane.samples_mut();
    let mut across = [[0; SIDE]; 8];
    for (place, row) in rows().enumerate() {
        for (line, sample) in across.iter_mut().zip(&samples[row..row + 8]) {
            line[place] = *sample;
        }
    }
    edge(&mut across);
    for (place, row) in rows().enumerate() {
        for (line, sample) in across.iter().zip(&mut samples[row..row + 8]) {
            *sample = line[place];
        }
    }
}

/// An edge between rows.
#[inline(always)]
fn level<const SIDE: usize>(plane: &mut Plane<SIDE>, x: usize, y: usize, edge: impl Fn(&mut Across<SIDE>)) {
    let stride = plane.stride();
    let start = plane.position(x, y) - 4 * stride;
    let samples = plane.samples_mut();
    let mut across = [[0; SIDE]; 8];
    for (line, row) in across.iter_mut().zip(0..) {
        let row = start + row * stride;
        line.copy_from_slice(&samples[row..row + SIDE]);
    }
    edge(&mut across);
    // The outermost never change.
    for (line, row) in across[1..7].iter().zip(1..) {
        let row = start + row * stride;
        samples[row..row + SIDE].copy_from_slice(line);
    }
}

/// Section 15.2.
#[inline(always)]
fn simple_edge<const N: usize>(across: &mut Across<N>, limit: u8, _: Strength) {
    for place in 0..N {
        let [p1, p0, q0, q1] = [2, 3, 4, 5].map(|line| across[line][place]);
        let chosen = is_near(p1, p0, q0, q1, limit);
        let (up, down) = eighths(common(signed(p1).saturating_sub(signed(q1)), p0, q0));
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
    }
}

/// Between subblocks: section 15.3.
#[inline(always)]
fn subblock_edge<const N: usize>(across: &mut Across<N>, limit: u8, strength: Strength) {
    for place in 0..N {
        let [p3, p2, p1, p0, q0, q1, q2, q3] = std::array::from_fn(|line| across[line][place]);
        let chosen = is_even([p3, p2, p1, p0, q0, q1, q2, q3], limit, strength.interior);
        let varies = varies(p1, p0, q0, q1, strength.variance);
        let outer = signed(p1).saturating_sub(signed(q1));
        let step = common(if varies { outer } else { 0 }, p0, q0);
        let (up, down) = eighths(step);
        let further = if varies { 0 } else { (down + 1) >> 1 };
        across[2][place] = if chosen { add(p1, further) } else { p1 };
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
        across[5][place] = if chosen { subtract(q1, further) } else { q1 };
    }
}

/// Between macroblocks: section 15.3.
#[inline(always)]
fn macroblock_edge<const N: usize>(across: &mut Across<N>, limit: u8, strength: Strength) {
    for place in 0..N {
        let [p3, p2, p1, p0, q0, q1, q2, q3] = std::array::from_fn(|line| across[line][place]);
        let chosen = is_even([p3, p2, p1, p0, q0, q1, q2, q3], limit, strength.interior);
        let varies = varies(p1, p0, q0, q1, strength.variance);
        let step = common(signed(p1).saturating_sub(signed(q1)), p0, q0);
        let (up, down) = eighths(step);
        // Weights out of 128: the smoothing is wide.
        let part = |weight: i16| ((weight * i16::from(step) + 63) >> 7) as i8;
        let (near, far, farthest) = (part(27), part(18), part(9));
        let (up, down) = if varies { (up, down) } else { (near, near) };
        let (far, farthest) = if varies { (0, 0) } else { (far, farthest) };
        across[1][place] = if chosen { add(p2, farthest) } else { p2 };
        across[2][place] = if chosen { add(p1, far) } else { p1 };
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
        across[5][place] = if chosen { subtract(q1, far) } else { q1 };
        across[6][place] = if chosen { subtract(q2, farthest) } else { q2 };
    }
}

/// Whether the step across the edge is small enough to come from coding and not from the picture.
#[inline(always)]
fn is_near(p1: u8, p0: u8, q0: u8, q1: u8, limit: u8) -> bool {
    let near = p0.abs_diff(q0);
    near.saturating_add(near).saturating_add(p1.abs_diff(q1) >> 1) <= limit
}

/// Whether, besides, both sides are even.
#[inline(always)]
fn is_even([p3, p2, p1, p0, q0, q1, q2, q3]: [u8; 8], limit: u8, interior: u8) -> bool {
    let p = p3.abs_diff(p2).max(p2.abs_diff(p1)).max(p1.abs_diff(p0));
    let q = q3.abs_diff(q2).max(q2.abs_diff(q1)).max(q1.abs_diff(q0));
    is_near(p1, p0, q0, q1, limit) & (p.max(q) <= interior)
}

/// Whether there is an edge of the picture close by.
#[inline(always)]
fn varies(p1: u8, p0: u8, q0: u8, q1: u8, variance: u8) -> bool {
    p1.abs_diff(p0).max(q1.abs_diff(q0)) > variance
}

/// Samples count from -128 here.
#[inline(always)]
fn signed(sample: u8) -> i8 {
    (sample ^ 0x80) as i8
}

#[inline(always)]
fn add(sample: u8, step: i8) -> u8 {
    signed(sample).saturating_add(step) as u8 ^ 0x80
}

#[inline(always)]
fn subtract(sample: u8, step: i8) -> u8 {
    signed(sample).saturating_sub(step) as u8 ^ 0x80
}

/// `outer` plus three times the step across the edge, clamped. Clamping on the way comes to the same, as all three go in
/// one direction.
#[inline(always)]
fn common(outer: i8, p0: u8, q0: u8) -> i8 {
    let step = signed(q0).saturating_sub(signed(p0));
    outer.saturating_add(step).saturating_add(step).saturating_add(step)
}

/// An eighth, rounded in one way for what is added above or left of the edge, and in the other for what is subtracted.
#[inline(always)]
fn eighths(step: i8) -> (i8, i8) {
    (step.saturating_add(3) >> 3, step.saturating_add(4) >> 3)
}
