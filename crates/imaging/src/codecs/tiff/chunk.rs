//! Strip or tile decompressor: delivers the pixels' bytes of one chunk in pieces, so that a page in one strip is never
//! held whole.

mod lzw;
mod packbits;

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;
use lzma_rust2::XzReader;

use super::colours::Colours;
use super::compression::Compression;
use super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use super::page::Page;
use super::{fax, zstandard};
use crate::codecs::reader::StoppableReader;
use crate::codecs::{Codec, jpeg};
use crate::{Cancel, ImageError, Limits, Size};
use lzw::Lzw;
use packbits::PackBits;

/// The bytes decompressed between two checks of the cancel flag.
const PIECE_BYTES: usize = 64 * 1024;

/// A chunk being decompressed.
pub(super) enum Chunk<'s> {
    /// The rest of bytes that are not compressed, and whether their bits are in reverse order.
    Stored {
        rest: &'s [u8],
        reversed: bool,
    },
    PackBits(PackBits<'s>),
    Lzw(Box<Lzw<'s>>),
    /// A decompressor that reads through a [`StoppableReader`].
    Reader(Box<dyn Read + 's>),
    Fax(Box<fax::Decoder<'s>>),
    /// A decoded JPEG, the number of its bytes that were delivered, and the reason why there are too few.
    Jpeg {
        pixels: Vec<u8>,
        position: usize,
        damage: Option<String>,
    },
}

impl<'s> Chunk<'s> {
    /// Begins chunk number `index`, of which so many bytes of pixels are needed.
    pub(super) fn open(
        page: &Page<'s>,
        source: &'s [u8],
        index: u64,
        pixel_bytes: usize,
        cancel: &Cancel,
    ) -> Result<Self, Failure> {
        cancel.check()?;
        let bytes = stored(page, source, index, pixel_bytes).ok_or_else(|| Failure::damaged(INCOMPLETE, 0))?;
        let reversed = page.reversed;
        // The bytes with the highest bit first.
        let in_order = || match reversed {
            true => Cow::Owned(bytes.iter().map(|byte| byte.reverse_bits()).collect()),
            false => Cow::Borrowed(bytes),
        };
        let reader = || StoppableReader::new(in_order(), cancel);
        Ok(match page.compression {
            Compression::None => Self::Stored { rest: bytes, reversed },
            Compression::PackBits => Self::PackBits(PackBits::new(in_order())),
            Compression::Lzw => Self::Lzw(Box::new(Lzw::new(in_order()))),
            Compression::Deflate => Self::Reader(Box::new(ZlibDecoder::new(reader()))),
            Compression::Lzma => Self::Reader(Box::new(XzReader::new(reader(), false))),
            Compression::Zstandard => Self::Reader(Box::new(zstandard::reader(in_order(), pixel_bytes, cancel)?)),
            Compression::Fax(kind) => Self::Fax(Box::new(fax::Decoder::new(kind, page.chunk.width, bytes, reversed))),
            // The order of bits is that of the JPEG.
            Compression::Jpeg(tables) => jpeg_chunk(page, tables, bytes, cancel)?,
        })
    }

    /// Fills `out`, which begins and ends with whole rows, with the next bytes of pixels.
    pub(super) fn fill(&mut self, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
        match self {
            Self::Stored { rest, reversed } => {
                let length = out.len().min(rest.len());
                let (bytes, left) = rest.split_at(length);
                *rest = left;
                copy(bytes, *reversed, out, cancel)
            }
            Self::PackBits(decompressor) => decompressor.fill(out, cancel),
            Self::Lzw(decompressor) => decompressor.fill(out, cancel),
            Self::Reader(decompressor) => fill(decompressor, out, cancel),
            Self::Fax(decoder) => decoder.fill(out, cancel),
            Self::Jpeg {
                pixels,
                position,
                damage,
            } => {
                let rest = &pixels[*position..];
                let length = out.len().min(rest.len());
                *position += length;
                let copied = copy(&rest[..length], false, out, cancel);
                copied.map_err(|failure| match (failure, damage) {
                    (Failure::Damaged { written, .. }, Some(reason)) => Failure::damaged(reason, written),
                    (failure, _) => failure,
                })
            }
        }
    }
}

/// The stored bytes of a chunk, as far as the file has them. `None` if they begin behind its end.
fn stored<'s>(page: &Page<'_>, source: &'s [u8], index: u64, pixel_bytes: usize) -> Option<&'s [u8]> {
    /// The header, where no chunk can begin.
    const HEADER_BYTES: usize = 8;
    let (offset, length) = page.place(index)?;
    let rest = source.get(offset..).filter(|_| offset >= HEADER_BYTES)?;
    // A JPEG has all rows of its chunk, also of those that are not needed.
    let pixel_bytes = match page.compression {
        Compression::Jpeg(_) => page.plane_bytes(page.chunk.height as usize),
        _ => pixel_bytes,
    };
    let most = usize::try_from(page.compression.most_bytes(pixel_bytes as u64)).unwrap_or(usize::MAX);
    let length = match page.compression {
        // The length follows from the size. The one in the file is often wrong, or missing.
        Compression::None => most,
        _ => length.unwrap_or(usize::MAX).min(most),
    };
    Some(&rest[..length.min(rest.len())])
}

fn copy(bytes: &[u8], reversed: bool, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    for (from, to) in bytes.chunks(PIECE_BYTES).zip(out.chunks_mut(PIECE_BYTES)) {
        cancel.check()?;
        to[..from.len()].copy_from_slice(from);
        if reversed {
            to.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
    }
    if bytes.len() < out.len() {
        return Err(Failure::damaged(INCOMPLETE, bytes.len()));
    }
    Ok(())
}

fn fill(decompressor: &mut dyn Read, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    let mut written = 0;
    while written < out.len() {
        cancel.check()?;
        let end = out.len().min(written + PIECE_BYTES);
        let reason = match decompressor.read(&mut out[written..end]) {
            Ok(0) => INCOMPLETE,
            Ok(length) => {
                written += length;
                continue;
            }
            Err(_) if cancel.is_cancelled() => return Err(ImageError::Cancelled.into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => INCOMPLETE,
            Err(_) => UNDECODABLE,
        };
        return Err(Failure::damaged(reason, written));
    }
    Ok(())
}

/// The samples of a JPEG without the tables, which all chunks share (Adobe's TIFF Technical Note 2).
fn jpeg_chunk<'s>(page: &Page<'_>, tables: &[u8], bytes: &[u8], cancel: &Cancel) -> Result<Chunk<'s>, Failure> {
    let body = bytes.strip_prefix(&[0xff, 0xd8]).unwrap_or(bytes);
    let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
    let start: &[u8] = if tables.is_empty() { &[0xff, 0xd8] } else { tables };
    let file = [start, body].concat();
    // Luma and chroma are converted. Of all other colours the samples are taken as they are stored.
    let as_stored = !matches!(page.colours, Colours::RgbOfJpeg);
    let failed = |error| match error {
        ImageError::Corrupt { reason, .. } => Failure::damaged(&reason, 0),
        other => Failure::Other(other),
    };
    // The JPEG's own size is checked before any of its pixels is allocated.
    let limits = Limits {
        max_source_pixels: u64::MAX,
        max_source_side: u32::MAX,
        ..Limits::default()
    };
    let info = jpeg::Jpeg.info(&file, &limits, cancel).map_err(failed)?;
    let samples = if page.planar { 1 } else { page.samples };
    // The last rows of its last blocks may be there.
    let fits = info.width == page.chunk.width && info.height.saturating_sub(jpeg::MORE_ROWS) <= page.chunk.height;
    if !fits || info.channels.count() as u32 != samples {
        return Err(Failure::damaged("one of its tiles has another size than the others", 0));
    }
    let place = Size::new(page.chunk.width, page.chunk.height);
    let (picture, damage) = jpeg::decode(&file, place, as_stored, cancel).map_err(failed)?;
    Ok(Chunk::Jpeg {
        pixels: picture.pixels,
        position: 0,
        damage: damage.map(|damage| match damage {
            ImageError::Corrupt { reason, .. } => reason,
            other => other.to_string(),
        }),
    })
}
