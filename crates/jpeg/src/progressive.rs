//! Progressive scans (T.81, G.2): decode DC coefficients, or a band of AC coefficients, without their lowest bits at
//! first, then bit by bit.

use crate::Error;
use crate::ac_table::BEYOND;
use crate::band_table::{BandTable, Symbol};
use crate::bits::Bits;
use crate::block::Coefficients;
use crate::component::Component;
use crate::dc_table::DcTable;
use crate::scan::{Area, Entropy};
use crate::scan_header::{Part, ScanHeader};
use crate::skip_table::COEFFICIENTS;

/// A scan of DC coefficients.
#[derive(Debug)]
pub(crate) struct DcScan {
    low: u32,
    /// For each component of the scan its table, and the DC coefficient of its last block. A refinement has no tables.
    parts: Vec<(Option<DcTable>, i32)>,
}

impl DcScan {
    pub(crate) fn new(header: &ScanHeader<'_>, refines: bool, low: u32) -> Self {
        let table = |part: &Part<'_>| (!refines).then(|| DcTable::new(part.dc_table));
        Self {
            low,
            parts: header.parts.iter().map(|part| (table(part), 0)).collect(),
        }
    }

    /// The bytes of each component of a scan.
    pub(crate) const PART_BYTES: usize = size_of::<(Option<DcTable>, i32)>() + DcTable::BYTES;
}

impl Entropy for DcScan {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|(_, dc)| *dc = 0);
    }

    #[inline(always)]
    fn part(&mut self, part: usize, component: &mut Component, area: Area, bits: &mut Bits<'_>) -> Result<(), Error> {
        let (table, last) = &mut self.parts[part];
        for row in area.row..area.row + area.down {
            for column in area.column..area.column + area.across {
                let Some(dc) = component.dc(column, row) else {
                    continue;
                };
                match table {
                    Some(table) => {
                        bits.refill();
                        *last = last.wrapping_add(table.read(bits)?);
                        *dc = (*last << self.low) as i16;
                    }
                    None => *dc |= i16::from(bits.take()) << self.low,
                }
            }
        }
        Ok(())
    }
}

/// A scan of a band of AC coefficients, which has one component.
#[derive(Debug)]
pub(crate) struct AcScan {
    refines: bool,
    low: u32,
    first: u32,
    last: u32,
    table: BandTable,
    /// How many blocks, from the next one on, have no further coefficients.
    run: u32,
}

impl AcScan {
    pub(crate) fn new(header: &ScanHeader<'_>, (first, last): (u32, u32), refines: bool, low: u32) -> Self {
        Self {
            refines,
            low,
            first,
            last,
            table: BandTable::new(header.parts[0].ac_table),
            run: 0,
        }
    }

    /// The bytes of a scan.
    pub(crate) const BYTES: usize = size_of::<Self>() + BandTable::BYTES;

    /// The coefficients of a block for the first time (G.1.2.2).
    #[inline(always)]
    fn begin(&mut self, block: &mut Coefficients, bits: &mut Bits<'_>) -> Result<(), Error> {
        let mut place = self.first;
        while place <= self.last {
            bits.refill();
            match self.table.read(bits)? {
                Symbol::EndOfBand(run) => {
                    self.run = run - 1;
                    break;
                }
                Symbol::Coefficient { zeros, value } => {
                    place += zeros;
                    if value != 0 {
                        if place > self.last {
                            return Err(bits.failure(BEYOND));
                        }
                        block.set(place, (value << self.low) as i16);
                    }
                    place += 1;
                }
            }
        }
        Ok(())
    }

    /// One more bit of each coefficient of a block (G.1.2.3). Coefficients that were zero so far are coded as in a
    /// first scan, and the bits of the others stand in between.
    #[inline(always)]
    fn refine(&mut self, block: &mut Coefficients, bits: &mut Bits<'_>) -> Result<(), Error> {
        let mut place = self.first;
        while place <= self.last {
            bits.refill();
            let (zeros, value) = match self.table.read(bits)? {
                Symbol::EndOfBand(run) => {
                    self.run = run;
                    break;
                }
                Symbol::Coefficient { zeros, value } => (zeros, value),
            };
            if value.abs() > 1 {
                return Err(bits.failure("a refined coefficient is not one bit long"));
            }
            place = self.pass(block, bits, place, zeros);
            if value != 0 {
                if place > self.last {
                    return Err(bits.failure(BEYOND));
                }
                block.set(place, (value << self.low) as i16);
            }
            place += 1;
        }
        if self.run > 0 {
            self.run -= 1;
            self.pass(block, bits, place, COEFFICIENTS);
        }
        Ok(())
    }

    /// Passes this many zero coefficients, and gives the others on the way their next bit. Returns the place of the
    /// zero coefficient after them, or the place after the band.
    #[inline(always)]
    fn pass(&self, block: &mut Coefficients, bits: &mut Bits<'_>, mut place: u32, mut zeros: u32) -> u32 {
        let end = self.last + 1;
        while place < end {
            let gap = (block.nonzero >> place).trailing_zeros();
            if zeros < gap {
                return end.min(place + zeros);
            }
            place += gap;
            zeros -= gap;
            if place < end && bits.take() {
                let value = &mut block.values[place as usize % 64];
                let bit = 1 << self.low;
                if *value & bit == 0 {
                    *value = value.wrapping_add(if *value > 0 { bit } else { -bit });
                }
            }
            place += 1;
        }
        end
    }
}

impl Entropy for AcScan {
    fn restart(&mut self) {
        self.run = 0;
    }

    #[inline(always)]
    fn part(&mut self, _: usize, component: &mut Component, area: Area, bits: &mut Bits<'_>) -> Result<(), Error> {
        if self.run > 0 && !self.refines {
            self.run -= 1;
            return Ok(());
        }
        let Some(block) = component.ac(area.column, area.row) else {
            return Ok(());
        };
        if self.run > 0 {
            self.run -= 1;
            self.pass(block, bits, self.first, COEFFICIENTS);
            Ok(())
        } else if self.refines {
            self.refine(block, bits)
        } else {
            self.begin(block, bits)
        }
    }
}
