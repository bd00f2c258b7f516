//! Truncation guard for zune-jpeg: a reader that ends the scan data so that a missing symbol is an error.
//!
//! When scan data ends early, the library goes on with zeros and delivers grey. So a tail of one-bits replaces the end
//! marker: no Huffman code consists of ones only (ITU-T T.81, C.2), so the first missing symbol is an error. For bits
//! that are read without a code, the tail notes that more of it was read than a complete scan ever reads. The same tail
//! stands in for a missing end marker.

use std::cell::Cell;
use std::rc::Rc;

use zune_core::bytestream::{ZByteIoError, ZByteReaderTrait, ZSeekFrom};

/// Stuffed one-bits, then the end marker.
const TAIL: [u8; 26] = *b"\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\0\xff\xd9";

/// The most bytes of the tail that a complete scan takes: 7, each stuffed into 2 here. The library fetches 4 bytes
/// whenever it holds less than 32 bits; it may then hold 3 bytes of the tail, and need one bit from before the tail.
const LOOK_AHEAD: usize = 14;

/// A reader for zune-jpeg, which fetches scan data byte by byte with `read_byte_no_error`, or by fours, and markers
/// with `read_exact_bytes`.
pub(super) struct GuardedReader<'s> {
    body: &'s [u8],
    position: usize,
    overrun: Overrun,
}

/// Whether the library read scan data beyond the end.
#[derive(Clone, Default)]
pub(super) struct Overrun(Rc<Cell<bool>>);

impl Overrun {
    pub(super) fn happened(&self) -> bool {
        self.0.get()
    }
}

impl<'s> GuardedReader<'s> {
    /// `body` is the source up to its end marker.
    pub(super) fn new(body: &'s [u8]) -> (Self, Overrun) {
        let overrun = Overrun::default();
        (
            Self {
                body,
                position: 0,
                overrun: overrun.clone(),
            },
            overrun,
        )
    }

    fn length(&self) -> usize {
        self.body.len() + TAIL.len()
    }

    /// Copies the remaining bytes into `buffer`, as many as fit.
    fn copy(&self, buffer: &mut [u8]) -> usize {
        let body = self.body.get(self.position..).unwrap_or_default();
        let tail = TAIL
            .get(self.position.saturating_sub(self.body.len())..)
            .unwrap_or_default();
        let from_body = body.len().min(buffer.len());
        let (head, rest) = buffer.split_at_mut(from_body);
        head.copy_from_slice(&body[..from_body]);
        let from_tail = tail.len().min(rest.len());
        rest[..from_tail].copy_from_slice(&tail[..from_tail]);
        from_body + from_tail
    }
}

impl ZByteReaderTrait for GuardedReader<'_> {
    #[inline(always)]
    fn read_byte_no_error(&mut self) -> u8 {
        let byte = match self.body.get(self.position) {
            Some(byte) => *byte,
            None => {
                let beyond = self.position - self.body.len();
                if beyond >= LOOK_AHEAD {
                    self.overrun.0.set(true);
                }
                TAIL.get(beyond).copied().unwrap_or_default()
            }
        };
        self.position = self.position.saturating_add(1);
        byte
    }

    #[inline(always)]
    fn read_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        let end = self.position.saturating_add(buffer.len());
        if let Some(bytes) = self.body.get(self.position..end) {
            buffer.copy_from_slice(bytes);
        } else {
            let copied = self.copy(buffer);
            if copied < buffer.len() {
                return Err(ZByteIoError::NotEnoughBytes(copied, buffer.len()));
            }
        }
        self.position = end;
        Ok(())
    }

    fn read_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        let copied = self.copy(buffer);
        self.position += copied;
        Ok(copied)
    }

    fn peek_bytes(&mut self, buffer: &mut [u8]) -> Result<usize, ZByteIoError> {
        Ok(self.copy(buffer))
    }

    fn peek_exact_bytes(&mut self, buffer: &mut [u8]) -> Result<(), ZByteIoError> {
        let copied = self.copy(buffer);
        if copied < buffer.len() {
            Err(ZByteIoError::NotEnoughBytes(copied, buffer.len()))
        } else {
            Ok(())
        }
    }

    fn z_seek(&mut self, from: ZSeekFrom) -> Result<u64, ZByteIoError> {
        let position = match from {
            ZSeekFrom::Start(position) => i64::try_from(position).ok(),
            ZSeekFrom::End(offset) => (self.length() as i64).checked_add(offset),
            ZSeekFrom::Current(offset) => (self.position as i64).checked_add(offset),
        };
        let position = position.and_then(|position| usize::try_from(position).ok());
        self.position = position.ok_or(ZByteIoError::SeekError("position out of range"))?;
        Ok(self.position as u64)
    }

    #[inline(always)]
    fn is_eof(&mut self) -> Result<bool, ZByteIoError> {
        Ok(self.position >= self.length())
    }

    fn z_position(&mut self) -> Result<u64, ZByteIoError> {
        Ok(self.position as u64)
    }

    fn read_remaining(&mut self, sink: &mut Vec<u8>) -> Result<usize, ZByteIoError> {
        let start = sink.len();
        sink.resize(start + self.length().saturating_sub(self.position), 0);
        self.read_bytes(&mut sink[start..])
    }
}
