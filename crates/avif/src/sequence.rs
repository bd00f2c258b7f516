//! Sequence header of AV1 (AV1 bitstream specification, 5.5): the size of the frames and the meaning of their samples,
//! known before a decoder starts.

use crate::DecodeError;

/// The largest frame, and the kind of its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The bits of a sample: 8, 10 or 12.
    pub(crate) bits: u8,
    /// Whether there is no chroma.
    pub(crate) grey: bool,
    /// Whether chroma has half of luma's resolution, across and down.
    pub(crate) halved: [bool; 2],
    pub(crate) signal: Signal,
}

/// The meaning of samples in numbers of ITU-T H.273. 2 is "unspecified".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal {
    pub(crate) primaries: u16,
    pub(crate) transfer: u16,
    pub(crate) matrix: u16,
    pub(crate) full_range: bool,
}

impl Sequence {
    /// Reads the payload of a sequence header.
    pub(crate) fn read(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut bits = Bits { bytes: payload, at: 0 };
        let sequence = Self::read_bits(&mut bits).ok_or(DecodeError::Corrupt("its AV1 sequence header is cut"))?;
        Ok(sequence)
    }

    fn read_bits(bits: &mut Bits<'_>) -> Option<Self> {
        let profile = bits.take(3)?;
        let _still = bits.flag()?;
        let reduced = bits.flag()?;
        if reduced {
            bits.take(5)?;
        } else {
            read_operating_points(bits)?;
        }
        let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
        let (width, height) = (bits.take(width_bits)? + 1, bits.take(height_bits)? + 1);
        if !reduced && bits.flag()? {
            bits.take(4 + 3)?;
        }
        // Superblock size, filter of intra prediction, filter of edges.
        bits.take(3)?;
        if !reduced {
            read_tools(bits)?;
        }
        // Super-resolution, CDEF, restoration.
        bits.take(3)?;
        let high = bits.flag()?;
        let twelve = profile == 2 && high && bits.flag()?;
        let grey = profile != 1 && bits.flag()?;
        let (primaries, transfer, matrix) = if bits.flag()? {
            (bits.take(8)? as u16, bits.take(8)? as u16, bits.take(8)? as u16)
        } else {
            (2, 2, 2)
        };
        let depth = match (high, twelve) {
            (_, true) => 12,
            (true, false) => 10,
            (false, _) => 8,
        };
        // The triple that means RGB of sRGB has no bit for its range.
        let rgb = !grey && (primaries, transfer, matrix) == (1, 13, 0);
        let full_range = rgb || bits.flag()?;
        let halved = match profile {
            _ if grey => [true; 2],
            _ if rgb => [false; 2],
            0 => [true; 2],
            1 => [false; 2],
            _ if depth == 12 => {
                let across = bits.flag()?;
                [across, across && bits.flag()?]
            }
            _ => [true, false],
        };
        Some(Self {
            width,
            height,
            bits: depth,
            grey,
            halved,
            signal: Signal {
                primaries,
                transfer,
                matrix,
                full_range,
            },
        })
    }
}

/// Timing, decoder model and operating points (5.5.1 to 5.5.4), none of which a picture needs.
fn read_operating_points(bits: &mut Bits<'_>) -> Option<()> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.take(32)?;
        bits.take(32)?;
        if bits.flag()? {
            bits.variable_length()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? + 1);
            bits.take(32)?;
            bits.take(5 + 5)?;
        }
    }
    let display_delays = bits.flag()?;
    let points = bits.take(5)? + 1;
    for _ in 0..points {
        bits.take(12)?;
        if bits.take(5)? > 7 {
            bits.flag()?;
        }
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.take(delay_bits)?;
            bits.take(delay_bits)?;
            bits.flag()?;
        }
        if display_delays && bits.flag()? {
            bits.take(4)?;
        }
    }
    Some(())
}

/// Tools of prediction between frames (5.5.1).
fn read_tools(bits: &mut Bits<'_>) -> Option<()> {
    // Compounds of inter and intra, masks, warps, two filters.
    bits.take(4)?;
    let ordered = bits.flag()?;
    if ordered {
        bits.take(2)?;
    }
    let screen_content = if bits.flag()? { 2 } else { bits.take(1)? };
    if screen_content > 0 && !bits.flag()? {
        bits.flag()?;
    }
    if ordered {
        bits.take(3)?;
    }
    Some(())
}

/// A reader of bits, the highest of a byte first.
struct Bits<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let flag = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(flag)
    }

    /// A number of at most 32 bits.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            value = value << 1 | u32::from(self.flag()?);
        }
        Some(value)
    }

    /// A number after as many zeros as it has bits less one (4.10.3), which is passed over.
    fn variable_length(&mut self) -> Option<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            self.take(zeros)?;
        }
        Some(())
    }
}
