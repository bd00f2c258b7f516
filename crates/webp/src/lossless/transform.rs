//! Inverse transforms (RFC 9649, section 4): undo the predictor, cross-colour, subtract-green and colour-indexing
//! transforms row by row.

use super::image::{Image, Pixel};

/// The prediction of the first pixel, and of predictor mode 0.
const OPAQUE_BLACK: Pixel = 0xff00_0000;
const PALETTE: usize = 256;

/// A transform with its parameters.
#[derive(Debug)]
pub(super) enum Transform {
    /// The predictor: a predicted value was subtracted from each pixel. Each tile has a mode.
    Predictor {
        tiles: Tiles<u8>,
        /// The decoded row above, and one pixel more.
        above: Vec<Pixel>,
    },
    /// The cross-colour transform: parts of green were subtracted from red and blue, and parts of red from blue. Each
    /// tile has three factors: green to red, green to blue, red to blue.
    CrossColour(Tiles<[i8; 3]>),
    /// Subtract-green: green was subtracted from red and blue.
    SubtractGreen,
    /// Colour indexing: pixels are indices of colours. Several are packed into one pixel if there are few colours.
    ColourIndexing { bits: u32, colours: Box<[Pixel; PALETTE]> },
}

/// One value for each tile of a picture.
#[derive(Debug)]
pub(super) struct Tiles<T> {
    bits: u32,
    across: usize,
    all: Vec<T>,
}

impl<T: Copy> Tiles<T> {
    pub(super) fn of(bits: u32, image: &Image, read: impl Fn(Pixel) -> T) -> Self {
        Self {
            bits,
            across: image.width(),
            all: image.pixels().iter().map(|pixel| read(*pixel)).collect(),
        }
    }

    /// The values of the tiles that a row goes through, from the left.
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
    /// The predictor for rows of this width.
    pub(super) fn predictor(bits: u32, image: &Image, width: usize) -> Self {
        Self::Predictor {
            tiles: Tiles::of(bits, image, |pixel| (pixel >> 8) as u8 & 0xf),
            above: vec![0; width + 1],
        }
    }

    pub(super) fn cross_colour(bits: u32, image: &Image) -> Self {
        Self::CrossColour(Tiles::of(bits, image, |pixel| {
            let [blue, green, red, _] = pixel.to_le_bytes();
            [blue as i8, green as i8, red as i8]
        }))
    }

    /// Builds the palette from the differences between its colours. Indices beyond it mean transparent black.
    pub(super) fn colour_indexing(image: &Image) -> Self {
        let mut colours = Box::new([0; PALETTE]);
        let mut last = 0;
        for (colour, difference) in colours.iter_mut().zip(image.pixels()) {
            last = sum(last, *difference);
            *colour = last;
        }
        Self::ColourIndexing {
            bits: width_bits(image.pixels().len()),
            colours,
        }
    }

    /// The bytes that the transform holds.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Predictor { tiles, above } => tiles.bytes() + above.capacity() * size_of::<Pixel>(),
            Self::CrossColour(tiles) => tiles.bytes(),
            Self::SubtractGreen => 0,
            Self::ColourIndexing { .. } => PALETTE * size_of::<Pixel>(),
        };
        bytes as u64
    }

    /// Undoes the transform in a row of the picture. Packed indices stand at the row's beginning, and are unpacked in
    /// place.
    #[inline(always)]
    pub(super) fn undo(&mut self, row: usize, pixels: &mut [Pixel]) {
        match self {
            Self::Predictor { tiles, above } => {
                add_predictions(row, tiles, above, pixels);
                above[..pixels.len()].copy_from_slice(pixels);
            }
            Self::CrossColour(tiles) => {
                for (tile, factors) in pixels.chunks_mut(tiles.side()).zip(tiles.of_row(row)) {
                    let [green_in_red, green_in_blue, red_in_blue] = factors.map(i32::from);
                    // Numbers of 32 bits throughout, so that the compiler can use vector instructions.
                    for pixel in tile {
                        let green = signed(*pixel >> 8);
                        let red = (*pixel >> 16).wrapping_add_signed(colour_delta(green_in_red, green)) & 0xff;
                        let blue = pixel
                            .wrapping_add_signed(colour_delta(green_in_blue, green))
                            .wrapping_add_signed(colour_delta(red_in_blue, signed(red)));
                        *pixel = *pixel & 0xff00_ff00 | red << 16 | blue & 0xff;
                    }
                }
            }
            Self::SubtractGreen => {
                for pixel in pixels {
                    let green = *pixel >> 8 & 0xff;
                    *pixel = sum(*pixel, green << 16 | green);
                }
            }
            Self::ColourIndexing { bits, colours } => {
                let number_bits = 8 >> *bits;
                // From the right, because the index of a pixel lies at the pixel's position or left of it.
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

/// How many palette indices are packed into one pixel, as a power of two.
pub(super) const fn width_bits(colours: usize) -> u32 {
    match colours {
        0..=2 => 3,
        3..=4 => 2,
        5..=16 => 1,
        _ => 0,
    }
}

/// Adds the predicted value to each pixel of a row. The first row is predicted from the left, and the first column from
/// above.
#[inline(always)]
fn add_predictions(row: usize, tiles: &Tiles<u8>, above: &mut [Pixel], pixels: &mut [Pixel]) {
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
    // Above and to the right of the last pixel is the first pixel of its own row: they are neighbours in memory.
    let width = rest.len() + 1;
    above[width] = *first;
    let mut left = *first;
    let mut start = 0;
    for mode in tiles.of_row(row) {
        // The first tile begins with the pixel that is done.
        let end = (((start + 1) / tiles.side() + 1) * tiles.side() - 1).min(rest.len());
        if start == end {
            break;
        }
        let tile = &mut rest[start..end];
        let above = &above[start..end + 2];
        left = add_predictions_in_tile(mode, left, above, tile);
        start = end;
    }
}

/// Adds the predicted values in a tile. `above` begins above the pixel to the left, and ends right of the last pixel.
/// Returns the last pixel.
#[inline(always)]
fn add_predictions_in_tile(mode: u8, left: Pixel, above: &[Pixel], pixels: &mut [Pixel]) -> Pixel {
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
        11 => each(left, above, pixels, |left, [corner, top, _]| select(left, top, corner)),
        12 => each(left, above, pixels, |left, [corner, top, _]| {
            clamp_add_subtract_full(left, top, corner)
        }),
        13 => each(left, above, pixels, |left, [corner, top, _]| {
            clamp_add_subtract_half(mean(left, top), corner)
        }),
        _ => each(left, above, pixels, |_, _| OPAQUE_BLACK),
    }
}

#[inline(always)]
fn each(left: Pixel, above: &[Pixel], pixels: &mut [Pixel], predicted: impl Fn(Pixel, [Pixel; 3]) -> Pixel) -> Pixel {
    let mut left = left;
    for (pixel, above) in pixels.iter_mut().zip(above.array_windows()) {
        left = sum(*pixel, predicted(left, *above));
        *pixel = left;
    }
    left
}

/// The sum of each channel, modulo 256.
#[inline(always)]
const fn sum(a: Pixel, b: Pixel) -> Pixel {
    const EVEN: Pixel = 0x00ff_00ff;
    const ODD: Pixel = 0xff00_ff00;
    ((a & ODD).wrapping_add(b & ODD)) & ODD | ((a & EVEN) + (b & EVEN)) & EVEN
}

/// The mean of each channel, rounded down.
#[inline(always)]
const fn mean(a: Pixel, b: Pixel) -> Pixel {
    ((a ^ b) & 0xfefe_fefe) / 2 + (a & b)
}

/// The pixel of the two that is nearer to `left + top - corner` (mode 11, "select").
#[inline(always)]
fn select(left: Pixel, top: Pixel, corner: Pixel) -> Pixel {
    let far = |a: Pixel, b: Pixel| -> u32 {
        let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        bytes.map(|(a, b)| u32::from(a.abs_diff(b))).sum()
    };
    // The predicted value differs from `left` as `top` does from `corner`, and from `top` as `left` does from `corner`.
    if far(top, corner) < far(left, corner) {
        left
    } else {
        top
    }
}

#[inline(always)]
fn clamp_add_subtract_full(left: Pixel, top: Pixel, corner: Pixel) -> Pixel {
    let [left, top, corner] = [left, top, corner].map(Pixel::to_le_bytes);
    let channel = |at: usize| i16::from(left[at]) + i16::from(top[at]) - i16::from(corner[at]);
    Pixel::from_le_bytes([0, 1, 2, 3].map(|at| channel(at).clamp(0, 255) as u8))
}

/// The mean plus half of its difference to the corner, rounded towards the mean.
#[inline(always)]
fn clamp_add_subtract_half(mean: Pixel, corner: Pixel) -> Pixel {
    let [mean, corner] = [mean, corner].map(Pixel::to_le_bytes);
    let channel = |at: usize| {
        let (mean, corner) = (i16::from(mean[at]), i16::from(corner[at]));
        mean + (mean - corner) / 2
    };
    Pixel::from_le_bytes([0, 1, 2, 3].map(|at| channel(at).clamp(0, 255) as u8))
}

/// The lowest byte as a signed number.
#[inline(always)]
const fn signed(value: u32) -> i32 {
    (value << 24) as i32 >> 24
}

/// The product of a factor, in 32nds, and a channel that counts as signed. Only its lowest byte counts.
#[inline(always)]
const fn colour_delta(factor: i32, channel: i32) -> i32 {
    (factor * channel) >> 5
}
