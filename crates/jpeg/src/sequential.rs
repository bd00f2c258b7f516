//! Sequential scan (T.81, F.2): decodes all coefficients of a block at once, and writes its samples.

use crate::Error;
use crate::ac_table::AcTable;
use crate::bits::Bits;
use crate::block::Tables;
use crate::component::Component;
use crate::dc_table::DcTable;
use crate::kind::Blocks;
use crate::scan::{Area, Entropy};
use crate::scan_header::{Part, ScanHeader};
use crate::transform::Points;

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

/// A scan for a kernel in which the decoder of blocks of one size is inlined, so that bits stay in registers.
/// Components with blocks of other sizes call their own kernels.
pub(crate) struct Inlined<'c, const W: usize, const H: usize>(pub(crate) &'c mut SequentialScan);

impl<const W: usize, const H: usize> Entropy for Inlined<'_, W, H>
where
    [f32; W]: Points,
    [f32; H]: Points,
{
    fn restart(&mut self) {
        self.0.parts.iter_mut().for_each(|(_, dc)| *dc = 0);
    }

    #[inline(always)]
    fn part(&mut self, part: usize, component: &mut Component, area: Area, bits: &mut Bits<'_>) -> Result<(), Error> {
        let (table, dc) = &mut self.0.parts[part];
        let (dc_table, ac_table) = &self.0.tables[*table];
        let Component {
            kind,
            multipliers,
            sampling,
            plane,
            stride,
            ..
        } = component;
        let mut blocks = Blocks {
            tables: Tables {
                dc_table,
                ac_table,
                multipliers,
            },
            dc,
            plane: &mut plane[sampling.place(area.column, area.row, *stride)..],
            stride: *stride,
            across: area.across,
            down: area.down,
        };
        if (sampling.block_width, sampling.block_height) == (W as u32, H as u32) {
            return blocks.decode::<W, H>(bits);
        }
        let mut copy = *bits;
        (kind.decode)(&mut copy, &mut blocks)?;
        *bits = copy;
        Ok(())
    }
}
