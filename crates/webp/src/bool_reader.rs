//! The boolean entropy decoder: RFC 6386, section 7. All of a frame behind its first ten bytes is read through it.

/// Decodes bits of known probabilities from a partition.
///
/// Past the end it reads zeros and remembers; the caller asks [`is_exhausted`](Self::is_exhausted) from time to time and
/// throws away what it got since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoolReader<'a> {
    rest: &'a [u8],
    /// The bits that were loaded and not yet used up, less what is known of them: below `range << bits`.
    value: u64,
    /// 128 to 255 between two reads.
    range: u32,
    /// How many bits of `value` are below the eight that are compared; negative if some of those are not loaded.
    bits: i32,
    /// Zeros that were loaded past the end, in bytes.
    missing: u8,
}

/// The probability, out of 256, of a bit that may be either.
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

    /// Whether more was read than is there. The last bits may lie in one byte that an encoder did not write.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.missing > 1
    }

    /// A bit that is 0 with this probability out of 256.
    #[inline(always)]
    pub(crate) fn bit(&mut self, probability: u8) -> bool {
        if self.bits < 0 {
            self.load();
        }
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        let threshold = u64::from(split) << self.bits;
        let bit = self.value >= threshold;
        if bit {
            self.range -= split;
            self.value -= threshold;
        } else {
            self.range = split;
        }
        // `range` is in 1..=255, so that this is in 0..=7.
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.bits -= shift as i32;
        bit
    }

    /// A bit that may be either.
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
        // Which it is cannot be foretold: without a branch.
        let negative = self.value >= threshold;
        let mask = 0_u64.wrapping_sub(u64::from(negative));
        self.value -= threshold & mask;
        self.range = if negative { self.range - split } else { split };
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.bits -= shift as i32;
        if negative { -magnitude } else { magnitude }
    }

    /// A number of this many bits, at most eight.
    pub(crate) fn number(&mut self, bits: u8) -> u8 {
        (0..bits).fold(0, |number, _| number << 1 | u8::from(self.flag()))
    }

    /// A flag that says whether a number follows, its magnitude in this many bits, and its sign.
    pub(crate) fn optional_signed(&mut self, bits: u8) -> Option<i32> {
        self.flag().then(|| {
            let magnitude = i32::from(self.number(bits));
            if self.flag() { -magnitude } else { magnitude }
        })
    }

    /// Loads seven bytes; near the end, one. At most seven bits are left in `value` when more are needed.
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
