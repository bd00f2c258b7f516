//! LZ77 parser: replaces pixels by a back-reference where it takes fewer bits than the literals.
//!
//! The lengths of the prefix codes depend on how often each symbol occurs, and so on the choices made here. Each choice
//! goes by the counts of the symbols so far.

use super::Pixel;
use super::prices::Prices;
use super::tokens::{BackReference, Distances, Tally};
use super::window::Window;
use crate::cost::WEBP_LONGEST_BACK_REFERENCE;
use crate::{Cancel, ImageError};

/// Sizes of the colour cache that are tried, in bits: none, one for drawings of few colours, one for many.
const CACHES: [u32; 3] = [0, 6, 10];

/// Back-references in one allocation: a growing list never moves them.
const PIECE: usize = 1 << 13;

/// Most tokens between two updates of the prices.
const MOST_BETWEEN_UPDATES: u32 = 1 << 14;

/// A running parse: takes pixels in their order.
pub(super) struct Parse {
    window: Window,
    width: usize,
    distances: Distances,
    prices: Prices,
    tallies: [Tally; CACHES.len()],
    references: Vec<Vec<BackReference>>,
    /// The first pixel that has no token yet, and the best back-reference for it.
    position: usize,
    found: Option<Found>,
    /// No search is made before this position: literals are as cheap as back-references there.
    cheap_until: usize,
    /// Literals since the last back-reference.
    literals: usize,
    /// Tokens until the next update of the prices, and between the last two updates.
    until_update: u32,
    between_updates: u32,
}

#[derive(Clone, Copy)]
struct Found {
    length: usize,
    distance: usize,
    /// Bits fewer than the literals take.
    saved: f32,
}

/// The result of a parse.
pub(super) struct Parsed {
    pub(super) references: Vec<Vec<BackReference>>,
    /// Counts with the best of the [`CACHES`].
    pub(super) tally: Tally,
    pub(super) bits: u64,
}

impl Parse {
    /// For a picture of `pixels` pixels, in rows of `width` pixels.
    pub(super) fn new(pixels: usize, width: usize) -> Self {
        const FIRST_UPDATE: u32 = 64;
        let tallies = CACHES.map(Tally::new);
        Self {
            window: Window::new(pixels, width),
            width,
            distances: Distances::new(width),
            prices: Prices::of(&tallies[0]),
            tallies,
            references: Vec::new(),
            position: 0,
            found: None,
            cheap_until: 0,
            literals: 0,
            until_update: FIRST_UPDATE,
            between_updates: FIRST_UPDATE,
        }
    }

    /// Takes the next pixels, and chooses tokens for all but the last of them.
    pub(super) fn push(&mut self, pixels: &[Pixel], cancel: &Cancel) -> Result<(), ImageError> {
        self.window.push(pixels, self.position);
        self.choose(
            self.window.end().saturating_sub(WEBP_LONGEST_BACK_REFERENCE + 1),
            cancel,
        )
    }

    /// Chooses tokens for the rest.
    pub(super) fn finish(mut self, cancel: &Cancel) -> Result<Parsed, ImageError> {
        self.choose(self.window.end(), cancel)?;
        let [none, small, large] = self.tallies.map(|tally| (tally.bits(&tally.codes()), tally));
        let cached = if small.0 < large.0 { small } else { large };
        let (bits, tally) = if none.0 <= cached.0 { none } else { cached };
        Ok(Parsed {
            references: self.references,
            tally,
            bits,
        })
    }

    fn choose(&mut self, end: usize, cancel: &Cancel) -> Result<(), ImageError> {
        /// Tokens between two checks for cancellation: a token takes some ten microseconds at worst.
        const BETWEEN_LOOKS: u32 = 256;
        /// A longer back-reference is taken without a look at the next position.
        const LONG: usize = 256;
        let mut tokens = 0_u32;
        while self.position < end {
            if tokens.is_multiple_of(BETWEEN_LOOKS) {
                cancel.check()?;
            }
            tokens += 1;
            let found = self.found.take().or_else(|| self.find(self.position));
            let Some(reference) = found else {
                self.take_literal();
                continue;
            };
            if reference.length < LONG {
                self.found = self.find(self.position + 1);
                if self.found.is_some_and(|next| next.saved > reference.saved) {
                    self.take_literal();
                    continue;
                }
                self.found = None;
            }
            self.take_reference(reference);
        }
        Ok(())
    }

    /// The back-reference that saves most bits at a position.
    fn find(&mut self, position: usize) -> Option<Found> {
        /// A search ends after `MOST_TRIED` candidates, or once `ENOUGH` equal pixels are found.
        const MOST_TRIED: usize = 96;
        const ENOUGH: usize = 256;
        const SHORTEST: usize = 3;
        /// Where literals are cheaper than a back-reference of this length, the literals within are cheap as well.
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
            let saved = literals - self.prices.reference(length, self.distances.number(distance));
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

    fn take_reference(&mut self, reference: Found) {
        let pixels = &self.window.from(self.position)[..reference.length];
        let number = self.distances.number(reference.distance);
        for tally in &mut self.tallies {
            tally.reference(pixels, number);
        }
        if self.references.last().is_none_or(|piece| piece.len() == PIECE) {
            self.references.push(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.references.last_mut() {
            piece.push(BackReference::new(self.literals, reference.length, reference.distance));
        }
        self.literals = 0;
        self.taken(reference.length);
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
