//! Bit reader (RFC 9649, section 4): lowest bit first. After the last byte it returns zeros, which the caller finds out
//! afterwards: a check before each symbol would cost more.

/// Reads bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The index of the next byte.
    position: usize,
    /// The next bits, lowest first. Above `count` of them are copies of bits that are loaded later, or zeros.
    buffer: u64,
    count: u32,
    /// How many of all loaded bits lie beyond the end.
    beyond: u32,
}

/// How many bits can be read after [`Bits::fill`].
pub(super) const FILLED: u32 = 56;

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 0,
            buffer: 0,
            count: 0,
            beyond: 0,
        }
    }

    /// Loads bits until at least [`FILLED`] are buffered.
    #[inline(always)]
    pub(super) fn fill(&mut self) {
        let Some(bytes) = self.data.get(self.position..).and_then(<[u8]>::first_chunk) else {
            self.fill_at_the_end();
            return;
        };
        self.buffer |= u64::from_le_bytes(*bytes) << self.count;
        let taken = (63 - self.count) / 8;
        self.position += taken as usize;
        self.count += taken * 8;
    }

    #[cold]
    fn fill_at_the_end(&mut self) {
        while self.count < FILLED {
            if let Some(byte) = self.data.get(self.position) {
                self.buffer |= u64::from(*byte) << self.count;
                self.position += 1;
            } else {
                self.beyond = self.beyond.saturating_add(8);
            }
            self.count += 8;
        }
    }

    /// The next bits, without taking them.
    #[inline(always)]
    pub(super) const fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes bits that were buffered.
    #[inline(always)]
    pub(super) const fn take(&mut self, count: u32) {
        self.buffer >>= count;
        self.count = self.count.wrapping_sub(count);
    }

    /// How many bits are buffered.
    #[inline(always)]
    pub(super) const fn buffered(&self) -> u32 {
        self.count
    }

    /// A number of up to 32 buffered bits.
    #[inline(always)]
    pub(super) const fn buffered_number(&mut self, bits: u32) -> u32 {
        let number = self.buffer & ((1 << bits) - 1);
        self.take(bits);
        number as u32
    }

    /// A number of up to 32 bits.
    pub(super) fn number(&mut self, bits: u32) -> u32 {
        self.fill();
        self.buffered_number(bits)
    }

    /// Whether more bits were taken than the data holds.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.beyond > self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_lowest_first_and_the_end_is_noticed() {
        let data: Vec<u8> = (0..40).map(|byte: u8| byte.wrapping_mul(77).wrapping_add(13)).collect();
        let expected = |first: u32, count: u32| {
            let bit = |at: u32| u32::from(data[at as usize / 8] >> (at % 8) & 1);
            (0..count).fold(0, |number, at| number | bit(first + at) << at)
        };
        let (mut bits, mut at) = (Bits::new(&data), 0);
        for count in (0..=24).cycle() {
            if at + count > 320 {
                break;
            }
            assert_eq!(bits.number(count), expected(at, count), "{count} bits from {at}");
            assert!(!bits.is_exhausted());
            at += count;
        }
        let mut bits = Bits::new(&data[..3]);
        assert_eq!(bits.number(24), expected(0, 24));
        assert!(!bits.is_exhausted());
        assert_eq!(bits.number(1), 0);
        assert!(bits.is_exhausted());
    }
}
