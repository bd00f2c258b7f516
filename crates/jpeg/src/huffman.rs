//! Huffman decoding tables (T.81, annex C): find symbols by the next bits.
//!
//! Most symbols fit into ten bits together with their value bits, so that one lookup gives length and value. Where
//! values are not needed, one lookup of twelve bits skips several symbols at once. Longer codes are found length by
//! length.

use crate::Error;
use crate::bits::Bits;

/// A Huffman table as the file stores it (B.2.4.2): the number of codes of each length from 1 to 16, and their symbols.
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

/// The bits of the lookup of one symbol and its value.
pub(crate) const BITS: u32 = 10;
pub(crate) const ENTRIES: usize = 1 << BITS;
/// The bits of the lookup that skips symbols.
pub(crate) const SKIP_BITS: u32 = 12;
const SKIP_ENTRIES: usize = 1 << SKIP_BITS;

/// Codes and symbols by length, for codes that no lookup table holds.
#[derive(Clone, Debug)]
pub(crate) struct Lengths {
    /// For each length, the code after the last one, left-aligned in 16 bits, and the number that turns a code into the
    /// index of its symbol.
    ends: [(u32, i32); 17],
    symbols: [u8; 256],
}

impl Lengths {
    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
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
    pub(crate) fn find(&self, bits: u32) -> Option<(u32, u8)> {
        let length = (1..=16).find(|length| bits < self.ends[*length as usize].0)?;
        let place = (bits >> (16 - length)) as i32 + self.ends[length as usize].1;
        Some((length, self.symbols[place as usize % 256]))
    }
}

/// The length and symbol of the code that each number of twelve bits begins with. Length 0 means that the code is
/// longer.
pub(crate) type Short = [(u8, u8); SKIP_ENTRIES];

/// Builds the table of codes up to twelve bits, which is needed only while the other tables are built.
pub(crate) fn short_codes(code: HuffmanTable<'_>) -> Box<Short> {
    let mut table = Box::new([(0, 0); SKIP_ENTRIES]);
    let mut symbols = code.symbols.iter();
    let mut start = 0;
    for (length, count) in (1_u8..=SKIP_BITS as u8).zip(code.counts) {
        let entries = 1 << (SKIP_BITS - u32::from(length));
        for symbol in symbols.by_ref().take(usize::from(*count)) {
            // `HuffmanTable::new` has checked that the codes fit.
            table[start..start + entries].fill((length, *symbol));
            start += entries;
        }
    }
    table
}

/// An entry of a lookup table: the value in the upper 16 bits, the number of coefficients to advance in the next 8, and
/// the number of bits in the lowest 8. 0 means that the table does not hold the symbol.
pub(crate) fn entry(value: i32, places: u32, bits: u32) -> u32 {
    (value as u32) << 16 | places << 8 | bits
}

/// The value of `bits` bits (F.2.2.1, "EXTEND"): the lower half of the numbers stands for negative values.
pub(crate) fn extend(number: u32, bits: u32) -> i32 {
    let number = number as i32;
    if bits == 0 {
        0
    } else if number < 1 << (bits - 1) {
        number - (1 << bits) + 1
    } else {
        number
    }
}

pub(crate) const INVALID: &str = "a Huffman code does not exist";

/// The DC table: decodes differences between DC coefficients of consecutive blocks.
#[derive(Clone, Debug)]
pub(crate) struct DcTable {
    lengths: Lengths,
    entries: Box<[u32; ENTRIES]>,
}

impl DcTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = size_of::<[u32; ENTRIES]>();

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
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
        // Sixteen bits occur in lossless JPEG only (H.1.2.2).
        if size > 15 {
            return Err(bits.failure("a difference of DC coefficients is too large"));
        }
        bits.skip(length);
        let size = u32::from(size);
        let number = if size == 0 { 0 } else { bits.peek_number(size) };
        bits.skip(size);
        Ok((bits, extend(number, size)))
    }
}

/// The AC table: decodes runs of zeros and the coefficients after them.
#[derive(Clone, Debug)]
pub(crate) struct AcTable {
    lengths: Lengths,
    entries: Box<[u32; ENTRIES]>,
    /// How many coefficients several symbols together advance, above 6 bits for their total length. 0 means that the
    /// first symbol is too long.
    skips: Box<[u16; SKIP_ENTRIES]>,
}

/// The number of coefficients in a block.
pub(crate) const COEFFICIENTS: u32 = 64;
/// The advance of the end-of-block symbol: more than the symbols of a valid block can reach.
const END: u32 = 2 * COEFFICIENTS;

/// The advance and the number of value bits of a symbol (F.2.2.2). A symbol is a run of zeros with or without a
/// coefficient, or the end of the block, which advances by `END`. `None` stands for symbols of progressive files.
fn advance_and_size(symbol: u8) -> Option<(u32, u32)> {
    match (u32::from(symbol >> 4), u32::from(symbol & 0xf)) {
        (0, 0) => Some((END, 0)),
        // ZRL: sixteen zeros.
        (15, 0) => Some((16, 0)),
        (_, 0) => None,
        (zeros, size) => Some((zeros + 1, size)),
    }
}

/// How many coefficients the symbols in these bits advance, above 6 bits for their total length. The value bits of the
/// last symbol may reach beyond the looked-up bits.
fn skip_entry(short: &Short, bits: u32) -> u16 {
    let (mut taken, mut places) = (0, 0);
    while taken < SKIP_BITS && places < COEFFICIENTS {
        let (length, symbol) = short[(bits << taken) as usize % SKIP_ENTRIES];
        let length = u32::from(length);
        let Some((more, size)) = advance_and_size(symbol) else {
            break;
        };
        if length == 0 || taken + length > SKIP_BITS {
            break;
        }
        taken += length + size;
        places += more;
    }
    (places << 6 | taken) as u16
}

impl AcTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = size_of::<[u32; ENTRIES]>() + size_of::<[u16; SKIP_ENTRIES]>();

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
        let lengths = Lengths::new(code);
        let mut entries = Box::new([0; ENTRIES]);
        let short = short_codes(code);
        for (index, place) in (0_u32..).zip(entries.iter_mut()) {
            let (length, symbol) = short[(index << (SKIP_BITS - BITS)) as usize];
            let length = u32::from(length);
            if length > 0
                && let Some((places, size)) = advance_and_size(symbol)
                && length + size <= BITS
            {
                let number = index >> (BITS - length - size) & ((1 << size) - 1);
                *place = entry(extend(number, size), places, length + size);
            }
        }
        let mut skips = Box::new([0; SKIP_ENTRIES]);
        for (index, place) in (0_u32..).zip(skips.iter_mut()) {
            *place = skip_entry(&short, index);
        }
        Self {
            lengths,
            entries,
            skips,
        }
    }

    /// The next coefficient at or after `place`: its index and value. A value of 0 is the last zero of a run of
    /// sixteen. An index of `COEFFICIENTS` or more means the end of the block. Takes at most 31 bits.
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
        if (COEFFICIENTS..END).contains(&found) {
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
        let (places, size) =
            advance_and_size(symbol).ok_or_else(|| bits.failure("a symbol belongs to progressive pictures"))?;
        bits.skip(length);
        let number = if size == 0 { 0 } else { bits.peek_number(size) };
        bits.skip(size);
        Ok((bits, places, extend(number, size)))
    }

    /// Skips all coefficients from `place` on, which is below `COEFFICIENTS`.
    #[inline(always)]
    pub(crate) fn skip(&self, bits: &mut Bits<'_>, mut place: u32) -> Result<(), Error> {
        loop {
            bits.refill();
            let skip = u32::from(self.skips[(bits.peek() >> (64 - SKIP_BITS)) as usize]);
            let found = place + (skip >> 6);
            // If the block ends within these symbols, the rest belongs to the next block. Then they are read one by
            // one.
            if skip != 0 && (found <= COEFFICIENTS || (END..END + COEFFICIENTS).contains(&found)) {
                bits.skip(skip & 0x3f);
                place = found;
            } else {
                place = self.read(bits, place)?.0 + 1;
            }
            if place >= COEFFICIENTS {
                return Ok(());
            }
        }
    }
}

pub(crate) const BEYOND: &str = "a block has more than 64 coefficients";
