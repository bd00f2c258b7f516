//! Predictor transform (RFC 9649, section 4.1): subtracts from each pixel a value predicted from its neighbours. Each
//! tile of a picture has the one of fourteen predictors that leaves the smallest residuals.

use super::Pixel;
use crate::{Cancel, ImageError};

/// The side of a tile, as a power of two.
pub(super) const TILE_BITS: u32 = 5;
const TILE: usize = 1 << TILE_BITS;

/// The predicted value of the first pixel, and of mode 0.
const OPAQUE_BLACK: Pixel = 0xff00_0000;

/// The predictor mode of each tile, row by row.
pub(super) struct Modes {
    across: usize,
    pub(super) modes: Vec<u8>,
}

/// Two rows of pixels, one behind the other. The pixel above right of the last one is the first of the lower row, as
/// the format has it.
pub(super) struct Rows {
    width: usize,
    pixels: Vec<Pixel>,
}

impl Rows {
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            pixels: vec![0; 2 * width],
        }
    }

    /// Moves the last row to the place of the row above, and lends the place of the next row.
    pub(super) fn next(&mut self) -> &mut [Pixel] {
        self.pixels.copy_within(self.width.., 0);
        &mut self.pixels[self.width..]
    }

    /// The row that came last.
    pub(super) fn last(&self) -> &[Pixel] {
        &self.pixels[self.width..]
    }
}

impl Modes {
    /// Chooses a mode for each tile from a sample of its rows. `read` reads a row of the picture.
    pub(super) fn choose(
        width: usize,
        height: usize,
        cancel: &Cancel,
        read: impl Fn(usize, &mut [Pixel]),
    ) -> Result<Self, ImageError> {
        /// One row of this many is sampled.
        const STEP: usize = 4;
        /// The least price that a change from the mode of the left tile must save.
        const CHANGE: u32 = 8 * UNIT;
        let across = width.div_ceil(TILE);
        let prices = byte_prices();
        let mut rows = Rows::new(width);
        let mut residuals = [0; TILE];
        let mut modes = Vec::with_capacity(across * height.div_ceil(TILE));
        let mut sums = vec![[0_u32; MODES]; across];
        for top in (0..height).step_by(TILE) {
            sums.fill([0; MODES]);
            // The first row of the picture has a predictor of its own.
            for y in (top..(top + TILE).min(height))
                .skip(usize::from(top == 0))
                .step_by(STEP)
            {
                cancel.check()?;
                if y > 0 {
                    read(y - 1, rows.next());
                }
                read(y, rows.next());
                for (tile, sums) in sums.iter_mut().enumerate() {
                    // The first pixel of a row has no left neighbour.
                    let from = (tile * TILE).max(1);
                    let to = ((tile + 1) * TILE).min(width);
                    for (subtract, sum) in SUBTRACT.iter().zip(sums) {
                        let residuals = &mut residuals[..to.saturating_sub(from)];
                        subtract(&rows.pixels, width, from, residuals);
                        *sum += residuals.iter().map(|residual| price(&prices, *residual)).sum::<u32>();
                    }
                }
            }
            let mut last = 0;
            for sums in &sums {
                let best = (0..MODES).min_by_key(|mode| sums[*mode] + if *mode == last { 0 } else { CHANGE });
                last = best.unwrap_or_default();
                modes.push(last as u8);
            }
        }
        Ok(Self { across, modes })
    }

    #[cfg(test)]
    pub(super) const fn of_tiles(width: usize, modes: Vec<u8>) -> Self {
        Self {
            across: width.div_ceil(TILE),
            modes,
        }
    }

    /// The residuals of the last of these rows, which is row `y` of the picture.
    pub(super) fn residuals(&self, y: usize, rows: &Rows, residuals: &mut [Pixel]) {
        let width = rows.width;
        if y == 0 {
            let row = rows.last();
            for x in (1..width).rev() {
                residuals[x] = difference(row[x], row[x - 1]);
            }
            residuals[0] = difference(row[0], OPAQUE_BLACK);
            return;
        }
        residuals[0] = difference(rows.pixels[width], rows.pixels[0]);
        let modes = &self.modes[y / TILE * self.across..];
        for (tile, mode) in (0..self.across).zip(modes) {
            let from = (tile * TILE).max(1);
            let to = ((tile + 1) * TILE).min(width);
            if from < to {
                SUBTRACT[usize::from(*mode)](&rows.pixels, width, from, &mut residuals[from..to]);
            }
        }
    }
}

/// The price of a bit.
const UNIT: u32 = 16;

/// Estimated price of each residual byte in a code for small differences: the bits of its absolute value.
fn byte_prices() -> [u8; 256] {
    std::array::from_fn(|byte| {
        let distance = f32::from((byte as u8 as i8).unsigned_abs());
        ((1.0 + distance).log2() * UNIT as f32) as u8
    })
}

fn price(prices: &[u8; 256], residual: Pixel) -> u32 {
    residual
        .to_le_bytes()
        .iter()
        .map(|byte| u32::from(prices[usize::from(*byte)]))
        .sum()
}

const MODES: usize = 14;

type Subtract = fn(&[Pixel], usize, usize, &mut [Pixel]);

/// By mode: subtracts the predicted values from pixels of a row. The first of them is not the first of the row.
const SUBTRACT: [Subtract; MODES] = [
    subtract::<0>,
    subtract::<1>,
    subtract::<2>,
    subtract::<3>,
    subtract::<4>,
    subtract::<5>,
    subtract::<6>,
    subtract::<7>,
    subtract::<8>,
    subtract::<9>,
    subtract::<10>,
    subtract::<11>,
    subtract::<12>,
    subtract::<13>,
];

fn subtract<const MODE: u8>(rows: &[Pixel], width: usize, from: usize, residuals: &mut [Pixel]) {
    let count = residuals.len();
    let above = rows[from - 1..].windows(3);
    let row = rows[width + from - 1..width + from + count].windows(2);
    for ((residual, above), row) in residuals.iter_mut().zip(above).zip(row) {
        *residual = difference(row[1], predicted::<MODE>(row[0], above[0], above[1], above[2]));
    }
}

#[inline(always)]
fn predicted<const MODE: u8>(left: Pixel, corner: Pixel, above: Pixel, right: Pixel) -> Pixel {
    match MODE {
        0 => OPAQUE_BLACK,
        1 => left,
        2 => above,
        3 => right,
        4 => corner,
        5 => mean(mean(left, right), above),
        6 => mean(left, corner),
        7 => mean(left, above),
        8 => mean(corner, above),
        9 => mean(above, right),
        10 => mean(mean(left, corner), mean(above, right)),
        11 => nearer(left, corner, above),
        12 => each(|at| {
            let [left, corner, above] = [left, corner, above].map(|pixel| i16::from(pixel.to_le_bytes()[at]));
            left + above - corner
        }),
        _ => {
            let middle = mean(left, above);
            each(|at| {
                let [middle, corner] = [middle, corner].map(|pixel| i16::from(pixel.to_le_bytes()[at]));
                middle + (middle - corner) / 2
            })
        }
    }
}

/// A pixel of these channels, each clamped to a byte.
#[inline(always)]
fn each(channel: impl Fn(usize) -> i16) -> Pixel {
    Pixel::from_le_bytes(std::array::from_fn(|at| channel(at).clamp(0, 255) as u8))
}

/// The mean of each channel, rounded down.
const fn mean(a: Pixel, b: Pixel) -> Pixel {
    (((a ^ b) & 0xfefe_fefe) >> 1) + (a & b)
}

/// The SELECT predictor: left or above, whichever is nearer to left + above - corner over all channels; above if equal.
#[inline(always)]
fn nearer(left: Pixel, corner: Pixel, above: Pixel) -> Pixel {
    let distance = |a: Pixel, b: Pixel| {
        let pairs = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
        pairs.map(|(a, b)| u32::from(a.abs_diff(b))).sum::<u32>()
    };
    if distance(above, corner) < distance(left, corner) {
        left
    } else {
        above
    }
}

/// The difference of each channel, wrapping.
pub(super) const fn difference(a: Pixel, b: Pixel) -> Pixel {
    let alpha_and_green = (0x00ff_00ff + (a & 0xff00_ff00)).wrapping_sub(b & 0xff00_ff00);
    let red_and_blue = (0xff00_ff00 + (a & 0x00ff_00ff)).wrapping_sub(b & 0x00ff_00ff);
    (alpha_and_green & 0xff00_ff00) | (red_and_blue & 0x00ff_00ff)
}
