//! BMP headers: BITMAPCOREHEADER of 12 bytes, BITMAPINFOHEADER2 of OS/2 with 16 to 64 bytes, and BITMAPINFOHEADER of
//! Windows with 40 bytes and its longer versions (52, 56, 108 and 124).
//!
//! Colour masks and a palette follow the header. The file header says where the pixels are.

use super::pixels::{Mask, Palette, Pixels};
use super::runs::RunKind;
use super::{corrupt, unsupported};
use crate::{ImageError, Size};

const FILE_HEADER_BYTES: usize = 14;

pub(super) struct Header {
    pub(super) size: Size,
    /// Whether the top row is stored first. Usually it is the last.
    pub(super) top_down: bool,
    pub(super) pixels: Pixels,
    /// The kind of run-length encoding, if there is one.
    pub(super) runs: Option<RunKind>,
    /// The bits of a stored pixel, if there is no run-length encoding.
    pub(super) bits: u16,
    /// The place of the pixels in the source.
    pub(super) start: usize,
}

/// The fields of an info header, zero where the header is too short for them.
struct Fields<'s>(&'s [u8]);

impl Fields<'_> {
    fn short(&self, at: usize) -> u16 {
        self.0
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |bytes| u16::from_le_bytes(*bytes))
    }

    fn long(&self, at: usize) -> u32 {
        self.0
            .get(at..)
            .and_then(<[u8]>::first_chunk)
            .map_or(0, |bytes| u32::from_le_bytes(*bytes))
    }
}

/// The size alone, so that it is checked before anything else is looked at.
pub(super) fn size(source: &[u8]) -> Result<Size, ImageError> {
    let fields = fields(source)?;
    let (width, height) = match fields.0.len() {
        12 => (i64::from(fields.short(4)), i64::from(fields.short(6))),
        // A negative height means that the rows go from top to bottom.
        _ => (
            i64::from(fields.long(4).cast_signed()),
            i64::from(fields.long(8).cast_signed()).abs(),
        ),
    };
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok(Size::new(width, height)),
        (Err(_), _) => Err(corrupt("its width is negative")),
        _ => Err(corrupt("it has no pixels")),
    }
}

/// The info header, which begins with its own length.
fn fields(source: &[u8]) -> Result<Fields<'_>, ImageError> {
    let cut = || corrupt("it ends within its header");
    let info = source.get(FILE_HEADER_BYTES..).ok_or_else(cut)?;
    let length = u32::from_le_bytes(*info.first_chunk().ok_or_else(cut)?) as usize;
    if length != 12 && length < 16 {
        return Err(corrupt("its header has an impossible length"));
    }
    info.get(..length).map(Fields).ok_or_else(cut)
}

impl Header {
    pub(super) fn read(source: &[u8]) -> Result<Self, ImageError> {
        let size = size(source)?;
        let info = fields(source)?;
        let length = info.0.len();
        let is_core = length == 12;
        let (bits, compression) = if is_core {
            (info.short(10), 0)
        } else {
            (info.short(14), info.long(16))
        };
        let runs = runs(length, bits, compression)?;
        let has_masks = matches!(compression, 3 | 6) && matches!(bits, 16 | 32);

        let mut behind = FILE_HEADER_BYTES + length;
        let masks = if has_masks && (length < 52 || length == 64) {
            // Red, green, blue, and in some files alpha, behind the header.
            let count = if compression == 6 { 4 } else { 3 };
            let masks = source
                .get(behind..behind + 4 * count)
                .ok_or_else(|| corrupt("it ends within its header"))?;
            behind += 4 * count;
            [0, 4, 8, 12].map(|at| Fields(masks).long(at))
        } else {
            let standard = if bits == 16 {
                [0x7c00, 0x03e0, 0x001f]
            } else {
                [0x00ff_0000, 0xff00, 0xff]
            };
            let colour = |index: usize| {
                if has_masks {
                    info.long(40 + 4 * index)
                } else {
                    standard[index]
                }
            };
            // Headers of 56 bytes and more have an alpha mask, which counts as the other masks do: with compression 3.
            // In a header of OS/2 with 64 bytes other fields are there.
            let alpha = if has_masks && length >= 56 && length != 64 {
                info.long(52)
            } else {
                0
            };
            [colour(0), colour(1), colour(2), alpha]
        };
        let offset = Fields(source).long(10) as usize;
        let pixels = match bits {
            1 | 2 | 4 | 8 => {
                let colours = Colours {
                    entry_bytes: if is_core { 3 } else { 4 },
                    may_be_short: length == 64,
                    used: info.long(32) as usize,
                    most: 1 << bits,
                };
                Pixels::Indexed(colours.read(source, &mut behind, offset))
            }
            24 => Pixels::Bgr,
            16 | 32 if masks == [0x00ff_0000, 0xff00, 0xff, 0] && bits == 32 => Pixels::Bgrx,
            16 | 32 => Pixels::Masked(masks.map(Mask::new), masks[3] != 0),
            other => return Err(unsupported(&format!("with {other} bits a pixel"))),
        };
        Ok(Self {
            size,
            top_down: !is_core && info.long(8).cast_signed() < 0,
            pixels,
            runs,
            bits,
            // An offset into the header is a mistake of the writer.
            start: offset.max(behind),
        })
    }
}

/// The kind of run-length encoding. Refuses other compression than that and colour masks.
fn runs(length: usize, bits: u16, compression: u32) -> Result<Option<RunKind>, ImageError> {
    let is_os2 = length <= 64 && !matches!(length, 40 | 52 | 56);
    match (compression, bits) {
        (0, _) | (3 | 6, 16 | 32) => Ok(None),
        (1, 8) => Ok(Some(RunKind::Bits8)),
        (2, 4) => Ok(Some(RunKind::Bits4)),
        // OS/2 and Windows gave the numbers 3 and 4 different meanings.
        (4, 24) if is_os2 => Ok(Some(RunKind::Bits24)),
        (3, 1) => Err(unsupported("with fax compression")),
        (4, _) => Err(unsupported("that holds a JPEG")),
        (5, _) => Err(unsupported("that holds a PNG")),
        (11..=13, _) => Err(unsupported("of inks")),
        (1 | 2 | 3 | 6, _) => Err(corrupt("its compression does not fit its bits a pixel")),
        (other, _) => Err(unsupported(&format!("with compression {other}"))),
    }
}

/// The size of a palette as the header tells it.
struct Colours {
    entry_bytes: usize,
    /// Whether some writers leave out the fourth byte.
    may_be_short: bool,
    /// 0 means all that there can be.
    used: usize,
    most: usize,
}

impl Colours {
    /// Reads a palette that begins at `start`, and moves `start` behind it. Between header and pixels there may be more
    /// colours than the header tells, or fewer.
    fn read(&self, source: &[u8], start: &mut usize, offset: usize) -> Palette {
        let told = match self.used {
            0 => self.most,
            used => used.min(self.most),
        };
        let entries = source.get(*start..).unwrap_or_default();
        match offset.checked_sub(*start) {
            Some(room) if room > 0 => {
                let is_short = self.may_be_short && room == 3 * told;
                let entry_bytes = if is_short { 3 } else { self.entry_bytes };
                Palette::new(entries, entry_bytes, self.most.min(room / entry_bytes))
            }
            // The offset is wrong, so that the palette's length tells where the pixels are.
            _ => {
                *start += told * self.entry_bytes;
                Palette::new(entries, self.entry_bytes, told)
            }
        }
    }
}
