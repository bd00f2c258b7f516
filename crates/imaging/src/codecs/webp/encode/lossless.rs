//! Writes pictures without loss (RFC 9649, section 3), and alpha channels, which are stored the same way.
//!
//! Green is taken from red and blue, and from each pixel the one above it; what is left is written with one prefix code
//! for each channel, and pixels that repeat as a number. There are two passes over the rows, of which one counts, and
//! no copy of the picture: memory is needed for two rows and the result. Searching for repetitions further away would
//! make files of drawings smaller and take ten times as long.

use super::huffman::{BitWriter, Code};
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// Red, green, blue, alpha: values, or differences from what was foretold, which wrap.
type Pixel = [u8; 4];

/// Appends the body of a `VP8L` chunk.
pub(super) fn write_picture(picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
    const SIGNATURE: u32 = 0x2f;
    let mut output = BitWriter::new(bytes);
    output.write(SIGNATURE, 8);
    output.write(picture.size.width - 1, 14);
    output.write(picture.size.height - 1, 14);
    output.write(u32::from(picture.channels.has_alpha()), 1);
    // The version.
    output.write(0, 3);
    write_pixels(picture, Part::Colours, output, cancel)
}

/// Appends the body of an `ALPH` chunk (section 2.7.1.2).
pub(super) fn write_alpha(picture: &Picture, bytes: &mut Vec<u8>, cancel: &Cancel) -> Result<(), ImageError> {
    /// Compressed without loss; no filter.
    const COMPRESSED: u8 = 1;
    bytes.push(COMPRESSED);
    write_pixels(picture, Part::Alpha, BitWriter::new(bytes), cancel)
}

/// What of a picture is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Colours,
    /// Stands in the channel of green; the others say nothing.
    Alpha,
}

/// Symbols of the first code: values of green, then lengths of copies.
const GREENS: usize = 256;
const LENGTHS: usize = 24;

fn write_pixels(picture: &Picture, part: Part, mut output: BitWriter<'_>, cancel: &Cancel) -> Result<(), ImageError> {
    /// The mode that foretells the pixel above.
    const ABOVE: usize = 2;
    /// A copy is always of the pixel before: plane code 2, whose symbol is 1.
    const BEFORE: usize = 1;
    let mut counts = Counts::new();
    for_each_token(picture, part, cancel, |token| counts.add(token))?;
    let codes = counts.all().map(Code::new);

    if part == Part::Colours {
        // A transform, and it subtracts green.
        output.write(1, 1);
        output.write(2, 2);
    }
    // A transform, and it foretells pixels, with one mode for each square of 512; no cache of colours among the modes.
    output.write(1, 1);
    output.write(0, 2);
    output.write(7, 3);
    output.write(0, 1);
    for symbol in [ABOVE, 0, 0, 0, 0] {
        Code::alone(symbol).describe(&mut output);
    }
    // No more transforms, no cache of colours, one group of codes.
    output.write(0, 3);
    for code in &codes {
        code.describe(&mut output);
    }
    Code::alone(BEFORE).describe(&mut output);

    output.reserve(counts.bits(&codes));
    let [green, red, blue, alpha] = &codes;
    for_each_token(picture, part, cancel, |token| match token {
        Token::Pixel([r, g, b, a]) => {
            green.put(g.into(), &mut output);
            red.put(r.into(), &mut output);
            blue.put(b.into(), &mut output);
            alpha.put(a.into(), &mut output);
        }
        Token::Copies(copies) => {
            let (symbol, extra, bits) = length(copies);
            green.put(symbol, &mut output);
            output.write(extra, bits);
        }
    })?;
    output.finish();
    Ok(())
}

#[derive(Clone, Copy)]
enum Token {
    Pixel(Pixel),
    /// The pixel before, so many times more, 1 to [`MOST_COPIES`].
    Copies(u32),
}

/// The longest copy.
const MOST_COPIES: u32 = 4096;

/// The symbol of a length, and what says which of its lengths is meant (section 3.6.2.2): a number and its bits.
const fn length(copies: u32) -> (usize, u32, u32) {
    let above = copies - 1;
    if above < 4 {
        return (GREENS + above as usize, 0, 0);
    }
    let highest = above.ilog2();
    let bits = highest - 1;
    let symbol = 2 * highest + (above >> bits & 1);
    (GREENS + symbol as usize, above & ((1 << bits) - 1), bits)
}

/// Takes the picture row by row from its top.
fn for_each_token(
    picture: &Picture,
    part: Part,
    cancel: &Cancel,
    mut take: impl FnMut(Token),
) -> Result<(), ImageError> {
    let mut above: Vec<Pixel> = Vec::new();
    let mut values: Vec<Pixel> = Vec::with_capacity(picture.size.width as usize);
    let mut last = None;
    for row in picture.rows() {
        cancel.check()?;
        values.clear();
        values.extend(row.chunks_exact(picture.channels.count()).map(|pixel| {
            let [red, green, blue, alpha] = picture.channels.read(pixel);
            match part {
                Part::Colours => [red.wrapping_sub(green), green, blue.wrapping_sub(green), alpha],
                Part::Alpha => [0, alpha, 0, u8::MAX],
            }
        }));
        let mut copies = 0;
        for (x, value) in values.iter().enumerate() {
            // In the first row it is the pixel to the left, and before the first pixel opaque black (section 4.1).
            let foretold = match (above.get(x), x) {
                (Some(above), _) => *above,
                (None, 0) => [0, 0, 0, u8::MAX],
                (None, _) => values[x - 1],
            };
            let difference = std::array::from_fn(|channel| value[channel].wrapping_sub(foretold[channel]));
            if last == Some(difference) && copies < MOST_COPIES {
                copies += 1;
                continue;
            }
            if copies > 0 {
                take(Token::Copies(copies));
                copies = 0;
            }
            take(Token::Pixel(difference));
            last = Some(difference);
        }
        if copies > 0 {
            take(Token::Copies(copies));
        }
        std::mem::swap(&mut above, &mut values);
    }
    Ok(())
}

/// How often each symbol occurs.
struct Counts {
    green: [u32; GREENS + LENGTHS],
    red: [u32; 256],
    blue: [u32; 256],
    alpha: [u32; 256],
    /// Bits that say which length a symbol means.
    extra_bits: u64,
}

impl Counts {
    const fn new() -> Self {
        Self {
            green: [0; GREENS + LENGTHS],
            red: [0; 256],
            blue: [0; 256],
            alpha: [0; 256],
            extra_bits: 0,
        }
    }

    fn add(&mut self, token: Token) {
        match token {
            Token::Pixel([red, green, blue, alpha]) => {
                self.green[usize::from(green)] += 1;
                self.red[usize::from(red)] += 1;
                self.blue[usize::from(blue)] += 1;
                self.alpha[usize::from(alpha)] += 1;
            }
            Token::Copies(copies) => {
                let (symbol, _, bits) = length(copies);
                self.green[symbol] += 1;
                self.extra_bits += u64::from(bits);
            }
        }
    }

    /// In the order in which codes are stored, and the symbols of a pixel.
    fn all(&self) -> [&[u32]; 4] {
        [&self.green, &self.red, &self.blue, &self.alpha]
    }

    /// What all tokens take in these codes.
    fn bits(&self, codes: &[Code; 4]) -> u64 {
        let symbols = codes.iter().zip(self.all()).flat_map(|(code, counts)| {
            let counts = counts.iter().enumerate();
            counts.map(|(symbol, count)| u64::from(*count) * u64::from(code.length(symbol)))
        });
        symbols.sum::<u64>() + self.extra_bits
    }
}
