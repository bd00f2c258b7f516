//! Metadata and density in results: the bytes of the blocks, as the standards place them.

use std::io::Cursor;

use png::ColorType;
use resizer_imaging::Encoded;

use crate::view::View;
use crate::{files, make, process};

const PACKET: &str = "<x:xmpmeta><rdf:Description tiff:Orientation=\"6\" dc:creator=\"Ada\"/></x:xmpmeta>";
const UPRIGHT_PACKET: &str = "<x:xmpmeta><rdf:Description tiff:Orientation=\"1\" dc:creator=\"Ada\"/></x:xmpmeta>";
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// IPTC record 2, data set 80 (by-line): three letters.
const IPTC: &[u8] = b"\x1c\x02\x50\0\x03Ada\0";
const THUMBNAIL: &[u8] = b"THUMBNAILTHUMBNAIL";

/// An EXIF block (TIFF 6.0, section 2): maker, orientation, and a thumbnail that the second directory names.
fn exif(orientation: u16) -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [
            &tag.to_be_bytes()[..],
            &kind.to_be_bytes(),
            &count.to_be_bytes(),
            &value.to_be_bytes(),
        ]
        .concat()
    };
    // The directories stand at 8 and 38, the maker's name at 68, and the thumbnail at 76.
    [
        &b"MM\0*\0\0\0\x08\0\x02"[..],
        &entry(0x010f, 2, 8, 68),
        &entry(0x0112, 3, 1, u32::from(orientation) << 16),
        &38_u32.to_be_bytes(),
        &[0, 2],
        &entry(0x0201, 4, 1, 76),
        &entry(0x0202, 4, 1, THUMBNAIL.len() as u32),
        &[0; 4],
        b"CAMERA1\0",
        THUMBNAIL,
    ]
    .concat()
}

/// The block that is expected in results: upright, without the second directory's place and the thumbnail.
fn upright() -> Vec<u8> {
    let mut block = exif(1);
    block[34..38].fill(0);
    block.truncate(76);
    block
}

/// Photoshop's resources: a thumbnail, then the records.
fn resources() -> Vec<u8> {
    [&b"8BIM\x04\x0c\0\0\0\0\0\x04\x01\x02\x03\x04"[..], &only_records()].concat()
}

fn only_records() -> Vec<u8> {
    // The length is padded to an even one.
    [&b"8BIM\x04\x04\0\0\0\0\0\x09"[..], IPTC, &[0]].concat()
}

fn jpeg_with_all() -> Vec<u8> {
    let plain = make::jpeg(24, 16, &make::quadrants(24, 16));
    let plain = make::with_segment(&plain, 0xed, &[b"Photoshop 3.0\0", &resources()[..]].concat());
    let plain = make::with_segment(&plain, 0xe1, &[XMP_PREFIX, PACKET.as_bytes()].concat());
    make::with_segment(&plain, 0xe1, &[b"Exif\0\0", &exif(6)[..]].concat())
}

fn png_with_all() -> Vec<u8> {
    let plain = make::png(24, 16, ColorType::Rgb, &make::quadrants(24, 16));
    let text = [b"XML:com.adobe.xmp\0\0\0\0\0", PACKET.as_bytes()].concat();
    make::with_chunk(&make::with_chunk(&plain, b"iTXt", &text), b"eXIf", &exif(6))
}

fn webp_with_all() -> Vec<u8> {
    const EXIF_AND_XMP: u8 = 0x0c;
    let plain = files::lossless_webp(24, 16, &make::quadrants(24, 16));
    let chunks = [
        files::riff_chunk(b"EXIF", &exif(6)),
        files::riff_chunk(b"XMP ", PACKET.as_bytes()),
    ]
    .concat();
    files::extended_webp(&plain, 24, 16, EXIF_AND_XMP, &[], &chunks)
}

/// The segments of a JPEG before its tables: marker and body.
fn segments(jpeg: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut at, mut found) = (2, Vec::new());
    while jpeg[at] == 0xff && (0xe0..=0xef).contains(&jpeg[at + 1]) {
        let length = usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
        found.push((jpeg[at + 1], jpeg[at + 4..at + 2 + length].to_vec()));
        at += 2 + length;
    }
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The result of a picture that its orientation turns on its side.
fn turned(source: &[u8], query: &str) -> Encoded {
    let encoded = process(source, query).unwrap();
    let view = View::of(&encoded);
    assert_eq!((view.width, view.height), (16, 24), "{query}");
    assert!(!contains(&encoded.bytes, THUMBNAIL), "{query}");
    encoded
}

#[test]
fn metadata_is_copied_into_a_jpeg() {
    let encoded = turned(&jpeg_with_all(), "format=jpg&copymetadata=true");
    let found = segments(&encoded.bytes);
    assert_eq!(found[0].0, 0xe0, "JFIF comes first");
    assert_eq!(
        found[1..],
        [
            (0xe1, [b"Exif\0\0", &upright()[..]].concat()),
            (0xe1, [XMP_PREFIX, UPRIGHT_PACKET.as_bytes()].concat()),
            (0xed, [b"Photoshop 3.0\0", &only_records()[..]].concat()),
        ]
    );
    for source in [png_with_all(), webp_with_all()] {
        let encoded = turned(&source, "format=jpg&copymetadata=true&jpeg.progressive=true");
        let markers: Vec<u8> = segments(&encoded.bytes).iter().map(|(marker, _)| *marker).collect();
        assert_eq!(markers, [0xe0, 0xe1, 0xe1]);
    }
}

#[test]
fn metadata_is_copied_into_a_png() {
    for source in [jpeg_with_all(), png_with_all(), webp_with_all()] {
        let bytes = turned(&source, "format=png&copymetadata=true").bytes;
        assert!(contains(&bytes, &make::chunk(b"eXIf", &upright())));
        let text = [b"XML:com.adobe.xmp\0\0\0\0\0", UPRIGHT_PACKET.as_bytes()].concat();
        assert!(contains(&bytes, &make::chunk(b"iTXt", &text)));
    }
}

#[test]
fn metadata_is_copied_into_a_webp() {
    let odd = make::with_segment(
        &make::jpeg(24, 16, &make::quadrants(24, 16)),
        0xe1,
        &[b"Exif\0\0", &exif(6)[..]].concat(),
    );
    let soft = make::png(24, 16, ColorType::Rgba, &[1, 2, 3, 99].repeat(24 * 16));
    let soft = make::with_chunk(&soft, b"eXIf", &exif(6));
    for source in [odd, jpeg_with_all(), soft] {
        for query in ["", "&lossless=true"] {
            let encoded = turned(&source, &format!("format=webp&copymetadata=true{query}"));
            let claimed = u32::from_le_bytes(encoded.bytes[4..8].try_into().unwrap());
            assert_eq!(claimed as usize + 8, encoded.bytes.len());
            let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&encoded.bytes[..])).unwrap();
            assert_eq!(decoder.dimensions(), (16, 24));
            assert_eq!(decoder.exif_metadata().unwrap(), Some(upright()));
            let without = View::of(&process(&source, &format!("format=webp{query}")).unwrap());
            assert_eq!(View::of(&encoded), without, "{query}: the pixels and their alpha stay");
        }
    }
}

#[test]
fn metadata_is_left_out_unless_it_is_asked_for() {
    for source in [jpeg_with_all(), png_with_all(), webp_with_all()] {
        for query in [
            "format=jpg",
            "format=png",
            "format=webp",
            "format=gif&copymetadata=true",
        ] {
            let bytes = turned(&source, query).bytes;
            assert!(!contains(&bytes, b"CAMERA1") && !contains(&bytes, b"Ada"), "{query}");
        }
    }
}

/// 300 dots an inch are 11,811 dots a metre.
#[test]
fn density_is_written() {
    let source = make::jpeg(24, 16, &make::quadrants(24, 16));
    for query in ["format=jpg&dpi=300", "format=jpg&dpi=300&jpeg.progressive=true"] {
        let encoded = process(&source, query).unwrap();
        // The unit, then both densities (ITU-T T.871, 10.1).
        assert_eq!(encoded.bytes[13..18], [1, 1, 44, 1, 44], "{query}");
        View::of(&encoded);
    }
    let encoded = process(&source, "format=png&dpi=300").unwrap();
    let [a, b, c, d] = 11_811_u32.to_be_bytes();
    assert!(contains(
        &encoded.bytes,
        &make::chunk(b"pHYs", &[a, b, c, d, a, b, c, d, 1])
    ));
    View::of(&encoded);
    let plain = process(&source, "format=webp").unwrap().bytes;
    assert_eq!(process(&source, "format=webp&dpi=300").unwrap().bytes, plain);
}
