//! Residual (RFC 6386, sections 13 and 14): reads the coefficients of a macroblock and dequantises them.

use crate::bool_reader::BoolReader;
use crate::header::TokenProbabilities;
use crate::quantiser::{Quantiser, Steps};
use crate::tables::ZIGZAG;
use crate::transform;

/// Which coefficients of a block may be non-zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Filled {
    #[default]
    Nothing,
    /// The DC coefficient alone.
    First,
    More,
}

/// Dequantised coefficients: sixteen blocks of luma, then four of each chroma, row by row. The code that uses a block
/// resets it to zeros.
#[derive(Debug, Default)]
pub(crate) struct Residual {
    pub(crate) blocks: [[i32; 16]; 24],
    pub(crate) filled: [Filled; 24],
}

/// Which blocks next to a macroblock have tokens: by column or row of luma, by column or row of each chroma, and the Y2
/// block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Neighbours {
    luma: [bool; 4],
    chroma: [[bool; 2]; 2],
    y2: bool,
}

impl Neighbours {
    /// Records a macroblock without coefficients. A macroblock that has no Y2 block leaves the context of the last one
    /// that has.
    pub(crate) fn clear(&mut self, has_y2: bool) {
        *self = Self {
            y2: self.y2 && !has_y2,
            ..Self::default()
        };
    }
}

/// The kinds of blocks, in the order of the probabilities.
const LUMA_AFTER_Y2: usize = 0;
const Y2: usize = 1;
const CHROMA: usize = 2;
const LUMA: usize = 3;

/// Reads the coefficients of a macroblock. Returns whether there are any.
pub(crate) fn read(
    reader: &mut BoolReader<'_>,
    tokens: &TokenProbabilities,
    quantiser: &Quantiser,
    has_y2: bool,
    (above, left): (&mut Neighbours, &mut Neighbours),
    residual: &mut Residual,
) -> bool {
    // A copy stays in registers.
    let mut source = *reader;
    let (mut first, mut kind) = (0, LUMA);
    if has_y2 {
        let mut block = [0; 16];
        let context = usize::from(above.y2) + usize::from(left.y2);
        let end = read_block(&mut source, &tokens[Y2], context, 0, quantiser.y2, &mut block);
        (above.y2, left.y2) = (end > 0, end > 0);
        if end > 0 {
            let coefficients = transform::inverse_hadamard(&block);
            for (block, coefficient) in residual.blocks.iter_mut().zip(coefficients) {
                block[0] = coefficient;
            }
        }
        (first, kind) = (1, LUMA_AFTER_Y2);
    }
    let mut any = false;
    let mut blocks = residual.blocks.iter_mut().zip(&mut residual.filled);
    let mut read = |kind: usize, first: usize, steps: Steps, above: &mut bool, left: &mut bool| {
        let Some((block, filled)) = blocks.next() else { return };
        let context = usize::from(*above) + usize::from(*left);
        let end = read_block(&mut source, &tokens[kind], context, first, steps, block);
        (*above, *left) = (end > first, end > first);
        *filled = match end {
            0 | 1 if block[0] == 0 => Filled::Nothing,
            0 | 1 => Filled::First,
            _ => Filled::More,
        };
        any |= *filled != Filled::Nothing;
    };
    for left in &mut left.luma {
        for above in &mut above.luma {
            read(kind, first, quantiser.luma, above, left);
        }
    }
    for (above, left) in above.chroma.iter_mut().zip(&mut left.chroma) {
        for left in left {
            for above in above.iter_mut() {
                read(CHROMA, 0, quantiser.chroma, above, left);
            }
        }
    }
    *reader = source;
    any
}

/// Reads a block from position `first` on. Returns the position after the last token, or `first` if there is none.
#[inline(always)]
fn read_block(
    reader: &mut BoolReader<'_>,
    positions: &[[[u8; 11]; 3]; 17],
    context: usize,
    first: usize,
    steps: Steps,
    block: &mut [i32; 16],
) -> usize {
    let mut position = first;
    let mut nodes = &positions[position][context];
    while position < 16 {
        if !reader.bit(nodes[0]) {
            return position;
        }
        // After a zero the block cannot end.
        while !reader.bit(nodes[1]) {
            position += 1;
            if position >= 16 {
                return 16;
            }
            nodes = &positions[position][0];
        }
        let (magnitude, context) = if reader.bit(nodes[2]) {
            (large(reader, nodes), 2)
        } else {
            (1, 1)
        };
        let step = if position == 0 { steps.dc } else { steps.ac };
        block[usize::from(ZIGZAG[position] & 15)] = reader.signed(magnitude) * step;
        position += 1;
        nodes = &positions[position][context];
    }
    16
}

/// Reads a magnitude of two or more: the tree of section 13.2 from its fourth node on.
#[inline(always)]
fn large(reader: &mut BoolReader<'_>, nodes: &[u8; 11]) -> i32 {
    /// The least magnitude of each category, and the probabilities of its extra bits.
    const CATEGORIES: [(i32, &[u8]); 4] = [
        (11, &[173, 148, 140]),
        (19, &[176, 155, 140, 135]),
        (35, &[180, 157, 141, 134, 130]),
        (67, &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129]),
    ];
    if !reader.bit(nodes[3]) {
        return if reader.bit(nodes[4]) {
            3 + i32::from(reader.bit(nodes[5]))
        } else {
            2
        };
    }
    if !reader.bit(nodes[6]) {
        return if reader.bit(nodes[7]) {
            7 + 2 * i32::from(reader.bit(165)) + i32::from(reader.bit(145))
        } else {
            5 + i32::from(reader.bit(159))
        };
    }
    let high = reader.bit(nodes[8]);
    let low = reader.bit(nodes[if high { 10 } else { 9 }]);
    let (least, bits) = CATEGORIES[2 * usize::from(high) + usize::from(low)];
    least
        + bits
            .iter()
            .fold(0, |extra, bit| extra << 1 | i32::from(reader.bit(*bit)))
}
