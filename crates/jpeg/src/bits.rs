//! Bit reader of entropy-coded data (T.81, F.2.2.5): highest bit of each byte first, without stuffed bytes, up to the
//! next marker.
//!
//! A zero byte after 0xff is stuffing. Any other byte after 0xff makes a marker, which ends the bits. Behind the end
//! the reader appends ones. No Huffman code consists of ones only (C.2), so the first missing symbol is invalid, and
//! the number of ones taken is known.

use crate::{Damage, Error};

/// Reads bits. At least 32 of them are buffered after [`refill`](Self::refill).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bits<'s> {
    source: &'s [u8],
    /// The index of the next byte that is not counted in `count`. It never lies beyond a marker.
    position: usize,
    /// The next bits, highest first. Below the counted bits the buffer may hold copies of the bytes that follow.
    buffer: u64,
    count: u32,
    /// How many ones were appended since the last restart marker.
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

    /// The next bits, highest first.
    #[inline(always)]
    pub(crate) const fn peek(&self) -> u64 {
        self.buffer
    }

    /// The next `count` bits as a number. `count` is 1 to 16.
    #[inline(always)]
    pub(crate) const fn peek_number(&self, count: u32) -> u32 {
        (self.buffer >> (64 - count)) as u32
    }

    /// Skips up to 31 buffered bits.
    #[inline(always)]
    pub(crate) const fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// Buffers at least 32 bits.
    #[inline(always)]
    pub(crate) fn refill(&mut self) {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const TOPS: u64 = 0x8080_8080_8080_8080;
        if self.count >= 32 {
            return;
        }
        if let Some(bytes) = self.source.get(self.position..).and_then(|rest| rest.first_chunk()) {
            let word = u64::from_be_bytes(*bytes);
            // Whether no byte is 0xff: the test looks for a zero byte in the complement.
            if (!word).wrapping_sub(ONES) & word & TOPS == 0 {
                self.buffer |= word >> self.count;
                self.position += ((63 - self.count) >> 3) as usize;
                self.count |= 56;
                return;
            }
        }
        *self = self.refilled_by_bytes();
    }

    /// Takes `self` by value, like all rare paths here: an object whose address is passed on has to lie in memory,
    /// which would slow down the fast paths.
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

    /// The next bit by itself.
    #[inline(always)]
    pub(crate) fn take(&mut self) -> bool {
        self.refill();
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
        let mut position = self.position;
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
