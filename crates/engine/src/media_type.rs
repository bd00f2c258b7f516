//! Media type of a source, read from its first bytes. Only image types keep their own name. All other files leave as
//! bytes to be saved, so that a store cannot be used to serve pages. Used by `relay`, `produce` and `respond`.

/// The type of a file that is no known image.
const BYTES: &str = "application/octet-stream";
/// The one image type that can hold scripts.
pub(crate) const SVG: &str = "image/svg+xml";
/// How many bytes [`sniff`] looks at, at most.
pub(crate) const SNIFFED: usize = 1024;

/// The media type of a file that begins with `first`. The signatures are those of the formats' specifications.
pub(crate) fn sniff(first: &[u8]) -> &'static str {
    let at = |offset: usize, bytes: &[u8]| first.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    let brand = |brands: &[&[u8]]| at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand));
    match () {
        () if at(0, b"\xFF\xD8\xFF") => "image/jpeg",
        () if at(0, b"\x89PNG\r\n\x1A\n") => "image/png",
        () if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        () if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if at(0, b"BM") => "image/bmp",
        () if at(0, b"II*\0") || at(0, b"MM\0*") => "image/tiff",
        () if brand(&[b"avif", b"avis"]) => "image/avif",
        () if brand(&[b"heic", b"heix", b"mif1", b"msf1"]) => "image/heic",
        () if at(0, b"\xFF\x0A") || at(0, b"\0\0\0\x0CJXL \r\n\x87\n") => "image/jxl",
        () if is_svg(first) => SVG,
        () => BYTES,
    }
}

/// Whether there is an `svg` element within the first kilobyte of text, after nothing but a prologue.
fn is_svg(first: &[u8]) -> bool {
    let head = &first[..first.len().min(SNIFFED)];
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if !head.starts_with(b"<") {
        return false;
    }
    let text = String::from_utf8_lossy(head);
    let prologue = ["<?xml", "<!--", "<!DOCTYPE svg", "<svg"]
        .iter()
        .any(|start| text.starts_with(start));
    prologue && text.contains("<svg") && !text.to_ascii_lowercase().contains("<html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_of_first_bytes_is_an_image_type_or_octet_stream() {
        let check = |first: &[u8], expected| assert_eq!(sniff(first), expected, "{first:?}");
        check(b"\xFF\xD8\xFF\xE0", "image/jpeg");
        check(b"\0\0\0\x1Cftypavif", "image/avif");
        check(b"<?xml version='1.0'?>\n<svg xmlns='x'>", SVG);
        check(b"<html><svg></svg>", BYTES);
        check(b"<!-- <html> --><svg>", BYTES);
        check(b"<script>alert(1)</script>", BYTES);
        check(b"", BYTES);
        check(b"RIFF", BYTES);
    }
}
