//! Rotation step: turns the finished picture by an angle below a right one, on a canvas that holds all of it.
//!
//! Each pixel of the canvas is looked up in the picture, between pixels by the cubic filter of Catmull and Rom, with
//! alpha premultiplied. At its edges the picture covers pixels in part. The rest of the canvas is of the background
//! colour. Quarter turns are the orient step's, which moves pixels unchanged.

use resizer_kernel::{Kernel, with_widest};

use crate::colour::composited;
use crate::layout::tilt::{ONE, sine_and_cosine};
use crate::picture::Picture;
use crate::plan::{Plan, over};
use crate::{Cancel, Channels, Colour, ImageError, Size};

/// Without a tilt the picture stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if plan.tilt == 0 {
        return Ok(picture);
    }
    match picture.channels {
        Channels::Gray => tilted::<1, 4, false>(&picture, plan, cancel),
        Channels::GrayAlpha => tilted::<2, 8, true>(&picture, plan, cancel),
        Channels::Rgb => tilted::<3, 12, false>(&picture, plan, cancel),
        Channels::Rgba | Channels::Cmyk => tilted::<4, 16, true>(&picture, plan, cancel),
    }
}

/// N is the number of the picture's channels, and FOUR that of four pixels.
fn tilted<const N: usize, const FOUR: usize, const ALPHA: bool>(
    picture: &Picture,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let size = plan.output;
    let channels = over(picture.channels, plan.background);
    let places = Places::new(picture.size, size, plan.tilt);
    let filter = Filter::new(N);
    let sampler = Sampler { picture, filter };
    let mut pixels = vec![0; Picture::bytes(size, channels)];
    for (y, row) in (0..).zip(pixels.chunks_exact_mut(size.width as usize * channels.count())) {
        cancel.check()?;
        with_widest(Row::<N, FOUR, ALPHA> {
            sampler: &sampler,
            places: &places,
            y,
            channels,
            background: plan.background,
            row,
        });
    }
    Ok(Picture { size, channels, pixels })
}

/// The places of the canvas's pixels in the picture, as whole numbers of which [`ONE`] is a pixel.
struct Places {
    sine: i64,
    cosine: i64,
    picture: Size,
    canvas: Size,
}

impl Places {
    fn new(picture: Size, canvas: Size, tilt: i32) -> Self {
        let (sine, cosine) = sine_and_cosine(tilt);
        Self {
            sine,
            cosine,
            picture,
            canvas,
        }
    }

    /// The place of the middle of the canvas's pixel, measured from the picture's top left corner. The middle of the
    /// canvas is the middle of the picture, and the picture turns clockwise.
    #[inline(always)]
    fn of(&self, x: u32, y: u32) -> (i64, i64) {
        // Twice the distance from the middle. Sides have 32 bits, and the sum is halved before it is used.
        let x = 2 * i64::from(x) + 1 - i64::from(self.canvas.width);
        let y = 2 * i64::from(y) + 1 - i64::from(self.canvas.height);
        let across = self.cosine.wrapping_mul(x).wrapping_add(self.sine.wrapping_mul(y));
        let down = self.cosine.wrapping_mul(y).wrapping_sub(self.sine.wrapping_mul(x));
        let middle = |side: u32| i64::from(side) * (ONE / 2);
        (
            across / 2 + middle(self.picture.width),
            down / 2 + middle(self.picture.height),
        )
    }
}

/// The weights of four neighbours, for each place between the second and the third.
struct Filter<const FOUR: usize> {
    rows: Box<[[f32; 4]; STEPS]>,
    /// Each weight stands once for each channel.
    columns: Box<[[f32; FOUR]; STEPS]>,
}

/// The places between two pixels that are told apart.
const STEPS: usize = 256;

impl<const FOUR: usize> Filter<FOUR> {
    fn new(channels: usize) -> Self {
        let rows = Box::new(std::array::from_fn(weights));
        let mut columns = Box::new([[0.0; FOUR]; STEPS]);
        for (spread, weights) in columns.iter_mut().zip(rows.iter()) {
            for (index, weight) in spread.iter_mut().enumerate() {
                *weight = weights[index / channels];
            }
        }
        Self { rows, columns }
    }
}

/// Catmull and Rom's spline: Keys, "Cubic Convolution Interpolation for Digital Image Processing" (1981), with a of
/// -1/2.
fn weights(step: usize) -> [f32; 4] {
    let t = step as f32 / STEPS as f32;
    [
        ((2.0 - t) * t - 1.0) * t / 2.0,
        ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
        ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
        (t - 1.0) * t * t / 2.0,
    ]
}

/// A picture that is read between its pixels.
struct Sampler<'r, const N: usize, const FOUR: usize, const ALPHA: bool> {
    picture: &'r Picture,
    filter: Filter<FOUR>,
}

/// A row of the canvas to be filled.
struct Row<'r, const N: usize, const FOUR: usize, const ALPHA: bool> {
    sampler: &'r Sampler<'r, N, FOUR, ALPHA>,
    places: &'r Places,
    y: u32,
    channels: Channels,
    background: Colour,
    row: &'r mut [u8],
}

impl<const N: usize, const FOUR: usize, const ALPHA: bool> Kernel for Row<'_, N, FOUR, ALPHA> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Size { width, height } = self.places.picture;
        let outside = composited([0; 4], self.background);
        let keeps_channels = self.channels.count() == N;
        for (x, target) in (0..).zip(self.row.chunks_exact_mut(self.channels.count())) {
            let (across, down) = self.places.of(x, self.y);
            if keeps_channels
                && !ALPHA
                && let Some(sums) = self.sampler.inside(across - ONE / 2, down - ONE / 2)
            {
                target.copy_from_slice(&sums.map(rounded));
                continue;
            }
            let part = covered(across, width) * covered(down, height);
            let pixel = if part == 0.0 {
                outside
            } else {
                let [red, green, blue, alpha] = self.sampler.between(across - ONE / 2, down - ONE / 2);
                match (f32::from(alpha) * part + 0.5) as u8 {
                    u8::MAX => [red, green, blue, u8::MAX],
                    alpha => composited([red, green, blue, alpha], self.background),
                }
            };
            let [red, .., alpha] = pixel;
            match target {
                [gray] => *gray = red,
                [gray, opacity] => [*gray, *opacity] = [red, alpha],
                colours => colours.copy_from_slice(&pixel[..colours.len()]),
            }
        }
    }
}

impl<const N: usize, const FOUR: usize, const ALPHA: bool> Sampler<'_, N, FOUR, ALPHA> {
    /// The sums at a place, measured from the middle of the first pixel, if all neighbours lie within the picture.
    #[inline(always)]
    fn inside(&self, across: i64, down: i64) -> Option<[f32; N]> {
        let Size { width, height } = self.picture.size;
        // One before, and two behind. A place before the picture becomes a large number.
        let (left, top) = (
            (across >> BITS).wrapping_sub(1) as u64,
            (down >> BITS).wrapping_sub(1) as u64,
        );
        let reaches = |place: u64, side: u32| place.saturating_add(4) <= u64::from(side);
        if !reaches(left, width) || !reaches(top, height) {
            return None;
        }
        let length = width as usize * N;
        let start = top as usize * length + left as usize * N;
        let mut sums = [0.0_f32; FOUR];
        for (index, weight) in self.filter.rows[step(down)].iter().enumerate() {
            let four = self.picture.pixels[start + index * length..].first_chunk::<FOUR>()?;
            for (sum, value) in sums.iter_mut().zip(four) {
                *sum += f32::from(*value) * weight;
            }
        }
        Some(self.folded(sums, across))
    }

    /// The sum of four pixels, each times the weight of its column.
    #[inline(always)]
    fn folded(&self, sums: [f32; FOUR], across: i64) -> [f32; N] {
        let columns = &self.filter.columns[step(across)];
        std::array::from_fn(|channel| {
            let pixel = |index: usize| sums[index * N + channel] * columns[index * N + channel];
            (pixel(0) + pixel(1)) + (pixel(2) + pixel(3))
        })
    }

    /// The red, green, blue and alpha of the picture at a place, measured from the middle of its first pixel. Beyond
    /// its edges the picture goes on in the colours of its edges.
    #[inline(always)]
    fn between(&self, across: i64, down: i64) -> [u8; 4] {
        let width = self.picture.size.width as usize;
        let (last_x, last_y) = (
            i64::from(self.picture.size.width) - 1,
            i64::from(self.picture.size.height) - 1,
        );
        let (left, top) = (across >> BITS, down >> BITS);
        let mut sums = [0.0_f32; FOUR];
        for (index, weight) in (-1..).zip(&self.filter.rows[step(down)]) {
            let row = (top + index).clamp(0, last_y) as usize * width;
            let mut four = [0; FOUR];
            if left >= 1 && left + 2 <= last_x {
                let start = (row + left as usize - 1) * N;
                four.copy_from_slice(&self.picture.pixels[start..start + FOUR]);
            } else {
                for (column, pixel) in (left - 1..).zip(four.chunks_exact_mut(N)) {
                    let start = (row + column.clamp(0, last_x) as usize) * N;
                    pixel.copy_from_slice(&self.picture.pixels[start..start + N]);
                }
            }
            let values = if ALPHA {
                premultiplied::<N, FOUR>(&four)
            } else {
                four.map(f32::from)
            };
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value * weight;
            }
        }
        finished::<N, ALPHA>(self.folded(sums, across))
    }
}

/// The bits of a place below those of a pixel.
const BITS: u32 = ONE.trailing_zeros();

/// The row of the filter's tables for a place.
#[inline(always)]
fn step(place: i64) -> usize {
    ((place & (ONE - 1)) >> (BITS - STEPS.trailing_zeros())) as usize
}

/// The nearest byte, as [`finished`] rounds.
#[inline(always)]
fn rounded(value: f32) -> u8 {
    (value.clamp(0.0, 255.0) + 0.5) as i32 as u8
}

/// Colours times alpha, which stays.
#[inline(always)]
fn premultiplied<const N: usize, const FOUR: usize>(four: &[u8; FOUR]) -> [f32; FOUR] {
    let mut values = [0.0; FOUR];
    for (index, value) in values.iter_mut().enumerate() {
        let alpha = f32::from(four[index / N * N + N - 1]);
        *value = if index % N == N - 1 {
            alpha
        } else {
            f32::from(four[index]) * alpha
        };
    }
    values
}

/// The part of a pixel at this place that lies on a side of this length, if pixels and side are parallel: 0 to 1.
#[inline(always)]
fn covered(place: i64, length: u32) -> f32 {
    let inside = place.min(i64::from(length).saturating_mul(ONE).saturating_sub(place));
    let part = inside.saturating_add(ONE / 2).clamp(0, ONE);
    // 24 bits are exact.
    (part >> 8) as f32 / (ONE >> 8) as f32
}

/// Red, green, blue and alpha of weighted sums.
#[inline(always)]
fn finished<const N: usize, const ALPHA: bool>(sums: [f32; N]) -> [u8; 4] {
    let alpha = if ALPHA { sums[N - 1] } else { 255.0 };
    if ALPHA && alpha < 0.5 {
        return [0; 4];
    }
    // `as` cuts off beyond 0 and 255.
    let colour = |channel: usize| if ALPHA { sums[channel] / alpha } else { sums[channel] };
    let byte = |value: f32| (value + 0.5) as u8;
    let [red, green, blue] = if N < 3 { [0, 0, 0] } else { [0, 1, 2] }.map(|channel| byte(colour(channel)));
    [red, green, blue, byte(alpha)]
}
