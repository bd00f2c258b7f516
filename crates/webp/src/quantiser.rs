//! From indices in the frame header to the factors that coefficients are multiplied with: RFC 6386, sections 9.6 and 14.1.

use crate::bool_reader::BoolReader;
use crate::tables::{AC_STEPS, DC_STEPS};

/// Factors of the first coefficient of a block and of all others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Steps {
    pub(crate) dc: i32,
    pub(crate) ac: i32,
}

/// The factors of a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quantiser {
    pub(crate) luma: Steps,
    /// The block of the other luma blocks' first coefficients.
    pub(crate) luma_dc: Steps,
    pub(crate) chroma: Steps,
}

/// The indices of a frame: one, and what is added to it for each kind of coefficient but luma's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Indices {
    pub(crate) base: i32,
    luma_dc: i32,
    second_dc: i32,
    second_ac: i32,
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
            second_dc: delta(),
            second_ac: delta(),
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
            luma_dc: Steps {
                dc: step(&DC_STEPS, base + self.second_dc) * 2,
                ac: (step(&AC_STEPS, base + self.second_ac) * 155 / 100).max(8),
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
