//! AC table of sequential pictures (T.81, F.2.2.2): decodes runs of zeros and the coefficients after them, or skips
//! them.
//!
//! For a thumbnail most coefficients are skipped. Their values do not matter, so that one lookup passes several symbols
//! at once, up to the end of the block.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::HuffmanTable;
use crate::lookup::{Lookup, Symbol, extend};
use crate::skip_table::{COEFFICIENTS, Skip, SkipTable};

/// Codes of up to twelve bits. Of a photograph's coefficients about one in a hundred has a longer one.
type Codes = Lookup<{ 1 << 12 }>;

/// The AC table of a component.
#[derive(Clone, Debug)]
pub(crate) struct AcTable {
    codes: Codes,
    skips: SkipTable,
}

/// The meaning of a symbol: a run of zeros with a coefficient (a value of no bits is another zero), or the end of the
/// block. `None` stands for symbols of progressive files.
fn meaning(symbol: u8) -> Option<Symbol> {
    let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 0xf));
    match (zeros, size) {
        (0, 0) => Some(Symbol { advance: 0, size }),
        (1..=14, 0) => None,
        _ => Some(Symbol {
            advance: zeros + 1,
            size,
        }),
    }
}

pub(crate) const BEYOND: &str = "a block has more than 64 coefficients";

impl AcTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = Codes::BYTES + SkipTable::BYTES;

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
        let codes = Codes::new(code, meaning);
        Self {
            skips: SkipTable::new(&codes),
            codes,
        }
    }

    /// The next coefficient at or after `place`: its index, below [`COEFFICIENTS`], and its value. `None` means the end
    /// of the block. A value of 0 is the last zero of a run of sixteen. At least
    /// [`MOST_BITS`](crate::lookup::MOST_BITS) bits have to be buffered.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>, place: u32) -> Result<Option<(u32, i32)>, Error> {
        let (entry, number) = self.codes.read(bits)?;
        if entry.advance() == 0 {
            return Ok(None);
        }
        let found = place + entry.advance() - 1;
        if found >= COEFFICIENTS {
            return Err(bits.failure(BEYOND));
        }
        Ok(Some((found, extend(number, entry.size()))))
    }

    /// Skips all coefficients from `place` on, which is below [`COEFFICIENTS`]. At least
    /// [`MOST_BITS`](crate::lookup::MOST_BITS) bits have to be buffered.
    #[inline(always)]
    pub(crate) fn skip(&self, bits: &mut Bits<'_>, mut place: u32) -> Result<(), Error> {
        // One lookup is left of the buffer each time. Then it is refilled for two.
        while place < COEFFICIENTS {
            let mut skip = self.skips.entry(bits.peek());
            let mut found = place + skip.advance();
            if found < COEFFICIENTS {
                bits.skip(skip.bits());
                bits.refill();
                place = found;
                skip = self.skips.entry(bits.peek());
                found = place + skip.advance();
                if found < COEFFICIENTS {
                    bits.skip(skip.bits());
                    place = found;
                    continue;
                }
            }
            if Skip::ends_at(found) {
                bits.skip(skip.bits());
                return Ok(());
            }
            // The first symbol is long, or the block ends within these symbols without saying so.
            bits.refill();
            place = match self.read(bits, place)? {
                Some((found, _)) => found + 1,
                None => COEFFICIENTS,
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u32);

    impl Random {
        fn below(&mut self, end: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0 as usize % end
        }
    }

    /// Random symbols, most of which advance little. The end of the block is among the shortest, or missing.
    fn symbols(random: &mut Random, ends: bool) -> Vec<u8> {
        let count = 2 + random.below(60);
        let mut symbols: Vec<u8> = (0..count)
            .map(|_| match random.below(16) {
                0 => 0xf0,
                _ => ([0, 0, 0, 1, 2, 15][random.below(6)] << 4 | (1 + random.below(10))) as u8,
            })
            .collect();
        if ends {
            symbols[random.below(count.min(5))] = 0;
        }
        symbols
    }

    /// Random numbers of codes of each length, as many as there are symbols.
    fn counts(random: &mut Random, symbols: &[u8]) -> [u8; 16] {
        loop {
            let (mut free, mut left, mut counts) = (1, symbols.len(), [0; 16]);
            for (index, count) in counts.iter_mut().enumerate() {
                free *= 2;
                let some = random.below(left.min(free - 1) + 1);
                *count = if index == 15 { left } else { some } as u8;
                left -= usize::from(*count);
                if usize::from(*count) >= free {
                    break;
                }
                free -= usize::from(*count);
            }
            let table = HuffmanTable {
                counts: &counts,
                symbols,
            };
            if left == 0 && table.checked().is_ok() {
                return counts;
            }
        }
    }

    /// A decoder of T.81, F.2.2.2, bit by bit.
    struct Plain<'t> {
        /// The codes as digits, and their symbols (C.2).
        codes: Vec<(String, u8)>,
        bits: &'t str,
    }

    impl<'t> Plain<'t> {
        fn new(counts: &[u8; 16], symbols: &[u8], bits: &'t str) -> Self {
            let (mut codes, mut code, mut symbols) = (Vec::new(), 0_u32, symbols.iter());
            for (length, count) in (1..).zip(counts) {
                for symbol in symbols.by_ref().take(usize::from(*count)) {
                    codes.push((format!("{code:0length$b}"), *symbol));
                    code += 1;
                }
                code *= 2;
            }
            Self { codes, bits }
        }

        /// The values of a block by their indices. `None` for an invalid one.
        fn block(&mut self) -> Option<Vec<(u32, i32)>> {
            let (mut values, mut place) = (Vec::new(), 1);
            while place < 64 {
                let (code, symbol) = self.codes.iter().find(|(code, _)| self.bits.starts_with(code))?;
                let (zeros, size) = (u32::from(symbol / 16), usize::from(symbol % 16));
                let (digits, rest) = self.bits[code.len()..].split_at_checked(size)?;
                self.bits = rest;
                if *symbol == 0 {
                    return Some(values);
                }
                if size == 0 && zeros < 15 {
                    return None;
                }
                place += zeros;
                let number = i32::from_str_radix(digits, 2).unwrap_or_default();
                let negative = digits.starts_with('0');
                values.push((place, if negative { number + 1 - (1 << size) } else { number }));
                place += 1;
            }
            (place == 64).then_some(values)
        }
    }

    /// The values of a block by their indices.
    fn values(table: &AcTable, bits: &mut Bits<'_>) -> Result<Vec<(u32, i32)>, Error> {
        let (mut values, mut place) = (Vec::new(), 1);
        while place < COEFFICIENTS {
            bits.refill();
            let Some((index, value)) = table.read(bits, place)? else {
                break;
            };
            values.push((index, value));
            place = index + 1;
        }
        Ok(values)
    }

    /// Blocks of random bits and codes, until one of them is invalid.
    #[test]
    fn block_is_read_and_skipped_as_bit_by_bit() {
        let mut random = Random(0x2545_f491);
        let (mut ended, mut without_end) = (0, 0);
        for round in 0..600 {
            let symbols = symbols(&mut random, round % 3 > 0);
            let counts = counts(&mut random, &symbols);
            let table = AcTable::new(HuffmanTable::new(&counts, &symbols).unwrap());
            // Without 0xff, so that no byte is followed by a stuffed one.
            let bytes: Vec<u8> = (0..600).map(|_| random.below(255) as u8).collect();
            let digits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();

            let mut plain = Plain::new(&counts, &symbols, &digits);
            let (mut read, mut skipped) = (Bits::new(&bytes, 0), Bits::new(&bytes, 0));
            // A block takes less than 63 times 26 bits.
            while plain.bits.len() > 1700 {
                let expected = plain.block();
                assert_eq!(values(&table, &mut read).ok(), expected, "round {round}");
                skipped.refill();
                assert_eq!(table.skip(&mut skipped, 1).is_ok(), expected.is_some(), "round {round}");
                let Some(values) = expected else {
                    break;
                };
                let next = u64::from_str_radix(&plain.bits[..56], 2).unwrap();
                for bits in [&mut read, &mut skipped] {
                    bits.refill();
                    assert_eq!(bits.peek() >> 8, next, "round {round}");
                }
                match values.last() {
                    Some((63, _)) => without_end += 1,
                    _ => ended += 1,
                }
            }
        }
        assert!(ended > 1000 && without_end > 100, "{ended}, {without_end}");
    }
}
