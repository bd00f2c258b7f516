//! LZW decompressor: TIFF 6.0, section 13, or with the lowest bit first, as programs wrote it before TIFF 6.0.
//!
//! It is our own because TIFFs spend most of their time here, and a table made for copying takes a fraction of the time
//! of the crate that GIFs use. A string's last bytes stand in its own entry, eight at most, so that nearly all strings
//! are written at once. Longer ones are written from their end, entry by entry.

use std::borrow::Cow;
use std::ops::Range;

use super::super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use crate::Cancel;

/// The codes that begin a new table, and end the data. Codes of strings follow.
const CLEAR: usize = 256;
const END: usize = 257;
const FIRST: usize = 258;
/// Codes have 9 to 12 bits.
const LEAST_BITS: u32 = 9;
const MOST_BITS: u32 = 12;
const CODES: usize = 1 << MOST_BITS;

/// The most bytes of a string that its own entry holds.
const HELD: usize = 8;

pub(in super::super) struct Lzw<'s> {
    bytes: Cow<'s, [u8]>,
    bits: Bits,
    /// Whether the lowest bit comes first. Then codes get longer one code later, too.
    is_old: bool,
    strings: Box<[Entry; CODES]>,
    /// The next code to get a string. There are no strings of later codes.
    next: usize,
    /// The code before, unless it was the one that clears the table.
    previous: Option<usize>,
    rest: Rest,
}

/// A string that did not fit the output, and its bytes that are left.
struct Rest {
    string: Box<[u8; CODES + HELD]>,
    left: Range<usize>,
}

/// A string of the table.
#[derive(Clone, Copy, Default)]
struct Entry {
    /// The string's last bytes, the first of them in the lowest bits: as many as the string has beyond a multiple of
    /// [`HELD`], or else `HELD`.
    last: u64,
    /// The code of the string without these bytes, if there are more.
    before: u16,
    length: u16,
    first: u8,
}

impl Entry {
    /// The number of bytes in `last`.
    #[inline(always)]
    const fn held(self) -> usize {
        // No entry in use is empty.
        (self.length as usize).wrapping_sub(1) % HELD + 1
    }

    /// The string of the entry, whose code is given, and one more byte.
    #[inline(always)]
    fn and(self, code: usize, byte: u8) -> Self {
        let (last, before) = match self.held() {
            HELD => (u64::from(byte), code as u16),
            held => (self.last | u64::from(byte) << (8 * held), self.before),
        };
        Self {
            last,
            before,
            length: self.length + 1,
            first: self.first,
        }
    }
}

impl<'s> Lzw<'s> {
    pub(super) fn new(bytes: Cow<'s, [u8]>) -> Self {
        let mut strings = Box::new([Entry::default(); CODES]);
        for (byte, entry) in (0..=u8::MAX).zip(strings.iter_mut()) {
            *entry = Entry {
                last: byte.into(),
                before: 0,
                length: 1,
                first: byte,
            };
        }
        Self {
            // Data begin with the code 256 of nine bits.
            is_old: matches!(&*bytes, [0, second, ..] if second & 1 == 1),
            bytes,
            bits: Bits::default(),
            strings,
            next: FIRST,
            previous: None,
            rest: Rest {
                string: Box::new([0; CODES + HELD]),
                left: 0..0,
            },
        }
    }

    pub(super) fn fill(&mut self, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
        let mut written = self.rest.put(out);
        while written < out.len() {
            cancel.check()?;
            let decoded = if self.is_old {
                self.decode::<true>(out, &mut written)
            } else {
                self.decode::<false>(out, &mut written)
            };
            decoded.map_err(|reason| Failure::damaged(reason, written))?;
        }
        Ok(())
    }

    /// Decodes so many codes that a cancelled job ends soon, or fewer if `out` is full.
    fn decode<const OLD: bool>(&mut self, out: &mut [u8], written: &mut usize) -> Result<(), &'static str> {
        /// Even if each is a long string, they take a few milliseconds.
        const CODES_AT_ONCE: usize = 8192;
        let Self {
            bytes, strings, rest, ..
        } = self;
        let bytes: &[u8] = bytes;
        // Copies stay in registers.
        let (mut bits, mut next, mut previous) = (self.bits, self.next, self.previous);
        let mut width = code_bits::<OLD>(next);
        for _ in 0..CODES_AT_ONCE {
            if *written >= out.len() {
                break;
            }
            let code = bits.code::<OLD>(bytes, width).ok_or(INCOMPLETE)?;
            if code == CLEAR {
                (next, previous, width) = (FIRST, None, LEAST_BITS);
                continue;
            }
            if code == END {
                return Err(INCOMPLETE);
            }
            // Literals, and strings that are there or that this code makes.
            let last = if previous.is_some() { next } else { next - 1 };
            if code > last.min(CODES - 1) {
                return Err(UNDECODABLE);
            }
            if let Some(before) = previous
                && next < CODES
            {
                // A code that is new means the string before, and its first byte once more.
                let same = if code == next { before } else { code };
                strings[next] = strings[before].and(before, strings[same].first);
                next += 1;
                width = code_bits::<OLD>(next);
            }
            previous = Some(code);
            let length = usize::from(strings[code].length);
            // Entries are written whole, so that bytes behind the string are written too.
            if let Some(room) = out.get_mut(*written..*written + length + HELD) {
                write(strings, code, length, room);
                *written += length;
            } else {
                write(strings, code, length, &mut *rest.string);
                rest.left = 0..length;
                *written += rest.put(&mut out[*written..]);
            }
        }
        (self.bits, self.next, self.previous) = (bits, next, previous);
        Ok(())
    }
}

impl Rest {
    /// Puts what is left to the start of `out`, or as much as fits. Returns the number of bytes.
    fn put(&mut self, out: &mut [u8]) -> usize {
        let length = self.left.len().min(out.len());
        let start = self.left.start;
        out[..length].copy_from_slice(&self.string[start..start + length]);
        self.left.start += length;
        length
    }
}

/// Writes the string of a code, which has this length, to the start of `room`, and up to `HELD` bytes behind it.
#[inline(always)]
fn write(strings: &[Entry; CODES], code: usize, length: usize, room: &mut [u8]) {
    let mut entry = strings[code];
    let mut start = length - entry.held().min(length);
    loop {
        room[start..start + HELD].copy_from_slice(&entry.last.to_le_bytes());
        if start < HELD {
            return;
        }
        start -= HELD;
        entry = strings[usize::from(entry.before) % CODES];
    }
}

/// The bits of a code, when `next` is the next code to get a string. The code can be that one. TIFF 6.0 has codes grow
/// one code earlier than they have to.
#[inline(always)]
const fn code_bits<const OLD: bool>(next: usize) -> u32 {
    let largest = if OLD { next } else { next + 1 };
    let bits = usize::BITS - largest.leading_zeros();
    if bits > MOST_BITS { MOST_BITS } else { bits }
}

/// The place in the data: bits that were loaded, the next one highest, or lowest if `OLD`.
#[derive(Clone, Copy, Default)]
struct Bits {
    loaded: u64,
    count: u32,
    position: usize,
}

impl Bits {
    /// The next code of `width` bits, or `None` at the end of the data.
    #[inline(always)]
    fn code<const OLD: bool>(&mut self, bytes: &[u8], width: u32) -> Option<usize> {
        if self.count < width {
            self.load::<OLD>(bytes);
            if self.count < width {
                return None;
            }
        }
        self.count -= width;
        if OLD {
            let code = self.loaded & ((1 << width) - 1);
            self.loaded >>= width;
            Some(code as usize)
        } else {
            let code = self.loaded >> (64 - width);
            self.loaded <<= width;
            Some(code as usize)
        }
    }

    /// Loads six bytes, or one near the end of the data. Fewer than 12 bits are left.
    #[inline(always)]
    fn load<const OLD: bool>(&mut self, bytes: &[u8]) {
        const LOADED: usize = 6;
        let rest = bytes.get(self.position..).unwrap_or_default();
        let (number, taken) = match rest.first_chunk::<8>() {
            Some(chunk) if OLD => (u64::from_le_bytes(*chunk) << 16 >> 16, LOADED),
            Some(chunk) => (u64::from_be_bytes(*chunk) >> 16 << 16, LOADED),
            None => {
                let taken = rest.len().min(LOADED);
                let mut chunk = [0; 8];
                chunk[..taken].copy_from_slice(&rest[..taken]);
                if OLD {
                    (u64::from_le_bytes(chunk), taken)
                } else {
                    (u64::from_be_bytes(chunk), taken)
                }
            }
        };
        self.loaded |= if OLD {
            number << self.count
        } else {
            number >> self.count
        };
        self.position += taken;
        self.count += 8 * taken as u32;
    }
}

#[cfg(test)]
mod tests;
