//! Symbols of entropy coding (F.1.2, G.1.2): coefficients as symbols and bits, for [`Counts`] and for a [`Writer`].

use std::ops::Range;

use super::huffman::Code;
use super::quantiser::Block;

/// A receiver of symbols, each followed by bits that are not coded. `table` is the number of the symbol's code.
pub(super) trait Symbols {
    fn put(&mut self, table: usize, symbol: u8, bits: u16, count: u32);
}

/// How often each symbol of a code occurs.
pub(super) struct Counts(pub(super) [u32; 256]);

impl Counts {
    pub(super) const fn new() -> Self {
        Self([0; 256])
    }

    /// Counts each difference of DC coefficients once: table F.1.
    pub(super) fn add_all_dc(&mut self) {
        const MOST_BITS: usize = 11;
        self.0[..=MOST_BITS].iter_mut().for_each(|count| *count += 1);
    }

    /// Counts each symbol of a baseline block once: figure F.1.
    pub(super) fn add_all_ac(&mut self) {
        const MOST_BITS: usize = 10;
        for (symbol, count) in self.0.iter_mut().enumerate() {
            let is_used = matches!(symbol, 0x00 | 0xf0) || (1..=MOST_BITS).contains(&(symbol & 0xf));
            *count += u32::from(is_used);
        }
    }
}

impl<const N: usize> Symbols for [Counts; N] {
    fn put(&mut self, table: usize, symbol: u8, _: u16, _: u32) {
        self[table].0[usize::from(symbol)] += 1;
    }
}

/// A DC coefficient, as its difference from the one before.
pub(super) fn dc(table: usize, coefficient: i16, before: &mut i16, symbols: &mut impl Symbols) {
    let difference = coefficient - *before;
    *before = coefficient;
    let count = length(difference);
    symbols.put(table, count as u8, bits(difference, count), count);
}

/// The AC coefficients of a range of stored positions, 1 to 64. Returns whether there are zeros at the end, which stand
/// for no symbol yet.
#[inline]
pub(super) fn coefficients(table: usize, block: &Block, range: &Range<u8>, symbols: &mut impl Symbols) -> bool {
    /// Sixteen zeros.
    const ZEROS: u8 = 0xf0;
    let mut next = range.start;
    for (position, coefficient) in block.nonzero(range) {
        let mut zeros = position - next;
        while zeros >= 16 {
            symbols.put(table, ZEROS, 0, 0);
            zeros -= 16;
        }
        let count = length(coefficient);
        symbols.put(table, zeros << 4 | count as u8, bits(coefficient, count), count);
        next = position + 1;
    }
    next < range.end
}

/// The number of bits of a magnitude.
const fn length(number: i16) -> u32 {
    u16::BITS - number.unsigned_abs().leading_zeros()
}

/// The bits of a value; inverted for a negative one.
const fn bits(number: i16, length: u32) -> u16 {
    let bits = if number < 0 { number - 1 } else { number };
    bits as u16 & ((1 << length) - 1)
}

/// Writes symbols, the highest bit first.
pub(super) struct Writer<'w> {
    codes: &'w [Code],
    bytes: &'w mut Vec<u8>,
    /// Fewer than 32 bits between calls.
    waiting: u64,
    count: u32,
}

impl<'w> Writer<'w> {
    pub(super) const fn new(codes: &'w [Code], bytes: &'w mut Vec<u8>) -> Self {
        Self {
            codes,
            bytes,
            waiting: 0,
            count: 0,
        }
    }

    /// Fills up the last byte with ones.
    pub(super) fn finish(mut self) {
        let more = self.count.next_multiple_of(8) - self.count;
        self.append((1 << more) - 1, more);
        while self.count > 0 {
            self.count -= 8;
            write_byte((self.waiting >> self.count) as u8, self.bytes);
        }
    }

    fn append(&mut self, bits: u32, count: u32) {
        self.waiting = self.waiting << count | u64::from(bits);
        self.count += count;
    }
}

impl Symbols for Writer<'_> {
    fn put(&mut self, table: usize, symbol: u8, bits: u16, count: u32) {
        let (code, length) = self.codes[table].of(symbol);
        self.append(u32::from(code) << count | u32::from(bits), length + count);
        if self.count >= 32 {
            self.count -= 32;
            let word = ((self.waiting >> self.count) as u32).to_be_bytes();
            if word.contains(&0xff) {
                word.into_iter().for_each(|byte| write_byte(byte, self.bytes));
            } else {
                self.bytes.extend_from_slice(&word);
            }
        }
    }
}

/// Byte stuffing: a zero follows each byte that could begin a marker.
fn write_byte(byte: u8, bytes: &mut Vec<u8>) {
    bytes.push(byte);
    if byte == 0xff {
        bytes.push(0);
    }
}
