//! Scan header (T.81, B.2.3): the components of a scan, their tables, and the coefficients that it codes.

use crate::Error;
use crate::frame::{Frame, Process};
use crate::huffman::HuffmanTable;
use crate::tables::Tables;

/// The contents of a scan's header, with the tables that are in force where it stands.
#[derive(Clone, Debug)]
pub(crate) struct ScanHeader<'s> {
    pub(crate) parts: Vec<Part<'s>>,
    pub(crate) coding: Coding,
    /// MCUs between two restart markers. 0 means that there are no markers.
    pub(crate) restart_interval: u32,
    /// The index of the first byte of entropy-coded data.
    pub(crate) data: usize,
}

/// A component of a scan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'s> {
    /// The index of the component in the frame.
    pub(crate) component: usize,
    /// Tables that the coding does not need are empty.
    pub(crate) dc_table: HuffmanTable<'s>,
    pub(crate) ac_table: HuffmanTable<'s>,
}

/// The coefficients that a scan codes, and how (G.1.1). `low` is the number of lowest bits that the scan leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// All coefficients, one block after the other.
    Sequential,
    /// DC coefficients without their lowest bits, or one more bit of each.
    Dc { refines: bool, low: u32 },
    /// The AC coefficients from `first` to `last` in zigzag order, of one component.
    Ac {
        first: u32,
        last: u32,
        refines: bool,
        low: u32,
    },
}

/// The largest number of lowest bits that a scan may leave out (G.1.1.1.2).
const MOST_LOW_BITS: u8 = 13;

impl<'s> ScanHeader<'s> {
    /// Reads a scan header. `data` is the index of the first byte after it.
    pub(crate) fn read(body: &[u8], data: usize, frame: &Frame, tables: &Tables<'s>) -> Result<Self, Error> {
        const DAMAGED: Error = Error::Corrupt("one of its scan headers is damaged");
        let (&count, rest) = body.split_first().ok_or(DAMAGED)?;
        let (selectors, parameters) = rest.split_at_checked(usize::from(count) * 2).ok_or(DAMAGED)?;
        let (&[first, last, bits], 1..=4) = (parameters, count) else {
            return Err(DAMAGED);
        };
        // A sequential scan has all coefficients, whatever its header says. libjpeg decodes it in the same way.
        let coding = match frame.process {
            Process::Sequential => Coding::Sequential,
            Process::Progressive => Coding::read(first, last, bits, count).ok_or(DAMAGED)?,
        };
        let mut parts: Vec<Part<'s>> = Vec::with_capacity(usize::from(count));
        for &[id, selected] in selectors.as_chunks().0 {
            // Components of the same name are taken in turn, as libjpeg does.
            let is_free = |index: &usize| parts.iter().all(|part| part.component != *index);
            let mut named = (0..frame.components.len()).filter(|index| frame.components[*index].id == id);
            let component = named
                .find(is_free)
                .ok_or(Error::Corrupt("one of its scans names a component that does not exist"))?;
            let (dc, ac) = (selected >> 4, selected & 0xf);
            parts.push(Part {
                component,
                dc_table: match coding {
                    Coding::Sequential | Coding::Dc { refines: false, .. } => tables.dc(dc)?,
                    _ => HuffmanTable::EMPTY,
                },
                ac_table: match coding {
                    Coding::Sequential | Coding::Ac { .. } => tables.ac(ac)?,
                    Coding::Dc { .. } => HuffmanTable::EMPTY,
                },
            });
        }
        Ok(Self {
            parts,
            coding,
            restart_interval: tables.restart_interval,
            data,
        })
    }

    /// Whether the scan codes the DC coefficients of a component for the first time.
    pub(crate) fn begins(&self, component: usize) -> bool {
        let begins = matches!(self.coding, Coding::Sequential | Coding::Dc { refines: false, .. });
        begins && self.parts.iter().any(|part| part.component == component)
    }

    /// The coded coefficients: bit n for index n in zigzag order.
    pub(crate) const fn coefficients(&self) -> u64 {
        match self.coding {
            Coding::Sequential => u64::MAX,
            Coding::Dc { .. } => 1,
            Coding::Ac { first, last, .. } => band(first, last),
        }
    }

    /// The number of lowest bits that are left out.
    pub(crate) const fn low(&self) -> u32 {
        match self.coding {
            Coding::Sequential => 0,
            Coding::Dc { low, .. } | Coding::Ac { low, .. } => low,
        }
    }
}

/// The coefficients from `first` to `last`, both included: bit n for index n.
const fn band(first: u32, last: u32) -> u64 {
    u64::MAX >> (63 - last) & u64::MAX << first
}

impl Coding {
    /// Reads the parameters of a progressive scan (G.1.1.1). `None` if they contradict each other.
    const fn read(first: u8, last: u8, bits: u8, components: u8) -> Option<Self> {
        let (high, low) = (bits >> 4, bits & 0xf);
        let refines = high > 0;
        if low > MOST_LOW_BITS || (refines && high != low + 1) {
            return None;
        }
        let low = low as u32;
        match (first, last) {
            (0, 0) => Some(Self::Dc { refines, low }),
            (1..=63, ..=63) if first <= last && components == 1 => Some(Self::Ac {
                first: first as u32,
                last: last as u32,
                refines,
                low,
            }),
            _ => None,
        }
    }
}
