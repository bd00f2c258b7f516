//! Segments of a JPEG file (annex B): everything around the entropy-coded data.

use super::huffman::Code;
use super::transform::Component;
use crate::Size;

/// The marker of a frame: SOF0 and SOF2.
pub(super) const BASELINE: u8 = 0xc0;
pub(super) const PROGRESSIVE: u8 = 0xc2;

/// Appends everything before the first Huffman code. `sampling` is that of luma, across and
/// down: 1 or 2.
pub(super) fn begin(frame: u8, size: Size, components: &[Component<'_>], sampling: [u8; 2], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xff, 0xd8]);
    // JFIF 1.2 (ITU-T T.871, 10.1), without a density and without a thumbnail.
    segment(0xe0, b"JFIF\0\x01\x02\x00\x00\x01\x00\x01\x00\x00", bytes);
    for (table, component) in components.iter().take(2).enumerate() {
        let mut body = vec![table as u8];
        body.extend(component.quantiser.steps());
        segment(0xdb, &body, bytes);
    }
    let [width, height] = [size.width, size.height].map(|side| (side as u16).to_be_bytes());
    let mut body = vec![8];
    body.extend(height);
    body.extend(width);
    body.push(components.len() as u8);
    for index in 0..components.len() {
        // The first component has the most samples; a lone component is not subsampled.
        let [across, down] = if index == 0 { sampling } else { [1, 1] };
        body.extend([index as u8 + 1, across << 4 | down, u8::from(index > 0)]);
    }
    segment(frame, &body, bytes);
}

/// The class of a Huffman code: of DC differences, or of AC coefficients.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Dc = 0x00,
    Ac = 0x10,
}

/// Appends the description of a Huffman code.
pub(super) fn huffman(class: Class, table: u8, code: &Code, bytes: &mut Vec<u8>) {
    let mut body = vec![class as u8 | table];
    code.describe(&mut body);
    segment(0xc4, &body, bytes);
}

/// Appends the head of a scan.
pub(super) fn scan(body: &[u8], bytes: &mut Vec<u8>) {
    segment(0xda, body, bytes);
}

/// Appends the end marker.
pub(super) fn end(bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xff, 0xd9]);
}

/// A marker, the length of its segment, and the body.
fn segment(marker: u8, body: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&[0xff, marker]);
    bytes.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    bytes.extend_from_slice(body);
}
