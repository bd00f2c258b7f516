//! Colour conversion from YUV 4:2:0 as libwebp does it by default: interpolates chroma between the four samples around
//! a pixel with the weights 9, 3, 3 and 1, and converts by BT.601 in limited range.

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

/// Converts rows of a picture. Holds buffers for one row.
#[derive(Debug)]
pub(crate) struct Converter {
    pixels: Pixels,
    /// A row of chroma, weighted out of 4, with its ends repeated.
    blended: Vec<u16>,
    /// Upsampled chroma of both planes for each pixel, after one unused sample.
    chroma: [Vec<u8>; 2],
}

/// How many pixels are converted at a time.
const LANES: usize = 32;

impl Converter {
    pub(crate) fn new(width: usize, pixels: Pixels) -> Self {
        let chroma_width = width.div_ceil(2);
        Self {
            pixels,
            blended: vec![0; chroma_width + 2],
            chroma: [vec![0; 2 * chroma_width + 2], vec![0; 2 * chroma_width + 2]],
        }
    }

    /// The bytes that a converter for rows of this width holds.
    pub(crate) const fn bytes(width: usize) -> usize {
        6 * (width.div_ceil(2) + 2)
    }

    /// Converts a row to as many pixels as `output` has room for, at most the width.
    pub(crate) fn convert(&mut self, row: &Row<'_>, output: &mut [u8]) {
        for (plane, [near, far]) in self.chroma.iter_mut().zip(row.chroma) {
            upsample(near, far, &mut self.blended, plane);
        }
        let [blue, red] = &self.chroma;
        match self.pixels {
            Pixels::Rgb => interleave(row.luma, &blue[1..], &red[1..], output, |[r, g, b]| [r, g, b]),
            Pixels::Rgba => interleave(row.luma, &blue[1..], &red[1..], output, |[r, g, b]| [r, g, b, u8::MAX]),
        }
    }
}

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

fn interleave<const N: usize>(
    luma: &[u8],
    blue: &[u8],
    red: &[u8],
    output: &mut [u8],
    pixel: impl Fn([u8; 3]) -> [u8; N],
) {
    let (pixels, _) = output.as_chunks_mut::<N>();
    let samples = luma.chunks(LANES).zip(blue.chunks(LANES)).zip(red.chunks(LANES));
    for (pixels, ((luma, blue), red)) in pixels.chunks_mut(LANES).zip(samples) {
        let [reds, greens, blues] = colours(&lanes(luma), &lanes(blue), &lanes(red));
        for (((output, red), green), blue) in pixels.iter_mut().zip(&reds).zip(&greens).zip(&blues) {
            *output = pixel([*red, *green, *blue]);
        }
    }
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
    // The sample times the factor, out of 2^8. The product is computed in two parts so that each fits into 16 bits.
    let scaled = |sample: u8, factor: u16| {
        let sample = u16::from(sample);
        sample * (factor >> 8) + ((sample * (factor & 0xff)) >> 8)
    };
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
