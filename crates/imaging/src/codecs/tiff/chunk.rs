//! Strip or tile decompressor.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;
use lzma_rust2::XzReader;
use weezl::{BitOrder, LzwStatus};

use super::colours::Colours;
use super::compression::Compression;
use super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use super::page::Page;
use super::{fax, zstandard};
use crate::codecs::reader::StoppableReader;
use crate::codecs::{Codec, jpeg};
use crate::picture::Picture;
use crate::{Cancel, ImageError, Limits};

/// The bytes decompressed between two checks of the cancel flag.
const PIECE_BYTES: usize = 64 * 1024;

/// Decompresses chunk number `index` into `out`. The last strip may have fewer rows, so `out` has only the rows that
/// are needed.
pub(super) fn read(page: &Page<'_>, source: &[u8], index: u64, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    cancel.check()?;
    let bytes = stored(page, source, index, out.len()).ok_or_else(|| Failure::damaged(INCOMPLETE, 0))?;
    match page.compression {
        Compression::None => return copy(bytes, page.reversed, out, cancel),
        Compression::Fax(kind) => return fax::decompress(kind, page.chunk.width, bytes, page.reversed, out, cancel),
        // The order of bits is that of the JPEG.
        Compression::Jpeg(tables) => return jpeg_chunk(page, tables, bytes, out, cancel),
        _ => {}
    }
    let in_order: Vec<u8>;
    let bytes = if page.reversed {
        in_order = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        &in_order
    } else {
        bytes
    };
    let reader = || StoppableReader::new(bytes, cancel);
    match page.compression {
        Compression::PackBits => unpack(bytes, out, cancel),
        Compression::Lzw => lzw(bytes, out, cancel),
        Compression::Zstandard => fill(zstandard::reader(bytes, out.len(), cancel)?, out, cancel),
        Compression::Lzma => fill(XzReader::new(reader(), false), out, cancel),
        _ => fill(ZlibDecoder::new(reader()), out, cancel),
    }
}

/// The stored bytes of a chunk, as far as the file has them. `None` if they begin behind its end.
fn stored<'s>(page: &Page<'_>, source: &'s [u8], index: u64, pixel_bytes: usize) -> Option<&'s [u8]> {
    /// The header, where no chunk can begin.
    const HEADER_BYTES: usize = 8;
    let (offset, length) = page.place(index)?;
    let rest = source.get(offset..).filter(|_| offset >= HEADER_BYTES)?;
    let most = usize::try_from(page.compression.most_bytes(pixel_bytes as u64)).unwrap_or(usize::MAX);
    let length = match page.compression {
        // The length follows from the size. What the file tells is often wrong, or missing.
        Compression::None => most,
        Compression::Jpeg(_) => {
            let whole = page.plane_bytes(page.chunk.height as usize);
            let most = usize::try_from(page.compression.most_bytes(whole as u64)).unwrap_or(usize::MAX);
            length.unwrap_or(usize::MAX).min(most)
        }
        _ => length.unwrap_or(usize::MAX).min(most),
    };
    Some(&rest[..length.min(rest.len())])
}

fn copy(bytes: &[u8], reversed: bool, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    let missing = out.len() - bytes.len();
    for (from, to) in bytes.chunks(PIECE_BYTES).zip(out.chunks_mut(PIECE_BYTES)) {
        cancel.check()?;
        to[..from.len()].copy_from_slice(from);
        if reversed {
            to.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
        }
    }
    if missing > 0 {
        return Err(Failure::damaged(INCOMPLETE, bytes.len()));
    }
    Ok(())
}

/// Fills `out` from a decompressor that reads through a [`StoppableReader`].
fn fill(mut decompressor: impl Read, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
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

/// PackBits: TIFF 6.0, section 9.
fn unpack(mut bytes: &[u8], out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    let mut written = 0;
    let mut next_check = 0;
    while written < out.len() {
        if written >= next_check {
            cancel.check()?;
            next_check = written + PIECE_BYTES;
        }
        let incomplete = || Failure::damaged(INCOMPLETE, written);
        let (&code, rest) = bytes.split_first().ok_or_else(incomplete)?;
        bytes = rest;
        let code = code.cast_signed();
        let length = (code.unsigned_abs() as usize + 1).min(out.len() - written);
        let target = &mut out[written..written + length];
        if code >= 0 {
            let (literal, rest) = bytes.split_at_checked(length).ok_or_else(incomplete)?;
            target.copy_from_slice(literal);
            (bytes, written) = (rest, written + length);
        } else if code != i8::MIN {
            let (&byte, rest) = bytes.split_first().ok_or_else(incomplete)?;
            target.fill(byte);
            (bytes, written) = (rest, written + length);
        }
    }
    Ok(())
}

/// LZW: TIFF 6.0, section 13, or with the lowest bit first, as programs wrote it before that was published.
fn lzw(mut bytes: &[u8], out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
    // Data begin with the code 256 of nine bits.
    let is_old = matches!(bytes, [0, second, ..] if second & 1 == 1);
    let mut decoder = if is_old {
        weezl::decode::Decoder::new(BitOrder::Lsb, 8)
    } else {
        weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8)
    };
    let mut written = 0;
    while written < out.len() {
        cancel.check()?;
        let end = out.len().min(written + PIECE_BYTES);
        let result = decoder.decode_bytes(bytes, &mut out[written..end]);
        bytes = &bytes[result.consumed_in..];
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

/// A JPEG without the tables, which all chunks share (Adobe's TIFF Technical Note 2).
fn jpeg_chunk(page: &Page<'_>, tables: &[u8], bytes: &[u8], out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
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
    let info = jpeg::Jpeg.info(&file, &limits).map_err(failed)?;
    let samples = if page.planar { 1 } else { page.samples };
    let fits = info.width == page.chunk.width && info.height <= page.chunk.height;
    if !fits || info.channels.count() as u32 != samples {
        return Err(Failure::damaged("one of its tiles has another size than the others", 0));
    }
    let picture: Picture = jpeg::decode(&file, as_stored, cancel).map_err(failed)?;
    match picture.pixels.get(..out.len()) {
        Some(pixels) => out.copy_from_slice(pixels),
        None => {
            out[..picture.pixels.len()].copy_from_slice(&picture.pixels);
            return Err(Failure::damaged(INCOMPLETE, picture.pixels.len()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of TIFF 6.0, section 9.
    #[test]
    fn packed_bits_are_decompressed() {
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7, 0xaa,
        ];
        let expected = [
            0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22, 0xaa, 0xaa, 0xaa, 0xaa,
            0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
        ];
        let mut out = [0; 24];
        unpack(&packed, &mut out, &Cancel::new()).unwrap();
        assert_eq!(out, expected);
        // The last run lacks its byte: the fourteen bytes before it are right.
        let failure = unpack(&packed[..14], &mut out, &Cancel::new());
        assert!(
            matches!(failure, Err(Failure::Damaged { written: 14, .. })),
            "{failure:?}"
        );
    }
}
