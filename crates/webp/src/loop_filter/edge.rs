//! Arithmetic of the loop filter (RFC 6386, sections 15.2 and 15.3): filters the samples on both sides of an edge.
//!
//! It is the same for all places along the edge and has no branches, so that the compiler can use vector instructions.

#![expect(
    clippy::needless_range_loop,
    reason = "a place is the same in eight lines, of which six are written"
)]

use resizer_kernel::{Kernel, with_widest};

use crate::filter_strength::Strength;

/// How many places along an edge are filtered at once.
pub(super) const PLACES: usize = 16;

/// Samples across an edge, four on each side, at each place along it.
pub(super) type Across = [[u8; PLACES]; 8];

/// The filter of an edge.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The simple filter of any edge.
    Simple,
    /// The normal filter between macroblocks.
    Macroblock,
    /// The normal filter between subblocks.
    Subblock,
}

/// An edge's filter and its thresholds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub(super) kind: Kind,
    /// The largest step across the edge that is still filtered.
    pub(super) limit: u8,
    pub(super) strength: Strength,
}

impl Edge {
    pub(super) fn filter(self, across: &mut Across) {
        with_widest(FilterEdge { across, edge: self });
    }
}

/// The filter of one edge. A kernel is a function of its own, so that the samples come and go through memory: the
/// compiler would turn copying them into a lot of shifting if it knew the arithmetic around it.
struct FilterEdge<'a> {
    across: &'a mut Across,
    edge: Edge,
}

impl Kernel for FilterEdge<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Edge { kind, limit, strength } = self.edge;
        match kind {
            Kind::Simple => simple_edge(self.across, limit),
            Kind::Macroblock => macroblock_edge(self.across, limit, strength),
            Kind::Subblock => subblock_edge(self.across, limit, strength),
        }
    }
}

/// The simple filter: section 15.2.
#[inline(always)]
fn simple_edge(across: &mut Across, limit: u8) {
    for place in 0..PLACES {
        let [p1, p0, q0, q1] = [2, 3, 4, 5].map(|line| across[line][place]);
        let chosen = is_near(p1, p0, q0, q1, limit);
        let (up, down) = eighths(adjustment(signed(p1).saturating_sub(signed(q1)), p0, q0));
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
    }
}

/// The normal filter for edges between subblocks: section 15.3.
#[inline(always)]
fn subblock_edge(across: &mut Across, limit: u8, strength: Strength) {
    for place in 0..PLACES {
        let [p3, p2, p1, p0, q0, q1, q2, q3] = std::array::from_fn(|line| across[line][place]);
        let chosen = is_flat([p3, p2, p1, p0, q0, q1, q2, q3], limit, strength.interior);
        let has_high_variance = has_high_variance(p1, p0, q0, q1, strength.variance);
        let outer = signed(p1).saturating_sub(signed(q1));
        let step = adjustment(if has_high_variance { outer } else { 0 }, p0, q0);
        let (up, down) = eighths(step);
        let further = if has_high_variance { 0 } else { (down + 1) >> 1 };
        across[2][place] = if chosen { add(p1, further) } else { p1 };
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
        across[5][place] = if chosen { subtract(q1, further) } else { q1 };
    }
}

/// The normal filter for edges between macroblocks: section 15.3.
#[inline(always)]
fn macroblock_edge(across: &mut Across, limit: u8, strength: Strength) {
    for place in 0..PLACES {
        let [p3, p2, p1, p0, q0, q1, q2, q3] = std::array::from_fn(|line| across[line][place]);
        let chosen = is_flat([p3, p2, p1, p0, q0, q1, q2, q3], limit, strength.interior);
        let has_high_variance = has_high_variance(p1, p0, q0, q1, strength.variance);
        let step = adjustment(signed(p1).saturating_sub(signed(q1)), p0, q0);
        let (up, down) = eighths(step);
        // Weights out of 128.
        let part = |weight: i16| ((weight * i16::from(step) + 63) >> 7) as i8;
        let (near, far, farthest) = (part(27), part(18), part(9));
        let (up, down) = if has_high_variance { (up, down) } else { (near, near) };
        let (far, farthest) = if has_high_variance { (0, 0) } else { (far, farthest) };
        across[1][place] = if chosen { add(p2, farthest) } else { p2 };
        across[2][place] = if chosen { add(p1, far) } else { p1 };
        across[3][place] = if chosen { add(p0, up) } else { p0 };
        across[4][place] = if chosen { subtract(q0, down) } else { q0 };
        across[5][place] = if chosen { subtract(q1, far) } else { q1 };
        across[6][place] = if chosen { subtract(q2, farthest) } else { q2 };
    }
}

/// The difference between two samples. The standard library's `abs_diff` takes numbers of 32 bits on its way, which are
/// a quarter as many in a register.
#[inline(always)]
fn difference(a: u8, b: u8) -> u8 {
    a.max(b) - a.min(b)
}

/// Whether the step across the edge is small enough to come from coding and not from the picture (section 15.2).
#[inline(always)]
fn is_near(p1: u8, p0: u8, q0: u8, q1: u8, limit: u8) -> bool {
    let near = difference(p0, q0);
    near.saturating_add(near).saturating_add(difference(p1, q1) >> 1) <= limit
}

/// Whether, besides, both sides of the edge are flat (section 15.3).
#[inline(always)]
fn is_flat([p3, p2, p1, p0, q0, q1, q2, q3]: [u8; 8], limit: u8, interior: u8) -> bool {
    let p = difference(p3, p2).max(difference(p2, p1)).max(difference(p1, p0));
    let q = difference(q3, q2).max(difference(q2, q1)).max(difference(q1, q0));
    is_near(p1, p0, q0, q1, limit) & (p.max(q) <= interior)
}

/// Whether the picture itself has an edge close by ("high edge variance", section 15.3).
#[inline(always)]
fn has_high_variance(p1: u8, p0: u8, q0: u8, q1: u8, variance: u8) -> bool {
    difference(p1, p0).max(difference(q1, q0)) > variance
}

/// The sample as the filter counts it: from -128.
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

/// `outer` plus three times the step across the edge, clamped. Clamping each sum gives the same result, as all three
/// steps go in one direction.
#[inline(always)]
fn adjustment(outer: i8, p0: u8, q0: u8) -> i8 {
    let step = signed(q0).saturating_sub(signed(p0));
    outer.saturating_add(step).saturating_add(step).saturating_add(step)
}

/// An eighth of the step, rounded once for the side above or left of the edge, and once for the other side.
#[inline(always)]
fn eighths(step: i8) -> (i8, i8) {
    (step.saturating_add(3) >> 3, step.saturating_add(4) >> 3)
}
