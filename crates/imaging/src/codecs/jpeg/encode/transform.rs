//! Components of a picture: turns pixels into planes of luma and chroma, and passes their blocks to the
//! [quantiser](super::quantiser).

use resizer_kernel::{Kernel, with_widest};

use super::quantiser::{self, Block, Octet, Quantiser, SIDE};
use crate::Size;

/// Samples of a row of blocks, around 0: of luma, or of luma and chroma. The last column and row are repeated to fill
/// up whole blocks.
pub(super) struct Planes {
    width: usize,
    /// Samples of a row.
    pub(super) stride: usize,
    /// Samples of luma for one of chroma, across and down.
    pub(super) sampling: [usize; 2],
    /// Subsampled chroma uses the beginning.
    pub(super) planes: Vec<Vec<f32>>,
    /// A row of chroma at full resolution.
    line: Vec<f32>,
}

impl Planes {
    pub(super) fn new(width: u32, planes: usize, sampling: [u8; 2]) -> Self {
        let (width, sampling) = (width as usize, sampling.map(usize::from));
        let [across, down] = sampling;
        let stride = width.next_multiple_of(SIDE * across);
        Self {
            width,
            stride,
            sampling,
            planes: vec![vec![0.0; stride * SIDE * down]; planes],
            line: vec![0.0; stride],
        }
    }

    /// Rows of pixels in one row of blocks.
    pub(super) const fn rows(&self) -> usize {
        SIDE * self.sampling[1]
    }

    /// Takes the next rows of pixels; fewer at the end of the picture. Planes come through `Input`.
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
        if planes.sampling != [1, 1] {
            for plane in planes.planes.iter_mut().skip(1) {
                subsample(plane, &mut planes.line, planes.sampling);
            }
        }
    }
}

/// Luma and chroma: ITU-T T.871, 7.
#[inline(always)]
fn fill_row(pixels: &[[u8; 3]], [luma, blue, red]: [&mut [f32]; 3], width: usize) {
    const BLUE: f32 = 1.0 / 1.772;
    const RED: f32 = 1.0 / 1.402;
    let samples = luma.iter_mut().zip(blue.iter_mut().zip(red.iter_mut()));
    for (pixel, (luma, (blue, red))) in pixels.iter().zip(samples) {
        let [r, g, b] = pixel.map(f32::from);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        *luma = y - 128.0;
        *blue = (b - y) * BLUE;
        *red = (r - y) * RED;
    }
    for row in [luma, blue, red] {
        let last = row[width - 1];
        row[width..].fill(last);
    }
}

/// Averages two neighbours in each row, and `down` rows, and stores the means at the beginning. `line` is as long as a
/// row.
#[inline(always)]
fn subsample(plane: &mut [f32], line: &mut [f32], [across, down]: [usize; 2]) {
    let stride = line.len();
    let factor = 1.0 / (across * down) as f32;
    for row in 0..plane.len() / stride / down {
        let rows = &plane[row * down * stride..][..down * stride];
        let (first, others) = rows.split_at(stride);
        line.copy_from_slice(first);
        for other in others.chunks_exact(stride) {
            for (sum, sample) in line.iter_mut().zip(other) {
                *sum += sample;
            }
        }
        let means = &mut plane[row * (stride / across)..][..stride / across];
        for (mean, [left, right]) in means.iter_mut().zip(line.as_chunks().0) {
            *mean = (left + right) * factor;
        }
    }
}

/// A component: the coefficients of luma, or of one of the two chromas.
pub(super) struct Component<'q> {
    pub(super) quantiser: &'q Quantiser,
    /// Pixels of a sample, across and down.
    sampling: [usize; 2],
    /// Blocks in a row that have pixels of the picture.
    pub(super) across: usize,
    /// The transformed blocks, row by row.
    pub(super) blocks: Vec<Block>,
}

impl<'q> Component<'q> {
    pub(super) fn new(quantiser: &'q Quantiser, size: Size, sampling: [u8; 2]) -> Self {
        let sampling = sampling.map(usize::from);
        Self {
            quantiser,
            sampling,
            across: (size.width as usize).div_ceil(SIDE * sampling[0]),
            blocks: Vec::new(),
        }
    }

    /// Makes room for all blocks of a picture with so many rows of pixels.
    pub(super) fn reserve(&mut self, rows: u32) {
        let down = (rows as usize).div_ceil(SIDE * self.sampling[1]);
        self.blocks.reserve_exact(self.across * down);
    }

    /// Appends its blocks of the planes that were filled last, with so many rows of pixels. The plane is used up by it.
    pub(super) fn transform(&mut self, planes: &mut Planes, plane: usize, rows: usize) {
        let stride = planes.stride / self.sampling[0];
        let down = rows.div_ceil(SIDE * self.sampling[1]);
        for band in planes.planes[plane].chunks_exact_mut(SIDE * stride).take(down) {
            with_widest(Columns { band, stride });
            with_widest(Rows {
                component: self,
                band,
                stride,
            });
        }
    }

    /// Its blocks, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Block]> {
        self.blocks.chunks(self.across)
    }
}

/// Transforms the columns of a row of blocks in place. Beside the second kernel in one loop, the compiler would take
/// single numbers through both.
struct Columns<'a> {
    band: &'a mut [f32],
    stride: usize,
}

impl Kernel for Columns<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { band, stride } = self;
        for left in (0..stride).step_by(SIDE) {
            let columns = quantiser::frequencies(block(band, stride, left));
            for (row, octet) in columns.iter().enumerate() {
                band[row * stride + left..][..SIDE].copy_from_slice(octet);
            }
        }
    }
}

/// Transforms the rows of a row of blocks whose columns are transformed, and quantises.
struct Rows<'a, 'q> {
    component: &'a mut Component<'q>,
    band: &'a [f32],
    stride: usize,
}

impl Kernel for Rows<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            component,
            band,
            stride,
        } = self;
        component.blocks.reserve(component.across);
        for left in 0..component.across {
            let block = block(band, stride, left * SIDE);
            component.blocks.push(component.quantiser.quantised(block));
        }
    }
}

/// The eight rows of a block.
#[inline(always)]
fn block(band: &[f32], stride: usize, left: usize) -> [Octet; SIDE] {
    let mut block = [[0.0; SIDE]; SIDE];
    for (row, octet) in block.iter_mut().enumerate() {
        octet.copy_from_slice(&band[row * stride + left..][..SIDE]);
    }
    block
}
