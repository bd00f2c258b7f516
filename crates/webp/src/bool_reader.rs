//! Boolean entropy decoder (RFC 6386, section 7): reads everything of a frame that follows its first ten bytes.

/// Decodes bits of known probabilities from a partition.
///
/// Past the end the reader returns zeros and counts them. The caller asks [`is_exhausted`](Self::is_exhausted) from
/// time to time, and then discards the values that it read since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoolReader<'a> {
    rest: &'a [u8],
    /// The loaded bits that are not used up yet, minus the decoded part: below `range << bits`.
    value: u64,
    /// 128 to 255 between two reads.
    range: u32,
    /// How many bits of `value` are below the eight that are compared. Negative if some of the eight are not loaded
    /// yet.
    bits: i32,
    /// How many zero bytes were loaded past the end.
    missing: u8,
}

/// The probability, out of 256, of a bit that is 0 or 1 equally often.
const EVEN: u8 = 128;

impl<'a> BoolReader<'a> {
    pub(crate) const fn new(partition: &'a [u8]) -> Self {
        Self {
            rest: partition,
            value: 0,
            range: 255,
            bits: -8,
            missing: 0,
        }
    }

    /// Whether more was read than the partition holds. One byte is allowed, because an encoder may leave out the last
    /// one.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.missing > 1
    }

    /// A bit that is 0 with this probability out of 256.
    #[inline(always)]
    pub(crate) fn bit(&mut self, probability: u8) -> bool {
        if self.bits < 0 {
            self.load();
        }
        // The standard's 1 + ((range - 1) * probability >> 8), with fewer steps from one bit's range to the next.
        let probability = u32::from(probability);
        let split = (self.range * probability + (256 - probability)) >> 8;
        let threshold = u64::from(split) << self.bits;
        let bit = self.value >= threshold;
        if bit {
            self.range -= split;
            self.value -= threshold;
        } else {
            self.range = split;
        }
        self.normalise();
        bit
    }

    /// Doubles the range until it is at least 128.
    #[inline(always)]
    fn normalise(&mut self) {
        // `range` is in 1..=255, so `shift` is in 0..=7. The lowest bit tells the compiler that there is a bit.
        let shift = (self.range | 1).leading_zeros() - 24;
        self.range <<= shift;
        self.bits -= shift as i32;
    }

    /// A bit that is 0 or 1 equally often.
    pub(crate) fn flag(&mut self) -> bool {
        self.bit(EVEN)
    }

    /// `magnitude`, or its negative.
    #[inline(always)]
    pub(crate) fn signed(&mut self, magnitude: i32) -> i32 {
        if self.bits < 0 {
            self.load();
        }
        let split = (self.range + 1) >> 1;
        let threshold = u64::from(split) << self.bits;
        // The sign is random, so a branch would be mispredicted half of the time.
        let negative = self.value >= threshold;
        let mask = 0_u64.wrapping_sub(u64::from(negative));
        self.value -= threshold & mask;
        self.range = if negative { self.range - split } else { split };
        self.normalise();
        if negative { -magnitude } else { magnitude }
    }

    /// A number of `bits` bits, at most eight.
    pub(crate) fn number(&mut self, bits: u8) -> u8 {
        (0..bits).fold(0, |number, _| number << 1 | u8::from(self.flag()))
    }

    /// A flag that says whether a number follows, then the magnitude in `bits` bits, then the sign.
    pub(crate) fn optional_signed(&mut self, bits: u8) -> Option<i32> {
        self.flag().then(|| {
            let magnitude = i32::from(self.number(bits));
            if self.flag() { -magnitude } else { magnitude }
        })
    }

    /// Loads seven bytes, or one byte near the end. At most seven bits are left in `value` when more are needed.
    fn load(&mut self) {
        const LOADED: usize = 7;
        if let Some(bytes) = self.rest.first_chunk::<8>() {
            self.value = self.value << (8 * LOADED) | u64::from_be_bytes(*bytes) >> 8;
            self.bits += 8 * LOADED as i32;
            self.rest = &self.rest[LOADED..];
        } else {
            let byte = match self.rest.split_first() {
                Some((byte, rest)) => {
                    self.rest = rest;
                    *byte
                }
                None => {
                    self.missing = self.missing.saturating_add(1);
                    0
                }
            };
            self.value = self.value << 8 | u64::from(byte);
            self.bits += 8;
        }
    }
}
