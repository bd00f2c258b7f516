//! Table segments: quantisation tables, Huffman tables and the restart interval, as they stand when a scan begins.

use crate::Error;
use crate::huffman::HuffmanTable;
use crate::standard;

/// The tables that the segments so far define.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables<'s> {
    quantisation: [Option<[u16; 64]>; 4],
    dc_table: [Option<HuffmanTable<'s>>; 4],
    ac_table: [Option<HuffmanTable<'s>>; 4],
    /// MCUs between two restart markers. 0 means that there are no markers.
    pub(crate) restart_interval: u32,
}

impl<'s> Tables<'s> {
    /// Reads a segment if it defines tables or the restart interval. Returns false for any other.
    pub(crate) fn add(&mut self, marker: u8, body: &'s [u8]) -> Result<bool, Error> {
        match marker {
            0xdb => self.add_quantisation_tables(body)?,
            0xc4 => self.add_huffman_tables(body)?,
            0xdd => {
                let interval = body
                    .try_into()
                    .map_err(|_| Error::Corrupt("its restart interval has the wrong length"))?;
                self.restart_interval = u16::from_be_bytes(interval).into();
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The quantisation table of this number, in zigzag order.
    pub(crate) fn quantisation(&self, index: u8) -> Result<[u16; 64], Error> {
        let table = self.quantisation.get(usize::from(index)).copied().flatten();
        table.ok_or(Error::Corrupt("a quantisation table is missing"))
    }

    /// The DC table of this number.
    pub(crate) fn dc(&self, index: u8) -> Result<HuffmanTable<'s>, Error> {
        choose(&self.dc_table, &standard::DC, index)
    }

    /// The AC table of this number.
    pub(crate) fn ac(&self, index: u8) -> Result<HuffmanTable<'s>, Error> {
        choose(&self.ac_table, &standard::AC, index)
    }

    /// Reads quantisation tables (B.2.4.1), with elements of one byte or two.
    fn add_quantisation_tables(&mut self, mut body: &[u8]) -> Result<(), Error> {
        while let [kind, rest @ ..] = body {
            let wide = kind >> 4 == 1;
            let bytes = if wide { 128 } else { 64 };
            let place = self.quantisation.get_mut(usize::from(kind & 0xf));
            let (Some(place), Some((numbers, rest)), 0..=0x1f) = (place, rest.split_at_checked(bytes), kind) else {
                return Err(Error::Corrupt("a quantisation table is damaged"));
            };
            let mut table = [0; 64];
            if wide {
                let pairs = numbers.as_chunks().0.iter();
                table
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(number, pair)| *number = u16::from_be_bytes(*pair));
            } else {
                let bytes = numbers.iter();
                table
                    .iter_mut()
                    .zip(bytes)
                    .for_each(|(number, byte)| *number = u16::from(*byte));
            }
            *place = Some(table);
            body = rest;
        }
        Ok(())
    }

    /// Reads Huffman tables (B.2.4.2). Codes are checked when a scan uses them, as libjpeg does.
    fn add_huffman_tables(&mut self, mut body: &'s [u8]) -> Result<(), Error> {
        const DAMAGED: Error = Error::Corrupt("a Huffman table is damaged");
        while let [kind, rest @ ..] = body {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(DAMAGED)?;
            let count = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or(DAMAGED)?;
            let tables = match kind >> 4 {
                0 => &mut self.dc_table,
                1 => &mut self.ac_table,
                _ => return Err(DAMAGED),
            };
            let place = tables.get_mut(usize::from(kind & 0xf)).ok_or(DAMAGED)?;
            *place = Some(HuffmanTable::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }
}

/// A table of the file, or else the standard one of the same number.
fn choose<'s>(
    tables: &[Option<HuffmanTable<'s>>; 4],
    standard: &[HuffmanTable<'static>; 2],
    index: u8,
) -> Result<HuffmanTable<'s>, Error> {
    let index = usize::from(index);
    let table = tables.get(index).copied().flatten();
    let table = table.or_else(|| standard.get(index).copied());
    table.ok_or(Error::Corrupt("a Huffman table is missing"))?.checked()
}
