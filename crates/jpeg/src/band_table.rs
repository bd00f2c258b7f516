//! Band table: decodes the AC symbols of progressive scans (T.81, G.1.2.2), which are runs of zeros with a coefficient,
//! or runs of blocks without any further coefficients.

use crate::Error;
use crate::bits::Bits;
use crate::huffman::{self, BITS, ENTRIES, HuffmanTable, INVALID, Lengths, SKIP_BITS};

/// The table of a progressive scan.
#[derive(Clone, Debug)]
pub(crate) struct BandTable {
    lengths: Lengths,
    /// As in a table of sequential files. An entry that advances by no coefficients holds a run of blocks as its value.
    entries: Box<[u32; ENTRIES]>,
}

/// The meaning of a symbol and of the bits behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// Zeros, then a coefficient of this value. A value of 0 is the last of sixteen zeros.
    Coefficient { zeros: u32, value: i32 },
    /// The number of blocks, from this one on, in which no further coefficient is coded.
    EndOfBand(u32),
}

/// The number of zeros and of value bits of a symbol, or the number of bits of an end-of-band run.
enum Kind {
    Coefficient(u32, u32),
    EndOfBand(u32),
}

impl Kind {
    const fn of(symbol: u8) -> Self {
        match (symbol as u32 >> 4, symbol as u32 & 0xf) {
            (bits @ 0..=14, 0) => Self::EndOfBand(bits),
            (zeros, size) => Self::Coefficient(zeros, size),
        }
    }

    /// How many bits follow the code.
    const fn size(&self) -> u32 {
        match self {
            Self::Coefficient(_, bits) | Self::EndOfBand(bits) => *bits,
        }
    }

    /// The symbol with the number in these bits.
    fn with(self, number: u32) -> Symbol {
        match self {
            Self::Coefficient(zeros, size) => Symbol::Coefficient {
                zeros,
                value: huffman::extend(number, size),
            },
            Self::EndOfBand(bits) => Symbol::EndOfBand((1 << bits) + number),
        }
    }
}

impl BandTable {
    /// The bytes allocated for a table.
    pub(crate) const BYTES: usize = size_of::<[u32; ENTRIES]>();

    pub(crate) fn new(code: HuffmanTable<'_>) -> Self {
        let lengths = Lengths::new(code);
        let mut entries = Box::new([0; ENTRIES]);
        let short = huffman::short_codes(code);
        for (index, place) in (0_u32..).zip(entries.iter_mut()) {
            let (length, symbol) = short[(index << (SKIP_BITS - BITS)) as usize];
            let (length, kind) = (u32::from(length), Kind::of(symbol));
            let size = kind.size();
            if length > 0 && length + size <= BITS {
                let number = index >> (BITS - length - size) & ((1 << size) - 1);
                *place = match kind.with(number) {
                    Symbol::Coefficient { zeros, value } => huffman::entry(value, zeros + 1, length + size),
                    Symbol::EndOfBand(run) => huffman::entry(run as i32, 0, length + size),
                };
            }
        }
        Self { lengths, entries }
    }

    /// The next symbol. Takes at most 31 bits.
    #[inline(always)]
    pub(crate) fn read(&self, bits: &mut Bits<'_>) -> Result<Symbol, Error> {
        let entry = self.entries[(bits.peek() >> (64 - BITS)) as usize];
        if entry == 0 {
            let (after, symbol) = self.read_long(*bits)?;
            *bits = after;
            return Ok(symbol);
        }
        bits.skip(entry & 0x3f);
        let value = entry as i32 >> 16;
        Ok(match entry >> 8 & 0xff {
            0 => Symbol::EndOfBand(value as u32),
            places => Symbol::Coefficient {
                zeros: places - 1,
                value,
            },
        })
    }

    #[cold]
    #[inline(never)]
    fn read_long<'s>(&self, mut bits: Bits<'s>) -> Result<(Bits<'s>, Symbol), Error> {
        let (length, symbol) = self
            .lengths
            .find(bits.peek_number(16))
            .ok_or_else(|| bits.failure(INVALID))?;
        let kind = Kind::of(symbol);
        bits.skip(length);
        let size = kind.size();
        let number = if size == 0 { 0 } else { bits.peek_number(size) };
        bits.skip(size);
        Ok((bits, kind.with(number)))
    }
}
