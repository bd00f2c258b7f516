//! Writer of metadata: inserts blocks and the density into a finished JPEG, PNG, WebP or JPEG XL. A GIF has a place for
//! none.

use flate2::Crc;

use super::{Metadata, photoshop};
use crate::codecs::jpeg_xl::container;
use crate::{Format, Size};

/// Puts metadata and density into a finished file of this format. A file without a place for them stays as it is.
/// `size` is that of the picture.
pub(crate) fn write(file: Vec<u8>, format: Format, size: Size, metadata: &Metadata, dpi: Option<u16>) -> Vec<u8> {
    if *metadata == Metadata::default() && dpi.is_none() {
        return file;
    }
    match format {
        Format::Jpeg => in_jpeg(file, metadata, dpi),
        Format::Png => in_png(file, metadata, dpi),
        Format::WebP => in_webp(file, size, metadata),
        Format::JpegXl => in_jpeg_xl(file, metadata),
        _ => file,
    }
}

/// The places of a density in the JFIF segment that every JPEG of ours begins with (ITU-T T.871, 10.1): the unit, and
/// the densities across and down.
const JFIF_UNIT: usize = 13;
const JFIF_DENSITY: usize = 14;
const JFIF_END: usize = 20;

fn in_jpeg(mut file: Vec<u8>, metadata: &Metadata, dpi: Option<u16>) -> Vec<u8> {
    if file.get(2..11) != Some(&b"\xff\xe0\0\x10JFIF\0"[..]) || file.len() < JFIF_END {
        return file;
    }
    if let Some(dpi) = dpi {
        const DOTS_PER_INCH: u8 = 1;
        file[JFIF_UNIT] = DOTS_PER_INCH;
        for density in file[JFIF_DENSITY..JFIF_DENSITY + 4].chunks_exact_mut(2) {
            density.copy_from_slice(&dpi.to_be_bytes());
        }
    }
    let mut segments = Vec::new();
    let mut segment = |marker: u8, prefix: &[u8], body: &[u8]| {
        // Blocks are shorter than a segment may be, by more than any prefix.
        let length = (2 + prefix.len() + body.len()) as u16;
        segments.extend([0xff, marker]);
        segments.extend(length.to_be_bytes());
        segments.extend_from_slice(prefix);
        segments.extend_from_slice(body);
    };
    if let Some(exif) = &metadata.exif {
        segment(0xe1, b"Exif\0\0", exif);
    }
    if let Some(xmp) = &metadata.xmp {
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0", xmp);
    }
    if let Some(iptc) = &metadata.iptc {
        segment(0xed, b"Photoshop 3.0\0", &photoshop::resources(iptc));
    }
    insert(file, JFIF_END, &segments)
}

/// The chunks stand before the pixels, right after the header chunk (PNG, third edition, 5.6).
fn in_png(file: Vec<u8>, metadata: &Metadata, dpi: Option<u16>) -> Vec<u8> {
    const HEADER_END: usize = 33;
    if file.len() < HEADER_END {
        return file;
    }
    let mut chunks = Vec::new();
    let mut chunk = |kind: &[u8; 4], parts: &[&[u8]]| {
        let body = parts.concat();
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(&body);
        chunks.extend((body.len() as u32).to_be_bytes());
        chunks.extend_from_slice(kind);
        chunks.extend_from_slice(&body);
        chunks.extend(sum.sum().to_be_bytes());
    };
    if let Some(dpi) = dpi {
        /// Dots a metre for each dot an inch.
        const PER_METRE: f64 = 1.0 / 0.0254;
        let density = ((f64::from(dpi) * PER_METRE).round() as u32).to_be_bytes();
        chunk(b"pHYs", &[&density, &density, &[1]]);
    }
    if let Some(exif) = &metadata.exif {
        chunk(b"eXIf", &[exif]);
    }
    if let Some(xmp) = &metadata.xmp {
        // The keyword, then: not compressed, method 0, no language, no translated keyword.
        chunk(b"iTXt", &[b"XML:com.adobe.xmp\0", &[0, 0, 0, 0], xmp]);
    }
    insert(file, HEADER_END, &chunks)
}

/// The chunks stand at the end. A file of one picture first gets the header chunk that tells of them (RFC 9649, 2.7).
fn in_webp(mut file: Vec<u8>, size: Size, metadata: &Metadata) -> Vec<u8> {
    const FILE_HEADER_BYTES: usize = 12;
    /// The flags of the header chunk, in the first byte of its body.
    const FLAGS: usize = FILE_HEADER_BYTES + 8;
    const ALPHA: u8 = 0x10;
    const EXIF: u8 = 0x08;
    const XMP: u8 = 0x04;
    if (metadata.exif.is_none() && metadata.xmp.is_none()) || file.len() <= FLAGS + 4 {
        return file;
    }
    if &file[FILE_HEADER_BYTES..FILE_HEADER_BYTES + 4] != b"VP8X" {
        // Of the two kinds of picture only the lossless one has alpha in a file without this header. The bit follows
        // the signature and two sides of 14 bits (RFC 9649, 3.4).
        let is_lossless = &file[FILE_HEADER_BYTES..FILE_HEADER_BYTES + 4] == b"VP8L";
        let has_alpha = is_lossless && file[FLAGS + 4] & 0x10 != 0;
        let mut header = b"VP8X\x0a\0\0\0".to_vec();
        header.extend([if has_alpha { ALPHA } else { 0 }, 0, 0, 0]);
        for side in [size.width, size.height] {
            header.extend_from_slice(&side.saturating_sub(1).to_le_bytes()[..3]);
        }
        file = insert(file, FILE_HEADER_BYTES, &header);
    }
    let mut chunks = Vec::new();
    for (kind, flag, block) in [(b"EXIF", EXIF, &metadata.exif), (b"XMP ", XMP, &metadata.xmp)] {
        if let Some(block) = block {
            file[FLAGS] |= flag;
            chunks.extend_from_slice(kind);
            chunks.extend((block.len() as u32).to_le_bytes());
            chunks.extend_from_slice(block);
            chunks.extend(&[0][..block.len() % 2]);
        }
    }
    let end = file.len();
    file = insert(file, end, &chunks);
    // The length of everything behind the length itself.
    let length = (file.len() - 8) as u32;
    file[4..8].copy_from_slice(&length.to_le_bytes());
    file
}

/// A codestream gets the container that has boxes. An EXIF box begins with the distance of its TIFF structure.
fn in_jpeg_xl(file: Vec<u8>, metadata: &Metadata) -> Vec<u8> {
    let exif = metadata
        .exif
        .as_ref()
        .map(|exif| (b"Exif", [&[0; 4], &exif[..]].concat()));
    let xmp = metadata.xmp.as_ref().map(|xmp| (b"xml ", xmp.clone()));
    let blocks: Vec<_> = exif.into_iter().chain(xmp).collect();
    container(file, &blocks)
}

/// The file with bytes inserted, without room for more.
fn insert(mut file: Vec<u8>, at: usize, bytes: &[u8]) -> Vec<u8> {
    file.reserve_exact(bytes.len());
    file.splice(at..at, bytes.iter().copied());
    file
}
