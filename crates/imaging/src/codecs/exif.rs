//! EXIF orientation: reads the one tag that changes pixels. JPEG and PNG carry the same block.

use crate::Orientation;

/// Reads tag 0x0112 of the first directory (EXIF 2.32, 4.5 and 4.6.4; TIFF 6.0, section 2). A block that cannot be
/// parsed means upright: damaged metadata is no reason to refuse a photograph.
pub(super) fn orientation(block: &[u8]) -> Orientation {
    read(block).map_or(Orientation::IDENTITY, Orientation::from_exif)
}

fn read(block: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    const TYPE_SHORT: u16 = 3;
    const ENTRY_BYTES: usize = 12;

    let little_endian = match block.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes = block.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little_endian {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    };
    let long = |at: usize| -> Option<u32> {
        let bytes = block.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if little_endian {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        })
    };
    let directory = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(directory)?);
    for index in 0..entries {
        let entry = directory.checked_add(2 + index * ENTRY_BYTES)?;
        if short(entry)? == ORIENTATION {
            return if short(entry + 2)? == TYPE_SHORT {
                short(entry + 8)
            } else {
                None
            };
        }
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
