//! Linear light: encoded bytes (sRGB) as values of light for the filters, and light as bytes again.
//!
//! The curve is that of sRGB for any source, also for one with a colour profile of its own: those of cameras and
//! displays are alike enough that averages come out the same to the eye.

use std::sync::LazyLock;

/// The value of the brightest light.
pub(super) const BRIGHTEST: u16 = u16::MAX;

/// The conversions in both directions.
pub(super) struct Light {
    /// By byte, rounded: less than 0.03 levels off.
    values: [u16; 256],
    /// For each [`CELL`] of values, the byte of its first value.
    bytes: [u8; CELLS],
    /// By byte, the value at which the next byte begins.
    ends: [f32; 256],
}

/// The tables, computed at the first use.
pub(super) static LIGHT: LazyLock<Light> = LazyLock::new(Light::new);

/// The length of a cell. In the darkest part of the curve a byte is 19.9 values wide, so that no cell holds the end of
/// more than one byte.
const CELL: usize = 16;
const CELLS: usize = (BRIGHTEST as usize + 1) / CELL;

impl Light {
    fn new() -> Self {
        let brightest = f64::from(BRIGHTEST);
        let end = |byte: usize| match byte {
            255.. => f64::INFINITY,
            _ => brightest * light((byte as f64 + 0.5) / 255.0),
        };
        let mut bytes = [0; CELLS];
        let mut byte = 0;
        for (cell, first) in bytes.iter_mut().enumerate() {
            while (cell * CELL) as f64 >= end(byte) {
                byte += 1;
            }
            *first = byte as u8;
        }
        Self {
            values: std::array::from_fn(|byte| (brightest * light(byte as f64 / 255.0)).round() as u16),
            bytes,
            ends: std::array::from_fn(|byte| end(byte) as f32),
        }
    }

    /// The light of a byte: 0 to [`BRIGHTEST`].
    #[inline(always)]
    pub(super) fn of(&self, byte: u8) -> u16 {
        self.values[usize::from(byte)]
    }

    /// The byte that is nearest to a value of light, clamped.
    #[inline(always)]
    pub(super) fn byte(&self, light: f32) -> u8 {
        let light = light.clamp(0.0, f32::from(BRIGHTEST));
        let byte = self.bytes[light as usize / CELL];
        byte + u8::from(light >= self.ends[usize::from(byte)])
    }
}

/// The light of an encoded value, both from 0 to 1: IEC 61966-2-1.
fn light(encoded: f64) -> f64 {
    if encoded <= 0.040_45 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The inverse of the curve, written out: IEC 61966-2-1.
    fn encoded(light: f64) -> f64 {
        if light <= 0.003_130_8 {
            12.92 * light
        } else {
            1.055 * light.powf(1.0 / 2.4) - 0.055
        }
    }

    #[test]
    fn byte_keeps_its_value_there_and_back() {
        for byte in 0..=255 {
            assert_eq!(LIGHT.byte(f32::from(LIGHT.of(byte))), byte);
        }
    }

    #[test]
    fn light_becomes_the_nearest_byte() {
        for step in 0..=1_000_000_u32 {
            let light = f64::from(step) / 1_000_000.0;
            let exact = 255.0 * encoded(light);
            let found = LIGHT.byte((light * f64::from(BRIGHTEST)) as f32);
            assert!((f64::from(found) - exact).abs() < 0.501, "{light}: {found} for {exact}");
        }
        assert_eq!((LIGHT.byte(-5.0), LIGHT.byte(1e9)), (0, 255));
    }
}
