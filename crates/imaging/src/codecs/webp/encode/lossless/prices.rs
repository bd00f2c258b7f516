//! Price estimates: the bits of a literal and of a back-reference, from the counts of the symbols so far.

use super::Pixel;
use super::tokens::{DISTANCES, GREENS, LENGTHS, Tally, prefix};

pub(super) struct Prices {
    green: [f32; GREENS + LENGTHS],
    red: [f32; 256],
    blue: [f32; 256],
    alpha: [f32; 256],
    distance: [f32; DISTANCES],
}

impl Prices {
    pub(super) fn of(tally: &Tally) -> Self {
        Self {
            green: prices(&tally.green),
            red: prices(&tally.red),
            blue: prices(&tally.blue),
            alpha: prices(&tally.alpha),
            distance: prices(&tally.distance),
        }
    }

    pub(super) fn literal(&self, pixel: Pixel) -> f32 {
        let [blue, green, red, alpha] = pixel.to_le_bytes().map(usize::from);
        self.green[green] + self.red[red] + self.blue[blue] + self.alpha[alpha]
    }

    /// The bits of a back-reference of this length; `number` is its distance code.
    pub(super) fn reference(&self, length: usize, number: usize) -> f32 {
        let (length, _, length_bits) = prefix(length);
        let (distance, _, distance_bits) = prefix(number);
        self.green[GREENS + length] + self.distance[distance] + (length_bits + distance_bits) as f32
    }
}

/// The entropy of each symbol, in bits. Each symbol counts as seen a little more often, so that none is infinitely
/// dear.
fn prices<const N: usize>(counts: &[u32]) -> [f32; N] {
    const A_LITTLE: f32 = 0.25;
    let counts = &counts[..N];
    let sum: f32 = counts.iter().map(|count| *count as f32 + A_LITTLE).sum();
    let whole = sum.log2();
    std::array::from_fn(|symbol| whole - (counts[symbol] as f32 + A_LITTLE).log2())
}
