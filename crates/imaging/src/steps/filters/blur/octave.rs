//! Pictures of half the size, for blurs of many pixels: halved, blurred there, and doubled again. Called by `blur`.
//!
//! Halving takes the means of four samples, whose weights are 1, 3, 3 and 1 eighths. Doubling interpolates between two
//! samples, by three quarters and one. Both are triangles, and blur by themselves: that is taken off the deviation.
//! The idea is Burt's and Adelson's (The Laplacian Pyramid as a Compact Image Code, 1983).

use resizer_kernel::{Kernel, with_widest};

use super::Surface;
use super::gaussian::repeat_ends;
use crate::{Cancel, ImageError};

/// The standard deviation that is left for the picture of half the size, in its pixels.
///
/// Variances of filters that follow each other add up. Halving has the variance 2 (3 (1/2)^2 + (3/2)^2) / 8 = 3/4, and
/// doubling has the same.
pub(super) fn remaining(deviation: f64) -> f64 {
    const VARIANCE: f64 = 1.5;
    ((deviation * deviation - VARIANCE) / 4.0).max(0.0).sqrt()
}

/// Samples row by row, without gaps.
pub(super) struct Half<const N: usize> {
    width: usize,
    height: usize,
    samples: Vec<u16>,
}

impl<const N: usize> Surface<N> for Half<N> {
    fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    fn read(&self, y: usize, line: &mut [u16]) {
        line.copy_from_slice(&self.samples[y * line.len()..][..line.len()]);
    }

    fn write(&mut self, y: usize, line: &[u16]) {
        self.samples[y * line.len()..][..line.len()].copy_from_slice(line);
    }
}

/// The rows that halving holds at once.
const SLOTS: usize = 4;

/// The picture in half the size. An odd side is rounded up.
pub(super) fn halved<const N: usize>(surface: &impl Surface<N>, cancel: &Cancel) -> Result<Half<N>, ImageError> {
    let [width, height] = surface.size();
    let mut half = Half {
        width: width.div_ceil(2),
        height: height.div_ceil(2),
        samples: vec![0; width.div_ceil(2) * height.div_ceil(2) * N],
    };
    let length = width * N;
    let mut ring = vec![0; SLOTS * length];
    // A pixel before the line, and two behind it.
    let mut line = vec![0; N + length + 2 * N];
    let mut read = 0;
    for (y, out) in half.samples.chunks_exact_mut(half.width * N).enumerate() {
        cancel.check()?;
        let rows = [
            (2 * y).saturating_sub(1),
            2 * y,
            (2 * y + 1).min(height - 1),
            (2 * y + 2).min(height - 1),
        ];
        while read <= rows[3] {
            surface.read(read, &mut ring[read % SLOTS * length..][..length]);
            read += 1;
        }
        with_widest(HalveColumns {
            rows: rows.map(|row| &ring[row % SLOTS * length..][..length]),
            out: &mut line[N..N + length],
        });
        repeat_ends::<N>(&mut line, 1, 2);
        let pixels = line.as_chunks::<N>().0;
        for (out, pixels) in out
            .as_chunks_mut::<N>()
            .0
            .iter_mut()
            .zip(pixels.windows(SLOTS).step_by(2))
        {
            for (channel, sample) in out.iter_mut().enumerate() {
                *sample = mean([pixels[0], pixels[1], pixels[2], pixels[3]].map(|pixel| pixel[channel]));
            }
        }
    }
    Ok(half)
}

/// The half, enlarged to the size of a surface.
pub(super) fn doubled<const N: usize>(
    half: &Half<N>,
    surface: &mut impl Surface<N>,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    let [width, height] = surface.size();
    // A pixel before the line, and one behind it.
    let mut narrow = vec![0; (half.width + 2) * N];
    let wide = 2 * half.width * N;
    let mut ring = vec![0; 2 * wide];
    let mut line = vec![0; width * N];
    let mut read = 0;
    for y in 0..height {
        cancel.check()?;
        let near = y / 2;
        let far = match y % 2 {
            0 => near.saturating_sub(1),
            _ => (near + 1).min(half.height - 1),
        };
        while read <= near.max(far) {
            half.read(read, &mut narrow[N..][..half.width * N]);
            repeat_ends::<N>(&mut narrow, 1, 1);
            double_row::<N>(&narrow, &mut ring[read % 2 * wide..][..wide]);
            read += 1;
        }
        with_widest(Interpolate {
            near: &ring[near % 2 * wide..][..line.len()],
            far: &ring[far % 2 * wide..][..line.len()],
            out: &mut line,
        });
        surface.write(y, &line);
    }
    Ok(())
}

fn double_row<const N: usize>(narrow: &[u16], wide: &mut [u16]) {
    let pixels = narrow.as_chunks::<N>().0;
    let pairs = wide.as_chunks_mut::<N>().0.as_chunks_mut::<2>().0;
    for ([left, right], pixels) in pairs.iter_mut().zip(pixels.windows(3)) {
        for channel in 0..N {
            let middle = pixels[1][channel];
            left[channel] = interpolated(middle, pixels[0][channel]);
            right[channel] = interpolated(middle, pixels[2][channel]);
        }
    }
}

/// The mean with the weights 1, 3, 3 and 1. In 16 bits: samples have 15.
#[inline(always)]
fn mean([first, second, third, fourth]: [u16; 4]) -> u16 {
    interpolated((second + third).div_ceil(2), (first + fourth).div_ceil(2))
}

/// Three quarters of one sample, and a quarter of the other.
#[inline(always)]
fn interpolated(near: u16, far: u16) -> u16 {
    let (near, far) = (near as i16, far as i16);
    (near + ((far - near + 2) >> 2)) as u16
}

struct HalveColumns<'r> {
    rows: [&'r [u16]; SLOTS],
    out: &'r mut [u16],
}

impl Kernel for HalveColumns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let [first, second, third, fourth] = self.rows;
        let rows = first.iter().zip(second).zip(third.iter().zip(fourth));
        for (out, ((first, second), (third, fourth))) in self.out.iter_mut().zip(rows) {
            *out = mean([*first, *second, *third, *fourth]);
        }
    }
}

struct Interpolate<'r> {
    near: &'r [u16],
    far: &'r [u16],
    out: &'r mut [u16],
}

impl Kernel for Interpolate<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (out, (near, far)) in self.out.iter_mut().zip(self.near.iter().zip(self.far)) {
            *out = interpolated(*near, *far);
        }
    }
}
