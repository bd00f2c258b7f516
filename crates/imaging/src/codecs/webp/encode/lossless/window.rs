//! Sliding window with hash chains: holds the pixels that a back-reference can reach and those to come, and finds
//! earlier positions where the same pixels may begin, the nearest first.

use super::Pixel;
use crate::cost::{
    WEBP_DROPPED_PIXELS as DROPPED, WEBP_LONGEST_BACK_REFERENCE as LONGEST, WEBP_WINDOW_PIXELS as WINDOW,
};

/// Knuth's multiplier for hashes: 2^64 divided by the golden ratio.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

pub(super) struct Window {
    pixels: Vec<Pixel>,
    /// The position of the first of them in the picture.
    start: usize,
    /// By hash: the last position with this hash, plus 1; 0 for none.
    heads: Vec<u32>,
    /// By position, for the last ones: the previous position with the same hash, plus 1; 0 for none.
    links: Vec<u32>,
    /// Positions before this one are in the chains.
    indexed: usize,
    /// The end of the last run of equal pixels.
    run_end: usize,
}

impl Window {
    /// For a picture of `pixels` pixels, in rows of `width` pixels.
    pub(super) fn new(pixels: usize, width: usize) -> Self {
        let kept = pixels.min(WINDOW);
        Self {
            pixels: Vec::with_capacity(pixels.min(WINDOW + DROPPED + LONGEST + 2 * width)),
            start: 0,
            heads: vec![0; kept.next_power_of_two()],
            links: vec![0; kept.next_power_of_two()],
            indexed: 0,
            run_end: 0,
        }
    }

    /// Appends pixels. Pixels that are a window or more before `position` may be dropped.
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

    /// Whether a back-reference can have this distance.
    pub(super) const fn reaches(&self, position: usize, distance: usize) -> bool {
        distance < WINDOW && distance <= position - self.start
    }

    /// How many pixels from a position on equal those at this distance before them.
    pub(super) fn common(&self, position: usize, distance: usize) -> usize {
        let pixels = self.from(position);
        let earlier = self.from(position - distance);
        let pairs = pixels.iter().zip(earlier).take(LONGEST);
        pairs.take_while(|(a, b)| a == b).count()
    }

    /// Adds all positions before this one to the chains.
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

    /// The distance to the nearest position with the same hash.
    pub(super) fn nearest(&mut self, position: usize) -> Option<usize> {
        self.index_to(position);
        let head = self.hash(position).map_or(0, |hash| self.heads[hash]);
        Self::distance(position, head)
    }

    /// The next larger distance in the chain of this position.
    pub(super) fn further(&self, position: usize, distance: usize) -> Option<usize> {
        let mask = self.links.len() - 1;
        Self::distance(position, self.links[(position - distance) & mask])
    }

    fn distance(position: usize, link: u32) -> Option<usize> {
        let distance = position - (link as usize).checked_sub(1)?;
        (distance < WINDOW).then_some(distance)
    }

    /// The hash of three pixels. If they are equal, the length of the run is hashed instead: else a search would try
    /// all positions of a run.
    fn hash(&mut self, position: usize) -> Option<usize> {
        let pixels = self.from(position);
        let [a, b, c] = *pixels.first_chunk()?;
        let (b, c) = if a == b && b == c {
            if self.run_end <= position {
                let run = pixels.iter().take(LONGEST).take_while(|pixel| **pixel == a).count();
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
