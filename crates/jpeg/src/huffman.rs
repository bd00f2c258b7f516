//! Huffman codes (T.81, annex C) as tables that the next bits are looked up in.
//!
//! Most symbols, with the value bits that follow them, fit into ten bits: one look-up gives length and value. Where the
//! values are not wanted, one look-up of twelve bits passes several symbols at once. Longer codes are found length by
//! length.

use crate::Error;
use crate::bits::Bits;

/// A code as it stands in the file (B.2.4.2): how many codes there are of each length from 1 to 16, and their symbols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code<'s> {
    pub(crate) counts: &'s [u8; 16],
    pub(crate) symbols: &'s [u8],
}

impl<'s> Code<'s> {
    /// Refuses codes that do not fit into their length, or that consist of ones only, and more of them than there are
    /// symbols.
    pub(crate) fn new(counts: &'s [u8; 16], symbols: &'s [u8]) -> Result<Self, Error> {
        const MOST_SYMBOLS: usize = 256;
        if symbols.len() > MOST_SYMBOLS {
            return Err(Error::Corrupt("a Huffman table has more symbols than there are"));
        }
        let mut next = 0_u32;
        for (length, count) in (1..).zip(counts) {
            next += u32::from(*count);
            if *count > 0 && next >= 1 << length {
                return Err(Error::Corrupt("a Huffman table has more codes than there can be"));
            }
            next <<= 1;
        }
        Ok(Self { counts, symbols })
    }
}

/// Bits that are looked up for one symbol and its value.
const BITS: u32 = 10;
const ENTRIES: usize = 1 << BITS;
/// Bits that are looked up for passing over symbols.
const SKIP_BITS: u32 = 12;
const SKIP_ENTRIES: usize = 1 << SKIP_BITS;

/// Codes and symbols, for those that no table holds.
#[derive(Clone, Debug)]
struct Lengths {
    /// For each length: the code after its last one, at the upper end of 16 bits; and what to add to a code for the
    /// place of its symbol.
    ends: [(u32, i32); 17],
    symbols: [u8; 256],
}

impl Lengths {
    fn new(code: Code<'_>) -> Self {
        let mut ends = [(0, 0); 17];
        let mut symbols = [0; 256];
        for (symbol, place) in code.symbols.iter().zip(&mut symbols) {
            *place = *symbol;
        }
        let (mut next, mut place) = (0_u32, 0_i32);
        for (length, count) in (1_u32..).zip(code.counts) {
            let offset = place - next as i32;
            next += u32::from(*count);
            place += i32::from(*count);
            ends[length as usize] = (next << (16 - length), offset);
            next <<= 1;
        }
        Self { ends, symbols }
    }

    /// The length and the symbol of the code that these 16 bits begin with.
    fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let length = (1..=16).find(|length| bits < self.ends[*length as usize].0)?;
        let place = (bits >> (16 - length)) as i32 + self.ends[length as usize].1;
        Some((length, self.symbols[place as usize % 256]))
    }
}

/// Length and symbol of the code that each number of twelve bits begins with; length 0: it is longer.
type Short = [(u8, u8); SKIP_ENTRIES];

/// Only needed while the other tables are made.
fn short_codes(code: Code<'_>) -> Box<Short> {
    let mut table = Box::new([(0, 0); SKIP_ENTRIES]);
    let mut symbols = code.symbols.iter();
    let mut start = 0;
    for (length, count) in (1_u8..=SKIP_BITS as u8).zip(code.counts) {
        let entries = 1 << (SKIP_BITS - u32::from(length));
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            // `Code` has seen to it that they fit.
            table[start..start + entries].fill((length, *symbol));
            start += entries;
        }
    }
    table
}

/// What one look-up tells, in 32 bits: the value in the upper 16, by how many places of the block it leads on in the next
/// 8, and the number of bits in the lowest 8. 0: the table does not hold it.
fn entry(value: i32, places: u32, bits: u32) -> u32 {
    (value as u32) << 16 | places << 8 | bits
}

/// A value of so many bits (F.2.2.1): the lower half of the numbers stands for negative ones.
fn extend(number: u32, bits: u32) -> i32 {
    let number = number as i32;
    if bits == 0 {
        0
    } else if number < 1 << (bits - 1) {
        number - (1 << bits) + 1
    } else {
        number
    }
}

const INVALID: &str = "a Huffman code does not exist";

/// The code of the means of blocks: differences from one to the next.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    lengths: Lengths,
    entries: Box<[u32; ENTRIES]>,
}

impl Means {
    pub(crate) fn new(code: Code<'_>) -> Self {
        let lengths = Lengths::new(code);
        let mut entries = Box::new([0; ENTRIES]);
        let short = short_codes(code);
        for (index, place) in (0_u32..).zip(entries.iter_mut()) {
            let (length, size) = short[(index << (SKIP_BITS - BITS)) as usize];
            let (length, size) = (u32::from(length), u32::from(size));
            if length > 0 && length + size <= BITS {
                let number = index >> (BITS - length - size) & ((1 << size) - 1);
                *place = entry(extend(number, size), 1, length + size);
            }
        }
        Self { lengths, entries }
    }

    /// The next difference. Takes at most 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Result<i32, Error> {
        let entry = self.entries[(bits.peek() >> (64 - BITS)) as usize];
        if entry == 0 {
            let (after, difference) = self.read_long(*bits)?;
            *bits = after;
            return Ok(difference);
        }
        bits.skip(entry & 0x3f);
        Ok(entry as i32 >> 16)
    }

    #[cold]
    #[inline(never)]
    fn read_long<'s>(&self, mut bits: Bits<'s>) -> Result<(Bits<'s>, i32), Error> {
        let (length, size) = self
            .lengths
            .find(bits.peek_number(16))
            .ok_or_else(|| bits.failure(INVALID))?;
        // Sixteen bits are for pictures without loss (H.1.2.2).
        if size > 15 {
            return Err(bits.failure("a difference of means is too large"));
        }
        bits.skip(length);
        let size = u32::from(size);
        let number = if size == 0 { 0 } else { bits.peek_number(size) };
        bits.skip(size);
        Ok((bits, extend(number, size)))
    }
}

/// The code of all other coefficients: how many zeros stand before one, and what it is.
#[derive(Clone, Debug)]
pub(crate) struct Others {
    lengths: Lengths,
    entries: Box<[u32; ENTRIES]>,
    /// By how many places several symbols together lead on, above 6 bits for their length; 0: the first of them is too
    /// long.
    skips: Box<[u16; SKIP_ENTRIES]>,
}

/// The places of a block.
pub(crate) const PLACES: u32 = 64;
/// What the end of a block adds to the places: more than any symbols in a valid block do.
const END: u32 = 2 * PLACES;

/// A symbol that is no coefficient, or one with the zeros before it (F.2.2.2): places and bits of value. The end of the
/// block is `END`; `None` for symbols that only progressive files have.
fn meaning(symbol: u8) -> Option<(u32, u32)> {
    match (u32::from(symbol >> 4), u32::from(symbol & 0xf)) {
        (0, 0) => Some((END, 0)),
        // Sixteen zeros.
        (15, 0) => Some((16, 0)),
        (_, 0) => None,
        (zeros, size) => Some((zeros + 1, size)),
    }
}

/// By how many places as many symbols as these bits hold lead on, above 6 bits for their length. The value bits of the
/// last one may reach beyond.
fn several(short: &Short, bits: u32) -> u16 {
    let (mut taken, mut places) = (0, 0);
    while taken < SKIP_BITS && places < PLACES {
        let (length, symbol) = short[(bits << taken) as usize % SKIP_ENTRIES];
        let length = u32::from(length);
        let Some((more, size)) = meaning(symbol) else { break };
        if length == 0 || taken + length > SKIP_BITS {
            break;
        }
        taken += length + size;
        places += more;
    }
    (places << 6 | taken) as u16
}

impl Others {
    pub(crate) fn new(code: Code<'_>) -> Self {
        let lengths = Lengths::new(code);
        let mut entries = Box::new([0; ENTRIES]);
        let short = short_codes(code);
        for (index, place) in (0_u32..).zip(entries.iter_mut()) {
            let (length, symbol) = short[(index << (SKIP_BITS - BITS)) as usize];
            let length = u32::from(length);
            if length > 0
                && let Some((places, size)) = meaning(symbol)
                && length + size <= BITS
            {
                let number = index >> (BITS - length - size) & ((1 << size) - 1);
                *place = entry(extend(number, size), places, length + size);
            }
        }
        let mut skips = Box::new([0; SKIP_ENTRIES]);
        for (index, place) in (0_u32..).zip(skips.iter_mut()) {
            *place = several(&short, index);
        }
        Self {
            lengths,
            entries,
            skips,
        }
    }

    /// The coefficient at or after `place`: its place and value, where a value of 0 may also be sixteen zeros' last one.
    /// `PLACES` or more: the block ends. Takes at most 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>, place: u32) -> Result<(u32, i32), Error> {
        let entry = self.entries[(bits.peek() >> (64 - BITS)) as usize];
        let (places, value) = if entry == 0 {
            let (after, places, value) = self.read_long(*bits)?;
            *bits = after;
            (places, value)
        } else {
            bits.skip(entry & 0x3f);
            (entry >> 8 & 0xff, entry as i32 >> 16)
        };
        let found = place + places - 1;
        if (PLACES..END).contains(&found) {
            return Err(bits.failure(BEYOND));
        }
        Ok((found, value))
    }

    #[cold]
    #[inline(never)]
    fn read_long<'s>(&self, mut bits: Bits<'s>) -> Result<(Bits<'s>, u32, i32), Error> {
        let (length, symbol) = self
            .lengths
            .find(bits.peek_number(16))
            .ok_or_else(|| bits.failure(INVALID))?;
        let (places, size) = meaning(symbol).ok_or_else(|| bits.failure("a symbol is one of progressive pictures"))?;
        bits.skip(length);
        let number = if size == 0 { 0 } else { bits.peek_number(size) };
        bits.skip(size);
        Ok((bits, places, extend(number, size)))
    }

    /// Passes over all coefficients from `place` on, which is below `PLACES`.
    #[inline(always)]
    pub(crate) fn skip(&self, bits: &mut Bits<'_>, mut place: u32) -> Result<(), Error> {
        loop {
            bits.refill();
            let skip = u32::from(self.skips[(bits.peek() >> (64 - SKIP_BITS)) as usize]);
            let found = place + (skip >> 6);
            // Where a block ends within the symbols, others follow that are not its own: then they are read singly.
            if skip != 0 && (found <= PLACES || (END..END + PLACES).contains(&found)) {
                bits.skip(skip & 0x3f);
                place = found;
            } else {
                place = self.read(bits, place)?.0 + 1;
            }
            if place >= PLACES {
                return Ok(());
            }
        }
    }
}

const BEYOND: &str = "a block has more than 64 coefficients";
