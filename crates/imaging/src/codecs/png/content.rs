//! Content of a picture that becomes a PNG: decides between photographs and graphics, which compress in different ways.
//! A filter turns pixels into differences from their neighbours. It helps photographs, and hides equal pixels of
//! graphics from the compressor.

use std::io::Write;

use png::{BitDepth, ColorType, DeflateCompression, Filter};

use crate::codecs::internal;
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// The kind of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Few neighbouring pixels are equal.
    Photograph,
    /// Many are.
    Graphics,
}

/// Graphics have at least one pixel in this many that is equal to its left neighbour.
const EQUAL: u64 = 4;

pub(super) fn of(picture: &Picture, cancel: &Cancel) -> Result<Content, ImageError> {
    let count = picture.channels.count();
    let mut equal = 0;
    for row in picture.rows() {
        cancel.check()?;
        let pairs = row.chunks_exact(count).zip(row[count..].chunks_exact(count));
        equal += pairs.filter(|(left, right)| left == right).count() as u64;
    }
    Ok(if equal * EQUAL >= picture.size.pixels() {
        Content::Graphics
    } else {
        Content::Photograph
    })
}

/// Whether a sample of the rows is smaller without a filter than with the one that is adapted to each row.
pub(super) fn is_smaller_without_filter(
    picture: &Picture,
    colour: ColorType,
    cancel: &Cancel,
) -> Result<bool, ImageError> {
    /// The size of the sample, and the number of places that it is taken from.
    const SAMPLE_BYTES: usize = 128 * 1024;
    const PLACES: usize = 4;
    let row_bytes = picture.row_bytes();
    let height = picture.size.height as usize;
    let rows = (SAMPLE_BYTES / PLACES / row_bytes).max(1);
    let sample: Vec<&[u8]> = if rows * PLACES >= height {
        vec![&picture.pixels]
    } else {
        let start = |place: usize| (height - rows) * place / (PLACES - 1) * row_bytes;
        (0..PLACES)
            .map(|place| &picture.pixels[start(place)..][..rows * row_bytes])
            .collect()
    };
    let bytes = |filter: Filter| {
        let mut file = Vec::new();
        let failed = |error: png::EncodingError| internal(error.to_string());
        let height = sample.iter().map(|rows| rows.len() / row_bytes).sum::<usize>();
        let mut encoder = png::Encoder::new(&mut file, picture.size.width, height as u32);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_color(colour);
        encoder.set_filter(filter);
        encoder.set_deflate_compression(DeflateCompression::Level(super::encode::LEVEL));
        let mut header = encoder.write_header().map_err(failed)?;
        let mut writer = header.stream_writer().map_err(failed)?;
        for row in sample.iter().flat_map(|rows| rows.chunks_exact(row_bytes)) {
            cancel.check()?;
            writer.write_all(row).map_err(|error| failed(error.into()))?;
        }
        writer.finish().map_err(failed)?;
        header.finish().map_err(failed)?;
        Ok::<_, ImageError>(file.len())
    };
    Ok(bytes(Filter::NoFilter)? <= bytes(Filter::Adaptive)?)
}
