//! TIFF directories (TIFF 6.0, section 2): read the tags of each page and their values.

use super::corrupt;
use crate::ImageError;

const INCOMPLETE: &str = "it ends within a directory";

/// The tags of one page.
pub(super) struct Directory<'s> {
    source: &'s [u8],
    order: Order,
    /// The entries, 12 bytes each: tag, type, count, and the value or its offset.
    entries: &'s [[u8; 12]],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    LittleEndian,
    BigEndian,
}

impl<'s> Directory<'s> {
    /// All directories in the order of the pages.
    pub(super) fn all(source: &'s [u8]) -> Result<Vec<Self>, ImageError> {
        /// The most pages that are read. Each costs a look-up, and no known use needs more.
        const MOST_PAGES: usize = 1000;
        let order = if source.starts_with(b"II") {
            Order::LittleEndian
        } else {
            Order::BigEndian
        };
        let mut directories: Vec<Self> = Vec::new();
        let mut visited = Vec::new();
        let mut offset = order.long(source, 4).ok_or_else(|| corrupt(INCOMPLETE))? as usize;
        while offset != 0 && directories.len() < MOST_PAGES && !visited.contains(&offset) {
            visited.push(offset);
            let read = || {
                let count = usize::from(order.short(source, offset)?);
                let end = offset + 2 + count * 12;
                let (entries, _) = source.get(offset + 2..end)?.as_chunks();
                Some((entries, order.long(source, end)))
            };
            match read() {
                // Some files omit the offset of the next directory after the last one.
                Some((entries, next)) => {
                    offset = next.unwrap_or(0) as usize;
                    directories.push(Self { source, order, entries });
                }
                None if directories.is_empty() => return Err(corrupt(INCOMPLETE)),
                None => break,
            }
        }
        Ok(directories)
    }

    pub(super) const fn order(&self) -> Order {
        self.order
    }

    /// The bytes of a tag's values, of any type.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'s [u8]> {
        self.value(tag).map(|(_, bytes)| bytes)
    }

    /// The numbers of a tag. `None` if the tag is absent or has another type.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<u32>> {
        let (kind, bytes) = self.value(tag)?;
        match kind {
            1 => Some(bytes.iter().map(|byte| u32::from(*byte)).collect()),
            3 => (0..bytes.len() / 2)
                .map(|index| self.order.short(bytes, index * 2).map(u32::from))
                .collect(),
            4 => (0..bytes.len() / 4)
                .map(|index| self.order.long(bytes, index * 4))
                .collect(),
            _ => None,
        }
    }

    /// The first number of a tag.
    pub(super) fn number(&self, tag: u16) -> Option<u32> {
        let (kind, bytes) = self.value(tag)?;
        match kind {
            1 => bytes.first().map(|byte| u32::from(*byte)),
            3 => self.order.short(bytes, 0).map(u32::from),
            4 => self.order.long(bytes, 0),
            _ => None,
        }
    }

    /// The type of a tag's values, and their bytes.
    fn value(&self, tag: u16) -> Option<(u16, &'s [u8])> {
        let entry = self
            .entries
            .iter()
            .find(|entry| self.order.short(&entry[..], 0) == Some(tag))?;
        let kind = self.order.short(entry, 2)?;
        let size: usize = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = size.checked_mul(self.order.long(entry, 4)? as usize)?;
        if length <= 4 {
            return Some((kind, &entry[8..8 + length]));
        }
        let start = self.order.long(entry, 8)? as usize;
        Some((kind, self.source.get(start..start.checked_add(length)?)?))
    }
}

impl Order {
    pub(super) fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..)?.first_chunk().map(|bytes| self.read(*bytes))
    }

    pub(super) const fn read(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::LittleEndian => u16::from_le_bytes(bytes),
            Self::BigEndian => u16::from_be_bytes(bytes),
        }
    }

    pub(super) const fn write(self, number: u16) -> [u8; 2] {
        match self {
            Self::LittleEndian => number.to_le_bytes(),
            Self::BigEndian => number.to_be_bytes(),
        }
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = *bytes.get(at..)?.first_chunk()?;
        Some(match self {
            Self::LittleEndian => u32::from_le_bytes(bytes),
            Self::BigEndian => u32::from_be_bytes(bytes),
        })
    }
}
