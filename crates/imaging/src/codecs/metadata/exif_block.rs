//! EXIF block without orientation and thumbnail (TIFF 6.0, section 2; EXIF 2.32, 4.5 and 4.6): the bytes stay where
//! they are, as other entries point at them by their places.

/// The orientation, and the places and lengths of the thumbnail: as a JPEG, and as rows.
const ORIENTATION: u16 = 0x0112;
const JPEG_PLACE: u16 = 0x0201;
const JPEG_LENGTH: u16 = 0x0202;
const ROWS_PLACE: u16 = 0x0111;
const ROWS_LENGTH: u16 = 0x0117;

const ENTRY_BYTES: usize = 12;
/// The type of two bytes.
const SHORT: u16 = 3;

/// The block with an upright orientation and without the second directory, which describes the thumbnail. The thumbnail
/// itself is cut off where it stands at the end, as it nearly always does, and becomes zeros elsewhere. `None` if the
/// first directory cannot be read.
pub(super) fn cleaned(block: &[u8]) -> Option<Vec<u8>> {
    let mut block = Block {
        little_endian: match block.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        },
        bytes: block.to_vec(),
    };
    let first = block.long(4)?;
    let entries = usize::from(block.short(first)?);
    let end = first.checked_add(2 + entries * ENTRY_BYTES)?;
    // The place of the next directory follows the entries. Some writers leave it out.
    if end > block.bytes.len() {
        return None;
    }
    for entry in (first + 2..end).step_by(ENTRY_BYTES) {
        if block.short(entry)? == ORIENTATION {
            block.put_short(entry + 2, SHORT)?;
            block.put_long(entry + 4, 1)?;
            block.put_long(entry + 8, 0)?;
            block.put_short(entry + 8, 1)?;
        }
    }
    if let Some(second) = block.long(end).filter(|second| *second > 0) {
        block.put_long(end, 0)?;
        for (place, length) in [(JPEG_PLACE, JPEG_LENGTH), (ROWS_PLACE, ROWS_LENGTH)] {
            if let (Some(place), Some(length)) = (block.value_of(second, place), block.value_of(second, length)) {
                // A thumbnail cannot begin before the end of the first directory.
                block.remove(place.max(end + 4), place.saturating_add(length));
            }
        }
    }
    Some(block.bytes)
}

struct Block {
    little_endian: bool,
    bytes: Vec<u8>,
}

impl Block {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        Some(if self.little_endian {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = *self.bytes.get(at..)?.first_chunk()?;
        let number = if self.little_endian {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        usize::try_from(number).ok()
    }

    fn put_short(&mut self, at: usize, value: u16) -> Option<()> {
        let bytes = if self.little_endian {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        };
        *self.bytes.get_mut(at..)?.first_chunk_mut()? = bytes;
        Some(())
    }

    fn put_long(&mut self, at: usize, value: u32) -> Option<()> {
        let bytes = if self.little_endian {
            value.to_le_bytes()
        } else {
            value.to_be_bytes()
        };
        *self.bytes.get_mut(at..)?.first_chunk_mut()? = bytes;
        Some(())
    }

    /// The one number of an entry in the directory at this place.
    fn value_of(&self, directory: usize, tag: u16) -> Option<usize> {
        let entries = usize::from(self.short(directory)?);
        let start = directory.checked_add(2)?;
        let places = (0..entries).map(|index| start + index * ENTRY_BYTES);
        for entry in places {
            if self.short(entry)? == tag {
                return match self.short(entry + 2)? {
                    SHORT => self.short(entry + 8).map(usize::from),
                    _ => self.long(entry + 8),
                };
            }
        }
        None
    }

    /// Cuts off or clears the bytes from `start` up to `end`.
    fn remove(&mut self, start: usize, end: usize) {
        /// Writers round the length of a block up.
        const PADDING_BYTES: usize = 16;
        let end = end.min(self.bytes.len());
        if start >= end {
            return;
        }
        if end + PADDING_BYTES >= self.bytes.len() {
            self.bytes.truncate(start);
        } else {
            self.bytes[start..end].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block of two directories, and a thumbnail of eight bytes before `after`. The first directory has a maker's
    /// name and the orientation.
    fn block(little_endian: bool, orientation: u16, after: &[u8]) -> Vec<u8> {
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
        let mut bytes = if little_endian {
            b"II*\0".to_vec()
        } else {
            b"MM\0*".to_vec()
        };
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [&short(tag)[..], &short(kind), &long(count), &value].concat()
        };
        // The first directory has 2 + 2 * 12 + 4 bytes from 8 on, the second one the same from 38 on; the name stands
        // at 68, the thumbnail at 76.
        bytes.extend(long(8));
        bytes.extend(short(2));
        bytes.extend(entry(0x010f, 2, 8, long(68)));
        let [a, b] = short(orientation);
        bytes.extend(entry(0x0112, 3, 1, [a, b, 0, 0]));
        bytes.extend(long(38));
        bytes.extend(short(2));
        bytes.extend(entry(0x0201, 4, 1, long(76)));
        bytes.extend(entry(0x0202, 4, 1, long(8)));
        bytes.extend(long(0));
        bytes.extend(b"CAMERA1\0");
        bytes.extend([0xaa; 8]);
        bytes.extend(after);
        bytes
    }

    #[test]
    fn orientation_and_thumbnail_are_removed_and_the_rest_stays() {
        for little_endian in [true, false] {
            let source = block(little_endian, 6, b"");
            let mut expected = block(little_endian, 1, b"");
            // No second directory, and no thumbnail behind the name.
            expected[34..38].fill(0);
            expected.truncate(76);
            assert_eq!(cleaned(&source), Some(expected));
        }
    }

    #[test]
    fn thumbnail_before_other_data_becomes_zeros() {
        let after = [7; 40];
        let cleaned = cleaned(&block(true, 1, &after)).unwrap();
        assert_eq!(cleaned[76..84], [0; 8]);
        assert_eq!(cleaned[84..], after);
    }

    #[test]
    fn orientation_in_any_type_becomes_a_short() {
        let mut source = block(true, 1, b"");
        // Type LONG, count 3.
        source[24..32].copy_from_slice(&[4, 0, 3, 0, 0, 0, 200, 0]);
        let cleaned = cleaned(&source).unwrap();
        assert_eq!(cleaned[22..34], [0x12, 0x01, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn unreadable_block_is_left_out() {
        for block in [
            &b""[..],
            b"II*\0",
            b"Exif\0\0II*\0",
            b"II*\0\xff\xff\xff\xff",
            b"MM\0*\0\0\0\x08\0\x09",
        ] {
            assert_eq!(cleaned(block), None, "{block:?}");
        }
        // Cut off anywhere, changed anywhere: no panic.
        let whole = block(false, 6, &[1; 20]);
        for length in 0..whole.len() {
            drop(cleaned(&whole[..length]));
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0xff;
            drop(cleaned(&changed));
        }
    }
}
