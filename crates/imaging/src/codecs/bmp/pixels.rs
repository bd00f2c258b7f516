//! BMP pixels: turns a stored row into channels.

use crate::Channels;

/// The way a pixel is stored.
pub(super) enum Pixels {
    /// Indices of 1, 2, 4 or 8 bits, the first in the highest bits.
    Indexed(Palette),
    /// Blue, green, red.
    Bgr,
    /// Blue, green, red and an unused byte.
    Bgrx,
    /// Numbers of 16 or 32 bits, in which masks of red, green, blue and alpha pick the samples. Whether alpha counts.
    Masked([Mask; 4], bool),
}

impl Pixels {
    pub(super) fn channels(&self) -> Channels {
        match self {
            Self::Indexed(palette) => Channels::of(palette.is_gray, false),
            Self::Bgr | Self::Bgrx => Channels::Rgb,
            Self::Masked(_, alpha) => Channels::of(false, *alpha),
        }
    }

    /// Unpacks a row of pixels of this many bits.
    pub(super) fn unpack(&self, stored: &[u8], bits: u16, row: &mut [u8]) {
        match self {
            Self::Indexed(palette) => palette.unpack(stored, bits, row),
            Self::Bgr => {
                for (pixel, [blue, green, red]) in row.as_chunks_mut::<3>().0.iter_mut().zip(stored.as_chunks::<3>().0)
                {
                    *pixel = [*red, *green, *blue];
                }
            }
            Self::Bgrx => {
                for (pixel, [blue, green, red, _]) in
                    row.as_chunks_mut::<3>().0.iter_mut().zip(stored.as_chunks::<4>().0)
                {
                    *pixel = [*red, *green, *blue];
                }
            }
            Self::Masked(masks, alpha) => {
                let channels = if *alpha { 4 } else { 3 };
                let mut put = |at: usize, number: u32| {
                    let pixel = row.get_mut(at * channels..(at + 1) * channels).unwrap_or_default();
                    for (sample, mask) in pixel.iter_mut().zip(masks) {
                        *sample = mask.sample(number);
                    }
                };
                if bits == 16 {
                    for (at, bytes) in stored.as_chunks::<2>().0.iter().enumerate() {
                        put(at, u16::from_le_bytes(*bytes).into());
                    }
                } else {
                    for (at, bytes) in stored.as_chunks::<4>().0.iter().enumerate() {
                        put(at, u32::from_le_bytes(*bytes));
                    }
                }
            }
        }
    }
}

/// 256 colours. Indices without a colour are black.
pub(super) struct Palette {
    colours: Box<[[u8; 3]; 256]>,
    is_gray: bool,
}

impl Palette {
    /// Reads up to `count` entries of blue, green, red and perhaps an unused byte.
    pub(super) fn new(entries: &[u8], entry_bytes: usize, count: usize) -> Self {
        let mut colours = Box::new([[0; 3]; 256]);
        for (colour, entry) in colours.iter_mut().zip(entries.chunks_exact(entry_bytes)).take(count) {
            if let [blue, green, red, ..] = entry {
                *colour = [*red, *green, *blue];
            }
        }
        let is_gray = colours.iter().all(|[red, green, blue]| red == green && green == blue);
        Self { colours, is_gray }
    }

    fn unpack(&self, stored: &[u8], bits: u16, row: &mut [u8]) {
        let per_byte = usize::from(8 / bits.clamp(1, 8));
        let mask = (1_u16 << bits.min(8)) - 1;
        let index = |at: usize| {
            let byte = stored.get(at / per_byte).copied().unwrap_or_default();
            let shift = 8 - bits as usize * (at % per_byte + 1);
            (u16::from(byte) >> shift & mask) as usize
        };
        let colour = |index: usize| self.colours[index & 0xff];
        match (self.is_gray, bits) {
            (true, 8) => row
                .iter_mut()
                .zip(stored)
                .for_each(|(pixel, index)| *pixel = colour((*index).into())[0]),
            (true, _) => row
                .iter_mut()
                .enumerate()
                .for_each(|(at, pixel)| *pixel = colour(index(at))[0]),
            (false, 8) => {
                let pixels = row.as_chunks_mut::<3>().0.iter_mut();
                pixels
                    .zip(stored)
                    .for_each(|(pixel, index)| *pixel = colour((*index).into()));
            }
            (false, _) => {
                let pixels = row.as_chunks_mut::<3>().0.iter_mut();
                pixels.enumerate().for_each(|(at, pixel)| *pixel = colour(index(at)));
            }
        }
    }
}

/// The bits of a sample in a pixel, and the values of 8 bits that they mean.
pub(super) struct Mask {
    /// The bits, at the lowest place. Of more than 8 only the highest 8 count.
    shift: u32,
    bits: u32,
    values: Box<[u8; 256]>,
}

impl Mask {
    /// A mask of 0 means a sample of 0.
    pub(super) fn new(mask: u32) -> Self {
        let low = mask.trailing_zeros().min(31);
        let length = 32 - (mask >> low).leading_zeros();
        let shift = low + length.saturating_sub(8);
        let bits = mask >> shift;
        let mut values = Box::new([0; 256]);
        for (sample, value) in values.iter_mut().enumerate() {
            // Rounded to the nearest: the highest value becomes 255.
            let most = bits.max(1) as usize;
            *value = ((sample * 255 + most / 2) / most).min(255) as u8;
        }
        Self { shift, bits, values }
    }

    fn sample(&self, pixel: u32) -> u8 {
        // At most 8 bits are left.
        self.values[(pixel >> self.shift & self.bits) as usize & 0xff]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lowest and the highest sample are 0 and 255, and those between are spread evenly.
    #[test]
    fn samples_of_every_width_become_eight_bits() {
        let check = |mask: u32, pixel: u32, expected: u8| {
            assert_eq!(Mask::new(mask).sample(pixel), expected, "{mask:#x} of {pixel:#x}");
        };
        check(0, u32::MAX, 0);
        check(1 << 31, u32::MAX, 255);
        check(0x8000, 0x7fff, 0);
        // 16 of 31 is 131.6; 21 of 63 is 85.
        check(0x7c00, 16 << 10, 132);
        check(0x07e0, 21 << 5, 85);
        check(0xff00, 0x1234, 0x12);
        // The upper 8 of 10 bits: 0x2ab is 0xaa.
        check(0x3ff0_0000, 0x2ab << 20, 0xaa);
        check(u32::MAX, 0x8012_3456, 0x80);
    }
}
