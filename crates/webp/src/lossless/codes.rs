//! Prefix codes: how they are stored, and tables to read them by (RFC 9649, section 6.2). Five of them are a group: the
//! first says green, how long a copy is, or a place in the cache; the others red, blue, alpha, and how far back a copy is.

use super::bits::{Bits, FILLED};
use crate::DecodeError;

/// Symbols of a group's first code that are values of green, then those that are lengths of copies.
pub(super) const GREENS: usize = 256;
pub(super) const LENGTHS: usize = 24;
const DISTANCES: usize = 40;
/// The longest code of a symbol.
const LONGEST: usize = 15;
/// So many bits are looked up at once; a longer code needs a second look.
const ROOT: u32 = 8;
/// Places in tables that one picture may have, of four bytes each. Encoders make up to 2,600 groups, of a few thousand places
/// each and of 5,004 at most (both figures are libwebp's).
const MOST_ENTRIES: usize = 2600 * 5004;

/// What a symbol is read by.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The symbol; or, in the first look at a code longer than [`ROOT`], where in the table the second look begins.
    value: u16,
    /// How many bits the code has; or, then, [`ROOT`] and how many bits the second look takes.
    bits: u8,
}

/// Where a code's table is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Code {
    first: u32,
    mask: u32,
}

/// Five codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) green: Code,
    pub(super) red: Code,
    pub(super) blue: Code,
    pub(super) alpha: Code,
    pub(super) distance: Code,
}

/// Groups of codes, and the tables of all of them.
#[derive(Debug, Default)]
pub(super) struct Codes {
    entries: Vec<Entry>,
    pub(super) groups: Vec<Group>,
    /// Used while a code is read: lengths of its symbols, and those it has in the order of their codes.
    lengths: Vec<u8>,
    order: Vec<u16>,
}

impl Codes {
    /// What is held, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let entries = self.entries.capacity() * size_of::<Entry>();
        let groups = self.groups.capacity() * size_of::<Group>();
        (entries + groups + self.lengths.capacity() + self.order.capacity() * size_of::<u16>()) as u64
    }

    /// Reads a symbol. [`LONGEST`] bits have to be buffered.
    #[inline(always)]
    pub(super) fn symbol(&self, code: Code, bits: &mut Bits<'_>) -> usize {
        let next = bits.peek();
        let entry = self.entry(code.first + (next as u32 & code.mask));
        if u32::from(entry.bits) <= ROOT {
            bits.take(u32::from(entry.bits));
            return usize::from(entry.value);
        }
        let second = (next >> ROOT) as u32 & ((1 << (u32::from(entry.bits) - ROOT)) - 1);
        let entry = self.entry(code.first + u32::from(entry.value) + second);
        bits.take(u32::from(entry.bits));
        usize::from(entry.value)
    }

    #[inline(always)]
    fn entry(&self, at: u32) -> Entry {
        self.entries.get(at as usize).copied().unwrap_or_default()
    }

    /// Reads the five codes of a group, for a cache of so many places.
    pub(super) fn read_group(&mut self, bits: &mut Bits<'_>, cached: usize) -> Result<(), DecodeError> {
        let group = Group {
            green: self.read(bits, GREENS + LENGTHS + cached)?,
            red: self.read(bits, 256)?,
            blue: self.read(bits, 256)?,
            alpha: self.read(bits, 256)?,
            distance: self.read(bits, DISTANCES)?,
        };
        self.groups.push(group);
        Ok(())
    }

    /// Reads a code of an alphabet of so many symbols.
    fn read(&mut self, bits: &mut Bits<'_>, symbols: usize) -> Result<Code, DecodeError> {
        self.lengths.clear();
        self.lengths.resize(symbols, 0);
        if bits.number(1) == 1 {
            // One or two symbols by their names.
            let second = bits.number(1) == 1;
            let name_bits = if bits.number(1) == 1 { 8 } else { 1 };
            let names = [Some(name_bits), second.then_some(8)];
            for name_bits in names.into_iter().flatten() {
                let name = bits.number(name_bits) as usize;
                *self.lengths.get_mut(name).ok_or(DecodeError::Code)? = 1;
            }
        } else {
            self.read_lengths(bits)?;
        }
        let code = self.add()?;
        if self.entries.len() > MOST_ENTRIES {
            return Err(DecodeError::TooManyCodes);
        }
        Ok(code)
    }

    /// Reads the lengths of all symbols' codes, which are in a code themselves.
    fn read_lengths(&mut self, bits: &mut Bits<'_>) -> Result<(), DecodeError> {
        const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        /// What repeats the last length that was none of zero; and what repeats zero, a few times or often.
        const AGAIN: usize = 16;
        const FEW_ZEROS: usize = 17;
        let symbols = self.lengths.len();
        let described = 4 + bits.number(4) as usize;
        self.lengths.clear();
        self.lengths.resize(ORDER.len(), 0);
        for symbol in ORDER.into_iter().take(described) {
            self.lengths[symbol] = bits.number(3) as u8;
        }
        // Its table goes when the lengths are read.
        let before = self.entries.len();
        let code = self.add()?;
        self.lengths.clear();
        let mut left = match bits.number(1) {
            0 => symbols,
            _ => {
                let number_bits = 2 + 2 * bits.number(3);
                2 + bits.number(number_bits) as usize
            }
        };
        if left > symbols {
            return Err(DecodeError::Code);
        }
        let mut last = 8;
        while self.lengths.len() < symbols && left > 0 {
            left -= 1;
            bits.fill();
            let symbol = self.symbol(code, bits);
            if symbol < AGAIN {
                self.lengths.push(symbol as u8);
                if symbol > 0 {
                    last = symbol as u8;
                }
                continue;
            }
            let (length, times) = match symbol {
                AGAIN => (last, 3 + bits.buffered_number(2)),
                FEW_ZEROS => (0, 3 + bits.buffered_number(3)),
                _ => (0, 11 + bits.buffered_number(7)),
            };
            let end = self.lengths.len() + times as usize;
            if end > symbols {
                return Err(DecodeError::Code);
            }
            self.lengths.resize(end, length);
        }
        self.lengths.resize(symbols, 0);
        self.entries.truncate(before);
        Ok(())
    }

    /// Makes the table of the code whose lengths were read. Codes are given in the order of their lengths, then of their
    /// symbols. One symbol alone needs no bits; otherwise every sequence of bits has to say something.
    fn add(&mut self) -> Result<Code, DecodeError> {
        let first = self.entries.len();
        let mut counts = [0_u32; LONGEST + 1];
        for length in &self.lengths {
            counts[usize::from(*length) & LONGEST] += 1;
        }
        counts[0] = 0;
        let used: u32 = counts.iter().sum();
        if used == 1 {
            let symbol = self.lengths.iter().position(|length| *length > 0).unwrap_or_default();
            self.entries.push(Entry {
                value: symbol as u16,
                bits: 0,
            });
            return Ok(Code {
                first: first as u32,
                mask: 0,
            });
        }
        let said = |(length, count): (usize, &u32)| count << (LONGEST - length);
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or_default();
        if counts.iter().enumerate().skip(1).map(said).sum::<u32>() != 1 << LONGEST {
            return Err(DecodeError::Code);
        }
        self.put_in_order(&counts, used);

        let root = (longest as u32).min(ROOT);
        let mask = (1_u32 << root) - 1;
        self.entries.resize(first + (1 << root), Entry::default());
        // How many more bits are looked up the second time, by what was seen the first time.
        let mut second_bits = [0_u8; 1 << ROOT];
        for (_, length, code) in in_order(&self.order, &counts) {
            if length > ROOT {
                let bits = &mut second_bits[(code & mask) as usize];
                *bits = (*bits).max((length - ROOT) as u8);
            }
        }
        for (seen, bits) in second_bits.iter().enumerate().filter(|(_, bits)| **bits > 0) {
            let second = self.entries.len() - first;
            self.entries[first + seen] = Entry {
                value: second as u16,
                bits: ROOT as u8 + bits,
            };
            self.entries.resize(first + second + (1 << bits), Entry::default());
        }
        for (symbol, length, code) in in_order(&self.order, &counts) {
            let (table, code, code_bits, bits) = if length > ROOT {
                let seen = (code & mask) as usize;
                let table = first + usize::from(self.entries[first + seen].value);
                (table, code >> ROOT, length - ROOT, u32::from(second_bits[seen]))
            } else {
                (first, code, length, root)
            };
            let entry = Entry {
                value: symbol,
                bits: length as u8,
            };
            for place in (code as usize..1 << bits).step_by(1 << code_bits) {
                self.entries[table + place] = entry;
            }
        }
        Ok(Code {
            first: first as u32,
            mask,
        })
    }

    /// Puts the symbols that have a code in the order of their codes.
    fn put_in_order(&mut self, counts: &[u32; LONGEST + 1], used: u32) {
        let mut starts = [0_usize; LONGEST + 2];
        for (length, count) in counts.iter().enumerate() {
            starts[length + 1] = starts[length] + *count as usize;
        }
        self.order.clear();
        self.order.resize(used as usize, 0);
        for (symbol, length) in self.lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let place = &mut starts[usize::from(*length) & LONGEST];
            self.order[*place] = symbol as u16;
            *place += 1;
        }
    }
}

/// Symbols in the order of their codes, with the codes' lengths and the codes as they are read: their first bit lowest.
fn in_order<'o>(order: &'o [u16], counts: &'o [u32; LONGEST + 1]) -> impl Iterator<Item = (u16, u32, u32)> + use<'o> {
    let lengths = counts.iter().zip(0_u32..);
    let lengths = lengths.flat_map(|(count, length)| std::iter::repeat_n(length, *count as usize));
    let mut next = (0_u32, 0_u32);
    order.iter().zip(lengths).map(move |(symbol, length)| {
        let (code, length_before) = next;
        let code = code << (length - length_before);
        next = (code + 1, length);
        (*symbol, length, code.reverse_bits() >> (32 - length))
    })
}

const _: () = assert!(
    3 * LONGEST as u32 <= FILLED,
    "three symbols are read after one look for bits"
);
