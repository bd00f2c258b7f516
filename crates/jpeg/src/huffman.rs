//! Huffman table: the codes and symbols that a segment of the file defines (T.81, B.2.4.2, annex C).

use crate::Error;

/// A Huffman table as the file stores it: the number of codes of each length from 1 to 16, and their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HuffmanTable<'s> {
    pub(crate) counts: &'s [u8; 16],
    pub(crate) symbols: &'s [u8],
}

impl<'s> HuffmanTable<'s> {
    /// The table of a scan that does not need one.
    pub(crate) const EMPTY: HuffmanTable<'static> = HuffmanTable {
        counts: &[0; 16],
        symbols: &[],
    };

    /// Refuses tables with more symbols than a byte has values. `symbols` are as many as `counts` say.
    pub(crate) const fn new(counts: &'s [u8; 16], symbols: &'s [u8]) -> Result<Self, Error> {
        const MOST_SYMBOLS: usize = 256;
        if symbols.len() > MOST_SYMBOLS {
            return Err(Error::Corrupt("a Huffman table has more symbols than there are"));
        }
        Ok(Self { counts, symbols })
    }

    /// The table, unless codes do not fit into their length or consist of ones only (C.2).
    pub(crate) fn checked(self) -> Result<Self, Error> {
        let mut next = 0_u32;
        for (length, count) in (1..).zip(self.counts) {
            next += u32::from(*count);
            if *count > 0 && next >= 1 << length {
                return Err(Error::Corrupt("a Huffman table has more codes than there can be"));
            }
            next <<= 1;
        }
        Ok(self)
    }
}
