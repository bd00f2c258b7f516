//! How strongly the edges of a macroblock are smoothed: RFC 6386, sections 9.6 and 15.

use crate::bool_reader::BoolReader;

/// Smoothing of a macroblock's edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Strength {
    /// 0 to 63; 0 leaves all as it is.
    pub(crate) level: u8,
    /// The most that neighbours on one side of an edge may differ.
    pub(crate) interior: u8,
    /// From which difference on an edge counts as one of the picture.
    pub(crate) variance: u8,
}

impl Strength {
    /// The most that pixels across an edge between macroblocks may differ.
    pub(crate) const fn macroblock_limit(self) -> u8 {
        (self.level + 2) * 2 + self.interior
    }

    /// The same between subblocks.
    pub(crate) const fn subblock_limit(self) -> u8 {
        self.level * 2 + self.interior
    }
}

/// What a frame says about smoothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterHeader {
    /// Luma only, and by a simpler rule.
    pub(crate) simple: bool,
    pub(crate) level: u8,
    sharpness: u8,
    /// Added for all macroblocks of a key frame.
    intra_delta: i32,
    /// Added for those whose subblocks are predicted one by one.
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
            // By reference frame, then by mode. A key frame has but one of the first and uses one of the others.
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
