//! EXIF orientation: reads the one tag that changes pixels. JPEG and PNG carry the same block.
//!
//! The reader allocates nothing, and looks at the entries of one directory, of which there are at most 65,535.

use crate::Orientation;

/// Reads tag 0x0112 of the first directory (EXIF 2.32, 4.5 and 4.6.4; TIFF 6.0, section 2). A block that cannot be
/// parsed means upright: damaged metadata is no reason to refuse a photograph.
pub(super) fn orientation(block: &[u8]) -> Orientation {
    read(block).map_or(Orientation::IDENTITY, Orientation::from_exif)
}

fn read(block: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    const ENTRY_BYTES: usize = 12;

    let little_endian = match block.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    // A number of up to four bytes.
    let number = |at: usize, length: usize| -> Option<usize> {
        let bytes = block.get(at..at.checked_add(length)?)?.iter();
        let append = |number: usize, byte: &u8| number << 8 | usize::from(*byte);
        Some(if little_endian {
            bytes.rev().fold(0, append)
        } else {
            bytes.fold(0, append)
        })
    };
    let directory = number(4, 4)?;
    let entries = number(directory, 2)?;
    for index in 0..entries {
        let entry = directory.checked_add(2 + index * ENTRY_BYTES)?;
        if number(entry, 2)? != usize::from(ORIENTATION) {
            continue;
        }
        // The standard asks for one SHORT. Other integers occur, and other programs take the first one of several.
        let length = match number(entry + 2, 2)? {
            1 => 1,
            3 => 2,
            4 => 4,
            _ => return None,
        };
        let bytes = length * number(entry + 4, 4)?;
        let place = if bytes > 4 { number(entry + 8, 4)? } else { entry + 8 };
        let is_inside = bytes > 0 && place.checked_add(bytes)? <= block.len();
        return is_inside
            .then(|| number(place, length))?
            .and_then(|value| value.try_into().ok());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with one entry before the orientation, built by hand from the TIFF layout.
    fn block(little_endian: bool, value: u16) -> Vec<u8> {
        let short = |value: u16| {
            if little_endian {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let long = |value: u32| {
            if little_endian {
                value.to_le_bytes()
            } else {
                value.to_be_bytes()
            }
        };
        let mut block = if little_endian { b"II".to_vec() } else { b"MM".to_vec() };
        block.extend(short(42));
        block.extend(long(8));
        block.extend(short(2));
        for (tag, value) in [(0x0100, 640), (0x0112, value)] {
            block.extend(short(tag));
            block.extend(short(3));
            block.extend(long(1));
            block.extend(short(value));
            block.extend(short(0));
        }
        block
    }

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        for value in 1..=8 {
            assert_eq!(orientation(&block(true, value)).to_exif(), value);
            assert_eq!(orientation(&block(false, value)).to_exif(), value);
        }
    }

    /// The type, the count, and the four bytes of the value or of its place.
    #[test]
    fn orientation_of_another_type_or_count_is_read() {
        let check = |kind: u8, count: u8, value: [u8; 4], more: &[u8], expected: u16| {
            let mut block = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0".to_vec();
            block.extend([kind, 0, 0, 0, count]);
            block.extend(value);
            block.extend([0; 4]);
            block.extend(more);
            let found = orientation(&block).to_exif();
            assert_eq!(found, expected, "type {kind}, count {count}, {value:?}");
        };
        check(3, 1, [0, 6, 0, 0], &[], 6);
        check(4, 1, [0, 0, 0, 6], &[], 6);
        check(1, 1, [6, 0, 0, 0], &[], 6);
        check(3, 2, [0, 6, 0, 1], &[], 6);
        // The block has 26 bytes before the values.
        check(3, 3, [0, 0, 0, 26], &[0, 6, 0, 1, 0, 1], 6);
        // Nothing, values beyond the end, text, and a number that is too large.
        check(3, 0, [0, 6, 0, 0], &[], 1);
        check(3, 3, [0, 0, 0, 26], &[0, 6, 0, 1], 1);
        check(3, 255, [0, 0, 0, 26], &[0, 6], 1);
        check(2, 1, [6, 0, 0, 0], &[], 1);
        check(4, 1, [0, 1, 0, 6], &[], 1);
    }

    #[test]
    fn invalid_block_is_upright() {
        let check = |block: &[u8]| assert_eq!(orientation(block), Orientation::IDENTITY, "{block:?}");
        check(b"");
        check(b"II*\0");
        check(b"II*\0\xff\xff\xff\xff");
        check(b"MM\0*\0\0\0\x04");
        check(&block(true, 0));
        check(&block(true, 9));
        let whole = block(false, 6);
        for length in 0..whole.len() - 3 {
            check(&whole[..length]);
        }
    }
}
