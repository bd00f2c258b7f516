//! Entropy-coded bits (T.81, F.2.2.5): the first bit is the highest of its byte, a zero byte after 0xff is no data, and
//! any other byte after it makes a marker, which ends the bits.
//!
//! Behind the end come ones. No Huffman code consists of ones only (C.2), so the first symbol that is missing is found to
//! be invalid; and how many ones were taken is known.

use crate::Error;

/// A reader of bits. At least 32 bits are at hand after [`refill`](Self::refill).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'s> {
    source: &'s [u8],
    /// The next byte that is not counted in `count`; never beyond a marker.
    position: usize,
    /// The next bits, from the highest on. Below the counted ones it may hold more of the bytes that follow.
    buffer: u64,
    count: u32,
    /// How many ones were appended since the last marker.
    appended: u64,
}

impl<'s> Bits<'s> {
    pub(crate) const fn new(source: &'s [u8], position: usize) -> Self {
        Self {
            source,
            position,
            buffer: 0,
            count: 0,
            appended: 0,
        }
    }

    /// The next bits, from the highest on.
    #[inline(always)]
    pub(crate) const fn peek(&self) -> u64 {
        self.buffer
    }

    /// The next `count` bits as a number; 1 to 16 of them.
    #[inline(always)]
    pub(crate) const fn peek_number(&self, count: u32) -> u32 {
        (self.buffer >> (64 - count)) as u32
    }

    /// Passes over up to 31 bits that are at hand.
    #[inline(always)]
    pub(crate) const fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// Sees to it that 32 bits are at hand.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x8080_8080_8080_8080;
        if self.count >= 32 {
            return;
        }
        if let Some(bytes) = self.source.get(self.position..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_be_bytes(*bytes);
            // Whether none of them is 0xff: a zero byte is sought in the complement.
            if (!word).wrapping_sub(ONES) & word & TOPS == 0 {
                self.buffer |= word >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        *self = self.refilled_by_bytes();
    }

    /// By value, as everything rare here: whatever is given away by reference has to lie in memory, and everything else
    /// would be slowed down by that.
    #[cold]
    #[inline(never)]
    fn refilled_by_bytes(mut self) -> Self {
        while self.count <= 56 {
            let byte = match self.source.get(self.position) {
                Some(0xff) if self.source.get(self.position + 1) == Some(&0) => {
                    self.position += 2;
                    0xff
                }
                Some(0xff) | None => {
                    self.buffer |= u64::MAX >> self.count;
                    self.appended += u64::from(64 - self.count);
                    self.count = 64;
                    return self;
                }
                Some(byte) => {
                    self.position += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// Whether bits were taken that are not in the data.
    pub(crate) const fn overran(&self) -> bool {
        self.appended > self.count as u64
    }

    /// The reason for a symbol that does not exist, or a value that cannot be: it was not there, or it is damaged.
    #[cold]
    #[inline(never)]
    pub(crate) const fn failure(self, reason: &'static str) -> Error {
        // The symbol itself has not been passed over: its code is at most 16 bits long.
        if self.appended + 16 > self.count as u64 && self.appended > 0 {
            Error::Truncated
        } else {
            Error::Corrupt(reason)
        }
    }

    /// Goes on behind the restart marker of this number, 0 to 7. What is left before it is passed over, as other
    /// decoders do, too: some writers leave bytes there.
    pub(crate) fn restart(&mut self, number: u8) -> Result<(), Error> {
        const FIRST_RESTART: u8 = 0xd0;
        if self.overran() {
            return Err(Error::Truncated);
        }
        let mut position = self.position;
        loop {
            let found = self
                .source
                .get(position..)
                .and_then(|rest| rest.iter().position(|byte| *byte == 0xff));
            position += found.ok_or(Error::Truncated)? + 1;
            match self.source.get(position) {
                // Stuffing, or a byte that fills up.
                Some(0x00 | 0xff) => {}
                Some(marker) if *marker == FIRST_RESTART + number => break,
                Some(0xd0..=0xd7) => return Err(Error::Corrupt("a restart marker is missing")),
                _ => return Err(Error::Truncated),
            }
        }
        *self = Self::new(self.source, position + 1);
        Ok(())
    }
}
