//! JPEG segments (T.81, B.1.1): walks from marker to marker, past stray bytes and entropy-coded data.
//!
//! The header reader and the reader of metadata use it. The walk allocates nothing. It takes one pass over the bytes
//! and ends at [`MOST_SEGMENTS`].

use crate::Error;

/// A marker, and the bytes that belong to it.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'s> {
    /// The second byte of the marker.
    pub marker: u8,
    /// The contents after the length. Empty for a marker that stands alone.
    pub body: &'s [u8],
    /// The index of the first byte after the segment.
    pub end: usize,
}

/// The segments of a JPEG in their order.
///
/// Bytes between segments are skipped, as libjpeg does: stray bytes, the rest of a segment whose length is too small,
/// fill bytes, restart markers, and the data of scans. The walk ends where the source ends or a segment is cut off.
#[derive(Clone, Debug)]
pub struct Segments<'s> {
    source: &'s [u8],
    position: usize,
    left: u32,
}

/// A file of 40 MB in segments of the largest size has 640. More than this number is an attack.
const MOST_SEGMENTS: u32 = 10_000;

pub(crate) const START_OF_IMAGE: u8 = 0xd8;
pub(crate) const END_OF_IMAGE: u8 = 0xd9;
pub(crate) const START_OF_SCAN: u8 = 0xda;

impl<'s> Segments<'s> {
    /// The segments after the start marker.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] unless the source begins with a start marker.
    pub fn new(source: &'s [u8]) -> Result<Self, Error> {
        if !source.starts_with(&[0xff, START_OF_IMAGE]) {
            return Err(Error::Unsupported("without a start marker"));
        }
        Ok(Self {
            source,
            position: 2,
            left: MOST_SEGMENTS,
        })
    }

    fn read(&mut self) -> Result<Option<Segment<'s>>, Error> {
        let Some(start) = next_marker(self.source, self.position) else {
            return Ok(None);
        };
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(Error::Corrupt("it has more than 10000 segments"))?;
        let marker = self.source[start + 1];
        let body = start + 2;
        let length = match marker {
            START_OF_IMAGE | END_OF_IMAGE => 0,
            _ => {
                let Some([high, low]) = self.source.get(body..body + 2) else {
                    return Ok(None);
                };
                usize::from(u16::from_be_bytes([*high, *low]))
            }
        };
        if length == 1 || (length == 0 && !matches!(marker, START_OF_IMAGE | END_OF_IMAGE)) {
            return Err(Error::Corrupt("one of its segments has an impossible length"));
        }
        let Some(content) = self.source.get(body..body + length) else {
            return Ok(None);
        };
        self.position = body + length;
        Ok(Some(Segment {
            marker,
            body: content.get(2..).unwrap_or_default(),
            end: self.position,
        }))
    }
}

impl<'s> Iterator for Segments<'s> {
    type Item = Result<Segment<'s>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let segment = self.read().transpose();
        if !matches!(segment, Some(Ok(_))) {
            self.position = self.source.len();
        }
        segment
    }
}

/// Whether these bytes are a marker that matters here: not a stuffed zero, a fill byte, a restart marker, or one of the
/// markers from 0x01 to 0xbf, which are reserved and occur as stray bytes only.
#[inline(always)]
fn is_marker(first: u8, second: u8) -> bool {
    // No short circuit, so that compilers can compare many bytes at once.
    (first == 0xff) & (second >= 0xc0) & (second & 0xf8 != 0xd0) & (second != 0xff)
}

/// The index of the next marker at or after `from`.
fn next_marker(source: &[u8], mut from: usize) -> Option<usize> {
    const CHUNK: usize = 64;
    while let Some(bytes) = source.get(from..from + CHUNK + 1) {
        let pairs = bytes[..CHUNK].iter().zip(&bytes[1..]);
        if pairs.fold(0, |found, (first, second)| found | u8::from(is_marker(*first, *second))) != 0 {
            break;
        }
        from += CHUNK;
    }
    let rest = source.get(from..)?;
    let found = rest.windows(2).position(|pair| is_marker(pair[0], pair[1]))?;
    Some(from + found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(source: &[u8]) -> Vec<Result<(u8, Vec<u8>), Error>> {
        Segments::new(source)
            .unwrap()
            .map(|segment| segment.map(|segment| (segment.marker, segment.body.to_vec())))
            .collect()
    }

    #[test]
    fn bytes_between_segments_are_skipped() {
        let file = b"\xff\xd8junk\xff\x00\xff\x01\xff\xd3\xff\xff\xff\xe0\0\x05abc\0\0\xff\xfe\0\x02\xff\xd9";
        let expected = [(0xe0, b"abc".to_vec()), (0xfe, vec![]), (0xd9, vec![])];
        assert_eq!(walk(file), expected.map(Ok));
    }

    /// Whatever the distance is: the search compares 64 bytes at once.
    #[test]
    fn marker_at_any_distance_is_found() {
        for distance in 0..200 {
            for filler in [0, 0xff, 0xd0] {
                let stray = [&b"\xff\0"[..], &vec![filler; distance]].concat();
                let file = [b"\xff\xd8", &stray[..], b"\xff\xc0\0\x03x"].concat();
                assert_eq!(walk(&file), [Ok((0xc0, b"x".to_vec()))], "{distance} times {filler:#x}");
            }
        }
    }

    #[test]
    fn segment_that_is_cut_off_ends_the_walk() {
        for file in [
            &b"\xff\xd8\xff\xe0"[..],
            b"\xff\xd8\xff\xe0\0",
            b"\xff\xd8\xff\xe0\0\x04a",
            b"\xff\xd8\xff",
        ] {
            assert_eq!(walk(file), []);
        }
        let error = Error::Corrupt("one of its segments has an impossible length");
        for length in [0, 1] {
            assert_eq!(walk(&[0xff, 0xd8, 0xff, 0xe0, 0, length, 0xff, 0xd9]), [Err(error)]);
        }
    }

    #[test]
    fn number_of_segments_is_bounded() {
        let file = [&b"\xff\xd8"[..], &b"\xff\xe5\0\x02".repeat(10_001)].concat();
        let segments = walk(&file);
        assert_eq!(segments.len(), 10_001);
        assert_eq!(segments[10_000], Err(Error::Corrupt("it has more than 10000 segments")));
    }
}
