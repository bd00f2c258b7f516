//! Tokens of a lossless picture (RFC 9649, sections 4.2 and 5): literals, colour cache references and back-references,
//! with the counts of their symbols.

use resizer_webp::NEIGHBOURS;

use super::super::huffman::{BitWriter, Code};
use super::Pixel;

/// Symbols of the first code: values of green, then lengths of back-references; colour cache indices come after them.
pub(super) const GREENS: usize = 256;
pub(super) const LENGTHS: usize = 24;

pub(super) const DISTANCES: usize = 40;

/// A back-reference, and the number of literals before it.
#[derive(Clone, Copy)]
pub(super) struct BackReference {
    pub(super) literals: u32,
    /// The length less 1 in the upper 12 bits, the distance in the lower 20.
    packed: u32,
}

impl BackReference {
    const DISTANCE_BITS: u32 = 20;

    pub(super) const fn new(literals: usize, length: usize, distance: usize) -> Self {
        Self {
            literals: literals as u32,
            packed: ((length - 1) << Self::DISTANCE_BITS | distance) as u32,
        }
    }

    pub(super) const fn length(self) -> usize {
        (self.packed >> Self::DISTANCE_BITS) as usize + 1
    }

    pub(super) const fn distance(self) -> usize {
        (self.packed & ((1 << Self::DISTANCE_BITS) - 1)) as usize
    }
}

/// The prefix symbol of a length or a distance code of 1 or more, the value of its extra bits, and the number of these
/// bits: section 5.2.2.
pub(super) const fn prefix(value: usize) -> (usize, u32, u32) {
    let above = value as u32 - 1;
    if above < 4 {
        return (above as usize, 0, 0);
    }
    let highest = above.ilog2();
    let bits = highest - 1;
    let symbol = 2 * highest + (above >> bits & 1);
    (symbol as usize, above & ((1 << bits) - 1), bits)
}

/// The distance codes: pixels of a neighbourhood have short codes of their own.
pub(super) struct Distances {
    /// By distance: the code of a neighbour, or 0.
    neighbours: Vec<u8>,
}

impl Distances {
    /// For rows of `width` pixels.
    pub(super) fn new(width: usize) -> Self {
        let mut neighbours = vec![0; 7 * width + 9];
        for ((left, up), number) in NEIGHBOURS.iter().zip(1..=120).rev() {
            let distance = isize::from(*up) * width as isize + isize::from(*left);
            // A decoder takes distances below 1 for 1, which has a lower code already.
            if let Some(neighbour) = usize::try_from(distance)
                .ok()
                .and_then(|distance| neighbours.get_mut(distance))
            {
                *neighbour = number;
            }
        }
        Self { neighbours }
    }

    /// The code of a distance in pixels.
    pub(super) fn number(&self, distance: usize) -> usize {
        match self.neighbours.get(distance) {
            Some(0) | None => distance + NEIGHBOURS.len(),
            Some(neighbour) => usize::from(*neighbour),
        }
    }
}

/// The colour cache: recently coded pixels, found by hash (section 5.2.3).
pub(super) struct Cache {
    /// Two to the power of `bits` pixels, or none.
    pixels: Vec<Option<Pixel>>,
    bits: u32,
}

impl Cache {
    pub(super) fn new(bits: u32) -> Self {
        Self {
            pixels: if bits > 0 { vec![None; 1 << bits] } else { Vec::new() },
            bits,
        }
    }

    /// Puts a pixel in, and returns its index if the pixel was there already.
    pub(super) fn put(&mut self, pixel: Pixel) -> Option<usize> {
        if self.bits == 0 {
            return None;
        }
        let place = (0x1e35_a7bd_u32.wrapping_mul(pixel) >> (32 - self.bits)) as usize;
        let was = self.pixels[place].replace(pixel);
        (was == Some(pixel)).then_some(place)
    }
}

/// Counts of each symbol, with a colour cache of one size.
pub(super) struct Tally {
    pub(super) green: Vec<u32>,
    pub(super) red: [u32; 256],
    pub(super) blue: [u32; 256],
    pub(super) alpha: [u32; 256],
    pub(super) distance: [u32; DISTANCES],
    extra_bits: u64,
    cache: Cache,
}

impl Tally {
    pub(super) fn new(cache_bits: u32) -> Self {
        let cache = Cache::new(cache_bits);
        Self {
            green: vec![0; GREENS + LENGTHS + cache.pixels.len()],
            red: [0; 256],
            blue: [0; 256],
            alpha: [0; 256],
            distance: [0; DISTANCES],
            extra_bits: 0,
            cache,
        }
    }

    pub(super) const fn cache_bits(&self) -> u32 {
        self.cache.bits
    }

    pub(super) fn literal(&mut self, pixel: Pixel) {
        if let Some(place) = self.cache.put(pixel) {
            self.green[GREENS + LENGTHS + place] += 1;
            return;
        }
        let [blue, green, red, alpha] = pixel.to_le_bytes();
        self.green[usize::from(green)] += 1;
        self.red[usize::from(red)] += 1;
        self.blue[usize::from(blue)] += 1;
        self.alpha[usize::from(alpha)] += 1;
    }

    /// Counts a back-reference that yields these pixels; `number` is its distance code.
    pub(super) fn reference(&mut self, pixels: &[Pixel], number: usize) {
        let (symbol, _, bits) = prefix(pixels.len());
        self.green[GREENS + symbol] += 1;
        self.extra_bits += u64::from(bits);
        let (symbol, _, bits) = prefix(number);
        self.distance[symbol] += 1;
        self.extra_bits += u64::from(bits);
        if self.cache.bits > 0 {
            for equal in pixels.chunk_by(|a, b| a == b) {
                self.cache.put(equal[0]);
            }
        }
    }

    /// In the order in which the codes are stored.
    fn counts(&self) -> [&[u32]; 5] {
        [&self.green, &self.red, &self.blue, &self.alpha, &self.distance]
    }

    pub(super) fn codes(&self) -> [Code; 5] {
        self.counts().map(Code::new)
    }

    /// The bits of all tokens in these codes, and of the codes themselves.
    pub(super) fn bits(&self, codes: &[Code; 5]) -> u64 {
        let mut described = Vec::new();
        let mut output = BitWriter::new(&mut described);
        for code in codes {
            code.describe(&mut output);
        }
        output.finish();
        let symbols = codes.iter().zip(self.counts()).flat_map(|(code, counts)| {
            let counts = counts.iter().enumerate();
            counts.map(|(symbol, count)| u64::from(*count) * u64::from(code.length(symbol)))
        });
        symbols.sum::<u64>() + self.extra_bits + 8 * described.len() as u64
    }
}
