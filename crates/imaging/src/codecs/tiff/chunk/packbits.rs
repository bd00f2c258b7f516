//! PackBits decompressor: TIFF 6.0, section 9.

use std::borrow::Cow;

use super::super::failure::{Failure, INCOMPLETE};
use super::PIECE_BYTES;
use crate::Cancel;

pub(in super::super) struct PackBits<'s> {
    bytes: Cow<'s, [u8]>,
    position: usize,
    /// The bytes that the last code still stands for.
    left: usize,
    /// The byte that is repeated. `None` if the bytes follow the code.
    repeated: Option<u8>,
}

impl<'s> PackBits<'s> {
    pub(super) const fn new(bytes: Cow<'s, [u8]>) -> Self {
        Self {
            bytes,
            position: 0,
            left: 0,
            repeated: None,
        }
    }

    pub(super) fn fill(&mut self, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
        let mut written = 0;
        let mut next_check = 0;
        while written < out.len() {
            if self.position >= next_check {
                cancel.check()?;
                next_check = self.position + PIECE_BYTES;
            }
            let incomplete = || Failure::damaged(INCOMPLETE, written);
            if self.left == 0 {
                let code = self.byte().ok_or_else(incomplete)?.cast_signed();
                // This code has no meaning.
                if code == i8::MIN {
                    continue;
                }
                self.repeated = if code < 0 {
                    Some(self.byte().ok_or_else(incomplete)?)
                } else {
                    None
                };
                self.left = usize::from(code.unsigned_abs()) + 1;
            }
            let wanted = self.left.min(out.len() - written);
            let target = &mut out[written..written + wanted];
            match self.repeated {
                Some(byte) => target.fill(byte),
                None => {
                    let literal = self.bytes.get(self.position..self.position + wanted);
                    target.copy_from_slice(literal.ok_or_else(incomplete)?);
                    self.position += wanted;
                }
            }
            self.left -= wanted;
            written += wanted;
        }
        Ok(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.position).copied();
        self.position += 1;
        byte
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of TIFF 6.0, section 9.
    const PACKED: [u8; 15] = [
        0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa,
    ];
    const UNPACKED: [u8; 24] = [
        0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22, 0xaa, 0xaa, 0xaa, 0xaa,
        0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
    ];

    #[test]
    fn packed_bits_are_decompressed_in_pieces_of_any_size() {
        for piece in 1..=24 {
            let mut decompressor = PackBits::new(Cow::Borrowed(&PACKED));
            let mut out = [0; 24];
            for out in out.chunks_mut(piece) {
                decompressor.fill(out, &Cancel::new()).unwrap();
            }
            assert_eq!(out, UNPACKED, "pieces of {piece}");
        }
    }

    #[test]
    fn run_without_its_byte_is_incomplete() {
        let mut decompressor = PackBits::new(Cow::Borrowed(&PACKED[..14]));
        let failure = decompressor.fill(&mut [0; 24], &Cancel::new());
        // The fourteen bytes before it are right.
        assert!(
            matches!(failure, Err(Failure::Damaged { written: 14, .. })),
            "{failure:?}"
        );
    }
}
