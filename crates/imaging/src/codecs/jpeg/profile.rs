//! ICC profile of a JPEG: joins the numbered pieces, which have segments of their own (ICC.1:2022, annex B.4).

use std::ops::Range;

use resizer_jpeg::Segment;

const PREFIX: &[u8] = b"ICC_PROFILE\0";

/// The number of a piece is one byte, from 1 on.
const MOST_PIECES: usize = 255;

/// A longer profile is left out. Profiles of printers take up to 3 MB.
const MOST_BYTES: u64 = 4 << 20;

/// The places of the pieces.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Each piece's number, the count of pieces that it states, and its place in the source. One piece too many is
    /// kept, so that the profile is seen to be invalid.
    pieces: Vec<(u8, u8, Range<usize>)>,
}

impl Profile {
    /// Remembers a segment if it holds a piece.
    pub(super) fn add(&mut self, segment: &Segment<'_>) {
        if let Some([number, count, piece @ ..]) = segment.body.strip_prefix(PREFIX)
            && self.pieces.len() <= MOST_PIECES
        {
            let place = segment.end - piece.len()..segment.end;
            self.pieces.push((*number, *count, place));
        }
    }

    /// The length of all pieces. 0 if there are too many, or too long ones.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = self.pieces.iter().map(|(_, _, place)| place.len() as u64).sum();
        if self.pieces.len() <= MOST_PIECES && bytes <= MOST_BYTES {
            bytes
        } else {
            0
        }
    }

    /// The pieces in the order of their numbers; `None` unless each is there once.
    pub(super) fn join(&self, source: &[u8]) -> Option<Vec<u8>> {
        let bytes = self.bytes();
        if bytes == 0 {
            return None;
        }
        let mut pieces: Vec<_> = self.pieces.iter().collect();
        pieces.sort_by_key(|(number, _, _)| *number);
        let complete = (1..)
            .zip(&pieces)
            .all(|(expected, (number, count, _))| *number == expected && usize::from(*count) == pieces.len());
        let mut profile = Vec::with_capacity(bytes as usize);
        for (_, _, place) in pieces {
            profile.extend_from_slice(source.get(place.clone())?);
        }
        complete.then_some(profile)
    }
}
