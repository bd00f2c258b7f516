//! Photoshop's resources in a JPEG (Adobe Photoshop File Formats, "Image Resource Blocks"): finds the one with IPTC
//! records. The others hold thumbnails, paths and settings of a program.

/// The number of the resource with IPTC records (IPTC-NAA).
pub(super) const IPTC: u16 = 0x0404;

/// The IPTC records among resources: `8BIM`, number, a name with its length, a length, and the data. Name and data are
/// padded to an even length.
pub(super) fn iptc(mut resources: &[u8]) -> Option<&[u8]> {
    loop {
        let rest = resources.strip_prefix(b"8BIM")?;
        let (number, rest) = rest.split_first_chunk::<2>()?;
        let name_bytes = usize::from(*rest.first()?) + 1;
        let (length, rest) = rest.get(name_bytes.next_multiple_of(2)..)?.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let data = rest.get(..length)?;
        if u16::from_be_bytes(*number) == IPTC {
            return Some(data);
        }
        resources = rest.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// Resources that hold these records alone.
pub(super) fn resources(records: &[u8]) -> Vec<u8> {
    let mut bytes = b"8BIM".to_vec();
    bytes.extend(IPTC.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend((records.len() as u32).to_be_bytes());
    bytes.extend_from_slice(records);
    bytes.extend(&[0][..records.len() % 2]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_found_behind_other_resources() {
        // A thumbnail of three bytes with a name of one letter, then the records.
        let mut bytes = b"8BIM\x04\x0c\x01a\0\0\0\x03\x01\x02\x03\0".to_vec();
        assert_eq!(iptc(&bytes), None);
        bytes.extend(b"8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x05\0\0\0");
        assert_eq!(iptc(&bytes), Some(&b"\x1c\x02\x05\0\0"[..]));
        assert_eq!(resources(b"\x1c\x02\x05\0\0"), bytes[16..]);
        for length in 0..bytes.len() - 1 {
            assert_eq!(iptc(&bytes[..length]), None, "{length}");
        }
    }
}
