//! Decoded pictures against two other decoders: image-webp and libwebp. The tests encode the pictures, as no file says
//! which encoder settings it shows.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure in a function that tests share is the test's failure"
)]

mod damage;
mod exact;
mod lossless;
mod pictures;
mod planes;
mod scales;

use resizer_webp::{DecodeError, Decoder, LosslessDecoder, Pixels};

/// All pixels of a lossy picture: the contents of a chunk `VP8 `.
fn decode(picture: &[u8], pixels: Pixels) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(picture, pixels)?;
    let mut all = Vec::new();
    while let Some(rows) = decoder.next_rows()? {
        all.extend_from_slice(rows.pixels);
    }
    Ok(all)
}

/// All pixels of a lossless picture: the contents of a chunk `VP8L`.
fn decode_lossless(picture: &[u8], pixels: Pixels) -> Result<Vec<u8>, DecodeError> {
    all_rows(LosslessDecoder::new(picture, pixels)?)
}

fn all_rows(mut decoder: LosslessDecoder<'_>) -> Result<Vec<u8>, DecodeError> {
    let mut all = Vec::new();
    loop {
        if decoder.step()? && decoder.rows().is_empty() {
            return Ok(all);
        }
        all.extend_from_slice(decoder.rows());
    }
}

/// The pixels of a file by image-webp: RGBA if the file says that there is alpha, otherwise RGB.
fn decode_by_image_webp(file: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file)).ok()?;
    let mut pixels = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut pixels).ok()?;
    Some(pixels)
}

/// A file with this lossy picture alone.
fn file(picture: &[u8]) -> Vec<u8> {
    file_of(b"VP8 ", picture)
}

/// A file with this lossless picture alone.
fn lossless_file(picture: &[u8]) -> Vec<u8> {
    file_of(b"VP8L", picture)
}

fn file_of(kind: &[u8; 4], picture: &[u8]) -> Vec<u8> {
    let length = picture.len() as u32;
    let padded = length.next_multiple_of(2);
    let padding = &[0][..(padded - length) as usize];
    let sizes = [(12 + padded).to_le_bytes(), length.to_le_bytes()];
    [&b"RIFF"[..], &sizes[0], b"WEBP", kind, &sizes[1], picture, padding].concat()
}
