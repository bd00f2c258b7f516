//! DC table: decodes differences between DC coefficients of consecutive blocks (T.81, F.2.2.1).

use crate::Error;
use crate::bits::Bits;
use crate::huffman::HuffmanTable;
use crate::lookup::{Lookup, Symbol, extend};

/// Codes of up to ten bits. Few files have longer ones for differences.
type Codes = Lookup<{ 1 << 10 }>;

/// The DC table of a component.
#[derive(Clone, Debug)]
pub(crate) struct DcTable(Codes);

/// The meaning of a symbol: one coefficient. Sixteen bits occur in lossless JPEG only (H.1.2.2).
fn meaning(symbol: u8) -> Option<Symbol> {
    (symbol <= 15).then_some(Symbol {
        advance: 1,
        size: symbol.into(),
    })
}

impl DcTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = Codes::BYTES;

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
        Self(Codes::new(code, meaning))
    }

    /// The next difference. At least [`MOST_BITS`](crate::lookup::MOST_BITS) bits have to be buffered.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Result<i32, Error> {
        let (entry, number) = self.0.read(bits)?;
        Ok(extend(number, entry.size()))
    }
}
