//! Blur and sharpening: a Gaussian, and the picture's difference from it. Called by the filter step.
//!
//! The picture is filtered in place, a row at a time. Small deviations are a [kernel](gaussian), larger ones a
//! [picture of half the size](octave) that is blurred and enlarged again. So the time does not grow with the radius.
//! Samples have 15 bits in between, so that rounding does not show. Colours are multiplied by alpha, so that the colour
//! of transparent pixels is never visible.

mod gaussian;
mod octave;

use gaussian::Gaussian;
use resizer_kernel::{Kernel, with_widest};

use super::colours::rounded;
use crate::filter_plan::{Blur, MOST_DIRECT_DEVIATION};
use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// The picture, blurred.
pub(super) fn blurred(picture: Picture, blur: Blur, cancel: &Cancel) -> Result<Picture, ImageError> {
    filtered::<false>(picture, blur, cancel)
}

/// The picture plus its difference from a blurred one ("unsharp mask" of the amount 1). Alpha stays.
pub(super) fn sharpened(picture: Picture, blur: Blur, cancel: &Cancel) -> Result<Picture, ImageError> {
    filtered::<true>(picture, blur, cancel)
}

fn filtered<const SHARPEN: bool>(mut picture: Picture, blur: Blur, cancel: &Cancel) -> Result<Picture, ImageError> {
    match picture.channels.count() {
        1 => apply(&mut Pixels::<1, SHARPEN>(&mut picture), blur, cancel),
        2 => apply(&mut Pixels::<2, SHARPEN>(&mut picture), blur, cancel),
        3 => apply(&mut Pixels::<3, SHARPEN>(&mut picture), blur, cancel),
        _ => apply(&mut Pixels::<4, SHARPEN>(&mut picture), blur, cancel),
    }?;
    Ok(picture)
}

fn apply<const N: usize>(surface: &mut impl Surface<N>, blur: Blur, cancel: &Cancel) -> Result<(), ImageError> {
    match blur.reach {
        Some(reach) => Gaussian::within(blur.deviation, reach).convolve(surface, cancel),
        None => smooth(surface, blur.deviation, cancel),
    }
}

/// Rows of `N` channels that are blurred in place.
trait Surface<const N: usize> {
    /// Width and height in pixels.
    fn size(&self) -> [usize; 2];

    /// Writes the samples of a row into a line: numbers of 15 bits.
    fn read(&self, y: usize, line: &mut [u16]);

    /// Takes the blurred samples of a row.
    fn write(&mut self, y: usize, line: &[u16]);
}

/// Blurs by a standard deviation in pixels. Beyond each edge, the pixels of the edge count.
fn smooth<const N: usize>(surface: &mut impl Surface<N>, deviation: f64, cancel: &Cancel) -> Result<(), ImageError> {
    if deviation < MOST_DIRECT_DEVIATION || surface.size() == [1, 1] {
        return Gaussian::of(deviation).convolve(surface, cancel);
    }
    let mut half = octave::halved(surface, cancel)?;
    smooth(&mut half, octave::remaining(deviation), cancel)?;
    octave::doubled(&half, surface, cancel)
}

/// Whether pixels of so many channels have alpha.
const fn has_alpha(channels: usize) -> bool {
    channels.is_multiple_of(2)
}

/// The bits of a sample below those of a byte, in a picture without alpha.
const FRACTION_BITS: u16 = 7;

/// The pixels of a picture. Samples are colours times alpha and alpha times 255, both halved. Without alpha they are
/// bytes times 128.
struct Pixels<'p, const N: usize, const SHARPEN: bool>(&'p mut Picture);

impl<const N: usize, const SHARPEN: bool> Surface<N> for Pixels<'_, N, SHARPEN> {
    fn size(&self) -> [usize; 2] {
        [self.0.size.width as usize, self.0.size.height as usize]
    }

    fn read(&self, y: usize, line: &mut [u16]) {
        let row = &self.0.pixels[y * line.len()..][..line.len()];
        if has_alpha(N) {
            with_widest(Premultiply::<N> { row, line });
        } else {
            for (sample, byte) in line.iter_mut().zip(row) {
                *sample = u16::from(*byte) << FRACTION_BITS;
            }
        }
    }

    fn write(&mut self, y: usize, line: &[u16]) {
        let row = &mut self.0.pixels[y * line.len()..][..line.len()];
        with_widest(Finish::<N, SHARPEN> { row, line });
    }
}

struct Premultiply<'r, const N: usize> {
    row: &'r [u8],
    line: &'r mut [u16],
}

impl<const N: usize> Kernel for Premultiply<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let pixels = self.row.as_chunks::<N>().0;
        for (samples, pixel) in self.line.as_chunks_mut::<N>().0.iter_mut().zip(pixels) {
            let mut factors = [u16::from(pixel[N - 1]); N];
            factors[N - 1] = 255;
            for ((sample, byte), factor) in samples.iter_mut().zip(pixel).zip(factors) {
                *sample = (u16::from(*byte) * factor).div_ceil(2);
            }
        }
    }
}

/// Combines the pixels of a row with their blurred samples.
struct Finish<'r, const N: usize, const SHARPEN: bool> {
    row: &'r mut [u8],
    line: &'r [u16],
}

impl<const N: usize, const SHARPEN: bool> Kernel for Finish<'_, N, SHARPEN> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        if has_alpha(N) {
            let samples = self.line.as_chunks::<N>().0;
            for (pixel, samples) in self.row.as_chunks_mut::<N>().0.iter_mut().zip(samples) {
                *pixel = combined::<N, SHARPEN>(*pixel, *samples);
            }
            return;
        }
        const HALF: i16 = 1 << FRACTION_BITS >> 1;
        for (byte, sample) in self.row.iter_mut().zip(self.line) {
            // Both have 15 bits, and so has their difference with a sign.
            let blurred = *sample as i16;
            let level = if SHARPEN {
                let value = i16::from(*byte);
                value + (((value << FRACTION_BITS) - blurred + HALF) >> FRACTION_BITS)
            } else {
                (blurred + HALF) >> FRACTION_BITS
            };
            *byte = level.clamp(0, 255) as u8;
        }
    }
}

/// A pixel with alpha, blurred or sharpened. A pixel whose alpha rounds to zero has no colour.
#[inline(always)]
fn combined<const N: usize, const SHARPEN: bool>(pixel: [u8; N], samples: [u16; N]) -> [u8; N] {
    /// The sample of an opaque pixel's alpha, by the byte.
    const OPAQUE: f32 = 127.5;
    let alpha = f32::from(samples[N - 1]);
    let blurred = |channel: usize| match alpha == 0.0 {
        true => 0.0,
        false => f32::from(samples[channel]) * (255.0 / alpha),
    };
    let mut bytes = pixel;
    if SHARPEN {
        for channel in (0..N - 1).filter(|_| alpha > 0.0) {
            bytes[channel] = rounded(2.0 * f32::from(pixel[channel]) - blurred(channel));
        }
        return bytes;
    }
    bytes[N - 1] = rounded(alpha / OPAQUE);
    for (channel, byte) in bytes[..N - 1].iter_mut().enumerate() {
        *byte = if alpha < OPAQUE / 2.0 {
            0
        } else {
            rounded(blurred(channel))
        };
    }
    bytes
}
