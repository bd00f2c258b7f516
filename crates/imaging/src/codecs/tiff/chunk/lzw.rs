//! LZW decompressor: TIFF 6.0, section 13, or with the lowest bit first, as programs wrote it before TIFF 6.0.

use std::borrow::Cow;

use weezl::{BitOrder, LzwStatus, decode};

use super::super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use super::PIECE_BYTES;
use crate::Cancel;

pub(in super::super) struct Lzw<'s> {
    decoder: decode::Decoder,
    bytes: Cow<'s, [u8]>,
    position: usize,
}

impl<'s> Lzw<'s> {
    pub(super) fn new(bytes: Cow<'s, [u8]>) -> Self {
        // Data begin with the code 256 of nine bits.
        let is_old = matches!(&*bytes, [0, second, ..] if second & 1 == 1);
        Self {
            decoder: if is_old {
                decode::Decoder::new(BitOrder::Lsb, 8)
            } else {
                decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
            },
            bytes,
            position: 0,
        }
    }

    pub(super) fn fill(&mut self, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
        let mut written = 0;
        while written < out.len() {
            cancel.check()?;
            let end = out.len().min(written + PIECE_BYTES);
            let rest = &self.bytes[self.position..];
            let result = self.decoder.decode_bytes(rest, &mut out[written..end]);
            self.position += result.consumed_in;
            written += result.consumed_out;
            let reason = match result.status {
                Ok(LzwStatus::Ok) => continue,
                Ok(LzwStatus::Done | LzwStatus::NoProgress) if written == out.len() => continue,
                Ok(LzwStatus::Done | LzwStatus::NoProgress) => INCOMPLETE,
                Err(_) => UNDECODABLE,
            };
            return Err(Failure::damaged(reason, written));
        }
        Ok(())
    }
}
