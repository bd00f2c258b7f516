//! Subblock prediction (RFC 6386, section 12.3): predicts 4×4 samples of luma from the samples around them.
//!
//! The samples around a subblock lie in one number, a byte each. So the averages that the modes are made of are
//! computed for all of them at once, and a row of four samples is a part of that number.

/// The prediction mode of a subblock, in the order of the tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SubblockMode {
    /// The mean of the samples above and left.
    #[default]
    Dc,
    /// The sample above plus the sample left minus the corner.
    TrueMotion,
    Vertical,
    Horizontal,
    LeftDown,
    RightDown,
    VerticalRight,
    VerticalLeft,
    HorizontalDown,
    HorizontalUp,
}

/// Four samples of a row or column, the first in the lowest byte.
pub(crate) type Four = u32;

/// The 13 samples around a subblock, from the lowest byte on: left of it from the bottom up, the corner, above it, and
/// above its right neighbour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge(u128);

impl Edge {
    /// `left` begins at the top.
    #[inline(always)]
    pub(crate) const fn new(left: Four, corner: u8, above: Four, beyond: Four) -> Self {
        Self(left.swap_bytes() as u128 | (corner as u128) << 32 | (above as u128) << 40 | (beyond as u128) << 72)
    }

    #[inline(always)]
    const fn sample(self, index: u32) -> u8 {
        (self.0 >> (8 * index)) as u8
    }
}

/// The rows of a subblock.
#[inline(always)]
pub(crate) fn predict(mode: SubblockMode, edge: Edge) -> [Four; 4] {
    // The byte at each place: the mean of the sample there and of the next one, or the weighted mean around the next
    // one.
    let two = mean_up(edge.0, edge.0 >> 8);
    let three = mean_up(mean_down(edge.0, edge.0 >> 16), edge.0 >> 8);
    let twos = |first: u32| (two >> (8 * first)) as Four;
    let threes = |first: u32| (three >> (8 * first)) as Four;
    let last = edge.sample(0);
    // The weighted mean at the lower end, where the last sample counts for the one behind it.
    let lowest = weighted(edge.sample(1), last, last);
    match mode {
        SubblockMode::Dc => {
            let samples = [0, 1, 2, 3, 5, 6, 7, 8];
            let mut sum = 0;
            for index in samples {
                sum += u32::from(edge.sample(index));
            }
            [repeated(((sum + 4) >> 3) as u8); 4]
        }
        SubblockMode::TrueMotion => {
            let corner = i16::from(edge.sample(4));
            let mut rows = [0; 4];
            for (row, left) in rows.iter_mut().zip([3, 2, 1, 0]) {
                let base = i16::from(edge.sample(left)) - corner;
                for (column, above) in [5, 6, 7, 8].into_iter().enumerate() {
                    let sample = (base + i16::from(edge.sample(above))).clamp(0, 255);
                    *row |= (sample as Four) << (8 * column);
                }
            }
            rows
        }
        SubblockMode::Vertical => [threes(4); 4],
        SubblockMode::Horizontal => [
            repeated(threes(2) as u8),
            repeated(threes(1) as u8),
            repeated(threes(0) as u8),
            repeated(lowest),
        ],
        SubblockMode::LeftDown => {
            // The last sample counts for the one behind it.
            let corner = weighted(edge.sample(11), edge.sample(12), edge.sample(12));
            [threes(5), threes(6), threes(7), joined::<3>(threes(8), corner as Four)]
        }
        SubblockMode::RightDown => [threes(3), threes(2), threes(1), threes(0)],
        SubblockMode::VerticalRight => [
            twos(4),
            threes(3),
            joined::<1>(threes(2), twos(4)),
            joined::<1>(threes(1), threes(3)),
        ],
        SubblockMode::VerticalLeft => [
            twos(5),
            threes(5),
            joined::<3>(twos(6), threes(9)),
            joined::<3>(threes(6), threes(10)),
        ],
        SubblockMode::HorizontalDown => {
            let pairs = spread(twos(0)) | spread(threes(0)) << 8;
            [
                joined::<1>(twos(3), threes(3)),
                (pairs >> 32) as Four,
                (pairs >> 16) as Four,
                pairs as Four,
            ]
        }
        SubblockMode::HorizontalUp => {
            let all = u128::from_le_bytes([
                twos(2) as u8,
                threes(1) as u8,
                twos(1) as u8,
                threes(0) as u8,
                twos(0) as u8,
                lowest,
                last,
                last,
                last,
                last,
                0,
                0,
                0,
                0,
                0,
                0,
            ]);
            [0, 16, 32, 48].map(|bits| (all >> bits) as Four)
        }
    }
}

#[inline(always)]
const fn repeated(sample: u8) -> Four {
    sample as Four * 0x0101_0101
}

/// The first `COUNT` samples of one row, then those of another.
#[inline(always)]
const fn joined<const COUNT: u32>(first: Four, rest: Four) -> Four {
    (first & ((1 << (8 * COUNT)) - 1)) | rest << (8 * COUNT)
}

/// Four samples, each in the lower byte of a pair.
#[inline(always)]
const fn spread(samples: Four) -> u64 {
    let halves = (samples as u64 | (samples as u64) << 16) & 0x0000_ffff_0000_ffff;
    (halves | halves << 8) & 0x00ff_00ff_00ff_00ff
}

/// All bits of each byte but the lowest.
const UPPER: u128 = u128::from_le_bytes([0xfe; 16]);

/// The mean of each byte, rounded up.
#[inline(always)]
const fn mean_up(a: u128, b: u128) -> u128 {
    (a | b) - (((a ^ b) & UPPER) >> 1)
}

/// The mean of each byte, rounded down. Rounded up with a third one, it is the weighted mean of [`weighted`].
#[inline(always)]
const fn mean_down(a: u128, b: u128) -> u128 {
    (a & b) + (((a ^ b) & UPPER) >> 1)
}

#[inline(always)]
const fn weighted(before: u8, centre: u8, after: u8) -> u8 {
    ((before as u16 + 2 * centre as u16 + after as u16 + 2) >> 2) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_bytes_are_those_of_numbers() {
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                let (wide_a, wide_b) = (u128::from_le_bytes([a; 16]), u128::from_le_bytes([b; 16]));
                let sum = u16::from(a) + u16::from(b);
                assert_eq!(mean_up(wide_a, wide_b).to_le_bytes(), [sum.div_ceil(2) as u8; 16]);
                assert_eq!(mean_down(wide_a, wide_b).to_le_bytes(), [(sum / 2) as u8; 16]);
                let c = a.wrapping_mul(7).wrapping_add(b);
                let found = mean_up(mean_down(wide_a, wide_b), u128::from_le_bytes([c; 16]));
                assert_eq!(found as u8, weighted(a, c, b), "{a} {b} {c}");
            }
        }
    }
}
