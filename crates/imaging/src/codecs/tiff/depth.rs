//! TIFF depth: bits and kind of a sample, and the conversion of stored samples to 8 bits.

use super::directory::Directory;
use super::values::Order;
use super::{tag, unsupported};
use crate::ImageError;

/// The numbers that samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    /// From 0 to the highest of these bits.
    Whole,
    /// Two's complement.
    Signed,
    /// From 0 to 1.
    Float,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Depth {
    bits: u32,
    numbers: Numbers,
}

impl Depth {
    /// The depth of a page's samples, all of which have the same. `samples` is the number of samples a pixel, as far as
    /// known.
    pub(super) fn read(directory: &Directory<'_>, samples: Option<u64>) -> Result<Self, ImageError> {
        /// More samples than any program writes.
        const MOST_SAMPLES: u64 = 16;
        let bits = directory.number(tag::BITS)?.unwrap_or(1);
        if let Some(values) = directory.values(tag::BITS) {
            let looked_at = values.count().min(samples.unwrap_or(MOST_SAMPLES)).min(MOST_SAMPLES);
            if (0..looked_at).any(|index| values.number(index) != Some(bits)) {
                return Err(unsupported("whose samples have different numbers of bits"));
            }
        }
        let numbers = match directory.number(tag::SAMPLE_FORMAT)?.unwrap_or(1) {
            // 4 says that the kind is unknown.
            1 | 4 => Numbers::Whole,
            2 => Numbers::Signed,
            3 => Numbers::Float,
            _ => return Err(unsupported("of complex numbers")),
        };
        match (numbers, bits) {
            (Numbers::Whole, 1..=32 | 64) | (Numbers::Signed, 8 | 16) | (Numbers::Float, 16 | 24 | 32 | 64) => {
                Ok(Self {
                    bits: bits as u32,
                    numbers,
                })
            }
            (Numbers::Signed, _) => Err(unsupported("of signed numbers")),
            _ => Err(unsupported("with this many bits a sample")),
        }
    }

    /// The bits of a sample: 1 to 32, or 64.
    pub(super) const fn bits(self) -> u32 {
        self.bits
    }

    pub(super) const fn is_whole(self) -> bool {
        matches!(self.numbers, Numbers::Whole)
    }

    pub(super) const fn is_signed(self) -> bool {
        matches!(self.numbers, Numbers::Signed)
    }

    pub(super) const fn is_float(self) -> bool {
        matches!(self.numbers, Numbers::Float)
    }

    /// Whether samples are bytes.
    pub(super) const fn is_byte(self) -> bool {
        self.bits == 8
    }

    /// The bytes of a sample. `None` if it is no whole number of bytes.
    pub(super) const fn bytes(self) -> Option<usize> {
        match self.bits {
            8 | 16 | 24 | 32 | 64 => Some(self.bits as usize / 8),
            _ => None,
        }
    }

    /// Converts the samples of a row to 8 bits, and calls `put` with the number and the value of each. The highest
    /// number of `bits` becomes 255, unless `as_indices`. Of more bits only the upper 8 are kept.
    pub(super) fn unpack(self, row: &[u8], order: Order, as_indices: bool, mut put: impl FnMut(usize, u8)) {
        if let Numbers::Float = self.numbers {
            let bytes = self.bits as usize / 8;
            for (index, sample) in row.chunks_exact(bytes).enumerate() {
                put(index, of_fraction(self.fraction(order.number(sample))));
            }
            return;
        }
        if let Some(bytes) = self.bytes() {
            let upper = match order {
                Order::LittleEndian => bytes - 1,
                Order::BigEndian => 0,
            };
            for (index, sample) in row.chunks_exact(bytes).enumerate() {
                put(index, sample[upper]);
            }
            return;
        }
        let bits = self.bits as usize;
        let count = row.len() * 8 / bits;
        if bits > 8 {
            // The upper 8 bits lie in two bytes.
            for index in 0..count {
                let from = index * bits;
                let pair = [row[from / 8], row.get(from / 8 + 1).copied().unwrap_or_default()];
                put(index, (u16::from_be_bytes(pair) >> (8 - from % 8)) as u8);
            }
            return;
        }
        let highest = (1_u32 << bits) - 1;
        let mut scaled = [0; 128];
        for (value, scaled) in (0..=highest).zip(&mut scaled) {
            *scaled = if as_indices {
                value as u8
            } else {
                ((value * 255 + highest / 2) / highest) as u8
            };
        }
        for index in 0..count {
            let from = index * bits;
            let pair = [row[from / 8], row.get(from / 8 + 1).copied().unwrap_or_default()];
            let value = u32::from(u16::from_be_bytes(pair)) >> (16 - bits - from % 8) & highest;
            put(index, scaled[value as usize]);
        }
    }

    /// The fraction that is stored in these bits: IEEE 754, and Adobe's number of 24 bits.
    fn fraction(self, stored: u64) -> f64 {
        match self.bits {
            16 => small_fraction(stored, 5, 10),
            24 => small_fraction(stored, 7, 16),
            32 => f64::from(f32::from_bits(stored as u32)),
            _ => f64::from_bits(stored),
        }
    }
}

/// A fraction with a sign, an exponent and a mantissa of so many bits.
fn small_fraction(stored: u64, exponent_bits: i32, mantissa_bits: i32) -> f64 {
    let bias = (1 << (exponent_bits - 1)) - 1;
    let exponent = (stored >> mantissa_bits) as i32 & ((1 << exponent_bits) - 1);
    let mantissa = (stored & ((1 << mantissa_bits) - 1)) as f64 / f64::from(1 << mantissa_bits);
    let size = match exponent {
        0 => mantissa * f64::from(1 - bias).exp2(),
        // Infinite, or no number.
        _ if exponent == (1 << exponent_bits) - 1 => return if mantissa == 0.0 { f64::INFINITY } else { f64::NAN },
        _ => (1.0 + mantissa) * f64::from(exponent - bias).exp2(),
    };
    if stored >> (exponent_bits + mantissa_bits) & 1 == 1 {
        -size
    } else {
        size
    }
}

/// Values below 0 or above 1 become black or white, and all that is no number becomes black.
fn of_fraction(fraction: f64) -> u8 {
    fraction.mul_add(255.0, 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(bits: u32, numbers: Numbers, order: Order, row: &[u8]) -> Vec<u8> {
        let mut values = Vec::new();
        Depth { bits, numbers }.unpack(row, order, false, |index, value| {
            assert_eq!(index, values.len());
            values.push(value);
        });
        values
    }

    /// Every depth from 1 to 32 bits: the lowest, the highest and a middle number, packed bit by bit.
    #[test]
    fn whole_number_of_any_depth_is_scaled_to_8_bits() {
        for bits in 1..=32_u32 {
            let highest = (1_u64 << bits) - 1;
            let numbers = [0, highest, highest / 2, highest / 3];
            let mut packed = String::new();
            for number in numbers {
                packed.push_str(&format!("{number:0width$b}", width = bits as usize));
            }
            while !packed.len().is_multiple_of(8) {
                packed.push('0');
            }
            let byte = |at: usize| u8::from_str_radix(&packed[at..at + 8], 2).unwrap();
            let row: Vec<u8> = (0..packed.len()).step_by(8).map(byte).collect();
            let found = unpacked(bits, Numbers::Whole, Order::BigEndian, &row);
            for (number, found) in numbers.iter().zip(&found) {
                let expected = *number as f64 * 255.0 / highest as f64;
                // Dropping the lower bits takes away less than one.
                let error = expected - f64::from(*found);
                assert!((-0.5..1.0).contains(&error), "{bits} bits: {number} became {found}");
            }
            assert_eq!(found[..2], [0, 255], "{bits} bits");
        }
    }

    /// The bits of 0, 1, 0.5 and 2, of a negative number and of none, by IEEE 754 and Adobe's note.
    #[test]
    fn fraction_is_scaled_to_8_bits() {
        let expected = [0, 255, 128, 255, 0, 0];
        let half = [0x0000_u16, 0x3c00, 0x3800, 0x4000, 0xbc00, 0x7e00];
        let row: Vec<u8> = half.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        assert_eq!(unpacked(16, Numbers::Float, Order::LittleEndian, &row), expected);
        let small = [0x00_0000_u32, 0x3f_0000, 0x3e_0000, 0x40_0000, 0xbf_0000, 0x7f_8000];
        let row: Vec<u8> = small.iter().flat_map(|bits| bits.to_be_bytes()[1..].to_vec()).collect();
        assert_eq!(unpacked(24, Numbers::Float, Order::BigEndian, &row), expected);
        let single = [0.0_f32, 1.0, 0.5, 2.0, -1.0, f32::NAN];
        let row: Vec<u8> = single.iter().flat_map(|value| value.to_be_bytes()).collect();
        assert_eq!(unpacked(32, Numbers::Float, Order::BigEndian, &row), expected);
        let double = [0.0_f64, 1.0, 0.5, 2.0, -1.0, f64::NAN];
        let row: Vec<u8> = double.iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(unpacked(64, Numbers::Float, Order::LittleEndian, &row), expected);
    }
}
