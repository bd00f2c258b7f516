//! Makes copies of pixels where that takes fewer bits than the pixels by themselves. The lengths of codes follow from how
//! often each symbol occurs, and so from what is chosen here: choices go by how often they have occurred so far.

use super::Pixel;
use super::prices::Prices;
use super::tokens::{Copied, Distances, Tally};
use super::window::Window;
use crate::cost::WEBP_LONGEST_COPY;
use crate::{Cancel, ImageError};

/// Sizes of the cache that are tried, in bits: none, and what serves drawings of few and of many colours.
const CACHES: [u32; 3] = [0, 6, 10];

/// Copies are kept in pieces of so many, so that they never have to be moved.
const PIECE: usize = 1 << 13;

/// Tokens between two changes of prices, at most.
const MOST_BETWEEN_UPDATES: u32 = 1 << 14;

/// Takes pixels in their order, and chooses.
pub(super) struct Parse {
    window: Window,
    width: usize,
    distances: Distances,
    prices: Prices,
    tallies: [Tally; CACHES.len()],
    copies: Vec<Vec<Copied>>,
    /// The first pixel that nothing is chosen for yet, and what was found for it.
    position: usize,
    found: Option<Found>,
    /// Up to here nothing is looked for: pixels are as cheap as copies.
    cheap_until: usize,
    /// Pixels by themselves since the last copy.
    literals: usize,
    /// Tokens until prices change, and how many there were the last time.
    until_update: u32,
    between_updates: u32,
}

#[derive(Clone, Copy)]
struct Found {
    length: usize,
    distance: usize,
    /// Bits.
    saved: f32,
}

/// What was chosen.
pub(super) struct Parsed {
    pub(super) copies: Vec<Vec<Copied>>,
    /// With the cache that saves most.
    pub(super) tally: Tally,
    pub(super) bits: u64,
}

impl Parse {
    /// For a picture of so many pixels, in rows of such a width.
    pub(super) fn new(pixels: usize, width: usize) -> Self {
        const FIRST_UPDATE: u32 = 64;
        let tallies = CACHES.map(Tally::new);
        Self {
            window: Window::new(pixels, width),
            width,
            distances: Distances::new(width),
            prices: Prices::of(&tallies[0]),
            tallies,
            copies: Vec::new(),
            position: 0,
            found: None,
            cheap_until: 0,
            literals: 0,
            until_update: FIRST_UPDATE,
            between_updates: FIRST_UPDATE,
        }
    }

    /// Takes the next pixels, and chooses for all but the last of them.
    pub(super) fn push(&mut self, pixels: &[Pixel], cancel: &Cancel) -> Result<(), ImageError> {
        self.window.push(pixels, self.position);
        self.choose(self.window.end().saturating_sub(WEBP_LONGEST_COPY + 1), cancel)
    }

    /// Chooses for the rest.
    pub(super) fn finish(mut self, cancel: &Cancel) -> Result<Parsed, ImageError> {
        self.choose(self.window.end(), cancel)?;
        let [none, small, large] = self.tallies.map(|tally| (tally.bits(&tally.codes()), tally));
        let cached = if small.0 < large.0 { small } else { large };
        let (bits, tally) = if none.0 <= cached.0 { none } else { cached };
        Ok(Parsed {
            copies: self.copies,
            tally,
            bits,
        })
    }

    fn choose(&mut self, end: usize, cancel: &Cancel) -> Result<(), ImageError> {
        /// Tokens between two looks at the flag: each takes some ten microseconds at worst.
        const BETWEEN_LOOKS: u32 = 256;
        /// A copy that is longer is taken at once.
        const LONG: usize = 256;
        let mut tokens = 0_u32;
        while self.position < end {
            if tokens.is_multiple_of(BETWEEN_LOOKS) {
                cancel.check()?;
            }
            tokens += 1;
            let found = self.found.take().or_else(|| self.find(self.position));
            let Some(copy) = found else {
                self.take_literal();
                continue;
            };
            if copy.length < LONG {
                self.found = self.find(self.position + 1);
                if self.found.is_some_and(|next| next.saved > copy.saved) {
                    self.take_literal();
                    continue;
                }
                self.found = None;
            }
            self.take_copy(copy);
        }
        Ok(())
    }

    /// The copy that saves most for the pixels at a position.
    fn find(&mut self, position: usize) -> Option<Found> {
        /// A search ends after so many places, or when it has found so many pixels.
        const MOST_TRIED: usize = 96;
        const ENOUGH: usize = 256;
        const SHORTEST: usize = 3;
        /// So many pixels that are cheaper than a copy of them: what begins among them will not be dearer.
        const CHEAP: usize = 32;
        if position < self.cheap_until {
            return None;
        }
        let mut longest = SHORTEST - 1;
        let mut literals = 0.0;
        let mut counted = 0;
        let mut best: Option<Found> = None;
        let nearest = self.window.nearest(position);
        let hashed = std::iter::successors(nearest, |distance| self.window.further(position, *distance));
        for distance in [1, self.width].into_iter().chain(hashed).take(MOST_TRIED) {
            if !self.window.reaches(position, distance) {
                continue;
            }
            let pixels = self.window.from(position);
            let earlier = self.window.from(position - distance);
            if pixels.get(longest) != earlier.get(longest) {
                continue;
            }
            let length = self.window.common(position, distance);
            if length <= longest {
                continue;
            }
            longest = length;
            literals += pixels[counted..length]
                .iter()
                .map(|pixel| self.prices.literal(*pixel))
                .sum::<f32>();
            counted = length;
            let saved = literals - self.prices.copy(length, self.distances.number(distance));
            if saved > best.map_or(0.0, |best| best.saved) {
                best = Some(Found {
                    length,
                    distance,
                    saved,
                });
            }
            if length >= ENOUGH {
                break;
            }
        }
        if best.is_none() && longest >= CHEAP {
            self.cheap_until = position + longest / 2;
        }
        best
    }

    fn take_literal(&mut self) {
        let pixel = self.window.from(self.position)[0];
        for tally in &mut self.tallies {
            tally.literal(pixel);
        }
        self.literals += 1;
        self.taken(1);
    }

    fn take_copy(&mut self, copy: Found) {
        let pixels = &self.window.from(self.position)[..copy.length];
        let number = self.distances.number(copy.distance);
        for tally in &mut self.tallies {
            tally.copy(pixels, number);
        }
        if self.copies.last().is_none_or(|piece| piece.len() == PIECE) {
            self.copies.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.copies.last_mut() {
            piece.push(Copied::new(self.literals, copy.length, copy.distance));
        }
        self.literals = 0;
        self.taken(copy.length);
    }

    fn taken(&mut self, pixels: usize) {
        self.position += pixels;
        self.until_update -= 1;
        if self.until_update == 0 {
            self.prices = Prices::of(&self.tallies[0]);
            self.between_updates = (2 * self.between_updates).min(MOST_BETWEEN_UPDATES);
            self.until_update = self.between_updates;
        }
    }
}
