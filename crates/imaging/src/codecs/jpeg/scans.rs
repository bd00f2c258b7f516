//! Completeness check of a JPEG: finds the end marker and tells whether all scans are there, from the markers alone.

use super::corrupt;
use super::header::{
    Component, END_OF_IMAGE, Header, RESTART_INTERVAL, START_OF_SCAN, next_segment, read_restart_interval,
};
use crate::ImageError;

pub(super) const INCOMPLETE: &str = "it ends before all its pixels";

/// The length of the source up to its end marker, or the whole length if the marker is missing.
///
/// A file that is truncated between two scans, or at a restart marker, decodes without an error, with less in it. So
/// restart markers are counted. Without an end marker, scans must announce every bit of every coefficient; with an end
/// marker, at least a part of every component.
pub(super) fn end(source: &[u8], header: &Header) -> Result<usize, ImageError> {
    let mut scans = Scans::new(header);
    let mut position = header.first_scan;
    while let Some(segment) = next_segment(source, position)? {
        position = segment.end;
        match segment.marker {
            0xd0..=0xd7 => scans.restarts_due = scans.restarts_due.saturating_sub(1),
            RESTART_INTERVAL => scans.restart_interval = read_restart_interval(segment.body)?,
            START_OF_SCAN => scans.begin(segment.body)?,
            END_OF_IMAGE => {
                let complete = scans.restarts_due == 0 && scans.something_of_each();
                return if complete {
                    Ok(segment.start)
                } else {
                    Err(corrupt(INCOMPLETE))
                };
            }
            // Tables and metadata. `next_segment` passes over the scan data itself.
            _ => {}
        }
    }
    // The last segment was whole if only scan data follows it.
    let rest = source.get(position..).unwrap_or_default();
    let is_scan_data = rest
        .windows(2)
        .all(|pair| pair[0] != 0xff || pair[1] == 0x00 || pair[1] == 0xff);
    if is_scan_data && scans.restarts_due == 0 && scans.everything() {
        Ok(source.len() - usize::from(rest.last() == Some(&0xff)))
    } else {
        Err(corrupt(INCOMPLETE))
    }
}

/// The contents of the scans so far.
struct Scans<'h> {
    header: &'h Header,
    restart_interval: u16,
    /// Restart markers that this scan still lacks.
    restarts_due: u64,
    /// By component and coefficient: the lowest bit that was announced.
    lowest_bit: Vec<[u8; 64]>,
}

impl<'h> Scans<'h> {
    const NOTHING: u8 = u8::MAX;

    fn new(header: &'h Header) -> Self {
        let lowest_bit = vec![[Self::NOTHING; 64]; header.components.len()];
        Self {
            header,
            restart_interval: header.restart_interval,
            restarts_due: 0,
            lowest_bit,
        }
    }

    /// Takes in a scan header: T.81, B.2.3.
    fn begin(&mut self, body: &[u8]) -> Result<(), ImageError> {
        const DAMAGED: &str = "one of its scan headers is damaged";
        if self.restarts_due > 0 {
            return Err(corrupt(INCOMPLETE));
        }
        let (count, rest) = body.split_first().ok_or_else(|| corrupt(DAMAGED))?;
        let (selectors, parameters) = rest
            .split_at_checked(usize::from(*count) * 2)
            .ok_or_else(|| corrupt(DAMAGED))?;
        let &[first, last, bits] = parameters else {
            return Err(corrupt(DAMAGED));
        };
        let (range, bit) = if self.header.progressive {
            (first..=last.min(63), bits & 0xf)
        } else {
            (0..=63, 0)
        };
        let mut components: Vec<Component> = Vec::new();
        for (component, lowest) in self.header.components.iter().zip(&mut self.lowest_bit) {
            if selectors.as_chunks::<2>().0.iter().any(|[id, _]| *id == component.id) {
                components.push(*component);
                range
                    .clone()
                    .for_each(|coefficient| lowest[usize::from(coefficient)] = bit);
            }
        }
        if self.restart_interval > 0 {
            let intervals = self
                .header
                .units(&components)
                .div_ceil(u64::from(self.restart_interval));
            self.restarts_due = intervals.saturating_sub(1);
        }
        Ok(())
    }

    fn something_of_each(&self) -> bool {
        self.lowest_bit.iter().all(|lowest| lowest[0] != Self::NOTHING)
    }

    fn everything(&self) -> bool {
        self.lowest_bit.iter().flatten().all(|bit| *bit == 0)
    }
}
