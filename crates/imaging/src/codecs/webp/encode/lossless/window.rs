//! The pixels that a copy can be taken from, and those to come; and for each of them the places before it where the same
//! pixels may begin, the nearest first.

use super::Pixel;
use crate::cost::{WEBP_DROPPED_PIXELS as DROPPED, WEBP_LONGEST_COPY as LONGEST_COPY, WEBP_WINDOW_PIXELS as WINDOW};

/// Knuth's, for hashes: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

pub(super) struct Window {
    pixels: Vec<Pixel>,
    /// The position of the first of them in the picture.
    start: usize,
    /// By hash: the last position with it, plus 1; 0 for none.
    heads: Vec<u32>,
    /// By position, the last ones: the position before that has its hash, plus 1; 0 for none.
    links: Vec<u32>,
    /// Positions before this one can be found.
    indexed: usize,
    /// Where the run of equal pixels ends that was met last.
    run_end: usize,
}

impl Window {
    /// For a picture of so many pixels, in rows of such a width.
    pub(super) fn new(pixels: usize, width: usize) -> Self {
        let kept = pixels.min(WINDOW);
        Self {
            pixels: Vec::with_capacity(pixels.min(WINDOW + DROPPED + LONGEST_COPY + 2 * width)),
            start: 0,
            heads: vec![0; kept.next_power_of_two()],
            links: vec![0; kept.next_power_of_two()],
            indexed: 0,
            run_end: 0,
        }
    }

    /// Appends pixels. Those before `position` by a window or more may be dropped.
    pub(super) fn push(&mut self, pixels: &[Pixel], position: usize) {
        let unused = position.saturating_sub(WINDOW).saturating_sub(self.start);
        if unused >= DROPPED {
            self.pixels.drain(..unused);
            self.start += unused;
        }
        self.pixels.extend_from_slice(pixels);
    }

    /// The position behind the last pixel.
    pub(super) const fn end(&self) -> usize {
        self.start + self.pixels.len()
    }

    /// The pixels from a position on.
    pub(super) fn from(&self, position: usize) -> &[Pixel] {
        &self.pixels[position - self.start..]
    }

    /// Whether a copy can be taken from so far back.
    pub(super) const fn reaches(&self, position: usize, distance: usize) -> bool {
        distance < WINDOW && distance <= position - self.start
    }

    /// Up to how many pixels from a position on are those of so far back.
    pub(super) fn common(&self, position: usize, distance: usize) -> usize {
        let pixels = self.from(position);
        let earlier = self.from(position - distance);
        let pairs = pixels.iter().zip(earlier).take(LONGEST_COPY);
        pairs.take_while(|(a, b)| a == b).count()
    }

    /// Makes all positions before this one findable.
    fn index_to(&mut self, position: usize) {
        while self.indexed < position {
            let at = self.indexed;
            if let Some(hash) = self.hash(at) {
                let mask = self.links.len() - 1;
                self.links[at & mask] = std::mem::replace(&mut self.heads[hash], at as u32 + 1);
            }
            self.indexed += 1;
        }
    }

    /// How far back the pixels at a position may have begun last.
    pub(super) fn nearest(&mut self, position: usize) -> Option<usize> {
        self.index_to(position);
        let head = self.hash(position).map_or(0, |hash| self.heads[hash]);
        Self::distance(position, head)
    }

    /// The next distance beyond one that was told for this position.
    pub(super) fn further(&self, position: usize, distance: usize) -> Option<usize> {
        let mask = self.links.len() - 1;
        Self::distance(position, self.links[(position - distance) & mask])
    }

    fn distance(position: usize, link: u32) -> Option<usize> {
        let distance = position - (link as usize).checked_sub(1)?;
        (distance < WINDOW).then_some(distance)
    }

    /// Of three pixels; where they are equal, of how many are from here on: else all of a run would be tried to find what
    /// follows it.
    fn hash(&mut self, position: usize) -> Option<usize> {
        let pixels = self.from(position);
        let [a, b, c] = *pixels.first_chunk()?;
        let (b, c) = if a == b && b == c {
            if self.run_end <= position {
                let run = pixels
                    .iter()
                    .take(LONGEST_COPY)
                    .take_while(|pixel| **pixel == a)
                    .count();
                self.run_end = position + run;
            }
            (a, (self.run_end - position) as u32)
        } else {
            (b, c)
        };
        let mixed = [a, b, c].iter().fold(0_u64, |mixed, pixel| {
            (mixed.rotate_left(21) ^ u64::from(*pixel)).wrapping_mul(MULTIPLIER)
        });
        Some((mixed >> 40) as usize & (self.heads.len() - 1))
    }
}
