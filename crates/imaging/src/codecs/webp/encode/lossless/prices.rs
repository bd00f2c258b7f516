//! What pixels and copies take, in bits, as far as can be told from those that came so far.

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

    /// Of a copy of such a length from so far back, by the number that says it.
    pub(super) fn copy(&self, length: usize, number: usize) -> f32 {
        let (length, _, length_bits) = prefix(length);
        let (distance, _, distance_bits) = prefix(number);
        self.green[GREENS + length] + self.distance[distance] + (length_bits + distance_bits) as f32
    }
}

/// The shorter the more often, and as if each had occurred a little.
fn prices<const N: usize>(counts: &[u32]) -> [f32; N] {
    const A_LITTLE: f32 = 0.25;
    let counts = &counts[..N];
    let sum: f32 = counts.iter().map(|count| *count as f32 + A_LITTLE).sum();
    let whole = sum.log2();
    std::array::from_fn(|symbol| whole - (counts[symbol] as f32 + A_LITTLE).log2())
}
