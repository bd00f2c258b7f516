//! TIFF directories (TIFF 6.0, section 2; BigTIFF): the chain of pages, and the tags of each page.
//!
//! Reading a directory looks at each of its entries once and copies no values. The number of pages and the number of
//! entries are bounded, so a file whose directories overlap costs no more than an honest one.

use super::corrupt;
use super::tag::KNOWN;
use super::values::{Order, Values};
use crate::ImageError;

const INCOMPLETE: &str = "it ends within a directory";

/// The version in the header of a BigTIFF, instead of 42.
const BIG: u64 = 43;

/// The layout of a file's directories.
#[derive(Clone, Copy)]
struct Layout {
    order: Order,
    /// Whether offsets and counts have 64 bits.
    big: bool,
}

impl Layout {
    /// The bytes of an offset, and of the count of a tag's values.
    const fn offset_bytes(self) -> usize {
        if self.big { 8 } else { 4 }
    }

    /// The bytes of the number of entries.
    const fn count_bytes(self) -> usize {
        if self.big { 8 } else { 2 }
    }

    /// The bytes of an entry: tag, type, count, and the values or their offset.
    const fn entry_bytes(self) -> usize {
        4 + 2 * self.offset_bytes()
    }
}

/// The entries of one directory, not yet read.
#[derive(Clone, Copy)]
pub(super) struct Entries<'s> {
    source: &'s [u8],
    layout: Layout,
    bytes: &'s [u8],
}

/// The directories of a file, in the order of its pages.
pub(super) struct Chain<'s> {
    source: &'s [u8],
    layout: Layout,
    /// The offset of the next directory. 0 means none.
    next: u64,
    visited: Vec<u64>,
    /// The entries of all directories so far.
    entries: usize,
}

impl<'s> Chain<'s> {
    /// Reads the file header, whose signature has been checked.
    pub(super) fn new(source: &'s [u8]) -> Result<Self, ImageError> {
        let order = if source.starts_with(b"II") {
            Order::LittleEndian
        } else {
            Order::BigEndian
        };
        let number = |at, length| order.number_at(source, at, length);
        let big = number(2, 2) == Some(BIG);
        // A BigTIFF first tells the bytes of an offset, then two zeros.
        if big && source.len() >= 8 && (number(4, 2), number(6, 2)) != (Some(8), Some(0)) {
            return Err(corrupt("its offsets have an unknown size"));
        }
        let layout = Layout { order, big };
        let first = if big { 8 } else { 4 };
        let next = number(first, layout.offset_bytes()).ok_or_else(|| corrupt(INCOMPLETE))?;
        Ok(Self {
            source,
            layout,
            next,
            visited: Vec::new(),
            entries: 0,
        })
    }

    /// The entries of page number `index`, counted from 0.
    pub(super) fn page(mut self, index: u32) -> Result<Entries<'s>, ImageError> {
        self.nth(index as usize)
            .unwrap_or_else(|| Err(corrupt("it has too few pages")))
    }

    /// The entries of the directory at this offset, and the offset of the next.
    fn read(&self, offset: u64) -> Result<(Entries<'s>, u64), ImageError> {
        /// More entries than any program writes.
        const MOST_ENTRIES: u64 = 4096;
        let layout = self.layout;
        let read = || {
            let offset = usize::try_from(offset).ok()?;
            let count = layout.order.number_at(self.source, offset, layout.count_bytes())?;
            Some((count, offset + layout.count_bytes()))
        };
        let (count, start) = read().ok_or_else(|| corrupt(INCOMPLETE))?;
        if count > MOST_ENTRIES {
            return Err(corrupt("a page has more tags than any program writes"));
        }
        let length = count as usize * layout.entry_bytes();
        let bytes = self.source.get(start..start + length);
        let entries = Entries {
            source: self.source,
            layout,
            bytes: bytes.ok_or_else(|| corrupt(INCOMPLETE))?,
        };
        // Some files omit the offset of the next directory after the last one.
        let next = layout
            .order
            .number_at(self.source, start + length, layout.offset_bytes())
            .unwrap_or_default();
        Ok((entries, next))
    }
}

/// Ends at a directory that was visited before, and at the bounds. A directory that cannot be read is an error if it is
/// the first.
impl<'s> Iterator for Chain<'s> {
    type Item = Result<Entries<'s>, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        /// The most pages that are read. Each costs a look-up, and no known use needs more.
        const MOST_PAGES: usize = 1000;
        /// The most entries of all pages together: sixty for each page. Directories that overlap claim more.
        const MOST_ENTRIES: usize = 65_536;
        if self.next == 0 || self.visited.len() == MOST_PAGES || self.visited.contains(&self.next) {
            return None;
        }
        let read = self.read(self.next);
        self.visited.push(self.next);
        self.next = read.as_ref().map_or(0, |(_, next)| *next);
        match read {
            Ok((entries, _)) => {
                self.entries += entries.bytes.len() / self.layout.entry_bytes();
                (self.entries <= MOST_ENTRIES).then_some(Ok(entries))
            }
            Err(error) => (self.visited.len() == 1).then_some(Err(error)),
        }
    }
}

/// The tags of one page.
pub(super) struct Directory<'s> {
    order: Order,
    source: &'s [u8],
    /// The values of each known tag, in the order of `KNOWN`.
    values: [Option<Values<'s>>; KNOWN.len()],
}

impl<'s> Directory<'s> {
    /// Finds the known tags. Of a tag that occurs twice the first is taken.
    pub(super) fn read(entries: Entries<'s>) -> Self {
        let Entries { source, layout, bytes } = entries;
        let order = layout.order;
        let mut values = [None; KNOWN.len()];
        for entry in bytes.chunks_exact(layout.entry_bytes()) {
            let (head, inline) = entry.split_at(4 + layout.offset_bytes());
            let tag = order.number(&head[..2]) as u16;
            if let Ok(place) = KNOWN.binary_search(&tag)
                && values[place].is_none()
            {
                let (kind, count) = (order.number(&head[2..4]), order.number(&head[4..]));
                values[place] = Values::new(source, order, kind, count, inline);
            }
        }
        Self { order, source, values }
    }

    pub(super) const fn order(&self) -> Order {
        self.order
    }

    /// The length of the file.
    pub(super) const fn source_bytes(&self) -> usize {
        self.source.len()
    }

    /// The values of a tag. `None` if it is absent or has no values.
    pub(super) fn values(&self, tag: u16) -> Option<&Values<'s>> {
        let place = KNOWN.binary_search(&tag).ok()?;
        self.values[place].as_ref().filter(|values| values.count() > 0)
    }

    /// The bytes of a tag's values, of any type. `None` if the file has not all of them.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'s [u8]> {
        self.values(tag).filter(|values| values.is_whole()).map(Values::bytes)
    }

    /// The first number of a tag. `None` if the tag is absent or has another type. A value beyond the file's end is an
    /// error, since the tag's default would show another picture.
    pub(super) fn number(&self, tag: u16) -> Result<Option<u64>, ImageError> {
        let Some(values) = self.values(tag) else {
            return Ok(None);
        };
        if !values.is_whole() {
            return Err(corrupt("it ends within the values of a tag"));
        }
        Ok(values.number(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::tiff::tag;

    /// A directory with one short, followed by the offset of the next directory.
    fn directory(number: u16, value: u16, next: u32) -> Vec<u8> {
        let mut bytes = vec![1, 0];
        bytes.extend(number.to_le_bytes());
        bytes.extend([3, 0, 1, 0, 0, 0]);
        bytes.extend(u32::from(value).to_le_bytes());
        bytes.extend(next.to_le_bytes());
        bytes
    }

    fn widths(source: &[u8]) -> Vec<Option<u64>> {
        let entries = Chain::new(source).unwrap().map(Result::unwrap);
        entries
            .map(|entries| Directory::read(entries).number(tag::WIDTH).unwrap())
            .collect()
    }

    #[test]
    fn chain_that_returns_to_a_directory_ends() {
        let file = |next: u32| {
            let first = directory(256, 7, 26);
            [b"II*\0\x08\0\0\0", &first[..], &directory(256, 9, next)].concat()
        };
        assert_eq!(widths(&file(0)), [Some(7), Some(9)]);
        assert_eq!(widths(&file(8)), [Some(7), Some(9)]);
        assert_eq!(widths(&file(26)), [Some(7), Some(9)]);
        // The second directory lies beyond the end.
        assert_eq!(widths(&file(0)[..30]), [Some(7)]);
    }

    /// A hundred directories of 4,096 entries each, one every four bytes, in a file of 50 kilobytes.
    #[test]
    fn directories_that_overlap_are_bounded() {
        let mut source = b"II*\0\x08\0\0\0".to_vec();
        source.resize(60_000, 0);
        for index in 0..100 {
            let start = 8 + 4 * index;
            source[start..start + 2].copy_from_slice(&4096_u16.to_le_bytes());
            let next = start + 2 + 12 * 4096;
            source[next..next + 4].copy_from_slice(&(start as u32 + 4).to_le_bytes());
        }
        assert_eq!(Chain::new(&source).unwrap().count(), 16);
    }

    #[test]
    fn directory_of_64_bits_is_read() {
        let mut source = b"MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10".to_vec();
        source.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        // The width: a number of 64 bits that stands in the entry.
        source.extend([1, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x12, 0x34]);
        assert_eq!(widths(&source), [Some(0x1234)]);
        source[5] = 4;
        assert!(Chain::new(&source).is_err());
    }

    #[test]
    fn directory_of_too_many_entries_is_refused() {
        let mut source = b"II*\0\x08\0\0\0\x01\x10".to_vec();
        source.resize(100_000, 0);
        assert!(Chain::new(&source).unwrap().next().unwrap().is_err());
        source[8] = 0;
        assert!(Chain::new(&source).unwrap().next().unwrap().is_ok());
    }
}
