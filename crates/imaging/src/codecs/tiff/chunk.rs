//! Strip or tile decompressor.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use weezl::{BitOrder, LzwStatus};

use super::corrupt;
use super::page::{Colours, Compression, Page};
use crate::codecs::jpeg;
use crate::codecs::reader::StoppableReader;
use crate::picture::Picture;
use crate::{Cancel, ImageError, Size};

const INCOMPLETE: &str = "it ends before all its pixels";

/// Decompresses chunk number `index` into `out`. The last strip may have fewer rows, so `out` has only the rows that
/// are needed.
pub(super) fn read(
    page: &Page<'_>,
    source: &[u8],
    index: usize,
    out: &mut [u8],
    cancel: &Cancel,
) -> Result<(), ImageError> {
    cancel.check()?;
    let bytes = page
        .chunks
        .get(index)
        .and_then(|(offset, length)| source.get(*offset..offset.checked_add(*length)?))
        .ok_or_else(|| corrupt(INCOMPLETE))?;
    match page.compression {
        Compression::None => out.copy_from_slice(bytes.get(..out.len()).ok_or_else(|| corrupt(INCOMPLETE))?),
        Compression::PackBits => unpack(bytes, out)?,
        Compression::Lzw => lzw(bytes, out, cancel)?,
        Compression::Deflate => ZlibDecoder::new(StoppableReader::new(bytes, cancel))
            .read_exact(out)
            .map_err(|error| match error.kind() {
                _ if cancel.is_cancelled() => ImageError::Cancelled,
                std::io::ErrorKind::UnexpectedEof => corrupt(INCOMPLETE),
                _ => corrupt("its pixels cannot be decoded"),
            })?,
        Compression::Jpeg(tables) => jpeg_chunk(page, tables, bytes, out, cancel)?,
    }
    Ok(())
}

/// PackBits: TIFF 6.0, section 9.
fn unpack(mut bytes: &[u8], mut out: &mut [u8]) -> Result<(), ImageError> {
    while !out.is_empty() {
        let (&code, rest) = bytes.split_first().ok_or_else(|| corrupt(INCOMPLETE))?;
        bytes = rest;
        let code = code.cast_signed();
        if code >= 0 {
            let length = (code as usize + 1).min(out.len());
            let (literal, rest) = bytes.split_at_checked(length).ok_or_else(|| corrupt(INCOMPLETE))?;
            out[..length].copy_from_slice(literal);
            (bytes, out) = (rest, &mut out[length..]);
        } else if code != i8::MIN {
            let length = (code.unsigned_abs() as usize + 1).min(out.len());
            let (&byte, rest) = bytes.split_first().ok_or_else(|| corrupt(INCOMPLETE))?;
            out[..length].fill(byte);
            (bytes, out) = (rest, &mut out[length..]);
        }
    }
    Ok(())
}

/// LZW: TIFF 6.0, section 13. Decompresses a piece at a time.
fn lzw(mut bytes: &[u8], mut out: &mut [u8], cancel: &Cancel) -> Result<(), ImageError> {
    const PIECE_BYTES: usize = 64 * 1024;
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(BitOrder::Msb, 8);
    while !out.is_empty() {
        cancel.check()?;
        let piece = out.len().min(PIECE_BYTES);
        let result = decoder.decode_bytes(bytes, &mut out[..piece]);
        let (read, written) = (result.consumed_in, result.consumed_out);
        match result.status {
            Ok(LzwStatus::Ok) => {}
            Ok(LzwStatus::Done | LzwStatus::NoProgress) if written == out.len() => {}
            Ok(LzwStatus::Done | LzwStatus::NoProgress) => return Err(corrupt(INCOMPLETE)),
            Err(_) => return Err(corrupt("its pixels cannot be decoded")),
        }
        bytes = &bytes[read..];
        out = &mut out[written..];
    }
    Ok(())
}

/// A JPEG without the tables, which all chunks share (Adobe's TIFF Technical Note 2).
fn jpeg_chunk(page: &Page<'_>, tables: &[u8], bytes: &[u8], out: &mut [u8], cancel: &Cancel) -> Result<(), ImageError> {
    let body = bytes.strip_prefix(&[0xff, 0xd8]).unwrap_or(bytes);
    let tables = tables.strip_suffix(&[0xff, 0xd9]).unwrap_or(tables);
    let start: &[u8] = if tables.is_empty() { &[0xff, 0xd8] } else { tables };
    let file = [start, body].concat();
    // Colour models other than YCbCr are not converted.
    let as_stored = !matches!(page.colours, Colours::YCbCr);
    let place = Size::new(page.chunk.width, page.chunk.height);
    let picture: Picture = jpeg::decode(&file, place, as_stored, cancel).map_err(|error| match error {
        ImageError::Corrupt { detail, reason, .. } => ImageError::Corrupt {
            format: Some(crate::Format::Tiff),
            reason,
            detail,
        },
        other => other,
    })?;
    if picture.size.width != page.chunk.width || picture.channels.count() as u32 != page.samples {
        return Err(corrupt("one of its tiles has another size than the others"));
    }
    out.copy_from_slice(picture.pixels.get(..out.len()).ok_or_else(|| corrupt(INCOMPLETE))?);
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
        unpack(&packed, &mut out).unwrap();
        assert_eq!(out, expected);
        assert!(unpack(&packed[..14], &mut out).is_err());
    }
}
