//! Pictures without loss. image-webp decodes them whole; it reads a little at a time, and stops when nothing more comes.

use image_webp::DecodingError;

use crate::codecs::corrupt_because;
use crate::codecs::reader::StoppableReader;
use crate::codecs::webp::corrupt;
use crate::{Cancel, Channels, Format, ImageError, Size};

/// Decodes the contents of a chunk `VP8L`, in pieces, to RGB or RGBA.
pub(super) fn decode(pieces: &[&[u8]], size: Size, has_alpha: bool, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let failed = |error: DecodingError| match error {
        _ if cancel.is_cancelled() => ImageError::Cancelled,
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            corrupt("it ends before all its pixels")
        }
        error => corrupt_because(Format::WebP, "its pixels cannot be decoded", &error),
    };
    let reader = StoppableReader::new(alone(pieces), cancel);
    let mut decoder = image_webp::WebPDecoder::new(reader).map_err(failed)?;
    let bytes = size.pixels() as usize * Channels::of(false, has_alpha).count();
    if decoder.output_buffer_size() != Some(bytes) {
        return Err(corrupt("its header contradicts itself"));
    }
    let mut pixels = vec![0; bytes];
    decoder.read_image(&mut pixels).map_err(failed)?;
    Ok(pixels)
}

/// A file with this picture alone.
fn alone(pieces: &[&[u8]]) -> Vec<u8> {
    const HEADERS: usize = 20;
    let length = pieces.iter().map(|piece| piece.len()).sum::<usize>();
    let padded = length.next_multiple_of(2);
    let mut file = Vec::with_capacity(HEADERS + padded);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&((HEADERS - 8 + padded) as u32).to_le_bytes());
    file.extend_from_slice(b"WEBPVP8L");
    file.extend_from_slice(&(length as u32).to_le_bytes());
    pieces.iter().for_each(|piece| file.extend_from_slice(piece));
    file.resize(HEADERS + padded, 0);
    file
}
