//! Boxes of a JPEG XL container (ISO/IEC 18181-2, 9): finds EXIF and XMP for results that carry metadata on. The
//! library finds the codestream by itself. Compressed boxes are passed over.

use super::CONTAINER;
use crate::cancel::Pace;
use crate::codecs::metadata::Metadata;
use crate::{Cancel, ImageError};

/// The metadata of a file. A codestream without a container has none, and a box that cannot be read ends the walk.
pub(super) fn metadata(source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
    let (mut exif, mut xmp, mut pace) = (None, None, Pace::default());
    let mut rest = match source.starts_with(CONTAINER) {
        true => source,
        false => &[],
    };
    while let Some((kind, body, behind)) = split(rest) {
        pace.step(cancel)?;
        match kind {
            b"Exif" => exif = exif.or_else(|| exif_block(body)),
            b"xml " => xmp = xmp.or(Some(body)),
            _ => {}
        }
        rest = behind;
    }
    Ok(Metadata::new(exif, xmp, None))
}

/// The kind and the body of the first box, and the bytes behind it. A length of 1 says that the length stands in eight
/// bytes behind the kind, and 0 that the box reaches to the end of the file.
fn split(bytes: &[u8]) -> Option<(&[u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let (header, length) = match u32::from_be_bytes(*length) {
        0 => (8, bytes.len()),
        1 => (16, usize::try_from(u64::from_be_bytes(*rest.first_chunk::<8>()?)).ok()?),
        length => (8, length as usize),
    };
    Some((kind, bytes.get(header..length)?, &bytes[length..]))
}

/// The TIFF structure of an EXIF box, behind the four bytes that tell how far on it begins.
fn exif_block(body: &[u8]) -> Option<&[u8]> {
    let (offset, rest) = body.split_first_chunk::<4>()?;
    rest.get(u32::from_be_bytes(*offset) as usize..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn box_is_split_by_its_length() {
        let check = |bytes: &[u8], expected: Option<(&[u8; 4], &[u8], &[u8])>| assert_eq!(split(bytes), expected);
        check(b"\0\0\0\x0aabcdXYrest", Some((b"abcd", b"XY", b"rest")));
        check(b"\0\0\0\0abcdXYrest", Some((b"abcd", b"XYrest", b"")));
        check(
            b"\0\0\0\x01abcd\0\0\0\0\0\0\0\x12XYrest",
            Some((b"abcd", b"XY", b"rest")),
        );
        for damaged in [
            &b""[..],
            b"\0\0\0\x0aabc",
            b"\0\0\0\x0babcdXY",
            b"\0\0\0\x07abcdXY",
            b"\0\0\0\x01abcd\xff\xff\xff\xff\xff\xff\xff\xffXY",
            b"\0\0\0\x01abcd\0\0\0\0\0\0\0\x0fXY",
        ] {
            check(damaged, None);
        }
    }

    #[test]
    fn exif_begins_where_its_box_says() {
        assert_eq!(exif_block(b"\0\0\0\0II*\0"), Some(&b"II*\0"[..]));
        assert_eq!(exif_block(b"\0\0\0\x02..II*\0"), Some(&b"II*\0"[..]));
        assert_eq!(exif_block(b"\0\0\0\x09II*\0"), None);
        assert_eq!(exif_block(b"\0\0"), None);
    }
}
