//! Forward transform: turns pixels into luma and chroma, transforms (A.3.3) and quantises (A.3.4) their blocks.
//!
//! All arithmetic is on eight columns of `f32` at once, which the compiler turns into vector instructions.

use std::ops::Range;

use resizer_kernel::{Kernel, with_widest};

use crate::Size;

/// The side of a block.
const SIDE: usize = 8;

/// Eight neighbouring values.
type Octet = [f32; SIDE];

/// The zigzag order (figure A.6): by stored position, eight times the row plus the column.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// The inverse of the zigzag order: by eight times the column plus the row, the stored position.
const POSITIONS: [u8; 64] = {
    let mut positions = [0; 64];
    let mut position = 0;
    while position < 64 {
        let (row, column) = (ZIGZAG[position] as usize / SIDE, ZIGZAG[position] as usize % SIDE);
        positions[column * SIDE + row] = position as u8;
        position += 1;
    }
    positions
};

/// Steps for luma and chroma at quality 50, row by row: K.1, tables K.1 and K.2.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99,
];

/// Steps of the 64 frequencies, row by row.
pub(super) struct Quantiser {
    steps: [u8; 64],
    /// Factors from coefficients of the unscaled transform to quantisation steps; column by column.
    factors: [Octet; SIDE],
}

impl Quantiser {
    pub(super) fn luma(quality: u8) -> Self {
        Self::new(&LUMA, quality)
    }

    pub(super) fn chroma(quality: u8) -> Self {
        Self::new(&CHROMA, quality)
    }

    /// Quality 1 to 100 on the scale of the Independent JPEG Group and of jpeg-encoder, so that progressive and
    /// baseline files look alike: half the steps of the tables at 75, twice the steps at 25.
    fn new(table: &[u16; 64], quality: u8) -> Self {
        let quality = u32::from(quality.clamp(1, 100));
        let percent = if quality < 50 {
            5000 / quality
        } else {
            200 - 2 * quality
        };
        let steps = table.map(|step| ((u32::from(step) * percent + 50) / 100).clamp(1, 255) as u8);
        let factors = std::array::from_fn(|column| {
            std::array::from_fn(|row| {
                let scale = 8.0 * unscaled(column) * unscaled(row) * f64::from(steps[row * SIDE + column]);
                (1.0 / scale) as f32
            })
        });
        Self { steps, factors }
    }

    /// In the order in which they are stored.
    pub(super) fn steps(&self) -> impl Iterator<Item = u8> {
        ZIGZAG.iter().map(|place| self.steps[usize::from(*place)])
    }

    /// The coefficients of a block.
    #[inline(always)]
    fn quantised(&self, samples: [Octet; SIDE]) -> Block {
        /// 1.5 * 2^23: an `f32` of this size has no fractional bits, so that a value added to it is rounded, and stands
        /// in the lowest bits of the sum.
        const ROUND: f32 = 12_582_912.0;
        let frequencies = frequencies(transposed(frequencies(samples)));
        let mut coefficients = [0; 64];
        for (column, out) in coefficients.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
            for (row, out) in out.iter_mut().enumerate() {
                let number = frequencies[column][row] * self.factors[column][row];
                *out = (number + ROUND).to_bits() as i16;
            }
        }
        Block::new(coefficients)
    }
}

/// The quantised coefficients of a block.
pub(super) struct Block {
    /// Column by column.
    coefficients: [i16; 64],
    /// By stored position, whether the coefficient is not 0. Position 0 is the lowest bit.
    nonzero: u64,
}

impl Block {
    #[inline(always)]
    fn new(coefficients: [i16; 64]) -> Self {
        /// Moves the lowest bits of eight bytes into the highest byte of the product, the first byte's to its lowest
        /// bit.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let flags = coefficients.map(|coefficient| u8::from(coefficient != 0));
        let mut places = 0;
        for (column, flags) in flags.as_chunks::<SIDE>().0.iter().enumerate() {
            places |= (u64::from_le_bytes(*flags).wrapping_mul(GATHER) >> 56) << (column * SIDE);
        }
        let mut nonzero = 0;
        while places != 0 {
            nonzero |= 1 << POSITIONS[places.trailing_zeros() as usize];
            places &= places - 1;
        }
        Self { coefficients, nonzero }
    }

    /// The first coefficient, the mean of the block.
    pub(super) const fn mean(&self) -> i16 {
        self.coefficients[0]
    }

    /// The coefficients of a range of stored positions that are not 0, each with its position.
    #[inline]
    pub(super) fn nonzero(&self, range: &Range<u8>) -> impl Iterator<Item = (u8, i16)> {
        let after = if range.end < 64 { u64::MAX << range.end } else { 0 };
        let mut left = self.nonzero & (u64::MAX << range.start) & !after;
        std::iter::from_fn(move || {
            let position = left.trailing_zeros() as u8;
            let place = usize::from(*ZIGZAG.get(usize::from(position))?);
            left &= left - 1;
            Some((position, self.coefficients[place % SIDE * SIDE + place / SIDE]))
        })
    }
}

/// The factor by which [`frequencies`] scales each frequency, besides the square root of 8.
fn unscaled(frequency: usize) -> f64 {
    if frequency == 0 {
        1.0
    } else {
        (frequency as f64 * std::f64::consts::PI / 16.0).cos() * std::f64::consts::SQRT_2
    }
}

#[inline(always)]
fn transposed(block: [Octet; SIDE]) -> [Octet; SIDE] {
    std::array::from_fn(|row| std::array::from_fn(|column| block[column][row]))
}

/// The transform of each column, up to a factor for each frequency, by the method of Arai, Agui and Nakajima
/// (Transactions of the IEICE E71, 1988) with five multiplications.
#[inline(always)]
fn frequencies(x: [Octet; SIDE]) -> [Octet; SIDE] {
    /// The cosines of pi/4 and 3 pi/8, and the difference and the sum of those of pi/8 and 3 pi/8.
    const MIDDLE: f32 = std::f32::consts::FRAC_1_SQRT_2;
    const FAR: f32 = 0.382_683_43;
    const DIFFERENCE: f32 = 0.541_196_1;
    const SUM: f32 = 1.306_563;
    let sum = |a: Octet, b: Octet| -> Octet { std::array::from_fn(|i| a[i] + b[i]) };
    let difference = |a: Octet, b: Octet| -> Octet { std::array::from_fn(|i| a[i] - b[i]) };
    let times = |a: Octet, factor: f32| a.map(|number| number * factor);

    // The even part.
    let ends: [Octet; 4] = std::array::from_fn(|i| sum(x[i], x[7 - i]));
    let (outer, inner) = (sum(ends[0], ends[3]), sum(ends[1], ends[2]));
    let slope = difference(ends[0], ends[3]);
    let turned = times(sum(difference(ends[1], ends[2]), slope), MIDDLE);

    // The odd part.
    let [a, b, c, d]: [Octet; 4] = std::array::from_fn(|i| difference(x[i], x[7 - i]));
    let (low, middle, high) = (sum(d, c), times(sum(c, b), MIDDLE), sum(b, a));
    let between = times(difference(low, high), FAR);
    let low = sum(times(low, DIFFERENCE), between);
    let high = sum(times(high, SUM), between);
    let (more, less) = (sum(a, middle), difference(a, middle));
    [
        sum(outer, inner),
        sum(more, high),
        sum(slope, turned),
        difference(less, low),
        difference(outer, inner),
        sum(less, low),
        difference(slope, turned),
        difference(more, high),
    ]
}

/// Samples of a row of blocks, around 0: of luma, or of luma and chroma. The last column and row are repeated to fill
/// up whole blocks.
pub(super) struct Planes {
    width: usize,
    /// Samples of a row.
    stride: usize,
    sampling: usize,
    /// Subsampled chroma uses the first quarter.
    planes: Vec<Vec<f32>>,
}

impl Planes {
    pub(super) fn new(width: u32, planes: usize, sampling: u8) -> Self {
        let (width, sampling) = (width as usize, usize::from(sampling));
        let stride = width.next_multiple_of(SIDE * sampling);
        Self {
            width,
            stride,
            sampling,
            planes: vec![vec![0.0; stride * SIDE * sampling]; planes],
        }
    }

    /// Rows of pixels in one row of blocks.
    pub(super) const fn rows(&self) -> usize {
        SIDE * self.sampling
    }

    /// Takes the next rows of pixels; fewer at the end of the picture.
    pub(super) fn fill(&mut self, pixels: &[u8]) {
        with_widest(Fill { planes: self, pixels });
    }
}

/// The kernel of [`Planes::fill`].
struct Fill<'a> {
    planes: &'a mut Planes,
    pixels: &'a [u8],
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { planes, pixels } = self;
        let (width, stride) = (planes.width, planes.stride);
        let count = planes.planes.len();
        let filled = pixels.len() / (width * count);
        for (row, pixels) in pixels.chunks_exact(width * count).enumerate() {
            let row = row * stride..(row + 1) * stride;
            match planes.planes.as_mut_slice() {
                [luma, blue, red] => {
                    let planes = [&mut luma[row.clone()], &mut blue[row.clone()], &mut red[row]];
                    fill_row(pixels.as_chunks::<3>().0, planes, width);
                }
                planes => {
                    let luma = &mut planes[0][row];
                    for (sample, pixel) in luma.iter_mut().zip(pixels) {
                        *sample = f32::from(*pixel) - 128.0;
                    }
                    let last = luma[width - 1];
                    luma[width..].fill(last);
                }
            }
        }
        let rows = planes.rows();
        for plane in &mut planes.planes {
            for row in filled..rows {
                plane.copy_within((filled - 1) * stride..filled * stride, row * stride);
            }
        }
        if planes.sampling > 1 {
            let chroma = planes.planes.iter_mut().skip(1);
            chroma.for_each(|plane| halve(plane, stride));
        }
    }
}

/// Luma and chroma: ITU-T T.871, 7.
#[inline(always)]
fn fill_row(pixels: &[[u8; 3]], [luma, blue, red]: [&mut [f32]; 3], width: usize) {
    let samples = luma.iter_mut().zip(blue.iter_mut().zip(red.iter_mut()));
    for (pixel, (luma, (blue, red))) in pixels.iter().zip(samples) {
        let [r, g, b] = pixel.map(f32::from);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        *luma = y - 128.0;
        *blue = (b - y) / 1.772;
        *red = (r - y) / 1.402;
    }
    for row in [luma, blue, red] {
        let last = row[width - 1];
        row[width..].fill(last);
    }
}

/// Averages each 2 by 2 samples, and stores the means at the beginning, in rows of half the length.
#[inline(always)]
fn halve(plane: &mut [f32], stride: usize) {
    for row in 0..plane.len() / stride / 2 {
        for column in 0..stride / 2 {
            let at = 2 * row * stride + 2 * column;
            let sum = plane[at] + plane[at + 1] + plane[at + stride] + plane[at + stride + 1];
            plane[row * (stride / 2) + column] = sum / 4.0;
        }
    }
}

/// A component: the coefficients of luma, or of one of the two chromas.
pub(super) struct Component<'q> {
    pub(super) quantiser: &'q Quantiser,
    /// Pixels of a sample, in either direction.
    sampling: usize,
    /// Blocks in a row that have pixels of the picture.
    pub(super) across: usize,
    /// The transformed blocks, row by row.
    pub(super) blocks: Vec<Block>,
}

impl<'q> Component<'q> {
    pub(super) fn new(quantiser: &'q Quantiser, size: Size, sampling: u8) -> Self {
        let sampling = usize::from(sampling);
        Self {
            quantiser,
            sampling,
            across: (size.width as usize).div_ceil(SIDE * sampling),
            blocks: Vec::new(),
        }
    }

    /// Makes room for all blocks of a picture with so many rows of pixels.
    pub(super) fn reserve(&mut self, rows: u32) {
        let down = (rows as usize).div_ceil(SIDE * self.sampling);
        self.blocks.reserve_exact(self.across * down);
    }

    /// Appends its blocks of the planes that were filled last, with so many rows of pixels.
    pub(super) fn transform(&mut self, planes: &Planes, plane: usize, rows: usize) {
        with_widest(Transform {
            component: self,
            planes,
            plane,
            rows,
        });
    }

    /// Its blocks, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Block]> {
        self.blocks.chunks(self.across)
    }
}

/// The kernel of [`Component::transform`].
struct Transform<'a, 'q> {
    component: &'a mut Component<'q>,
    planes: &'a Planes,
    plane: usize,
    rows: usize,
}

impl Kernel for Transform<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            component,
            planes,
            plane,
            rows,
        } = self;
        let samples = &planes.planes[plane];
        let stride = planes.stride / component.sampling;
        for top in 0..rows.div_ceil(SIDE * component.sampling) {
            for left in 0..component.across {
                let block = std::array::from_fn(|row| {
                    let start = (top * SIDE + row) * stride + left * SIDE;
                    samples[start..].first_chunk().copied().unwrap_or_default()
                });
                component.blocks.push(component.quantiser.quantised(block));
            }
        }
    }
}
