//! What was done to pixels before they were stored, undone row by row (RFC 9649, section 4): what was expected of them is
//! added, colours are told apart again, and numbers of a palette become its colours.

use super::image::{Image, Pixel};

/// Before the first pixel, and what mode 0 expects.
const OPAQUE_BLACK: Pixel = 0xff00_0000;
const PALETTE: usize = 256;

/// A transform of rows of some width, and what it needs.
#[derive(Debug)]
pub(super) enum Transform {
    /// What a pixel was expected to be was subtracted from it. Squares have a mode each.
    Prediction {
        squares: Squares<u8>,
        /// The row above as it shall be, and one pixel more.
        above: Vec<Pixel>,
    },
    /// Parts of green were subtracted from red and blue, and of red from blue. Squares have factors: of green in red, of
    /// green in blue, of red in blue.
    Colour(Squares<[i8; 3]>),
    /// Green was subtracted from red and blue.
    Green,
    /// Pixels were numbers of colours, several in one if there are few.
    Palette { bits: u32, colours: Box<[Pixel; PALETTE]> },
}

/// Something for each square of a picture.
#[derive(Debug)]
pub(super) struct Squares<T> {
    bits: u32,
    across: usize,
    all: Vec<T>,
}

impl<T: Copy> Squares<T> {
    pub(super) fn of(bits: u32, image: &Image, read: impl Fn(Pixel) -> T) -> Self {
        Self {
            bits,
            across: image.width(),
            all: image.pixels().iter().map(|pixel| read(*pixel)).collect(),
        }
    }

    /// Those of the squares that a row goes through, from the left.
    fn of_row(&self, row: usize) -> impl Iterator<Item = T> + '_ {
        let first = (row >> self.bits) * self.across;
        self.all.get(first..).unwrap_or_default().iter().copied()
    }

    fn side(&self) -> usize {
        1 << self.bits
    }

    fn bytes(&self) -> usize {
        self.all.capacity() * size_of::<T>()
    }
}

impl Transform {
    /// For rows of such a width.
    pub(super) fn prediction(bits: u32, image: &Image, width: usize) -> Self {
        Self::Prediction {
            squares: Squares::of(bits, image, |pixel| (pixel >> 8) as u8 & 0xf),
            above: vec![0; width + 1],
        }
    }

    pub(super) fn colour(bits: u32, image: &Image) -> Self {
        Self::Colour(Squares::of(bits, image, |pixel| {
            let [blue, green, red, _] = pixel.to_le_bytes();
            [blue as i8, green as i8, red as i8]
        }))
    }

    /// Out of the differences between a palette's colours. Numbers beyond it are of no colour at all.
    pub(super) fn palette(image: &Image) -> Self {
        let mut colours = Box::new([0; PALETTE]);
        let mut last = 0;
        for (colour, difference) in colours.iter_mut().zip(image.pixels()) {
            last = sum(last, *difference);
            *colour = last;
        }
        Self::Palette {
            bits: packed_bits(image.pixels().len()),
            colours,
        }
    }

    /// What is held, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Prediction { squares, above } => squares.bytes() + above.capacity() * size_of::<Pixel>(),
            Self::Colour(squares) => squares.bytes(),
            Self::Green => 0,
            Self::Palette { .. } => PALETTE * size_of::<Pixel>(),
        };
        bytes as u64
    }

    /// Undoes it in a row of the picture, at the beginning of which the pixels are; those of a palette become more.
    pub(super) fn undo(&mut self, row: usize, pixels: &mut [Pixel]) {
        match self {
            Self::Prediction { squares, above } => {
                expect(row, squares, above, pixels);
                above[..pixels.len()].copy_from_slice(pixels);
            }
            Self::Colour(squares) => {
                for (square, [green_in_red, green_in_blue, red_in_blue]) in
                    pixels.chunks_mut(squares.side()).zip(squares.of_row(row))
                {
                    for pixel in square {
                        let [blue, green, red, alpha] = pixel.to_le_bytes();
                        let red = red.wrapping_add(part(green_in_red, green));
                        let blue = blue
                            .wrapping_add(part(green_in_blue, green))
                            .wrapping_add(part(red_in_blue, red));
                        *pixel = Pixel::from_le_bytes([blue, green, red, alpha]);
                    }
                }
            }
            Self::Green => {
                for pixel in pixels {
                    let green = *pixel >> 8 & 0xff;
                    *pixel = sum(*pixel, green << 16 | green);
                }
            }
            Self::Palette { bits, colours } => {
                let number_bits = 8 >> *bits;
                // From the right: what is read lies at the place that is written, or left of it.
                for at in (0..pixels.len()).rev() {
                    let packed = pixels[at >> *bits] >> 8 & 0xff;
                    let within = (at & ((1 << *bits) - 1)) as u32 * number_bits;
                    let number = packed >> within & ((1 << number_bits) - 1);
                    pixels[at] = colours[number as usize];
                }
            }
        }
    }
}

/// How many numbers of a palette are in one pixel, as a power of two.
pub(super) const fn packed_bits(colours: usize) -> u32 {
    match colours {
        0..=2 => 3,
        3..=4 => 2,
        5..=16 => 1,
        _ => 0,
    }
}

/// Adds what was expected of each pixel of a row. In the first it is the one to the left, in the first column the one
/// above.
fn expect(row: usize, squares: &Squares<u8>, above: &mut [Pixel], pixels: &mut [Pixel]) {
    let Some((first, rest)) = pixels.split_first_mut() else {
        return;
    };
    if row == 0 {
        *first = sum(*first, OPAQUE_BLACK);
        let mut left = *first;
        for pixel in rest {
            left = sum(*pixel, left);
            *pixel = left;
        }
        return;
    }
    *first = sum(*first, above[0]);
    // Above and to the right of the last pixel is the first of its own row: so they lie in a picture.
    let width = rest.len() + 1;
    above[width] = *first;
    let mut left = *first;
    let mut start = 0;
    for mode in squares.of_row(row) {
        // The first square begins with the pixel that is done.
        let end = (((start + 1) / squares.side() + 1) * squares.side() - 1).min(rest.len());
        if start == end {
            break;
        }
        let square = &mut rest[start..end];
        let above = &above[start..end + 2];
        left = expect_in(mode, left, above, square);
        start = end;
    }
}

/// Adds what was expected in a square; `above` begins above the pixel to the left, and ends right of the last. Returns the
/// last pixel.
fn expect_in(mode: u8, left: Pixel, above: &[Pixel], pixels: &mut [Pixel]) -> Pixel {
    match mode {
        1 => each(left, above, pixels, |left, _| left),
        2 => each(left, above, pixels, |_, [_, top, _]| top),
        3 => each(left, above, pixels, |_, [_, _, right]| right),
        4 => each(left, above, pixels, |_, [corner, _, _]| corner),
        5 => each(left, above, pixels, |left, [_, top, right]| {
            mean(mean(left, right), top)
        }),
        6 => each(left, above, pixels, |left, [corner, _, _]| mean(left, corner)),
        7 => each(left, above, pixels, |left, [_, top, _]| mean(left, top)),
        8 => each(left, above, pixels, |_, [corner, top, _]| mean(corner, top)),
        9 => each(left, above, pixels, |_, [_, top, right]| mean(top, right)),
        10 => each(left, above, pixels, |left, [corner, top, right]| {
            mean(mean(left, corner), mean(top, right))
        }),
        11 => each(left, above, pixels, |left, [corner, top, _]| nearer(left, top, corner)),
        12 => each(left, above, pixels, |left, [corner, top, _]| {
            gradient(left, top, corner)
        }),
        13 => each(left, above, pixels, |left, [corner, top, _]| {
            half_gradient(mean(left, top), corner)
        }),
        _ => each(left, above, pixels, |_, _| OPAQUE_BLACK),
    }
}

#[inline(always)]
fn each(left: Pixel, above: &[Pixel], pixels: &mut [Pixel], expected: impl Fn(Pixel, [Pixel; 3]) -> Pixel) -> Pixel {
    let mut left = left;
    for (pixel, above) in pixels.iter_mut().zip(above.array_windows()) {
        left = sum(*pixel, expected(left, *above));
        *pixel = left;
    }
    left
}

/// Each channel's sum, without what goes beyond a byte.
#[inline(always)]
const fn sum(a: Pixel, b: Pixel) -> Pixel {
    const EVEN: Pixel = 0x00ff_00ff;
    const ODD: Pixel = 0xff00_ff00;
    ((a & ODD).wrapping_add(b & ODD)) & ODD | ((a & EVEN) + (b & EVEN)) & EVEN
}

/// Each channel's mean, rounded down.
#[inline(always)]
const fn mean(a: Pixel, b: Pixel) -> Pixel {
    ((a ^ b) & 0xfefe_fefe) / 2 + (a & b)
}

/// Of two pixels the one that is nearer to left plus above less the corner.
#[inline(always)]
fn nearer(left: Pixel, top: Pixel, corner: Pixel) -> Pixel {
    let far = |a: Pixel, b: Pixel| -> u32 {
        let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        bytes.map(|(a, b)| u32::from(a.abs_diff(b))).sum()
    };
    // From what is expected, left is as far as the corner from above.
    if far(top, corner) < far(left, corner) {
        left
    } else {
        top
    }
}

#[inline(always)]
fn gradient(left: Pixel, top: Pixel, corner: Pixel) -> Pixel {
    let [left, top, corner] = [left, top, corner].map(Pixel::to_le_bytes);
    let channel = |at: usize| i16::from(left[at]) + i16::from(top[at]) - i16::from(corner[at]);
    Pixel::from_le_bytes([0, 1, 2, 3].map(|at| channel(at).clamp(0, 255) as u8))
}

/// The mean and half of what it is beyond the corner, rounded towards the mean.
#[inline(always)]
fn half_gradient(mean: Pixel, corner: Pixel) -> Pixel {
    let [mean, corner] = [mean, corner].map(Pixel::to_le_bytes);
    let channel = |at: usize| {
        let (mean, corner) = (i16::from(mean[at]), i16::from(corner[at]));
        mean + (mean - corner) / 2
    };
    Pixel::from_le_bytes([0, 1, 2, 3].map(|at| channel(at).clamp(0, 255) as u8))
}

/// A factor, in 32nds, of a channel that counts as signed.
#[inline(always)]
fn part(factor: i8, channel: u8) -> u8 {
    ((i32::from(factor) * i32::from(channel as i8)) >> 5) as u8
}
