//! Scan being decoded: walks over the blocks of a row of MCUs in the order in which the scan codes them.
//!
//! All scans of a picture advance side by side, row by row, each with its own place in the source. So neither samples
//! nor coefficients of the whole picture are ever held.

use crate::Error;
use crate::bits::Bits;
use crate::component::Component;
use crate::header::Header;
use crate::intervals::{Intervals, Next};
use crate::progressive::{AcScan, DcScan};
use crate::scan_header::{Coding, ScanHeader};
use crate::sequential::SequentialScan;

/// Blocks of a component: a rectangle in the blocks of the current row of MCUs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    pub(crate) column: usize,
    pub(crate) row: usize,
    pub(crate) across: usize,
    pub(crate) down: usize,
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
    intervals: Intervals<'s>,
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
        let bits = Bits::new(header.source, scan.data);
        Self {
            intervals: Intervals::new(bits, scan.restart_interval, header.damage),
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
        let Self {
            intervals,
            parts,
            coding,
        } = self;
        match coding {
            Code::Sequential(code) => decode_row(code, intervals, parts, components, mcus, row),
            Code::Dc(code) => decode_row(code, intervals, parts, components, mcus, row),
            Code::Ac(code) => decode_row(code.as_mut(), intervals, parts, components, mcus, row),
        }?;
        intervals.check()
    }
}

fn decode_row(
    code: &mut impl Entropy,
    intervals: &mut Intervals<'_>,
    parts: &[usize],
    components: &mut [Component],
    mcus: usize,
    mcu_row: usize,
) -> Result<(), Error> {
    if let [alone] = parts {
        // In a scan of one component an MCU is one block, and blocks without pixels are left out (A.2.2).
        let component = &mut components[*alone];
        let (blocks_across, blocks_down) = component.blocks;
        for row in 0..component.down.min(blocks_down - mcu_row * component.down) {
            for column in 0..blocks_across {
                let next = intervals.advance()?;
                let area = Area {
                    column,
                    row,
                    across: 1,
                    down: 1,
                };
                if begins(code, next)
                    && let Err(error) = code.part(0, component, area, &mut intervals.bits)
                {
                    intervals.fail(error)?;
                }
            }
        }
        return Ok(());
    }
    for mcu in 0..mcus {
        let next = intervals.advance()?;
        if !begins(code, next) {
            continue;
        }
        for (part, index) in parts.iter().enumerate() {
            let component = &mut components[*index];
            let area = Area {
                column: mcu * component.across,
                row: 0,
                across: component.across,
                down: component.down,
            };
            if let Err(error) = code.part(part, component, area, &mut intervals.bits) {
                intervals.fail(error)?;
                break;
            }
        }
    }
    Ok(())
}

/// Whether an MCU is decoded. If it is the first of an interval, the coding starts afresh.
#[inline(always)]
fn begins(code: &mut impl Entropy, next: Next) -> bool {
    if next == Next::Interval {
        code.restart();
    }
    next != Next::Lost
}
