//! Residual (RFC 6386, sections 13 and 14): reads the coefficients of a macroblock, dequantises and transforms them.

use resizer_kernel::{Kernel, with_widest};

use crate::bool_reader::BoolReader;
use crate::header::TokenProbabilities;
use crate::quantiser::{Quantiser, Steps};
use crate::tables::ZIGZAG;
use crate::transform::{self, BLOCKS, Coefficients, Differences};

/// The residual of one macroblock at a time.
#[derive(Debug)]
pub(crate) struct Residual {
    /// All zeros between two macroblocks.
    coefficients: Box<Coefficients<BLOCKS>>,
    /// The bits of the magnitudes of all coefficients.
    magnitudes: u32,
    differences: Box<Differences>,
    /// Whether any difference may not be zero.
    is_filled: bool,
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

impl Default for Residual {
    fn default() -> Self {
        Self {
            coefficients: Box::new([[0; BLOCKS]; 16]),
            magnitudes: 0,
            differences: Box::default(),
            is_filled: false,
        }
    }
}

impl Residual {
    /// The differences of the macroblock that was read last.
    pub(crate) const fn differences(&self) -> &Differences {
        &self.differences
    }

    /// Reads the residual of a macroblock that has none.
    pub(crate) fn skip(&mut self, has_y2: bool, above: &mut Neighbours, left: &mut Neighbours) {
        above.clear(has_y2);
        left.clear(has_y2);
        self.fill(false);
    }

    /// Reads the residual of a macroblock. Returns whether it has coefficients other than zeros.
    pub(crate) fn read(
        &mut self,
        reader: &mut BoolReader<'_>,
        tokens: &TokenProbabilities,
        quantiser: &Quantiser,
        has_y2: bool,
        (above, left): (&mut Neighbours, &mut Neighbours),
    ) -> bool {
        let any = with_widest(ReadTokens {
            reader,
            tokens,
            quantiser,
            has_y2,
            above,
            left,
            residual: self,
        });
        self.fill(any);
        any
    }

    /// Transforms the coefficients, if there are any, and leaves zeros.
    fn fill(&mut self, any: bool) {
        if any {
            transform::inverse_cosine(&self.coefficients, self.magnitudes, &mut self.differences);
            *self.coefficients = [[0; BLOCKS]; 16];
            self.magnitudes = 0;
        } else if self.is_filled {
            *self.differences = Differences::default();
        }
        self.is_filled = any;
    }
}

/// The tokens of a macroblock, about to be read. A kernel for the sake of shifts by a variable number of bits.
struct ReadTokens<'r, 'a> {
    reader: &'r mut BoolReader<'a>,
    tokens: &'r TokenProbabilities,
    quantiser: &'r Quantiser,
    has_y2: bool,
    above: &'r mut Neighbours,
    left: &'r mut Neighbours,
    residual: &'r mut Residual,
}

impl Kernel for ReadTokens<'_, '_> {
    /// Whether there are coefficients other than zeros.
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let Self {
            tokens,
            quantiser,
            above,
            left,
            ..
        } = self;
        let coefficients = &mut *self.residual.coefficients;
        // A copy stays in registers.
        let mut reader = *self.reader;
        let mut magnitudes = 0;
        let (mut first, mut kind) = (0, LUMA);
        if self.has_y2 {
            let mut block = [[0]; 16];
            let context = usize::from(above.y2) + usize::from(left.y2);
            let source = (&mut reader, &tokens[Y2]);
            let end = read_block(source, context, 0, quantiser.y2, (&mut block, 0), &mut magnitudes);
            (above.y2, left.y2) = (end > 0, end > 0);
            if end > 0 {
                coefficients[0][..16].copy_from_slice(&transform::inverse_hadamard(&block));
                let all = coefficients[0][..16].iter();
                magnitudes = all.fold(0, |all, coefficient| all | coefficient.unsigned_abs());
            }
            (first, kind) = (1, LUMA_AFTER_Y2);
        }
        let mut any = false;
        for block in 0..BLOCKS {
            let (kind, first, steps, above, left) = match block {
                0..16 => {
                    let (above, left) = (&mut above.luma[block % 4], &mut left.luma[block / 4]);
                    (kind, first, quantiser.luma, above, left)
                }
                _ => {
                    let (plane, above, left) = (block / 4 % 2, &mut above.chroma, &mut left.chroma);
                    let (above, left) = (&mut above[plane][block % 2], &mut left[plane][block / 2 % 2]);
                    (CHROMA, 0, quantiser.chroma, above, left)
                }
            };
            let context = usize::from(*above) + usize::from(*left);
            let source = (&mut reader, &tokens[kind]);
            let target = (&mut *coefficients, block);
            let end = read_block(source, context, first, steps, target, &mut magnitudes);
            (*above, *left) = (end > first, end > first);
            any |= end > 1 || coefficients[0][block] != 0;
        }
        *self.reader = reader;
        self.residual.magnitudes = magnitudes;
        any
    }
}

/// Reads a block from position `first` on. Returns the position after the last token, or `first` if there is none.
#[inline(always)]
fn read_block<const N: usize>(
    (reader, positions): (&mut BoolReader<'_>, &[[[u8; 11]; 3]; 17]),
    context: usize,
    first: usize,
    steps: Steps,
    (coefficients, block): (&mut Coefficients<N>, usize),
    magnitudes: &mut u32,
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
        let magnitude = magnitude * if position == 0 { steps.dc } else { steps.ac };
        *magnitudes |= magnitude as u32;
        coefficients[usize::from(ZIGZAG[position] & 15)][block] = reader.signed(magnitude);
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
