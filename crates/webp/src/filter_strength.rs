//! Strength of the loop filter (RFC 6386, sections 9.6 and 15): derived for each segment from the frame's header.

use crate::bool_reader::BoolReader;

/// The loop filter's thresholds for a macroblock's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strength {
    /// 0 to 63. 0 turns the filter off.
    pub(crate) level: u8,
    /// The largest difference between neighbours on one side of an edge that is still filtered.
    pub(crate) interior: u8,
    /// The difference above which an edge belongs to the picture ("high edge variance").
    pub(crate) variance: u8,
}

impl Strength {
    /// The largest difference across an edge between macroblocks that is still filtered.
    pub(crate) const fn macroblock_limit(self) -> u8 {
        (self.level + 2) * 2 + self.interior
    }

    /// The largest difference across an edge between subblocks that is still filtered.
    pub(crate) const fn subblock_limit(self) -> u8 {
        self.level * 2 + self.interior
    }
}

/// The loop filter's part of the frame header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterHeader {
    /// Whether the simple filter is used, which changes luma only.
    pub(crate) simple: bool,
    pub(crate) level: u8,
    sharpness: u8,
    /// Added to the level of all macroblocks of a key frame.
    intra_delta: i32,
    /// Added to the level of macroblocks whose subblocks are predicted one by one.
    subblocks_delta: i32,
}

impl FilterHeader {
    pub(crate) fn read(reader: &mut BoolReader<'_>) -> Self {
        let mut header = Self {
            simple: reader.flag(),
            level: reader.number(6),
            sharpness: reader.number(3),
            intra_delta: 0,
            subblocks_delta: 0,
        };
        let adjusts = reader.flag();
        if adjusts && reader.flag() {
            // Four deltas by reference frame, then four by mode. A key frame uses the first of each.
            let deltas: [i32; 8] = std::array::from_fn(|_| reader.optional_signed(6).unwrap_or_default());
            header.intra_delta = deltas[0];
            header.subblocks_delta = deltas[4];
        }
        header
    }

    /// The strength for macroblocks of a segment with this level.
    pub(crate) fn strength(&self, segment_level: i32, subblocks: bool) -> Strength {
        let delta = self.intra_delta + if subblocks { self.subblocks_delta } else { 0 };
        let level = (segment_level.clamp(0, 63) + delta).clamp(0, 63) as u8;
        let interior = match self.sharpness {
            0 => level,
            sharpness @ 1..=4 => (level >> 1).min(9 - sharpness),
            sharpness => (level >> 2).min(9 - sharpness.min(9)),
        };
        Strength {
            level,
            interior: interior.max(1),
            variance: match level {
                0..15 => 0,
                15..40 => 1,
                _ => 2,
            },
        }
    }
}
