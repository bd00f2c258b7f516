//! Entropy coding of a progressive scan (G.1.2): produces its symbols twice, for [`Counts`] and for a [`Writer`].

use std::ops::Range;

use super::huffman::Code;

/// A receiver of symbols, each followed by bits that are not coded.
pub(super) trait Symbols {
    fn put(&mut self, symbol: u8, bits: u16, count: u32);
}

/// How often each symbol occurs.
pub(super) struct Counts(pub(super) [u32; 256]);

impl Counts {
    pub(super) const fn new() -> Self {
        Self([0; 256])
    }
}

impl Symbols for Counts {
    fn put(&mut self, symbol: u8, _: u16, _: u32) {
        self.0[usize::from(symbol)] += 1;
    }
}

/// A scan on its way over a component's blocks.
pub(super) struct Scan {
    range: Range<usize>,
    /// The first coefficient of the block before.
    before: i16,
    /// The pending run of blocks without further coefficients.
    empty: u16,
}

impl Scan {
    /// The range of coefficients: the first alone, or any of the others.
    pub(super) const fn new(range: Range<usize>) -> Self {
        Self {
            range,
            before: 0,
            empty: 0,
        }
    }

    pub(super) fn row(&mut self, blocks: &[[i16; 64]], symbols: &mut impl Symbols) {
        if self.range.start == 0 {
            for block in blocks {
                let difference = block[0] - self.before;
                self.before = block[0];
                let count = length(difference);
                symbols.put(count as u8, bits(difference, count), count);
            }
        } else {
            for block in blocks {
                self.block(&block[self.range.clone()], symbols);
            }
        }
    }

    fn block(&mut self, coefficients: &[i16], symbols: &mut impl Symbols) {
        /// Sixteen zeros.
        const ZEROS: u8 = 0xf0;
        /// The longest run of blocks in one symbol: G.1.2.2.
        const MOST_EMPTY: u16 = 0x7fff;
        let mut zeros = 0;
        for coefficient in coefficients {
            if *coefficient == 0 {
                zeros += 1;
                continue;
            }
            self.finish(symbols);
            while zeros >= 16 {
                symbols.put(ZEROS, 0, 0);
                zeros -= 16;
            }
            let count = length(*coefficient);
            symbols.put(zeros << 4 | count as u8, bits(*coefficient, count), count);
            zeros = 0;
        }
        if zeros > 0 {
            self.empty += 1;
            if self.empty == MOST_EMPTY {
                self.finish(symbols);
            }
        }
    }

    /// Writes the pending run of empty blocks.
    pub(super) fn finish(&mut self, symbols: &mut impl Symbols) {
        if let Some(count) = self.empty.checked_ilog2() {
            symbols.put((count as u8) << 4, self.empty - (1 << count), count);
            self.empty = 0;
        }
    }
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
    code: &'w Code,
    bytes: &'w mut Vec<u8>,
    /// Fewer than 32 bits between calls.
    waiting: u64,
    count: u32,
}

impl<'w> Writer<'w> {
    pub(super) const fn new(code: &'w Code, bytes: &'w mut Vec<u8>) -> Self {
        Self {
            code,
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
    fn put(&mut self, symbol: u8, bits: u16, count: u32) {
        let (code, length) = self.code.of(symbol);
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
