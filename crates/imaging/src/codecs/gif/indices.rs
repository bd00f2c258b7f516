//! Colour indices of a frame: decompresses them (LZW, GIF89a, appendix F) a few rows at a time.

use weezl::decode::{Configuration, Decoder};
use weezl::{BitOrder, LzwStatus};

use super::blocks::{Frame, SubBlocks};
use super::corrupt;
use crate::codecs::corrupt_because;
use crate::{Cancel, Format, ImageError};

/// The bytes that are decompressed at once, or one row if it is longer.
const BUFFER_BYTES: usize = 32 * 1024;

pub(super) struct Indices<'s> {
    data: SubBlocks<'s>,
    /// The rest of the sub-block that is being decompressed.
    block: &'s [u8],
    decoder: Decoder,
    width: usize,
    /// Whole rows. After the end of the data they are followed by less than a row.
    buffer: Vec<u8>,
    /// The indices in the buffer, and how many of them were taken.
    filled: usize,
    taken: usize,
    /// The reason why there are no more indices.
    end: Option<ImageError>,
}

impl<'s> Indices<'s> {
    /// The bytes that are held for rows of this width.
    pub(super) fn bytes(width: u32) -> u64 {
        /// Measured: the tables of the decompressor.
        const TABLE_BYTES: u64 = 96 * 1024;
        TABLE_BYTES + (BUFFER_BYTES as u64).max(width.into())
    }

    pub(super) fn new(frame: &Frame<'s>) -> Result<Self, ImageError> {
        // A code has at most 12 bits.
        if !(1..=11).contains(&frame.code_bits) {
            return Err(corrupt("one of its frames has an impossible code size"));
        }
        let width = frame.area.size.width as usize;
        let rows = (BUFFER_BYTES / width.max(1)).clamp(1, frame.area.size.height.max(1) as usize);
        Ok(Self {
            data: frame.data,
            block: &[],
            decoder: Configuration::new(BitOrder::Lsb, frame.code_bits)
                .with_yield_on_full_buffer(true)
                .build(),
            width,
            buffer: vec![0; rows * width],
            filled: 0,
            taken: 0,
            end: None,
        })
    }

    /// The next row. It is shorter than the frame is wide where the data ends.
    pub(super) fn next_row(&mut self, cancel: &Cancel) -> Result<&[u8], ImageError> {
        if self.taken == self.filled {
            self.fill(cancel)?;
        }
        let start = self.taken;
        self.taken = (start + self.width).min(self.filled);
        Ok(&self.buffer[start..self.taken])
    }

    /// The damage, if a row was too short.
    pub(super) fn damage(self) -> ImageError {
        self.end
            .unwrap_or_else(|| corrupt("one of its frames has too few pixels"))
    }

    fn fill(&mut self, cancel: &Cancel) -> Result<(), ImageError> {
        (self.filled, self.taken) = (0, 0);
        while self.filled < self.buffer.len() && self.end.is_none() {
            cancel.check()?;
            if self.block.is_empty() {
                self.block = self.data.next().unwrap_or_default();
            }
            // Behind the last sub-block the decoder still has codes in its bit buffer.
            let result = self.decoder.decode_bytes(self.block, &mut self.buffer[self.filled..]);
            self.block = &self.block[result.consumed_in..];
            self.filled += result.consumed_out;
            match result.status {
                Ok(LzwStatus::Ok) => {}
                Ok(LzwStatus::NoProgress | LzwStatus::Done) => break,
                Err(error) => {
                    let reason = "one of its frames cannot be decoded";
                    self.end = Some(corrupt_because(Format::Gif, reason, &error));
                }
            }
        }
        Ok(())
    }
}
