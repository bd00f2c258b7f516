//! Prefix codes (RFC 9649, section 6.2): reads their code lengths and builds lookup tables.
//!
//! Five codes are a group. The first codes green literals, lengths of back-references and colour cache indices. The
//! others code red, blue, alpha, and distances of back-references.

use super::bits::{Bits, FILLED};
use crate::DecodeError;

/// Symbols of a group's first code: first the values of green, then the lengths of back-references.
pub(super) const LITERALS: usize = 256;
pub(super) const LENGTHS: usize = 24;
const DISTANCES: usize = 40;
/// The longest code of a symbol, in bits.
const LONGEST: usize = 15;
/// The number of bits of the first lookup. A longer code needs a second one.
const ROOT: u32 = 8;
/// The most table entries of one picture, of four bytes each. libwebp writes up to 2,600 groups, and a group has 5,004
/// entries at most.
const MOST_ENTRIES: usize = 2600 * 5004;

/// An entry of a lookup table.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The symbol. For a code longer than [`ROOT`], where in the table the second lookup begins.
    value: u16,
    /// The length of the code in bits. For a longer code, [`ROOT`] plus the number of bits of the second lookup.
    bits: u8,
}

/// The position of a code's table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PrefixCode {
    first: u32,
    mask: u32,
}

/// A prefix code group: five codes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Group {
    pub(super) green: PrefixCode,
    pub(super) red: PrefixCode,
    pub(super) blue: PrefixCode,
    pub(super) alpha: PrefixCode,
    pub(super) distance: PrefixCode,
}

/// Prefix code groups and their tables.
#[derive(Debug, Default)]
pub(super) struct PrefixCodes {
    entries: Vec<Entry>,
    pub(super) groups: Vec<Group>,
    /// Scratch space: code lengths by symbol, and symbols in the order of their codes.
    lengths: Vec<u8>,
    order: Vec<u16>,
}

impl PrefixCodes {
    /// The bytes that the tables hold.
    pub(super) fn bytes(&self) -> u64 {
        let entries = self.entries.capacity() * size_of::<Entry>();
        let groups = self.groups.capacity() * size_of::<Group>();
        (entries + groups + self.lengths.capacity() + self.order.capacity() * size_of::<u16>()) as u64
    }

    /// Reads a symbol. At least [`LONGEST`] bits have to be buffered.
    #[inline(always)]
    pub(super) fn symbol(&self, code: PrefixCode, bits: &mut Bits<'_>) -> usize {
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

    /// Reads the five codes of a group, for a colour cache of `cached` entries.
    pub(super) fn read_group(&mut self, bits: &mut Bits<'_>, cached: usize) -> Result<(), DecodeError> {
        let group = Group {
            green: self.read(bits, LITERALS + LENGTHS + cached)?,
            red: self.read(bits, 256)?,
            blue: self.read(bits, 256)?,
            alpha: self.read(bits, 256)?,
            distance: self.read(bits, DISTANCES)?,
        };
        self.groups.push(group);
        Ok(())
    }

    /// Reads a code for an alphabet of `symbols` symbols.
    fn read(&mut self, bits: &mut Bits<'_>, symbols: usize) -> Result<PrefixCode, DecodeError> {
        self.lengths.clear();
        self.lengths.resize(symbols, 0);
        if bits.number(1) == 1 {
            // A simple code: one or two symbols are stored as they are.
            let second = bits.number(1) == 1;
            let name_bits = if bits.number(1) == 1 { 8 } else { 1 };
            let names = [Some(name_bits), second.then_some(8)];
            for name_bits in names.into_iter().flatten() {
                let name = bits.number(name_bits) as usize;
                *self.lengths.get_mut(name).ok_or(DecodeError::PrefixCode)? = 1;
            }
        } else {
            self.read_lengths(bits)?;
        }
        let code = self.add()?;
        if self.entries.len() > MOST_ENTRIES {
            return Err(DecodeError::TooManyPrefixCodes);
        }
        Ok(code)
    }

    /// Reads the code lengths of all symbols, which are themselves prefix-coded.
    fn read_lengths(&mut self, bits: &mut Bits<'_>) -> Result<(), DecodeError> {
        const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        /// Symbols that repeat the last non-zero length, a short run of zeros, or a long one.
        const AGAIN: usize = 16;
        const FEW_ZEROS: usize = 17;
        let symbols = self.lengths.len();
        let described = 4 + bits.number(4) as usize;
        self.lengths.clear();
        self.lengths.resize(ORDER.len(), 0);
        for symbol in ORDER.into_iter().take(described) {
            self.lengths[symbol] = bits.number(3) as u8;
        }
        // The code of the code lengths is dropped once they are read.
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
            return Err(DecodeError::PrefixCode);
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
                return Err(DecodeError::PrefixCode);
            }
            self.lengths.resize(end, length);
        }
        self.lengths.resize(symbols, 0);
        self.entries.truncate(before);
        Ok(())
    }

    /// Builds the table of the code whose lengths were read. The code is canonical: ordered by length, then by symbol.
    /// A single symbol needs no bits. Otherwise every sequence of bits must be a code.
    fn add(&mut self) -> Result<PrefixCode, DecodeError> {
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
            return Ok(PrefixCode {
                first: first as u32,
                mask: 0,
            });
        }
        let said = |(length, count): (usize, &u32)| count << (LONGEST - length);
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or_default();
        if counts.iter().enumerate().skip(1).map(said).sum::<u32>() != 1 << LONGEST {
            return Err(DecodeError::PrefixCode);
        }
        self.put_in_order(&counts, used);

        let root = (longest as u32).min(ROOT);
        let mask = (1_u32 << root) - 1;
        self.entries.resize(first + (1 << root), Entry::default());
        // The number of bits of the second lookup, by the bits of the first.
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
        Ok(PrefixCode {
            first: first as u32,
            mask,
        })
    }

    /// Sorts the symbols that have a code by their codes.
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

/// The symbols in the order of their codes, each with its length and its code as it is read: first bit lowest.
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

const _: () = assert!(3 * LONGEST as u32 <= FILLED, "three symbols are read after one fill");
