//! Lookup of Huffman codes (T.81, F.2.2.3): finds a symbol by the next bits, and takes its code and its value bits.
//!
//! The tables of DC, AC and progressive symbols consist of one. The code alone is looked up, and tells how many bits to
//! take in all. So the value is computed while the processor already looks up the next code, and large values are as
//! fast as small ones. Codes longer than the lookup are found length by length.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::HuffmanTable;

/// The meaning of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// How many coefficients it advances: 1 to 16. 0 means that no further coefficients follow.
    pub(crate) advance: u32,
    /// The number of value bits behind the code: 0 to 15.
    pub(crate) size: u32,
}

/// A symbol with the length of its code, in 16 bits: the lowest 6 are the number of bits to take, the next 4 the number
/// of value bits among them, and the rest the advance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry(u16);

impl Entry {
    /// No symbol.
    pub(crate) const NONE: Self = Self(0);

    const fn new(length: u32, symbol: Symbol) -> Self {
        Self((symbol.advance << 10 | symbol.size << 6 | (length + symbol.size)) as u16)
    }

    /// The bits of the code and of the value: 1 to 31.
    #[inline(always)]
    pub(crate) const fn bits(self) -> u32 {
        self.0 as u32 & 0x3f
    }

    /// The bits of the value.
    #[inline(always)]
    pub(crate) const fn size(self) -> u32 {
        self.0 as u32 >> 6 & 0xf
    }

    /// The advance of the symbol.
    #[inline(always)]
    pub(crate) const fn advance(self) -> u32 {
        self.0 as u32 >> 10
    }

    /// The value bits, as a number.
    #[inline(always)]
    const fn number(self, bits: u64) -> u32 {
        (bits >> (64 - self.bits())) as u32 & ((1 << self.size()) - 1)
    }
}

/// The value of `bits` bits (F.2.2.1, "EXTEND"): the lower half of the numbers stands for negative values. No bits are
/// the value 0.
#[inline(always)]
pub(crate) const fn extend(number: u32, bits: u32) -> i32 {
    let negative = number < (1 << bits) >> 1;
    number as i32 - if negative { (1 << bits) - 1 } else { 0 }
}

/// A table by the next bits. The number of entries is a power of 2.
#[derive(Clone, Debug)]
pub(crate) struct Lookup<const ENTRIES: usize> {
    entries: Box<[Entry; ENTRIES]>,
    /// For each length of a code, the code after the last one, left-aligned in 16 bits, and the number that turns a
    /// code into the index of its symbol.
    ends: [(u32, i32); 17],
    symbols: [Entry; 256],
}

/// The most bits that an entry of a table takes. So two symbols can be read after the buffer was refilled.
pub(crate) const MOST_BITS: u32 = 25;
const _: () = assert!(Bits::REFILLED - LONGEST >= MOST_BITS);
/// The longest code with the largest value.
const LONGEST: u32 = 16 + 15;

const INVALID: &str = "a Huffman code does not exist, or does not belong here";

impl<const ENTRIES: usize> Lookup<ENTRIES> {
    /// The number of bits that are looked up.
    pub(crate) const BITS: u32 = ENTRIES.ilog2();
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = size_of::<[Entry; ENTRIES]>();

    /// The table of a code. `meaning` returns `None` for symbols that do not belong into it.
    pub(crate) fn new(code: HuffmanTable<'_>, meaning: impl Fn(u8) -> Option<Symbol>) -> Self {
        let mut entries = Box::new([Entry::NONE; ENTRIES]);
        let mut ends = [(0, 0); 17];
        let mut symbols = [Entry::NONE; 256];
        let mut all = code.symbols.iter().zip(&mut symbols);
        let (mut next, mut place, mut start) = (0_u32, 0_i32, 0);
        for (length, count) in (1_u32..).zip(code.counts) {
            let offset = place - next as i32;
            // As many entries as there are numbers that begin with the code.
            let width = ENTRIES >> length;
            for (symbol, entry) in all.by_ref().take(usize::from(*count)) {
                *entry = meaning(*symbol).map_or(Entry::NONE, |symbol| Entry::new(length, symbol));
                if entry.bits() <= MOST_BITS {
                    // `HuffmanTable::checked` has made sure that the codes fit.
                    entries[start..start + width].fill(*entry);
                }
                start += width;
            }
            next += u32::from(*count);
            place += i32::from(*count);
            ends[length as usize] = (next << (16 - length), offset);
            next <<= 1;
        }
        Self { entries, ends, symbols }
    }

    /// The entry of the code that the next bits begin with. [`Entry::NONE`] if the table does not hold it.
    #[inline(always)]
    pub(crate) fn entry(&self, bits: u64) -> Entry {
        self.entries[(bits >> (64 - Self::BITS)) as usize]
    }

    /// Takes the next symbol, and returns the number in its value bits too. At least [`MOST_BITS`] bits have to be
    /// buffered.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Result<(Entry, u32), Error> {
        let mut entry = self.entry(bits.peek());
        if entry == Entry::NONE {
            (*bits, entry) = self.find(*bits)?;
        }
        let number = entry.number(bits.peek());
        bits.skip(entry.bits());
        Ok((entry, number))
    }

    /// The entry of any code. Refills the buffer, as more bits may have to be taken.
    #[cold]
    #[inline(never)]
    fn find<'s>(&self, mut bits: Bits<'s>) -> Result<(Bits<'s>, Entry), Error> {
        bits.refill();
        let next = (bits.peek() >> 48) as u32;
        let length = (1..=16).find(|length| next < self.ends[*length as usize].0);
        let entry = length.map_or(Entry::NONE, |length| {
            let place = (next >> (16 - length)) as i32 + self.ends[length as usize].1;
            self.symbols[place as usize % 256]
        });
        if entry == Entry::NONE {
            return Err(bits.failure(INVALID));
        }
        Ok((bits, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T.81, table F.1 and F.2: the values of each size, the smallest first.
    #[test]
    fn values_of_a_size_leave_out_those_of_smaller_ones() {
        assert_eq!(extend(0, 0), 0);
        for size in 1..=15_u32 {
            let values: Vec<i32> = (0..1 << size).map(|number| extend(number, size)).collect();
            let least = 1 << (size - 1);
            let expected: Vec<i32> = (1 - 2 * least..=-least).chain(least..2 * least).collect();
            assert_eq!(values, expected);
        }
    }
}
