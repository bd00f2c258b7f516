//! Run-length encoding of BMPs (RLE4, RLE8, and RLE24 of OS/2): finds where each row begins, then decodes rows in any
//! order. The rows are stored from the bottom up, and the scaler takes them from the top down.
//!
//! Runs that go beyond their row are cut, and pixels that no code mentions have the index 0, as in ImageMagick and
//! Pillow.

use crate::{Cancel, ImageError};

/// The size of a pixel.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RunKind {
    Bits4,
    Bits8,
    Bits24,
}

impl RunKind {
    /// The bits of a pixel in a decoded row: an index, or blue, green and red.
    pub(super) const fn decoded_bits(self) -> u16 {
        match self {
            Self::Bits4 | Self::Bits8 => 8,
            Self::Bits24 => 24,
        }
    }

    /// The bytes of this many different pixels in a row.
    const fn bytes(self, pixels: usize) -> usize {
        match self {
            Self::Bits4 => pixels.div_ceil(2),
            Self::Bits8 => pixels,
            Self::Bits24 => 3 * pixels,
        }
    }
}

/// The codes of a picture.
pub(super) struct Runs<'s> {
    codes: &'s [u8],
    pub(super) kind: RunKind,
    width: usize,
    /// The place of each stored row's first code and the column that it begins in. `None` for a row that has no codes.
    starts: Vec<Option<(usize, u32)>>,
    /// The number of stored rows whose codes are all there. All rows, if the codes say that they end before.
    pub(super) stored_rows: u32,
}

/// The number of codes between two checks of the cancel flag.
const CODES_BETWEEN_CHECKS: usize = 16 * 1024;

impl<'s> Runs<'s> {
    /// The bytes that are held for a picture of this height.
    pub(super) const fn bytes(height: u32) -> u64 {
        height as u64 * size_of::<Option<(usize, u32)>>() as u64
    }

    /// Passes the codes once.
    pub(super) fn find(
        codes: &'s [u8],
        kind: RunKind,
        width: u32,
        height: u32,
        cancel: &Cancel,
    ) -> Result<Self, ImageError> {
        let mut runs = Self {
            codes,
            kind,
            width: width as usize,
            starts: vec![None; height as usize],
            stored_rows: height,
        };
        let (mut row, mut column) = (0, 0_u32);
        runs.starts[0] = Some((0, 0));
        let mut rest = Codes { codes, kind, at: 0 };
        for passed in 1_usize.. {
            if passed.is_multiple_of(CODES_BETWEEN_CHECKS) {
                cancel.check()?;
            }
            let (right, up) = match rest.next() {
                Some(Code::Run(count, _) | Code::Literal(count, _)) => {
                    column = column.saturating_add(count as u32);
                    continue;
                }
                Some(Code::Skip(right, up)) => (right, up),
                Some(Code::EndOfRow) => {
                    column = 0;
                    (0, 1)
                }
                Some(Code::End) => break,
                None => {
                    // Some writers omit the last codes.
                    runs.stored_rows = row as u32 + u32::from(column >= width);
                    break;
                }
            };
            column = column.saturating_add(right);
            // Pillow and ImageMagick count skipped columns across rows, so that this one leaves the picture.
            if u64::from(column) + (row + up) as u64 * u64::from(width) >= u64::from(width) * u64::from(height) {
                break;
            }
            if up > 0 {
                row += up;
                let Some(start) = runs.starts.get_mut(row) else {
                    break;
                };
                *start = Some((rest.at, column));
            }
        }
        Ok(runs)
    }

    /// Decodes a stored row into indices, or into blue, green and red.
    pub(super) fn decode(&self, row: usize, pixels: &mut [u8], cancel: &Cancel) -> Result<(), ImageError> {
        pixels.fill(0);
        let Some((at, column)) = self.starts.get(row).copied().flatten() else {
            return Ok(());
        };
        let mut column = column as usize;
        let mut rest = Codes {
            codes: self.codes,
            kind: self.kind,
            at,
        };
        for passed in 1_usize.. {
            if passed.is_multiple_of(CODES_BETWEEN_CHECKS) {
                cancel.check()?;
            }
            match rest.next() {
                Some(Code::Run(count, pixel)) => {
                    self.put(pixels, column, count, |index| self.pixel(pixel, index % 2, 0));
                    column = column.saturating_add(count);
                }
                Some(Code::Literal(count, literal)) => {
                    self.put(pixels, column, count, |index| self.pixel(literal, index, index));
                    column = column.saturating_add(count);
                }
                Some(Code::Skip(right, 0)) => column = column.saturating_add(right as usize),
                Some(Code::Skip(..) | Code::EndOfRow | Code::End) | None => break,
            }
        }
        Ok(())
    }

    /// The pixel at a place among others: `nibble` counts pixels of 4 bits, `index` counts larger ones.
    fn pixel(&self, pixels: &'s [u8], nibble: usize, index: usize) -> [u8; 3] {
        match self.kind {
            RunKind::Bits4 => {
                let byte = pixels.get(nibble / 2).copied().unwrap_or_default();
                [
                    if nibble.is_multiple_of(2) {
                        byte >> 4
                    } else {
                        byte & 0x0f
                    },
                    0,
                    0,
                ]
            }
            RunKind::Bits8 => [pixels.get(index).copied().unwrap_or_default(), 0, 0],
            RunKind::Bits24 => {
                let pixel = pixels.as_chunks::<3>().0.get(index);
                pixel.copied().unwrap_or_default()
            }
        }
    }

    /// Puts up to `count` pixels into a row from `column` on, as many as fit.
    fn put(&self, row: &mut [u8], column: usize, count: usize, pixel: impl Fn(usize) -> [u8; 3]) {
        let fitting = count.min(self.width.saturating_sub(column));
        let bytes = usize::from(self.kind.decoded_bits() / 8);
        let places = row.chunks_exact_mut(bytes).skip(column).take(fitting);
        for (index, place) in places.enumerate() {
            place.copy_from_slice(&pixel(index)[..bytes]);
        }
    }
}

enum Code<'s> {
    /// A number of equal pixels. In RLE4 two take turns.
    Run(usize, &'s [u8]),
    /// A number of different pixels.
    Literal(usize, &'s [u8]),
    /// A number of columns and of rows that no code describes.
    Skip(u32, usize),
    EndOfRow,
    End,
}

struct Codes<'s> {
    codes: &'s [u8],
    kind: RunKind,
    at: usize,
}

impl<'s> Iterator for Codes<'s> {
    type Item = Code<'s>;

    /// `None` where the source ends, even within a code.
    fn next(&mut self) -> Option<Code<'s>> {
        const END_OF_ROW: u8 = 0;
        const END: u8 = 1;
        const SKIP: u8 = 2;
        let rest = self.codes.get(self.at..)?;
        let (length, code) = match rest {
            [0, END_OF_ROW, ..] => (2, Code::EndOfRow),
            [0, END, ..] => (2, Code::End),
            [0, SKIP, right, up, ..] => (4, Code::Skip(u32::from(*right), usize::from(*up))),
            [0, SKIP, ..] => return None,
            [0, count, pixels @ ..] => {
                let count = usize::from(*count);
                let length = self.kind.bytes(count);
                // The codes after it begin at an even place.
                (
                    2 + length.next_multiple_of(2),
                    Code::Literal(count, pixels.get(..length)?),
                )
            }
            [count, pixel @ ..] => {
                let length = self.kind.bytes(1);
                (1 + length, Code::Run((*count).into(), pixel.get(..length)?))
            }
            [] => return None,
        };
        self.at += length;
        Some(code)
    }
}
