//! Open bitstream units of AV1 (AV1 bitstream specification, 5.3): walks over the units of a temporal unit.
//!
//! The decoder gets the units that a picture needs. Metadata, tile lists and padding are left out, since a picture
//! needs none of them and rav1d's reader of metadata has a flaw (memorysafety/rav1d#1476).

use crate::DecodeError;

/// Unit types (AV1 bitstream specification, 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const METADATA: u8 = 5;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

/// A unit: its type, its whole bytes, and its payload.
struct Unit<'d> {
    kind: u8,
    bytes: &'d [u8],
    payload: &'d [u8],
}

/// The units of `data`, without those that no picture needs.
pub(crate) fn needed(data: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut kept = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some(unit) = next(&mut rest)? {
        if !matches!(unit.kind, METADATA | TILE_LIST | PADDING) {
            kept.extend_from_slice(unit.bytes);
        }
    }
    Ok(kept)
}

/// The payload of the first sequence header.
pub(crate) fn sequence_header(data: &[u8]) -> Result<&[u8], DecodeError> {
    let mut rest = data;
    while let Some(unit) = next(&mut rest)? {
        if unit.kind == SEQUENCE_HEADER {
            return Ok(unit.payload);
        }
    }
    Err(DecodeError::Corrupt("its AV1 data has no sequence header"))
}

/// Takes the next unit off `rest`. `None` at the end.
fn next<'d>(rest: &mut &'d [u8]) -> Result<Option<Unit<'d>>, DecodeError> {
    const CUT: DecodeError = DecodeError::Corrupt("its AV1 data ends within a unit");
    let data = *rest;
    let Some(&header) = data.first() else {
        return Ok(None);
    };
    let has_extension = header & 0b100 != 0;
    let has_length = header & 0b10 != 0;
    let start = 1 + usize::from(has_extension);
    let (start, length) = if has_length {
        let (bytes, length) = number(data.get(start..).unwrap_or_default()).ok_or(CUT)?;
        (start + bytes, length)
    } else {
        // The last unit may leave its length out.
        (start, data.len().checked_sub(start).ok_or(CUT)?)
    };
    let end = start.checked_add(length).ok_or(CUT)?;
    let payload = data.get(start..end).ok_or(CUT)?;
    *rest = &data[end..];
    Ok(Some(Unit {
        kind: header >> 3 & 0b1111,
        bytes: &data[..end],
        payload,
    }))
}

/// A number of seven bits a byte, the lowest first (4.10.5), and the bytes that it takes.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    const MOST_BYTES: usize = 8;
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(MOST_BYTES).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((index + 1, usize::try_from(value).ok()?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporal delimiter, a sequence header of three bytes, metadata, padding and a frame.
    const DATA: &[u8] = &[
        0x12, 0, // temporal delimiter
        0x0a, 3, 1, 2, 3, // sequence header
        0x2a, 2, 9, 9, // metadata
        0x7a, 1, 0, // padding
        0x32, 0x81, 0x00, 7, // frame, its length in two bytes
    ];

    #[test]
    fn metadata_and_padding_are_left_out() {
        let expected = [0x12, 0, 0x0a, 3, 1, 2, 3, 0x32, 0x81, 0x00, 7];
        assert_eq!(needed(DATA), Ok(expected.to_vec()));
    }

    #[test]
    fn sequence_header_is_found_behind_the_delimiter() {
        assert_eq!(sequence_header(DATA), Ok(&[1, 2, 3][..]));
    }

    #[test]
    fn unit_without_length_reaches_to_the_end() {
        assert_eq!(sequence_header(&[0x12, 0, 0x08, 5, 6]), Ok(&[5, 6][..]));
    }

    #[test]
    fn unit_beyond_the_end_is_corrupt() {
        for data in [&[0x0a, 9, 1][..], &[0x0a], &[0x0c], &[0x0a, 0xff, 0xff]] {
            assert!(matches!(needed(data), Err(DecodeError::Corrupt(_))), "{data:?}");
        }
    }
}
