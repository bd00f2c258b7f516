//! Metadata of results: EXIF, XMP and IPTC data of the source, and the density in dots an inch.
//!
//! Each codec finds the blocks of its format (`Codec::metadata`), [`Metadata::new`] cleans them, and [`write`] puts
//! them into the finished file, whatever encoder wrote it. Nothing is decoded but the directories of an EXIF block.
//! Colour profiles are no metadata: a result is always sRGB.

mod exif_block;
mod files;
mod photoshop;

pub(crate) use files::write;

/// The bytes of a block at most: what a JPEG's segment can hold beside its prefix. Longer blocks are left out.
const MOST_BLOCK_BYTES: usize = 65_400;

/// Blocks without an orientation and without a thumbnail, each at most [`MOST_BLOCK_BYTES`] long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// A TIFF header and its directories.
    exif: Option<Vec<u8>>,
    /// An XMP packet: XML.
    xmp: Option<Vec<u8>>,
    /// IPTC records.
    iptc: Option<Vec<u8>>,
}

impl Metadata {
    /// The blocks of a source: the TIFF structure of EXIF, the packet of XMP, and Photoshop's resources. A block that
    /// cannot be read, or is too long, is left out.
    pub(super) fn new(exif: Option<&[u8]>, xmp: Option<&[u8]>, resources: Option<&[u8]>) -> Self {
        let short = |block: &&[u8]| !block.is_empty() && block.len() <= MOST_BLOCK_BYTES;
        Self {
            exif: exif.filter(short).and_then(exif_block::cleaned),
            xmp: xmp.filter(short).map(upright_packet),
            iptc: resources.and_then(photoshop::iptc).filter(short).map(<[u8]>::to_vec),
        }
    }
}

/// A packet whose `tiff:Orientation` is 1, whether written as an attribute or as an element.
fn upright_packet(packet: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    let mut packet = packet.to_vec();
    let mut from = 0;
    while let Some(found) = packet[from..].windows(NAME.len()).position(|window| window == NAME) {
        let is_closing = packet[..from + found].ends_with(b"/");
        from += found + NAME.len();
        if is_closing {
            continue;
        }
        // The value stands behind `="`, `='` or `>`.
        let value = packet[from..]
            .iter()
            .take(8)
            .position(|byte| !matches!(byte, b'=' | b'"' | b'\'' | b'>' | b' '));
        if let Some(digit @ b'2'..=b'8') = value.and_then(|at| packet.get_mut(from + at)) {
            *digit = b'1';
        }
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_of_a_packet_becomes_upright() {
        let check = |packet: &str, expected: &str| {
            let found = upright_packet(packet.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), expected);
        };
        check(
            "<a tiff:Orientation=\"6\" b=\"6\"/>",
            "<a tiff:Orientation=\"1\" b=\"6\"/>",
        );
        check("<a tiff:Orientation = '8'/>", "<a tiff:Orientation = '1'/>");
        check(
            "<tiff:Orientation>3</tiff:Orientation>6",
            "<tiff:Orientation>1</tiff:Orientation>6",
        );
        check("<a tiff:Orientation=\"1\"/>", "<a tiff:Orientation=\"1\"/>");
        check("tiff:Orientation", "tiff:Orientation");
        check("", "");
    }
}
