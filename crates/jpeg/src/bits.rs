//! Bit reader of entropy-coded data (T.81, F.2.2.5): highest bit of each byte first, without stuffed bytes, up to the
//! next marker.
//!
//! A zero byte after 0xff is stuffing. Any other byte after 0xff makes a marker, which ends the bits. Behind the end
//! the reader appends ones. No Huffman code consists of ones only (C.2), so the first missing symbol is invalid, and
//! the number of ones taken is known.

use crate::{Damage, Error};

/// Reads bits. At least [`Bits::REFILLED`] of them are buffered after [`refill`](Self::refill).
///
/// Hot loops hold the reader by value, so that its fields stay in registers. An object whose address is passed on has
/// to lie in memory, so all rare paths take it by value too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'s> {
    source: &'s [u8],
    /// The bytes from the first one on that is not counted in `count`. They never begin beyond a marker.
    rest: &'s [u8],
    /// The next bits, highest first. Below the counted bits the buffer may hold copies of the bytes that follow.
    buffer: u64,
    /// At most 63.
    count: u32,
    /// How many ones were appended since the last restart marker.
    appended: u64,
}

impl<'s> Bits<'s> {
    pub(crate) const REFILLED: u32 = 56;

    /// Reads from an index on, which is at most the number of bytes.
    pub(crate) fn new(source: &'s [u8], position: usize) -> Self {
        Self {
            source,
            rest: source.get(position..).unwrap_or_default(),
            buffer: 0,
            count: 0,
            appended: 0,
        }
    }

    /// The next bits, highest first.
    #[inline(always)]
    pub(crate) const fn peek(&self) -> u64 {
        self.buffer
    }

    /// Skips up to 31 buffered bits.
    #[inline(always)]
    pub(crate) const fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// Buffers at least 56 bits.
    ///
    /// Eight bytes are looked at even if the buffer is full: a branch on its fill would be mispredicted often, and cost
    /// more than the work it saves.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x8080_8080_8080_8080;
        if let Some(bytes) = self.rest.first_chunk() {
            let word = u64::from_be_bytes(*bytes);
            // The top bit of each byte that is 0xff, by a search for zero bytes in the complement. Of the others it may
            // mark 0xfe, which costs time only.
            let full = (!word).wrapping_sub(ONES) & word & TOPS;
            // As many bytes are counted as fit: (63 - count) / 8. The rest may hold anything.
            if full >> (self.count | 7) >> 1 == 0 {
                self.buffer |= word >> self.count;
                self.rest = &self.rest[((63 - self.count) >> 3 & 7) as usize..];
                self.count |= Self::REFILLED;
                return;
            }
        }
        *self = self.refilled_by_bytes();
    }

    #[cold]
    #[inline(never)]
    fn refilled_by_bytes(mut self) -> Self {
        // Copies of bytes may include stuffing.
        self.buffer &= !(u64::MAX >> self.count);
        while self.count < Self::REFILLED {
            let byte;
            (byte, self.rest) = match self.rest {
                [0xff, 0x00, rest @ ..] => (0xff, rest),
                [0xff, ..] | [] => {
                    self.buffer |= u64::MAX >> self.count;
                    self.appended += u64::from(63 - self.count);
                    self.count = 63;
                    return self;
                }
                [byte, rest @ ..] => (*byte, rest),
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// Whether more bits were taken than the data holds.
    pub(crate) const fn overran(&self) -> bool {
        self.appended > self.count as u64
    }

    /// The error for an invalid symbol or value: the data has ended, or it is damaged.
    #[cold]
    #[inline(never)]
    pub(crate) const fn failure(self, reason: &'static str) -> Error {
        // The symbol itself has not been skipped: its code is at most 16 bits long.
        if self.appended + 16 > self.count as u64 && self.appended > 0 {
            Error::Truncated
        } else {
            Error::Corrupt(reason)
        }
    }

    /// The next bit by itself. Here the buffer is rarely empty, and a branch is cheaper.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> bool {
        if self.count == 0 {
            self.refill();
        }
        let bit = self.buffer >> 63 == 1;
        self.skip(1);
        bit
    }

    /// Continues after the restart marker of this number, 0 to 7. Skips any bytes before it, since some writers leave
    /// bytes there and other decoders skip them too. Where damage is shown, up to three markers that should have come
    /// before are skipped as well: they repeat or were left over.
    ///
    /// After an error the next search begins at the marker that stopped this one, so that no byte is searched twice.
    pub(crate) fn restart(&mut self, number: u8, damage: Damage) -> Result<(), Error> {
        const FIRST_RESTART: u8 = 0xd0;
        let shows = damage == Damage::Show;
        if self.overran() && !shows {
            return Err(Error::Truncated);
        }
        let mut position = self.source.len() - self.rest.len();
        let error = loop {
            let rest = self.source.get(position..).unwrap_or_default();
            let Some(found) = rest.iter().position(|byte| *byte == 0xff) else {
                position = self.source.len();
                break Error::Truncated;
            };
            position += found;
            match self.source.get(position + 1) {
                // A stuffed byte, or a fill byte before a marker.
                Some(0x00 | 0xff) => {}
                // A damaged byte.
                Some(0x01..=0xbf) if shows => {}
                Some(marker) if *marker == FIRST_RESTART + number => {
                    *self = Self::new(self.source, position + 2);
                    return Ok(());
                }
                Some(marker @ 0xd0..=0xd7) if shows && (marker - FIRST_RESTART + 8 - number) % 8 > 4 => {}
                Some(0xd0..=0xd7) => break Error::Corrupt("a restart marker is missing"),
                _ => break Error::Truncated,
            }
            position += 1;
        };
        *self = Self::new(self.source, position);
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u32);

    impl Random {
        fn below(&mut self, end: u32) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 17;
            self.0 ^= self.0 << 5;
            self.0 % end
        }
    }

    /// The bits before the first marker as digits.
    fn digits(bytes: &[u8]) -> String {
        let (mut digits, mut rest) = (String::new(), bytes);
        loop {
            let (byte, after) = match rest {
                [0xff, 0x00, after @ ..] => (0xff, after),
                [0xff, ..] | [] => return digits,
                [byte, after @ ..] => (*byte, after),
            };
            digits.push_str(&format!("{byte:08b}"));
            rest = after;
        }
    }

    /// Stuffed bytes at any distance, bytes that resemble them, markers, and the end of the data.
    #[test]
    fn bits_are_those_of_the_bytes_without_stuffing_and_then_ones() {
        let mut random = Random(0x2545_f491);
        for round in 0..3000 {
            let rarely = [2, 3, 10, 100][round % 4];
            let mut bytes = Vec::new();
            for _ in 0..random.below(60) {
                match random.below(rarely) {
                    0 => bytes.extend([0xff, 0x00]),
                    1 => bytes.push(0xfe),
                    _ => bytes.push(random.below(255) as u8),
                }
            }
            let expected = digits(&bytes);
            if random.below(2) == 0 {
                bytes.extend([0xff, 0xd9, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
            }
            let (mut bits, mut taken) = (Bits::new(&bytes, 0), 0);
            while taken < expected.len() + 100 {
                bits.refill();
                for _ in 0..2 {
                    let count = 1 + random.below(25);
                    let next = expected.bytes().chain(std::iter::repeat(b'1')).skip(taken);
                    let next: String = next.take(count as usize).map(char::from).collect();
                    let found = format!("{:064b}", bits.peek());
                    assert_eq!(
                        found[..count as usize],
                        next,
                        "round {round}, after {taken} bits of {bytes:x?}"
                    );
                    bits.skip(count);
                    taken += count as usize;
                    assert_eq!(bits.overran(), taken > expected.len(), "round {round}");
                }
            }
        }
    }
}
