//! Sequential scan (T.81, F.2): decodes all coefficients of a block at once, and writes its samples.

use crate::Error;
use crate::ac_table::AcTable;
use crate::bits::Bits;
use crate::block::{Tables, read_block};
use crate::component::Component;
use crate::dc_table::DcTable;
use crate::scan::{Area, Entropy};
use crate::scan_header::{Part, ScanHeader};

/// The tables of a scan, and its predictions.
#[derive(Debug)]
pub(crate) struct SequentialScan {
    /// Each pair of Huffman tables (DC, AC) that components use.
    tables: Vec<(DcTable, AcTable)>,
    /// For each component of the scan the index of its tables, and the DC coefficient of its last block.
    parts: Vec<(usize, i32)>,
}

impl SequentialScan {
    pub(crate) fn new(header: &ScanHeader<'_>) -> Self {
        let mut parts: Vec<(usize, i32)> = Vec::with_capacity(header.parts.len());
        let mut tables = Vec::with_capacity(header.parts.len());
        for (index, part) in header.parts.iter().enumerate() {
            let same = |other: &Part<'_>| (other.dc_table, other.ac_table) == (part.dc_table, part.ac_table);
            let table = match header.parts[..index].iter().position(same) {
                Some(before) => parts[before].0,
                None => {
                    tables.push((DcTable::new(part.dc_table), AcTable::new(part.ac_table)));
                    tables.len() - 1
                }
            };
            parts.push((table, 0));
        }
        Self { tables, parts }
    }

    /// The bytes of the tables of each component.
    pub(crate) const PART_BYTES: usize = size_of::<(DcTable, AcTable)>() + DcTable::BYTES + AcTable::BYTES;
}

impl Entropy for SequentialScan {
    fn restart(&mut self) {
        self.parts.iter_mut().for_each(|(_, dc)| *dc = 0);
    }

    #[inline(always)]
    fn part(&mut self, part: usize, component: &mut Component, area: Area, bits: &mut Bits<'_>) -> Result<(), Error> {
        let (table, dc) = &mut self.parts[part];
        let (dc_table, ac_table) = &self.tables[*table];
        let Component {
            kind,
            multipliers,
            sampling,
            plane,
            stride,
            ..
        } = component;
        let (decode, sampling, stride) = (kind.decode, *sampling, *stride);
        let tables = Tables {
            dc_table,
            ac_table,
            multipliers,
        };
        for row in area.row..area.row + area.down {
            for column in area.column..area.column + area.across {
                let plane = &mut plane[sampling.place(column, row, stride)..];
                // The usual sizes are inlined, so that the bits stay in registers from block to block.
                match (sampling.block_width, sampling.block_height) {
                    (1, 1) => read_block::<1, 1>(bits, tables, dc, plane, stride)?,
                    (2, 2) => read_block::<2, 2>(bits, tables, dc, plane, stride)?,
                    (4, 4) => read_block::<4, 4>(bits, tables, dc, plane, stride)?,
                    (8, 8) => read_block::<8, 8>(bits, tables, dc, plane, stride)?,
                    _ => (*bits, *dc) = decode(*bits, tables, *dc, plane, stride)?,
                }
            }
        }
        Ok(())
    }
}
