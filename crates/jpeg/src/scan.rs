//! Scan being decoded: walks over the blocks of a row of MCUs in the order in which the scan codes them.
//!
//! All scans of a picture advance side by side, row by row, each with its own place in the source. So neither samples
//! nor coefficients of the whole picture are ever held.

use resizer_kernel::{Kernel, with_widest};

use crate::Error;
use crate::bits::Bits;
use crate::component::Component;
use crate::header::Header;
use crate::intervals::{Intervals, Next};
use crate::progressive::{AcScan, DcScan};
use crate::scan_header::{Coding, ScanHeader};
use crate::sequential::{Inlined, SequentialScan};

/// Blocks of a component: a rectangle in the blocks of the current row of MCUs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) column: usize,
    pub(crate) row: usize,
    pub(crate) across: usize,
    pub(crate) down: usize,
}

impl Area {
    /// The blocks of a component in an MCU. If the component is alone in its scan, that is one block.
    #[inline(always)]
    const fn of_mcu(component: &Component, alone: bool, column: usize, row: usize) -> Self {
        let (across, down) = if alone {
            (1, 1)
        } else {
            (component.across, component.down)
        };
        Self {
            column: column * across,
            row: row * down,
            across,
            down,
        }
    }
}

/// The entropy coding of a scan.
pub(crate) trait Entropy {
    /// Forgets everything that a restart interval does not know of the ones before.
    fn restart(&mut self);

    /// Decodes the blocks of one MCU that belong to a component. `part` is its index in the scan.
    fn part(&mut self, part: usize, component: &mut Component, area: Area, bits: &mut Bits<'_>) -> Result<(), Error>;
}

/// A scan, and its place in the source.
#[derive(Debug)]
pub(crate) struct Scan<'s> {
    bits: Bits<'s>,
    intervals: Intervals,
    /// The indices of its components in the frame.
    parts: Vec<usize>,
    coding: Code,
}

/// The state of each kind of coding.
#[derive(Debug)]
enum Code {
    Sequential(SequentialScan),
    Dc(DcScan),
    Ac(Box<AcScan>),
}

impl<'s> Scan<'s> {
    pub(crate) fn new(header: &Header<'s>, scan: &ScanHeader<'s>) -> Self {
        Self {
            bits: Bits::new(header.source, scan.data),
            intervals: Intervals::new(scan.restart_interval, header.damage),
            parts: scan.parts.iter().map(|part| part.component).collect(),
            coding: match scan.coding {
                Coding::Sequential => Code::Sequential(SequentialScan::new(scan)),
                Coding::Dc { refines, low } => Code::Dc(DcScan::new(scan, refines, low)),
                Coding::Ac {
                    first,
                    last,
                    refines,
                    low,
                } => Code::Ac(Box::new(AcScan::new(scan, (first, last), refines, low))),
            },
        }
    }

    /// The bytes that a scan holds.
    pub(crate) fn bytes(header: &ScanHeader<'_>) -> usize {
        let part = match header.coding {
            Coding::Sequential => SequentialScan::PART_BYTES,
            Coding::Dc { .. } => DcScan::PART_BYTES,
            Coding::Ac { .. } => AcScan::BYTES,
        };
        /// The indices of its components, and what a list takes besides.
        const LISTS: usize = 64;
        size_of::<Self>() + header.parts.len() * (part + LISTS)
    }

    /// Whether data was lost so far.
    pub(crate) const fn is_damaged(&self) -> bool {
        self.intervals.is_damaged()
    }

    /// Whether data was decoded so far, up to the end of some row.
    pub(crate) const fn has_pixels(&self) -> bool {
        self.intervals.has_pixels()
    }

    /// Decodes a row of the frame's MCUs, `mcus` of them. `row` is its number.
    pub(crate) fn decode_row(&mut self, components: &mut [Component], mcus: usize, row: usize) -> Result<(), Error> {
        let first = &components[self.parts[0]].sampling;
        let size = (first.block_width, first.block_height);
        let state = RowState {
            bits: &mut self.bits,
            intervals: &mut self.intervals,
            parts: &self.parts,
            components,
            mcus,
            row,
        };
        match &mut self.coding {
            Code::Sequential(code) => match size {
                (1, _) => decode_row(&mut Inlined::<1, 1>(code), state),
                (2, _) => decode_row(&mut Inlined::<2, 2>(code), state),
                (4, _) => decode_row(&mut Inlined::<4, 4>(code), state),
                _ => decode_row(&mut Inlined::<8, 8>(code), state),
            },
            Code::Dc(code) => decode_row(code, state),
            Code::Ac(code) => decode_row(code.as_mut(), state),
        }
    }
}

fn decode_row(code: &mut impl Entropy, state: RowState<'_, '_>) -> Result<(), Error> {
    with_widest(DecodeRow { code, state })
}

/// All that decoding a row of MCUs takes, but for the entropy coding.
struct RowState<'a, 's> {
    bits: &'a mut Bits<'s>,
    intervals: &'a mut Intervals,
    parts: &'a [usize],
    components: &'a mut [Component],
    mcus: usize,
    row: usize,
}

/// The kernel of a scan.
struct DecodeRow<'a, 's, E> {
    code: &'a mut E,
    state: RowState<'a, 's>,
}

impl<E: Entropy> Kernel for DecodeRow<'_, '_, E> {
    type Output = Result<(), Error>;

    #[inline(always)]
    fn run(self) -> Result<(), Error> {
        let Self { code, state } = self;
        let RowState {
            intervals,
            parts,
            components,
            mcus,
            row: mcu_row,
            ..
        } = state;
        // In a scan of one component an MCU is one block, and blocks without pixels are left out (A.2.2).
        let alone = match parts {
            [alone] => Some(&components[*alone]),
            _ => None,
        };
        let (rows, columns) = alone.map_or((1, mcus), |component| {
            let (across, down) = component.blocks;
            (component.down.min(down - mcu_row * component.down), across)
        });
        let alone = alone.is_some();
        // A copy, which stays in registers.
        let mut bits = *state.bits;
        for row in 0..rows {
            for column in 0..columns {
                let next = intervals.advance(&mut bits)?;
                if !begins(code, next) {
                    continue;
                }
                for (part, index) in parts.iter().enumerate() {
                    let component = &mut components[*index];
                    let area = Area::of_mcu(component, alone, column, row);
                    if let Err(error) = code.part(part, component, area, &mut bits) {
                        intervals.fail(error)?;
                        break;
                    }
                }
            }
        }
        *state.bits = bits;
        intervals.check(&bits)
    }
}

/// Whether an MCU is decoded. If it is the first of an interval, the coding starts afresh.
#[inline(always)]
fn begins(code: &mut impl Entropy, next: Next) -> bool {
    if next == Next::Interval {
        code.restart();
    }
    next != Next::Lost
}
