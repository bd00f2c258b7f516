//! TIFF values: the numbers of one tag, which are read one at a time from where they lie in the file.
//!
//! A tag may claim any number of values. So nothing here is copied or counted through: `Directory` finds the place of
//! the values, and the caller asks for those that it needs.

/// The byte order of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    LittleEndian,
    BigEndian,
}

impl Order {
    /// The number in these bytes, at most 8.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        match self {
            Self::LittleEndian => bytes.iter().rev().fold(0, add),
            Self::BigEndian => bytes.iter().fold(0, add),
        }
    }

    /// The number of `length` bytes at this offset.
    pub(super) fn number_at(self, bytes: &[u8], at: usize, length: usize) -> Option<u64> {
        bytes.get(at..at.checked_add(length)?).map(|bytes| self.number(bytes))
    }

    /// The bytes of a whole sample of `N` bytes as a number, and back.
    pub(super) fn read<const N: usize>(self, bytes: [u8; N]) -> u64 {
        self.number(&bytes)
    }

    pub(super) fn write<const N: usize>(self, number: u64) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::LittleEndian => bytes.copy_from_slice(&number.to_le_bytes()[..N]),
            Self::BigEndian => bytes.copy_from_slice(&number.to_be_bytes()[8 - N..]),
        }
        bytes
    }
}

/// The type of a tag's values: TIFF 6.0, section 2, and the types of 64 bits of BigTIFF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Unsigned,
    Signed,
    /// Text, or bytes without a meaning of their own.
    Opaque,
    Rational,
    SignedRational,
    Float,
}

/// The values of a tag.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'s> {
    kind: Kind,
    order: Order,
    /// The bytes of one value.
    size: usize,
    /// The number of values that the tag claims.
    count: u64,
    /// The bytes of the values, as far as the file has them.
    bytes: &'s [u8],
}

impl<'s> Values<'s> {
    /// The values of an entry with this type and count. `inline` is the entry's field for values, which holds their
    /// offset in `source` if there is too little room. `None` for an unknown type.
    pub(super) fn new(source: &'s [u8], order: Order, kind: u64, count: u64, inline: &'s [u8]) -> Option<Self> {
        let (kind, size) = match kind {
            1 => (Kind::Unsigned, 1),
            2 | 7 => (Kind::Opaque, 1),
            3 => (Kind::Unsigned, 2),
            4 | 13 => (Kind::Unsigned, 4),
            5 => (Kind::Rational, 8),
            6 => (Kind::Signed, 1),
            8 => (Kind::Signed, 2),
            9 => (Kind::Signed, 4),
            10 => (Kind::SignedRational, 8),
            11 => (Kind::Float, 4),
            12 => (Kind::Float, 8),
            16 | 18 => (Kind::Unsigned, 8),
            17 => (Kind::Signed, 8),
            _ => return None,
        };
        let length = count.checked_mul(size as u64)?;
        let place = if length <= inline.len() as u64 {
            inline
        } else {
            let start = usize::try_from(order.number(inline)).unwrap_or(usize::MAX);
            source.get(start..).unwrap_or_default()
        };
        let length = place.len().min(usize::try_from(length).unwrap_or(usize::MAX));
        Some(Self {
            kind,
            order,
            size,
            count,
            bytes: &place[..length],
        })
    }

    /// The number of values that the tag claims.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Whether the file has all the values.
    pub(super) const fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.count * self.size as u64
    }

    /// The bytes of all values, of any type.
    pub(super) const fn bytes(&self) -> &'s [u8] {
        self.bytes
    }

    /// A whole number that is not negative. `None` for one beyond the last or beyond the file's end, and for another
    /// type.
    pub(super) fn number(&self, index: u64) -> Option<u64> {
        let number = self.order.number(self.value(index)?);
        let sign = 1 << (self.size * 8 - 1);
        match self.kind {
            Kind::Unsigned => Some(number),
            Kind::Signed if number & sign == 0 => Some(number),
            _ => None,
        }
    }

    /// A number of any type, if it is finite.
    pub(super) fn real(&self, index: u64) -> Option<f64> {
        let bytes = self.value(index)?;
        let (first, second) = bytes.split_at(self.size / 2);
        let (first, second) = (self.order.number(first) as u32, self.order.number(second) as u32);
        let real = match self.kind {
            Kind::Rational => f64::from(first) / f64::from(second),
            Kind::SignedRational => f64::from(first.cast_signed()) / f64::from(second.cast_signed()),
            Kind::Float if self.size == 4 => f64::from(f32::from_bits(self.order.number(bytes) as u32)),
            Kind::Float => f64::from_bits(self.order.number(bytes)),
            _ => self.number(index)? as f64,
        };
        real.is_finite().then_some(real)
    }

    fn value(&self, index: u64) -> Option<&'s [u8]> {
        let start = usize::try_from(index).ok()?.checked_mul(self.size)?;
        self.bytes.get(start..start.checked_add(self.size)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entry's field is 4 bytes wide, so two shorts stand in it.
    #[test]
    fn values_are_read_in_both_byte_orders() {
        let read = |order, kind, count, inline: &'static [u8]| Values::new(&[], order, kind, count, inline).unwrap();
        let shorts = read(Order::LittleEndian, 3, 2, &[1, 2, 3, 4]);
        assert_eq!((shorts.number(0), shorts.number(1)), (Some(0x0201), Some(0x0403)));
        assert_eq!(shorts.number(2), None);
        let shorts = read(Order::BigEndian, 3, 2, &[1, 2, 3, 4]);
        assert_eq!((shorts.number(0), shorts.number(1)), (Some(0x0102), Some(0x0304)));
        assert_eq!(read(Order::BigEndian, 8, 1, &[0xff, 0xff, 0, 0]).number(0), None);
        assert_eq!(read(Order::BigEndian, 9, 1, &[0, 0, 1, 0]).number(0), Some(256));
        assert_eq!(read(Order::BigEndian, 11, 1, &[0x3f, 0x80, 0, 0]).real(0), Some(1.0));
        assert_eq!(read(Order::BigEndian, 11, 1, &[0x7f, 0x80, 0, 0]).real(0), None);
    }

    #[test]
    fn rational_without_a_denominator_is_no_number() {
        let source = [0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0];
        let rationals = Values::new(&source, Order::BigEndian, 5, 2, &[0, 0, 0, 0]).unwrap();
        assert_eq!((rationals.real(0), rationals.real(1)), (Some(1.5), None));
    }

    /// A claim of four thousand million values costs nothing, and the values behind the file's end are absent.
    #[test]
    fn values_beyond_the_end_are_absent() {
        let source = [7, 8, 9];
        let bytes = Values::new(&source, Order::LittleEndian, 1, u64::from(u32::MAX), &[1, 0, 0, 0]).unwrap();
        assert_eq!(bytes.count(), u64::from(u32::MAX));
        assert!(!bytes.is_whole());
        assert_eq!(
            (bytes.number(0), bytes.number(1), bytes.number(2)),
            (Some(8), Some(9), None)
        );
        assert!(Values::new(&source, Order::LittleEndian, 16, u64::MAX, &[0; 8]).is_none());
    }
}
