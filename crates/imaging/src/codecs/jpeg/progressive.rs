//! Progressive JPEG encoder: writes the mean of every block, then low frequencies of luma, then chroma, then the rest.
//!
//! The picture is transformed one row of blocks at a time, and all coefficients are kept. Each scan then goes over the
//! coefficients of one component twice: to count its symbols, and to write them with the optimal Huffman code. Both
//! passes check the cancel flag once a row of blocks. jpeg-encoder, which writes baseline files, transforms a whole
//! picture in one piece, holds up to three times as much, and writes 6 to 13 % more bytes (`docs/architecture.md`). Not
//! here, on purpose: successive approximation, which would save a few per cent more.
//!
//! Section numbers are those of ITU-T T.81.

mod huffman;
mod scan;
#[cfg(test)]
mod tests;
mod transform;

use crate::picture::Picture;
use crate::{Cancel, ImageError};
use huffman::Code;
use scan::{Counts, Scan, Writer};
use transform::{Component, Planes, Quantiser};

/// A scan: the index of its component, and its range of coefficients.
type Part = (usize, std::ops::Range<usize>);

/// The first scans are small, and show the whole picture with few details.
const GRAY_SCANS: [Part; 3] = [(0, 0..1), (0, 1..6), (0, 6..64)];
const COLOUR_SCANS: [Part; 7] = [
    (0, 0..1),
    (1, 0..1),
    (2, 0..1),
    (0, 1..6),
    (1, 1..64),
    (2, 1..64),
    (0, 6..64),
];

/// Appends the file. `subsamples`: chroma is averaged to half its resolution both ways. The picture has one or three
/// channels and sides of up to 65,535 pixels.
pub(super) fn write(
    picture: &Picture,
    quality: u8,
    subsamples: bool,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let gray = picture.channels.is_gray();
    let luma = Quantiser::luma(quality);
    let chroma = Quantiser::chroma(quality);
    let sampling = if subsamples && !gray { 2 } else { 1 };
    let mut components = vec![Component::new(&luma, picture.size, 1)];
    if !gray {
        components.extend([(); 2].map(|()| Component::new(&chroma, picture.size, sampling)));
    }
    let mut planes = Planes::new(picture.size.width, components.len(), sampling);
    let band_bytes = planes.rows() * picture.row_bytes();
    for band in picture.pixels.chunks(band_bytes) {
        cancel.check()?;
        planes.fill(band);
        for (plane, component) in components.iter_mut().enumerate() {
            component.transform(&planes, plane);
        }
    }
    drop(planes);

    write_headers(picture, &components, sampling, bytes);
    let scans = if gray { &GRAY_SCANS[..] } else { &COLOUR_SCANS[..] };
    for (index, range) in scans {
        write_scan(&components[*index], *index, range.clone(), bytes, cancel)?;
    }
    bytes.extend_from_slice(&[0xff, 0xd9]);
    Ok(())
}

/// Everything before the first scan.
fn write_headers(picture: &Picture, components: &[Component<'_>], sampling: u8, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xff, 0xd8]);
    // JFIF 1.2 (ITU-T T.871, 10.1), without a density and without a thumbnail.
    write_segment(0xe0, b"JFIF\0\x01\x02\x00\x00\x01\x00\x01\x00\x00", bytes);
    for (table, component) in components.iter().take(2).enumerate() {
        let mut body = vec![table as u8];
        body.extend(component.quantiser.steps());
        write_segment(0xdb, &body, bytes);
    }
    let [width, height] = [picture.size.width, picture.size.height].map(|side| (side as u16).to_be_bytes());
    let mut body = vec![8];
    body.extend(height);
    body.extend(width);
    body.push(components.len() as u8);
    for index in 0..components.len() {
        // The first component has the most samples; a lone component is not subsampled.
        let sampling = if index == 0 { sampling << 4 | sampling } else { 0x11 };
        body.extend([index as u8 + 1, sampling, u8::from(index > 0)]);
    }
    write_segment(0xc2, &body, bytes);
}

/// A scan of one component, after the segment of its Huffman code.
fn write_scan(
    component: &Component<'_>,
    index: usize,
    range: std::ops::Range<usize>,
    bytes: &mut Vec<u8>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let mut counts = Counts::new();
    let mut scan = Scan::new(range.clone());
    for row in component.rows() {
        cancel.check()?;
        scan.row(row, &mut counts);
    }
    scan.finish(&mut counts);
    let code = Code::new(counts);

    let is_dc = range.start == 0;
    let mut body = vec![if is_dc { 0x00 } else { 0x10 }];
    code.describe(&mut body);
    write_segment(0xc4, &body, bytes);
    // Each scan redefines table 0 of its class.
    let last = range.end as u8 - 1;
    write_segment(0xda, &[1, index as u8 + 1, 0, range.start as u8, last, 0], bytes);

    let mut writer = Writer::new(&code, bytes);
    let mut scan = Scan::new(range);
    for row in component.rows() {
        cancel.check()?;
        scan.row(row, &mut writer);
    }
    scan.finish(&mut writer);
    writer.finish();
    Ok(())
}

/// A marker, the length of its segment, and the body.
fn write_segment(marker: u8, body: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    bytes.extend_from_slice(body);
}
