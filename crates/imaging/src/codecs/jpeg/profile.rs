//! ICC profile of a JPEG: joins the numbered pieces, which have segments of their own (ICC.1:2022, annex B.4).

use std::ops::Range;

use super::header::Segment;

const PREFIX: &[u8] = b"ICC_PROFILE\0";

/// The places of the pieces.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Each piece's number, the count of pieces that it states, and its place in the source.
    pieces: Vec<(u8, u8, Range<usize>)>,
}

impl Profile {
    /// Remembers a segment if it holds a piece.
    pub(super) fn add(&mut self, segment: &Segment<'_>) {
        if let Some([number, count, piece @ ..]) = segment.body.strip_prefix(PREFIX) {
            let place = segment.end - piece.len()..segment.end;
            self.pieces.push((*number, *count, place));
        }
    }

    /// The length of all pieces.
    pub(super) fn bytes(&self) -> u64 {
        self.pieces.iter().map(|(_, _, place)| place.len() as u64).sum()
    }

    /// The pieces in the order of their numbers; `None` unless each is there once.
    pub(super) fn join(&self, source: &[u8]) -> Option<Vec<u8>> {
        let mut pieces: Vec<_> = self.pieces.iter().collect();
        pieces.sort_by_key(|(number, _, _)| *number);
        let complete = (1..)
            .zip(&pieces)
            .all(|(expected, (number, count, _))| *number == expected && usize::from(*count) == pieces.len());
        let mut profile = Vec::with_capacity(self.bytes() as usize);
        for (_, _, place) in pieces {
            profile.extend_from_slice(source.get(place.clone())?);
        }
        complete.then_some(profile)
    }
}
