//! What the decoder makes of pictures, against two others: image-webp and libwebp. Pictures are encoded here, as no file
//! says which of an encoder's settings it shows.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in what the tests call, too, a failure is the test's"
)]

mod damage;
mod exact;
mod pictures;

use resizer_webp::{DecodeError, Decoder, Pixels};

/// All pixels of the contents of a chunk `VP8 `.
fn decode(picture: &[u8], pixels: Pixels) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(picture, pixels)?;
    let mut all = Vec::new();
    while let Some(rows) = decoder.next_rows()? {
        all.extend_from_slice(rows.pixels);
    }
    Ok(all)
}

/// The same by image-webp, as RGB.
fn decode_by_image_webp(picture: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(file(picture))).ok()?;
    let mut pixels = vec![0; decoder.output_buffer_size()?];
    decoder.read_image(&mut pixels).ok()?;
    Some(pixels)
}

/// A file with this picture alone.
fn file(picture: &[u8]) -> Vec<u8> {
    let length = picture.len() as u32;
    let padded = length.next_multiple_of(2);
    let padding = &[0][..(padded - length) as usize];
    let sizes = [(12 + padded).to_le_bytes(), length.to_le_bytes()];
    [&b"RIFF"[..], &sizes[0], b"WEBPVP8 ", &sizes[1], picture, padding].concat()
}
