//! Band table: decodes the AC symbols of progressive scans (T.81, G.1.2.2), which are runs of zeros with a coefficient,
//! or runs of blocks without any further coefficients.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::HuffmanTable;
use crate::lookup::{self, Lookup, extend};

/// Codes of up to ten bits. A file may have two hundred scans, so these tables are small.
type Codes = Lookup<{ 1 << 10 }>;

/// The table of a progressive scan.
#[derive(Clone, Debug)]
pub(crate) struct BandTable(Codes);

/// The meaning of a symbol and of the bits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// Zeros, then a coefficient of this value. A value of 0 is the last of sixteen zeros.
    Coefficient { zeros: u32, value: i32 },
    /// The number of blocks, from this one on, in which no further coefficient is coded.
    EndOfBand(u32),
}

/// A run of zeros and a value, or a run of blocks that advances by no coefficients: its length has as many bits as its
/// code says, below a one.
fn meaning(symbol: u8) -> Option<lookup::Symbol> {
    Some(match (u32::from(symbol >> 4), u32::from(symbol & 0xf)) {
        (size @ 0..=14, 0) => lookup::Symbol { advance: 0, size },
        (zeros, size) => lookup::Symbol {
            advance: zeros + 1,
            size,
        },
    })
}

impl BandTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = Codes::BYTES;

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
        Self(Codes::new(code, meaning))
    }

    /// The next symbol. At least [`MOST_BITS`](lookup::MOST_BITS) bits have to be buffered.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Result<Symbol, Error> {
        let (entry, number) = self.0.read(bits)?;
        Ok(match entry.advance() {
            0 => Symbol::EndOfBand((1 << entry.size()) + number),
            advance => Symbol::Coefficient {
                zeros: advance - 1,
                value: extend(number, entry.size()),
            },
        })
    }
}
