//! Token writer: writes the tokens of a parse as the pixels come by once more.

use std::iter::Flatten;
use std::slice::Iter;

use super::super::huffman::{BitWriter, Code};
use super::Pixel;
use super::parse::Parsed;
use super::tokens::{BackReference, Cache, Distances, GREENS, LENGTHS, prefix};

pub(super) struct Writer<'b> {
    output: BitWriter<'b>,
    codes: [Code; 5],
    distances: Distances,
    cache: Cache,
    references: Flatten<Iter<'b, Vec<BackReference>>>,
    /// Literals before the next back-reference.
    literals: u32,
    reference: Option<BackReference>,
    /// Pixels of the last back-reference that are still to come.
    left: usize,
}

impl<'b> Writer<'b> {
    /// Writes the codes; the pixels come in rows of `width` pixels.
    pub(super) fn begin(parsed: &'b Parsed, width: usize, mut output: BitWriter<'b>) -> Self {
        let cache_bits = parsed.tally.cache_bits();
        output.write(u32::from(cache_bits > 0), 1);
        if cache_bits > 0 {
            output.write(cache_bits, 4);
        }
        // One group of codes for the whole picture.
        output.write(0, 1);
        let codes = parsed.tally.codes();
        for code in &codes {
            code.describe(&mut output);
        }
        output.reserve(parsed.bits);
        let mut writer = Self {
            output,
            codes,
            distances: Distances::new(width),
            cache: Cache::new(cache_bits),
            references: parsed.references.iter().flatten(),
            literals: 0,
            reference: None,
            left: 0,
        };
        writer.next_reference();
        writer
    }

    fn next_reference(&mut self) {
        self.reference = self.references.next().copied();
        self.literals = self.reference.map_or(u32::MAX, |reference| reference.literals);
    }

    pub(super) fn write(&mut self, pixel: Pixel) {
        let cached = self.cache.put(pixel);
        if self.left > 0 {
            self.left -= 1;
            return;
        }
        let [greens, reds, blues, alphas, distances] = &self.codes;
        if self.literals > 0 {
            self.literals -= 1;
            if let Some(place) = cached {
                greens.put(GREENS + LENGTHS + place, &mut self.output);
                return;
            }
            let [blue, green, red, alpha] = pixel.to_le_bytes().map(usize::from);
            greens.put(green, &mut self.output);
            reds.put(red, &mut self.output);
            blues.put(blue, &mut self.output);
            alphas.put(alpha, &mut self.output);
            return;
        }
        let Some(reference) = self.reference else { return };
        let (symbol, extra, bits) = prefix(reference.length());
        greens.put(GREENS + symbol, &mut self.output);
        self.output.write(extra, bits);
        let (symbol, extra, bits) = prefix(self.distances.number(reference.distance()));
        distances.put(symbol, &mut self.output);
        self.output.write(extra, bits);
        self.left = reference.length() - 1;
        self.next_reference();
    }

    pub(super) fn finish(self) {
        self.output.finish();
    }
}
