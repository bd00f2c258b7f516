//! Macroblock header (RFC 6386, sections 9.3.1, 11 and 19.3): reads segment and prediction modes from the first
//! partition.

use crate::bool_reader::BoolReader;
use crate::header::Header;
use crate::subblock::SubblockMode;
use crate::tables::{CHROMA_MODES, LUMA_MODES, SUBBLOCK_MODES};

/// The prediction mode of a whole macroblock's luma or chroma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The mean of the samples above and left.
    Dc,
    Vertical,
    Horizontal,
    /// The sample above plus the sample left minus the corner.
    TrueMotion,
}

/// The prediction mode of luma.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LumaMode {
    Whole(Mode),
    /// A mode for each subblock, row by row.
    Subblocks([[SubblockMode; 4]; 4]),
}

/// The header of a macroblock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Macroblock {
    /// 0 to 3.
    pub(crate) segment: usize,
    pub(crate) has_coefficients: bool,
    pub(crate) luma: LumaMode,
    pub(crate) chroma: Mode,
}

/// Modes of the subblocks above and left of a macroblock: the context that its own modes are coded in.
#[derive(Debug)]
pub(crate) struct ModeContext {
    above: Vec<[SubblockMode; 4]>,
    left: [SubblockMode; 4],
}

impl ModeContext {
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            above: vec![Default::default(); columns],
            left: Default::default(),
        }
    }

    pub(crate) fn begin_row(&mut self) {
        self.left = Default::default();
    }

    pub(crate) fn read(&mut self, header: &mut Header<'_>, column: usize) -> Macroblock {
        let reader = &mut header.modes;
        let segment = match header.segment_probabilities {
            None => 0,
            Some([upper, _, fourth]) if reader.bit(upper) => 2 + usize::from(reader.bit(fourth)),
            Some([_, second, _]) => usize::from(reader.bit(second)),
        };
        let has_coefficients = header
            .coefficients_probability
            .is_none_or(|probability| !reader.bit(probability));
        let luma = self.luma(reader, column);
        Macroblock {
            segment,
            has_coefficients,
            luma,
            chroma: chroma(reader),
        }
    }

    fn luma(&mut self, reader: &mut BoolReader<'_>, column: usize) -> LumaMode {
        let above = &mut self.above[column];
        let [whole, which, vertical, motion] = LUMA_MODES;
        if !reader.bit(whole) {
            let mut modes = [[SubblockMode::default(); 4]; 4];
            for (row, left) in modes.iter_mut().zip(&mut self.left) {
                for (mode, above) in row.iter_mut().zip(above.iter_mut()) {
                    *mode = subblock(reader, *above, *left);
                    (*above, *left) = (*mode, *mode);
                }
            }
            return LumaMode::Subblocks(modes);
        }
        let across = reader.bit(which);
        let (mode, as_subblock) = match (across, reader.bit(if across { motion } else { vertical })) {
            (false, false) => (Mode::Dc, SubblockMode::Dc),
            (false, true) => (Mode::Vertical, SubblockMode::Vertical),
            (true, false) => (Mode::Horizontal, SubblockMode::Horizontal),
            (true, true) => (Mode::TrueMotion, SubblockMode::TrueMotion),
        };
        *above = [as_subblock; 4];
        self.left = [as_subblock; 4];
        LumaMode::Whole(mode)
    }
}

fn chroma(reader: &mut BoolReader<'_>) -> Mode {
    let [other, vertical, motion] = CHROMA_MODES;
    if !reader.bit(other) {
        Mode::Dc
    } else if !reader.bit(vertical) {
        Mode::Vertical
    } else if reader.bit(motion) {
        Mode::TrueMotion
    } else {
        Mode::Horizontal
    }
}

/// Reads a subblock's mode: the tree of section 11.2.
fn subblock(reader: &mut BoolReader<'_>, above: SubblockMode, left: SubblockMode) -> SubblockMode {
    let nodes = &SUBBLOCK_MODES[above as usize][left as usize];
    let mut bit = |node: usize| reader.bit(nodes[node]);
    if !bit(0) {
        SubblockMode::Dc
    } else if !bit(1) {
        SubblockMode::TrueMotion
    } else if !bit(2) {
        SubblockMode::Vertical
    } else if !bit(3) {
        if !bit(4) {
            SubblockMode::Horizontal
        } else if !bit(5) {
            SubblockMode::RightDown
        } else {
            SubblockMode::VerticalRight
        }
    } else if !bit(6) {
        SubblockMode::LeftDown
    } else if !bit(7) {
        SubblockMode::VerticalLeft
    } else if !bit(8) {
        SubblockMode::HorizontalDown
    } else {
        SubblockMode::HorizontalUp
    }
}
