//! CCITT fax decompressor (ITU-T T.4 and T.6; TIFF 6.0, sections 10 and 11): rows of runs of white and black pixels.
//!
//! The code tables are those of the crate `fax`. Its decoders are not used: they know neither rows without markers nor
//! Group 3 in two dimensions, and they fail at a last code that is shorter than the longest.

mod bits;

use fax::maps::{Mode, black, mode, white};

use super::failure::{Failure, INCOMPLETE, UNDECODABLE};
use super::unsupported;
use crate::{Cancel, ImageError};
use bits::Bits;

/// The ways in which rows are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fax {
    /// Rows of one dimension, each of which begins at a multiple of so many bytes.
    Rows { unit_bytes: usize },
    /// A marker before each row, which is of one dimension, or of either if the marker tells.
    Group3 { two_dimensional: bool },
    /// Rows of two dimensions without markers.
    Group4,
}

/// A row of another kind follows, or the end of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    OneDimension,
    TwoDimensions,
    End,
}

const UNCOMPRESSED: &str = "with fax rows that are not compressed";

pub(super) struct Decoder<'b> {
    kind: Fax,
    width: u32,
    bits: Bits<'b>,
    /// Whether there was a marker before the first row of Group 3.
    marked: bool,
    /// Whether the page's end was told. All rows after it are white.
    ended: bool,
    /// The columns where the row above changes its colour, beginning with a change to black, in ascending order.
    reference: Vec<u32>,
    /// The same of this row.
    changes: Vec<u32>,
}

impl<'b> Decoder<'b> {
    /// Begins to decompress rows of `width` pixels. If `reversed`, the first bit of a byte is its lowest.
    pub(super) const fn new(kind: Fax, width: u32, bytes: &'b [u8], reversed: bool) -> Self {
        Self {
            kind,
            width,
            bits: Bits::new(bytes, reversed),
            marked: false,
            ended: false,
            reference: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// Decompresses the next rows into `out`, whole bytes each, where a set bit is black.
    pub(super) fn fill(&mut self, out: &mut [u8], cancel: &Cancel) -> Result<(), Failure> {
        out.fill(0);
        let row_bytes = self.width.div_ceil(8) as usize;
        for (index, row) in out.chunks_exact_mut(row_bytes).enumerate() {
            cancel.check()?;
            let written = index * row_bytes;
            match self.next(cancel)? {
                None => return Err(Failure::damaged(INCOMPLETE, written)),
                // Some writers leave out white rows before the marker of the page's end.
                Some(Next::End) => {
                    self.ended = true;
                    return Ok(());
                }
                Some(next) => self.row(next == Next::TwoDimensions).map_err(|reason| match reason {
                    UNCOMPRESSED => Failure::Other(unsupported(UNCOMPRESSED)),
                    reason => Failure::damaged(reason, written),
                })?,
            }
            for run in self.changes.chunks(2) {
                let end = run.get(1).copied().unwrap_or(self.width);
                blacken(row, run[0] as usize, end as usize);
            }
            std::mem::swap(&mut self.reference, &mut self.changes);
        }
        Ok(())
    }

    /// Moves to the next row. `None` if the data end before it.
    fn next(&mut self, cancel: &Cancel) -> Result<Option<Next>, ImageError> {
        let kind = match self.kind {
            _ if self.ended => Next::End,
            Fax::Rows { unit_bytes } => {
                self.bits.align(8 * unit_bytes);
                Next::OneDimension
            }
            Fax::Group4 if self.bits.skip_marker() => Next::End,
            Fax::Group4 => Next::TwoDimensions,
            Fax::Group3 { two_dimensional } => match self.marker(two_dimensional, cancel)? {
                Some(kind) => kind,
                None => return Ok(None),
            },
        };
        Ok((kind == Next::End || !self.bits.is_at_end()).then_some(kind))
    }

    /// Moves behind the marker before a row of Group 3.
    fn marker(&mut self, two_dimensional: bool, cancel: &Cancel) -> Result<Option<Next>, ImageError> {
        /// A millisecond's work.
        const BITS_BETWEEN_CHECKS: usize = 1 << 18;
        let is_first = self.bits.position == 0;
        while self.marked && !self.bits.is_at_marker() && !self.bits.is_at_end() {
            self.bits.position += 1;
            if self.bits.position.is_multiple_of(BITS_BETWEEN_CHECKS) {
                cancel.check()?;
            }
        }
        if self.bits.skip_marker() {
            self.marked = true;
            if two_dimensional && !self.bits.take_bit() {
                return Ok(Some(Next::TwoDimensions));
            }
            // Six markers in a row end the page. Two are enough to tell.
            let is_end = self.bits.skip_marker();
            return Ok(Some(if is_end { Next::End } else { Next::OneDimension }));
        }
        // Without any markers all rows are of one dimension.
        let is_lost = self.marked || (is_first && two_dimensional);
        Ok((!is_lost).then_some(Next::OneDimension))
    }

    /// Reads the changes of a row.
    fn row(&mut self, two_dimensional: bool) -> Result<(), &'static str> {
        self.changes.clear();
        if two_dimensional {
            self.two_dimensions()?;
        } else {
            let mut column = 0;
            while column < self.width {
                column += self.run()?;
                self.change_at(column)?;
            }
        }
        if self.bits.is_past_end() {
            Err(INCOMPLETE)
        } else {
            Ok(())
        }
    }

    /// T.4, 4.2.1.3: modes that refer to the row above.
    fn two_dimensions(&mut self) -> Result<(), &'static str> {
        // The column of the last change. The first one lies before the row.
        let mut last = None;
        let mut above = 0;
        while last.is_none_or(|column| column < self.width) {
            // The first change above that is right of the last one, and to the other colour.
            above = above.min(self.reference.len());
            above -= self.reference[..above]
                .iter()
                .rev()
                .take_while(|change| last.is_none_or(|column| **change > column))
                .count();
            while self
                .reference
                .get(above)
                .is_some_and(|change| last.is_some_and(|column| *change <= column))
            {
                above += 1;
            }
            if above % 2 != self.changes.len() % 2 {
                above += 1;
            }
            let at = |index: usize| self.reference.get(index).copied().unwrap_or(self.width);
            match mode::decode(&mut self.bits) {
                Some(Mode::Pass) => last = Some(at(above + 1)),
                Some(Mode::Vertical(offset)) => {
                    let column = at(above).checked_add_signed(i32::from(offset));
                    let column = column.filter(|column| last.is_none_or(|last| last <= *column));
                    let column = column.ok_or(UNDECODABLE)?;
                    self.change_at(column)?;
                    last = Some(column);
                }
                Some(Mode::Horizontal) => {
                    let first = last.unwrap_or(0) + self.run()?;
                    self.change_at(first)?;
                    let second = first + self.run()?;
                    self.change_at(second)?;
                    last = Some(second);
                }
                Some(Mode::Extension) => return Err(UNCOMPRESSED),
                Some(Mode::EOF) | None => return Err(self.undecodable()),
            }
        }
        Ok(())
    }

    /// Notes a change of colour. A column beyond the row's end means the end.
    fn change_at(&mut self, column: u32) -> Result<(), &'static str> {
        let column = column.min(self.width);
        let is_behind = self.changes.last().is_some_and(|last| column < *last);
        // Runs of no pixels could fill the memory.
        if is_behind || self.changes.len() as u64 > u64::from(self.width) + 2 {
            return Err(UNDECODABLE);
        }
        self.changes.push(column);
        Ok(())
    }

    /// The length of a run of this row's present colour: codes of multiples of 64, then one of less.
    fn run(&mut self) -> Result<u32, &'static str> {
        let mut length = 0;
        loop {
            let is_black = self.changes.len() % 2 == 1;
            let code = if is_black {
                black::decode(&mut self.bits)
            } else {
                white::decode(&mut self.bits)
            };
            let code = u32::from(code.ok_or_else(|| self.undecodable())?);
            length += code;
            if code < 64 {
                return Ok(length);
            }
            if length > self.width.saturating_add(2560) {
                return Err(UNDECODABLE);
            }
        }
    }

    /// Zeros behind the data are no code.
    fn undecodable(&self) -> &'static str {
        if self.bits.is_at_end() { INCOMPLETE } else { UNDECODABLE }
    }
}

/// Sets the bits from `start` to before `end`.
fn blacken(row: &mut [u8], start: usize, end: usize) {
    if start >= end {
        return;
    }
    let (first, last) = (start / 8, (end - 1) / 8);
    let (head, tail) = (0xff_u8 >> (start % 8), 0xff_u8 << (7 - (end - 1) % 8));
    if first == last {
        row[first] |= head & tail;
    } else {
        row[first] |= head;
        row[first + 1..last].fill(0xff);
        row[last] |= tail;
    }
}

#[cfg(test)]
mod tests;
