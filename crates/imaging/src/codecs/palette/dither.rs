//! Floyd-Steinberg dithering in the Oklab space, row by row: passes the error of each pixel's colour on to later
//! pixels, so that an area has the right colour on average.

use quantette::color_map::IndexedColorMap;
use quantette::color_space::srgb8_to_oklab;
use quantette::deps::palette::{Oklab, Srgb};

use super::Pixel;
use super::refine::weighted;

/// The part of an error that is usually passed on. With all of it, noise would grow in colours outside of the palette's
/// range.
const GIVEN_ON: f32 = 7.0 / 8.0;

/// The same in a palette of more than [`FEW`] colours. Their steps are hardly seen, while more than this part would
/// leave dots in skies, which cost bytes too.
const GIVEN_ON_OF_MANY: f32 = 1.0 / 4.0;
const FEW: usize = 64;

/// Lightness and the two opponent colours.
type Error = [f32; 3];

/// A picture being dithered. Every other row goes from right to left, so that no direction is visible.
pub(super) struct Dither<C> {
    colours: C,
    /// The errors passed to the pixels of this row and of the next one, with one unused pixel more at each end.
    this: Vec<Error>,
    next: Vec<Error>,
    leftwards: bool,
    /// The part of an error that is passed on.
    given_on: f32,
}

impl<C: IndexedColorMap<Oklab, Output = Oklab>> Dither<C> {
    /// `colours` are [weighted]. `strength` is a part of the usual dithering, 0 to 1.
    pub(super) fn new(width: usize, colours: C, strength: f32) -> Self {
        let usual = if colours.palette().len() > FEW {
            GIVEN_ON_OF_MANY
        } else {
            GIVEN_ON
        };
        Self {
            colours,
            this: vec![[0.0; 3]; width + 2],
            next: vec![[0.0; 3]; width + 2],
            leftwards: false,
            given_on: usual * strength,
        }
    }

    /// Writes the colour index of each pixel of the next row. A transparent pixel keeps its index and passes no error
    /// on.
    pub(super) fn row(&mut self, pixels: &[Pixel], indices: &mut [u8]) {
        let srgb: Vec<Srgb<u8>> = pixels.iter().map(|pixel| pixel.unwrap_or_default().into()).collect();
        let oklab: Vec<Oklab> = srgb8_to_oklab(&srgb).into_iter().map(weighted).collect();
        let given_on = self.given_on;
        let mut pixel = |x: usize, after: usize, before: usize| {
            if pixels[x].is_none() {
                return;
            }
            // The error of pixel x stands at x + 1.
            let wanted = added([oklab[x].l, oklab[x].a, oklab[x].b], 1.0, self.this[x + 1]);
            let index = self.colours.palette_index(&wanted.into());
            indices[x] = index;
            let taken = self.colours.palette()[index];
            let error = added(wanted, -1.0, [taken.l, taken.a, taken.b]);
            // Weights of sixteenths: Floyd and Steinberg, "An adaptive algorithm for spatial greyscale", 1976.
            let give = |errors: &mut [Error], to: usize, weight: f32| {
                errors[to] = added(errors[to], given_on * weight / 16.0, error);
            };
            give(&mut self.this, after, 7.0);
            give(&mut self.next, before, 3.0);
            give(&mut self.next, x + 1, 5.0);
            give(&mut self.next, after, 1.0);
        };
        if self.leftwards {
            (0..pixels.len()).rev().for_each(|x| pixel(x, x, x + 2));
        } else {
            (0..pixels.len()).for_each(|x| pixel(x, x + 2, x));
        }
        self.leftwards = !self.leftwards;
        std::mem::swap(&mut self.this, &mut self.next);
        self.next.fill([0.0; 3]);
    }
}

/// `a + factor * b`.
fn added(a: Error, factor: f32, b: Error) -> Error {
    std::array::from_fn(|channel| a[channel] + factor * b[channel])
}
