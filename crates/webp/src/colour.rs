//! Colour conversion from YUV 4:2:0 as libwebp does it by default: interpolates chroma between the four samples around
//! a pixel with the weights 9, 3, 3 and 1, and converts by BT.601 in limited range.

use resizer_kernel::{Kernel, with_widest};

use crate::Scale;
use crate::scale::means;

/// The layout of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// Red, green, blue: three bytes.
    Rgb,
    /// Red, green, blue and an opaque alpha: four bytes.
    Rgba,
}

impl Pixels {
    /// The length of a pixel in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// A row of luma and the rows of chroma around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) luma: &'a [u8],
    /// For both chroma planes: the nearer row, then the farther row on the other side.
    pub(crate) chroma: [[&'a [u8]; 2]; 2],
}

/// The rows of luma and of both chroma planes that a row of pixels at a reduced scale covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Square<'a> {
    pub(crate) luma: &'a [&'a [u8]],
    pub(crate) chroma: [&'a [&'a [u8]]; 2],
}

/// Converts rows of a picture. Holds buffers for one row.
#[derive(Debug)]
pub(crate) struct Converter {
    pixels: Pixels,
    scale: Scale,
    /// The width of the stored picture.
    width: usize,
    /// A row of chroma, weighted out of 4, with its ends repeated; at a reduced scale, sums of samples.
    sums: Vec<u16>,
    /// Means of luma at a reduced scale.
    luma: Vec<u8>,
    /// Upsampled chroma of both planes for each pixel, after one unused sample; at a reduced scale, means.
    chroma: [Vec<u8>; 2],
}

/// How many pixels are converted at a time.
const LANES: usize = 32;

impl Converter {
    pub(crate) fn new(width: usize, pixels: Pixels, scale: Scale) -> Self {
        let delivered = width.div_ceil(scale.denominator().into());
        let upsampled = 2 * width.div_ceil(2) + 2;
        let (sums, luma, chroma) = match scale {
            Scale::Full => (width.div_ceil(2) + 2, 0, upsampled),
            _ => (width, delivered, delivered),
        };
        Self {
            pixels,
            scale,
            width,
            sums: vec![0; sums],
            luma: vec![0; luma],
            chroma: [vec![0; chroma], vec![0; chroma]],
        }
    }

    /// The most bytes that a converter for rows of this width holds, at any scale.
    pub(crate) const fn bytes(width: usize) -> usize {
        // At a half, sums of two bytes and three planes of half the width.
        4 * (width + 4)
    }

    /// Converts a row to as many pixels as `output` has room for, at most the width.
    pub(crate) fn convert(&mut self, row: &Row<'_>, output: &mut [u8]) {
        with_widest(ConvertRow {
            converter: self,
            row,
            output,
        });
    }

    /// Converts a row of pixels at a reduced scale.
    pub(crate) fn convert_means(&mut self, square: &Square<'_>, output: &mut [u8]) {
        with_widest(ConvertMeans {
            converter: self,
            square,
            output,
        });
    }
}

/// The conversion of a row.
struct ConvertRow<'r> {
    converter: &'r mut Converter,
    row: &'r Row<'r>,
    output: &'r mut [u8],
}

impl Kernel for ConvertRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Converter {
            pixels, sums, chroma, ..
        } = self.converter;
        for (plane, [near, far]) in chroma.iter_mut().zip(self.row.chroma) {
            upsample(near, far, sums, plane);
        }
        let [blue, red] = &*chroma;
        put(*pixels, self.row.luma, &blue[1..], &red[1..], self.output);
    }
}

/// The conversion of a row at a reduced scale.
struct ConvertMeans<'r> {
    converter: &'r mut Converter,
    square: &'r Square<'r>,
    output: &'r mut [u8],
}

impl Kernel for ConvertMeans<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Converter {
            pixels,
            scale,
            width,
            sums,
            luma,
            chroma,
        } = self.converter;
        let rows = self.square.luma;
        match scale {
            Scale::Full | Scale::Half => means::<2>(rows, *width, sums, luma),
            Scale::Quarter => means::<4>(rows, *width, sums, luma),
            Scale::Eighth => means::<8>(rows, *width, sums, luma),
        }
        let width = width.div_ceil(2);
        for (plane, rows) in chroma.iter_mut().zip(self.square.chroma) {
            match scale {
                Scale::Full | Scale::Half => means::<1>(rows, width, sums, plane),
                Scale::Quarter => means::<2>(rows, width, sums, plane),
                Scale::Eighth => means::<4>(rows, width, sums, plane),
            }
        }
        let [blue, red] = &*chroma;
        put(*pixels, luma, blue, red, self.output);
    }
}

/// Converts samples to the pixels of a row.
#[inline(always)]
fn put(pixels: Pixels, luma: &[u8], blue: &[u8], red: &[u8], output: &mut [u8]) {
    let samples = luma.chunks(LANES).zip(blue.chunks(LANES)).zip(red.chunks(LANES));
    for (output, ((luma, blue), red)) in output.chunks_mut(LANES * pixels.bytes()).zip(samples) {
        let colours = colours(&lanes(luma), &lanes(blue), &lanes(red));
        match pixels {
            Pixels::Rgb => put_rgb(&colours, output),
            Pixels::Rgba => put_rgba(&colours, output),
        }
    }
}

#[inline(always)]
fn upsample(near: &[u8], far: &[u8], blended: &mut [u16], output: &mut [u8]) {
    let width = blended.len() - 2;
    for ((blended, near), far) in blended[1..=width].iter_mut().zip(near).zip(far) {
        *blended = 3 * u16::from(*near) + u16::from(*far);
    }
    blended[0] = blended[1];
    blended[width + 1] = blended[width];
    let (pairs, _) = output.as_chunks_mut::<2>();
    for ((pair, left), right) in pairs.iter_mut().zip(&blended[..=width]).zip(&blended[1..]) {
        *pair = [(3 * left + right + 8) >> 4, (left + 3 * right + 8) >> 4].map(|chroma| chroma as u8);
    }
}

/// Red, green and blue of some pixels, each in the lowest bits of a number, and the alpha that is given.
#[inline(always)]
fn packed([reds, greens, blues]: &[[u8; LANES]; 3], alpha: u8) -> [u32; LANES] {
    let mut packed = [0; LANES];
    for lane in 0..LANES {
        let [red, green, blue] = [reds, greens, blues].map(|samples| u32::from(samples[lane]));
        packed[lane] = red | green << 8 | blue << 16 | u32::from(alpha) << 24;
    }
    packed
}

#[inline(always)]
fn put_rgba(colours: &[[u8; LANES]; 3], output: &mut [u8]) {
    for (pixel, packed) in output.as_chunks_mut::<4>().0.iter_mut().zip(packed(colours, u8::MAX)) {
        *pixel = packed.to_le_bytes();
    }
}

#[inline(always)]
fn put_rgb(colours: &[[u8; LANES]; 3], output: &mut [u8]) {
    let packed = packed(colours, 0);
    let Some(output) = output.first_chunk_mut::<{ 3 * LANES }>() else {
        // The end of a row.
        for (pixel, packed) in output.as_chunks_mut::<3>().0.iter_mut().zip(packed) {
            let [red, green, blue, _] = packed.to_le_bytes();
            *pixel = [red, green, blue];
        }
        return;
    };
    // Two pixels in each number: six bytes. Numbers are written whole, and the next overwrites the two bytes behind.
    let mut pairs = [0; LANES / 2];
    for (pair, [first, second]) in pairs.iter_mut().zip(packed.as_chunks::<2>().0) {
        *pair = u64::from(*first) | u64::from(*second) << 24;
    }
    const LAST: usize = LANES / 2 - 1;
    for index in 0..LAST {
        output[6 * index..][..8].copy_from_slice(&pairs[index].to_le_bytes());
    }
    output[6 * LAST..].copy_from_slice(&pairs[LAST].to_le_bytes()[..6]);
}

/// The samples, padded with zeros.
#[inline(always)]
fn lanes(samples: &[u8]) -> [u8; LANES] {
    samples.first_chunk().copied().unwrap_or_else(|| {
        let mut lanes = [0; LANES];
        lanes[..samples.len()].copy_from_slice(samples);
        lanes
    })
}

/// Red, green and blue. The factors are those of BT.601 for luma from 16 to 235, times 2^14. Sums carry 6 bits of
/// fraction.
#[inline(always)]
fn colours(luma: &[u8; LANES], blue: &[u8; LANES], red: &[u8; LANES]) -> [[u8; LANES]; 3] {
    const LUMA: u16 = 19_077;
    const RED_TO_RED: u16 = 26_149;
    const BLUE_TO_GREEN: u16 = 6_419;
    const RED_TO_GREEN: u16 = 13_320;
    const BLUE_TO_BLUE: u16 = 33_050;
    // The offsets of luma (16) and chroma (128), multiplied by their factors.
    const RED: i16 = 14_234;
    const GREEN: i16 = 8_708;
    const BLUE: u16 = 17_685;
    // The sample times the factor, out of 2^8: the upper half of a product of 16 bits each, for which processors have
    // an instruction.
    let scaled = |sample: u8, factor: u16| (((u32::from(sample) << 8) * u32::from(factor)) >> 16) as u16;
    let clamped = |value: i16| (value >> 6).clamp(0, 255) as u8;
    let mut result = [[0; LANES]; 3];
    for lane in 0..LANES {
        let y = scaled(luma[lane], LUMA);
        let (u, v) = (blue[lane], red[lane]);
        // At most 19002 + 26046 - 14234, and no less than -14234.
        result[0][lane] = clamped(y as i16 - RED + scaled(v, RED_TO_RED) as i16);
        let green = y as i16 - scaled(u, BLUE_TO_GREEN) as i16 - scaled(v, RED_TO_GREEN) as i16;
        result[1][lane] = clamped(green + GREEN);
        // Up to 19002 + 32920, which an i16 cannot hold.
        let blue = (y + scaled(u, BLUE_TO_BLUE)).saturating_sub(BLUE) >> 6;
        result[2][lane] = (blue as i16).min(255) as u8;
    }
    result
}
