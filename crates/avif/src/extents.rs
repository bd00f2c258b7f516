//! Places of the items in a file (ISO/IEC 14496-12, 8.11.3): checks that all items together are not larger than what
//! the file can hold, before anything is gathered.
//!
//! An item may be put together from sixty thousand extents, and each of them may be the whole file. zenavif-parse
//! copies such an item without asking for its length. Files of real programs hold each byte once.

use crate::DecodeError;

const CUT: DecodeError = DecodeError::Corrupt("its boxes end too early");

/// How many times the file's length all extents may have together: a tile may be used for several cells of a grid.
const MOST_COPIES: u64 = 4;

/// Refuses a file whose items are longer together than the file is, several times.
pub(crate) fn check(file: &[u8]) -> Result<(), DecodeError> {
    let Some(meta) = find(file, *b"meta")? else {
        return Ok(());
    };
    // A version and flags stand before the boxes within.
    let Some(places) = find(meta.get(4..).ok_or(CUT)?, *b"iloc")? else {
        return Ok(());
    };
    let total = total(places, file.len() as u64).ok_or(CUT)?;
    if total > (file.len() as u64).saturating_mul(MOST_COPIES) {
        return Err(DecodeError::Corrupt("its items use the same bytes again and again"));
    }
    Ok(())
}

/// The content of the first box of this kind.
fn find(mut boxes: &[u8], kind: [u8; 4]) -> Result<Option<&[u8]>, DecodeError> {
    while !boxes.is_empty() {
        let (header, _) = boxes.split_at_checked(8).ok_or(CUT)?;
        let short = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
        let (start, length) = match short {
            0 => (8, boxes.len() as u64),
            1 => {
                let long = boxes.get(8..16).and_then(|bytes| bytes.try_into().ok()).ok_or(CUT)?;
                (16, u64::from_be_bytes(long))
            }
            short => (8, u64::from(short)),
        };
        let end = usize::try_from(length).unwrap_or(usize::MAX).min(boxes.len());
        let content = boxes.get(start..end).ok_or(CUT)?;
        if header[4..8] == kind {
            return Ok(Some(content));
        }
        boxes = &boxes[end..];
    }
    Ok(None)
}

/// The lengths of all extents together. An extent without a length reaches to the end of the file. `None` if the box
/// is cut.
fn total(places: &[u8], file: u64) -> Option<u64> {
    let mut numbers = Numbers(places);
    let version = numbers.take(1)?;
    numbers.take(3)?;
    let (first, second) = (numbers.take(1)?, numbers.take(1)?);
    let [offset_bytes, length_bytes, base_bytes] = [first >> 4, first & 15, second >> 4];
    let index_bytes = if version == 0 { 0 } else { second & 15 };
    let wide = if version < 2 { 2 } else { 4 };
    let items = numbers.take(wide)?;
    let mut total = 0_u64;
    for _ in 0..items {
        numbers.take(wide)?;
        if version > 0 {
            numbers.take(2)?;
        }
        numbers.take(2)?;
        numbers.take(base_bytes)?;
        for _ in 0..numbers.take(2)? {
            numbers.take(index_bytes)?;
            numbers.take(offset_bytes)?;
            let length = numbers.take(length_bytes)?;
            total = total.saturating_add(if length == 0 { file } else { length });
        }
    }
    Some(total)
}

/// A reader of numbers of 0 to 8 bytes, the highest byte first.
struct Numbers<'b>(&'b [u8]);

impl Numbers<'_> {
    fn take(&mut self, bytes: u64) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.0 = rest;
        Some(number.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len() + 8).unwrap();
        [&length.to_be_bytes()[..], kind, content].concat()
    }

    /// A file of a kilobyte with one item that has extents of these lengths.
    fn file(lengths: &[u32]) -> Vec<u8> {
        let mut places = vec![0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0];
        places.extend((lengths.len() as u16).to_be_bytes());
        for length in lengths {
            places.extend([0; 4]);
            places.extend(length.to_be_bytes());
        }
        let meta = [&[0; 4][..], &boxed(b"hdlr", &[0; 20]), &boxed(b"iloc", &places)].concat();
        let mut file = [boxed(b"ftyp", b"avif"), boxed(b"meta", &meta)].concat();
        file.resize(file.len().max(1000), 0);
        let rest = file.len() - 1000;
        file.extend(boxed(b"mdat", &vec![0; 992 + rest]));
        file
    }

    #[test]
    fn extents_within_the_file_are_accepted() {
        assert_eq!(check(&file(&[100, 900])), Ok(()));
    }

    #[test]
    fn extents_that_repeat_the_file_are_refused() {
        let refused = Err(DecodeError::Corrupt("its items use the same bytes again and again"));
        assert_eq!(check(&file(&[2000; 60])), refused);
        assert_eq!(check(&file(&[0; 60])), refused);
    }

    #[test]
    fn box_that_is_cut_is_corrupt() {
        let file = file(&[100; 3]);
        let (head, _) = file.split_at(80);
        assert!(matches!(check(head), Err(DecodeError::Corrupt(_))));
    }
}
