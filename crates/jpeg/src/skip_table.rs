//! Skip table: passes several AC symbols of a sequential picture at once, where their values do not matter.

use crate::lookup::{Entry, Lookup, MOST_BITS};

/// The number of coefficients in a block.
pub(crate) const COEFFICIENTS: u32 = 64;

/// The bits that are looked up.
const BITS: u32 = 12;
const ENTRIES: usize = 1 << BITS;

/// Several symbols together: the lowest 6 bits are the number of bits to take, and the others the number of
/// coefficients to advance. The end of a block counts as an advance by [`END`](Self::END).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skip(u16);

impl Skip {
    /// More coefficients than the symbols of an entry, begun within a block, can reach.
    const END: u32 = 256;
    /// The first symbol is too long. This advances beyond all others, so that one comparison finds both.
    const LONG: Self = Self(512 << 6);
    /// Nothing.
    const EMPTY: Self = Self(0);

    const fn of(entry: Entry) -> Self {
        let advance = match entry.advance() {
            0 => Self::END,
            advance => advance,
        };
        Self((advance << 6 | entry.bits()) as u16)
    }

    /// The bits of all symbols.
    #[inline(always)]
    pub(crate) const fn bits(self) -> u32 {
        self.0 as u32 & 0x3f
    }

    /// The advance of all symbols.
    #[inline(always)]
    pub(crate) const fn advance(self) -> u32 {
        self.0 as u32 >> 6
    }

    /// Whether the block ends behind these symbols, which advance from a place in it to `found`. Beyond the last
    /// coefficient an end of block would belong to the next block.
    #[inline(always)]
    pub(crate) const fn ends_at(found: u32) -> bool {
        found / COEFFICIENTS == Self::END / COEFFICIENTS || found == COEFFICIENTS
    }

    /// Both, if they may stand in one entry.
    fn then(self, next: Self) -> Self {
        let coefficients = self.advance() + next.advance() % Self::END;
        if self.advance() == Self::END || coefficients > COEFFICIENTS || self.bits() + next.bits() > MOST_BITS {
            self
        } else {
            Self(self.0 + next.0)
        }
    }
}

/// The entries of a Huffman table's symbols.
#[derive(Clone, Debug)]
pub(crate) struct SkipTable(Box<[Skip; ENTRIES]>);

impl SkipTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = size_of::<[Skip; ENTRIES]>();

    /// The entries for all numbers of `BITS` bits. Entries for fewer bits are built first, because the bits after a
    /// first symbol are such a number.
    pub(crate) fn new<const CODES: usize>(codes: &Lookup<CODES>) -> Self {
        // The entry for `width` bits has the index of these bits with a one before them.
        let mut entries = vec![Skip::EMPTY; 2 * ENTRIES];
        for index in 1..entries.len() {
            let width = index.ilog2();
            let bits = (index as u64) << (63 - width) << 1;
            let first = codes.entry(bits);
            if first == Entry::NONE || first.bits() - first.size() > width {
                continue;
            }
            // The value bits of the last symbol may reach beyond the number.
            let rest = match width.checked_sub(first.bits()) {
                Some(rest) => entries[1 << rest | index & ((1 << rest) - 1)],
                None => Skip::EMPTY,
            };
            entries[index] = Skip::of(first).then(rest);
        }
        let mut result = Box::new([Skip::LONG; ENTRIES]);
        for (skip, entry) in result.iter_mut().zip(&entries[ENTRIES..]) {
            if *entry != Skip::EMPTY {
                *skip = *entry;
            }
        }
        Self(result)
    }

    /// The entry of the next bits.
    #[inline(always)]
    pub(crate) fn entry(&self, bits: u64) -> Skip {
        self.0[(bits >> (64 - BITS)) as usize]
    }
}
