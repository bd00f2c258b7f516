//! Quantiser (RFC 6386, sections 9.6 and 14.1): turns indices of the frame header into factors of coefficients.

use crate::bool_reader::BoolReader;
use crate::tables::{AC_STEPS, DC_STEPS};

/// The factor of a block's DC coefficient and the factor of its AC coefficients.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) dc: i32,
    pub(crate) ac: i32,
}

/// The factors of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quantiser {
    pub(crate) luma: Steps,
    /// For the Y2 block, which holds the DC coefficients of the luma blocks.
    pub(crate) y2: Steps,
    pub(crate) chroma: Steps,
}

/// The indices of a frame: a base, and deltas for each kind of coefficient except luma AC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Indices {
    pub(crate) base: i32,
    luma_dc: i32,
    y2_dc: i32,
    y2_ac: i32,
    chroma_dc: i32,
    chroma_ac: i32,
}

impl Indices {
    pub(crate) fn read(reader: &mut BoolReader<'_>) -> Self {
        let base = i32::from(reader.number(7));
        let mut delta = || reader.optional_signed(4).unwrap_or_default();
        Self {
            base,
            luma_dc: delta(),
            y2_dc: delta(),
            y2_ac: delta(),
            chroma_dc: delta(),
            chroma_ac: delta(),
        }
    }

    /// The factors of a segment with this index in place of the frame's.
    pub(crate) fn quantiser(&self, base: i32) -> Quantiser {
        Quantiser {
            luma: Steps {
                dc: step(&DC_STEPS, base + self.luma_dc),
                ac: step(&AC_STEPS, base),
            },
            y2: Steps {
                dc: step(&DC_STEPS, base + self.y2_dc) * 2,
                ac: (step(&AC_STEPS, base + self.y2_ac) * 155 / 100).max(8),
            },
            chroma: Steps {
                dc: step(&DC_STEPS, base + self.chroma_dc).min(132),
                ac: step(&AC_STEPS, base + self.chroma_ac),
            },
        }
    }
}

fn step(steps: &[i32; 128], index: i32) -> i32 {
    steps[index.clamp(0, 127) as usize]
}
