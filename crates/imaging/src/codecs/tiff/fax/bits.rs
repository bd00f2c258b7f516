//! Bit reader of the fax decompressor: codes from the highest bit or from the lowest, and the markers between rows.

use fax::BitReader;

/// The zeros that begin a marker. No code begins with as many.
const MARKER_ZEROS: u8 = 11;

/// The bits of the data. Zeros follow the last.
pub(super) struct Bits<'b> {
    bytes: &'b [u8],
    /// Whether the first bit of a byte is its lowest.
    reversed: bool,
    /// The number of bits that were taken.
    pub(super) position: usize,
}

impl<'b> Bits<'b> {
    pub(super) const fn new(bytes: &'b [u8], reversed: bool) -> Self {
        Self {
            bytes,
            reversed,
            position: 0,
        }
    }

    /// The next 25 bits or more, from the highest.
    fn word(&self) -> u32 {
        let start = (self.position / 8).min(self.bytes.len());
        let rest = &self.bytes[start..];
        let bytes = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut bytes = [0; 4];
            bytes[..rest.len()].copy_from_slice(rest);
            bytes
        });
        let word = if self.reversed {
            u32::from_le_bytes(bytes).reverse_bits()
        } else {
            u32::from_be_bytes(bytes)
        };
        word << (self.position % 8)
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.position >= 8 * self.bytes.len()
    }

    pub(super) const fn is_past_end(&self) -> bool {
        self.position > 8 * self.bytes.len()
    }

    pub(super) fn align(&mut self, unit: usize) {
        self.position = self.position.next_multiple_of(unit);
    }

    pub(super) fn take_bit(&mut self) -> bool {
        let bit = self.word() >> 31 == 1;
        self.position += 1;
        bit
    }

    pub(super) fn is_at_marker(&self) -> bool {
        self.word().leading_zeros() >= u32::from(MARKER_ZEROS) && !self.is_at_end()
    }

    /// Skips a marker, which ends with the first 1 after at least eleven zeros. Returns whether there was one.
    pub(super) fn skip_marker(&mut self) -> bool {
        let start = self.position;
        if self.is_at_marker() {
            while !self.is_at_end() {
                let zeros = self.word().leading_zeros();
                // Of the 32 bits only the first 25 are sure.
                self.position += zeros.min(24) as usize;
                if zeros < 24 {
                    self.position += 1;
                    return !self.is_past_end();
                }
            }
        }
        self.position = start;
        false
    }
}

impl BitReader for Bits<'_> {
    type Error = std::convert::Infallible;

    fn peek(&self, bits: u8) -> Option<u16> {
        Some((self.word() >> (32 - u32::from(bits.clamp(1, 16)))) as u16)
    }

    fn consume(&mut self, bits: u8) -> Result<(), Self::Error> {
        self.position += usize::from(bits);
        Ok(())
    }

    fn bits_to_byte_boundary(&self) -> u8 {
        (self.position.next_multiple_of(8) - self.position) as u8
    }
}
