//! The rows of a plane that are being worked on: those of one row of macroblocks, and above them some that are not finished.

/// A plane whose macroblocks have sides of `SIDE` samples: 16 in luma, 8 in chroma.
///
/// Rows are counted from the top of the macroblocks that are being decoded. Above them are half as many that were decoded
/// before: smoothing reads four rows of them and changes three, and those stay until their colours are known.
#[derive(Debug)]
pub(crate) struct Plane<const SIDE: usize> {
    samples: Vec<u8>,
    stride: usize,
    /// The row above the macroblocks before it was smoothed, which is what predictions are made from: the corner left of
    /// it, and four samples more than the macroblocks are wide.
    above: Vec<u8>,
}

/// Columns left of the first sample. The last of them is what predictions find there; the rest keeps rows of 4096 samples
/// from falling into the same lines of a cache.
const MARGIN: usize = 16;
/// How many samples are looked at above and right of a macroblock.
const BEYOND: usize = 4;
/// What predictions find above and left of the picture: section 12.2.
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

    /// What a plane of so many columns of macroblocks holds, in bytes.
    pub(crate) const fn bytes(columns: usize) -> usize {
        (MARGIN + columns * SIDE) * (Self::KEPT + SIDE + 1) + BEYOND
    }

    /// From one row to the one below it in [`samples_mut`](Self::samples_mut).
    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    /// Where a sample is in [`samples_mut`](Self::samples_mut).
    pub(crate) const fn position(&self, x: usize, y: usize) -> usize {
        (Self::KEPT + y) * self.stride + MARGIN + x
    }

    pub(crate) fn samples_mut(&mut self) -> &mut [u8] {
        &mut self.samples
    }

    /// A row without the margin; -`SIDE / 2` is the first there is.
    pub(crate) fn row(&self, y: isize) -> &[u8] {
        let start = Self::KEPT.wrapping_add_signed(y) * self.stride;
        &self.samples[start + MARGIN..start + self.stride]
    }

    /// The row above a macroblock.
    pub(crate) fn above(&self, x: usize) -> [u8; SIDE] {
        samples(&self.above, MARGIN + x)
    }

    /// Left of the row above a macroblock.
    pub(crate) fn corner(&self, x: usize) -> u8 {
        self.above[MARGIN + x - 1]
    }

    /// The column left of a macroblock, from the top down.
    pub(crate) fn left(&self, x: usize) -> [u8; SIDE] {
        let start = self.position(x, 0) - 1;
        std::array::from_fn(|y| self.samples[start + y * self.stride])
    }

    /// The samples around a subblock in the macroblock that begins at `left`: [`Edge`](crate::subblock::Edge).
    pub(crate) fn edge(&self, left: usize, x: usize, y: usize) -> [u8; 13] {
        let start = self.position(left + x, y) - 1;
        let mut edge = [0; 13];
        for (sample, row) in edge[..4].iter_mut().rev().zip(0..) {
            *sample = self.samples[start + row * self.stride];
        }
        let above: [u8; 9] = if y == 0 {
            samples(&self.above, MARGIN + left + x - 1)
        } else if x + 4 < SIDE {
            samples(&self.samples, start - self.stride)
        } else {
            // Right of the macroblock nothing is decoded yet: what is above it stands in, on all rows of subblocks.
            let mut above = [0; 9];
            above[..5].copy_from_slice(&samples::<5>(&self.samples, start - self.stride));
            above[5..].copy_from_slice(&samples::<BEYOND>(&self.above, MARGIN + left + SIDE));
            above
        };
        edge[4..].copy_from_slice(&above);
        edge
    }

    /// Ends the prediction of a row of macroblocks, before they are smoothed.
    pub(crate) fn predicted(&mut self) {
        let last = self.position(0, SIDE - 1);
        let row = &self.samples[last..last + self.stride - MARGIN];
        self.above[MARGIN - 1] = LEFT_OF_PICTURE;
        self.above[MARGIN..self.stride].copy_from_slice(row);
        let beyond = row.last().copied().unwrap_or_default();
        self.above[self.stride..].fill(beyond);
    }

    /// Makes room for the next row of macroblocks.
    pub(crate) fn advance(&mut self) {
        self.samples.copy_within(SIDE * self.stride.., 0);
    }
}

fn samples<const N: usize>(from: &[u8], start: usize) -> [u8; N] {
    let mut samples = [0; N];
    samples.copy_from_slice(&from[start..start + N]);
    samples
}
