//! Sample planes: hold one row of macroblocks, and above it the rows that are not final yet.

/// A plane whose macroblocks have sides of `SIDE` samples: 16 in luma, 8 in chroma.
///
/// Rows are counted from the top of the macroblocks that are being decoded. Above them are `SIDE / 2` rows decoded
/// before. The loop filter reads four of these rows and changes three, and all stay until they are converted to
/// colours.
#[derive(Debug)]
pub(crate) struct Plane<const SIDE: usize> {
    samples: Vec<u8>,
    stride: usize,
    /// The row above the macroblocks before the loop filter, which predictions are made from. It begins with the corner
    /// left of it, and ends with four samples more than the macroblocks are wide.
    above: Vec<u8>,
}

/// Columns left of the first sample. Predictions read the last of them. The rest keeps rows of 4096 samples from
/// falling into the same cache lines.
const MARGIN: usize = 16;
/// How many samples above and right of a macroblock are read.
const BEYOND: usize = 4;
/// The values of samples above and left of the picture: section 12.2.
const ABOVE_PICTURE: u8 = 127;
const LEFT_OF_PICTURE: u8 = 129;

impl<const SIDE: usize> Plane<SIDE> {
    const KEPT: usize = SIDE / 2;

    pub(crate) fn new(columns: usize) -> Self {
        let stride = MARGIN + columns * SIDE;
        Self {
            samples: vec![LEFT_OF_PICTURE; stride * (Self::KEPT + SIDE)],
            stride,
            above: vec![ABOVE_PICTURE; stride + BEYOND],
        }
    }

    /// The bytes that a plane of this many columns of macroblocks holds.
    pub(crate) const fn bytes(columns: usize) -> usize {
        (MARGIN + columns * SIDE) * (Self::KEPT + SIDE + 1) + BEYOND
    }

    /// The distance from one row to the next in [`samples_mut`](Self::samples_mut).
    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    /// The index of a sample in [`samples_mut`](Self::samples_mut).
    pub(crate) const fn position(&self, x: usize, y: usize) -> usize {
        (Self::KEPT + y) * self.stride + MARGIN + x
    }

    pub(crate) fn samples_mut(&mut self) -> &mut [u8] {
        &mut self.samples
    }

    /// A row without the margin. The first row is -`SIDE / 2`.
    pub(crate) fn row(&self, y: isize) -> &[u8] {
        let start = Self::KEPT.wrapping_add_signed(y) * self.stride;
        &self.samples[start + MARGIN..start + self.stride]
    }

    /// The row above a macroblock.
    pub(crate) fn above(&self, x: usize) -> [u8; SIDE] {
        samples(&self.above, MARGIN + x)
    }

    /// The row above a macroblock, with the sample left of it and [`BEYOND`] samples right of it.
    pub(crate) fn around(&self, x: usize) -> &[u8] {
        &self.above[MARGIN + x - 1..][..1 + SIDE + BEYOND]
    }

    /// The sample left of the row above a macroblock.
    pub(crate) fn corner(&self, x: usize) -> u8 {
        self.above[MARGIN + x - 1]
    }

    /// The column left of a macroblock, from the top down.
    pub(crate) fn left(&self, x: usize) -> [u8; SIDE] {
        let start = self.position(x, 0) - 1;
        std::array::from_fn(|y| self.samples[start + y * self.stride])
    }

    /// Ends the prediction of a row of macroblocks, before the loop filter changes them.
    pub(crate) fn finish_prediction(&mut self) {
        let last = self.position(0, SIDE - 1);
        let row = &self.samples[last..last + self.stride - MARGIN];
        self.above[MARGIN - 1] = LEFT_OF_PICTURE;
        self.above[MARGIN..self.stride].copy_from_slice(row);
        let beyond = row.last().copied().unwrap_or_default();
        self.above[self.stride..].fill(beyond);
    }

    /// Moves the rows up to make room for the next row of macroblocks.
    pub(crate) fn advance(&mut self) {
        self.samples.copy_within(SIDE * self.stride.., 0);
    }
}

fn samples<const N: usize>(from: &[u8], start: usize) -> [u8; N] {
    let mut samples = [0; N];
    samples.copy_from_slice(&from[start..start + N]);
    samples
}
