//! Lossy decoder of planes: delivers luma and both chromas as they are stored, or means of them, without colours. For
//! callers that scale and encode planes.

use std::ops::Range;

use resizer_kernel::{Kernel, with_widest};

use crate::macroblock_rows::{MacroblockRows, SIDE, UNFILTERED};
use crate::scale::means;
use crate::{DecodeError, Scale};

/// A lossy picture being decoded to planes, from the top down. Samples are in studio range (ITU-R BT.601).
#[derive(Debug)]
pub struct PlaneDecoder<'a> {
    rows: MacroblockRows<'a>,
    /// Luma, then the chroma of blue and of red.
    planes: [Delivered; 3],
}

/// A plane as it is delivered.
#[derive(Debug)]
struct Delivered {
    /// The side of the square of stored samples that become one.
    side: usize,
    /// The stored samples, across and down.
    width: usize,
    height: usize,
    /// The rows that the last step has completed.
    ready: Range<usize>,
    /// Those rows, unless they are stored ones.
    samples: Vec<u8>,
    sums: Vec<u16>,
}

impl<'a> PlaneDecoder<'a> {
    /// Reads the header of a picture: the contents of a chunk `VP8 `. Allocates a few rows of the picture's width, at
    /// most as many bytes as [`Decoder::bytes`](crate::Decoder::bytes) tells.
    pub fn new(data: &'a [u8], scale: Scale, half_chroma: bool) -> Result<Self, DecodeError> {
        let rows = MacroblockRows::new(data)?;
        let [width, height] = [rows.width(), rows.height()].map(usize::from);
        let plane = |index: usize| {
            let halved = index > 0;
            let stored = if halved { 2 } else { 1 };
            let side = usize::from(Self::spacing(index, scale, half_chroma)) / stored;
            Delivered::new(width.div_ceil(stored), height.div_ceil(stored), side)
        };
        Ok(Self {
            rows,
            planes: [plane(0), plane(1), plane(2)],
        })
    }

    /// How many stored pixels a sample of a plane covers, across and down. Plane 0 is luma. With `half_chroma`, chroma
    /// has half the resolution of luma, but at an eighth, where it has luma's.
    pub const fn spacing(plane: usize, scale: Scale, half_chroma: bool) -> u8 {
        let luma = scale.denominator() as u8;
        match (plane, scale, half_chroma) {
            (0, ..) | (_, Scale::Eighth, _) => luma,
            (_, Scale::Full, _) | (_, _, true) => 2 * luma,
            (_, _, false) => luma,
        }
    }

    /// Decodes the next row of macroblocks. Returns false after the last one. The decoder must not be used after an
    /// error.
    pub fn step(&mut self) -> Result<bool, DecodeError> {
        if self.rows.luma_rows() >= usize::from(self.rows.height()) {
            return Ok(false);
        }
        self.rows.decode_row()?;
        let is_last = self.rows.luma_rows() >= usize::from(self.rows.height());
        for (index, plane) in self.planes.iter_mut().enumerate() {
            let stored = if index == 0 { 1 } else { 2 };
            let end = if is_last {
                plane.height.div_ceil(plane.side)
            } else {
                (self.rows.luma_rows() / stored - UNFILTERED) / plane.side
            };
            plane.ready = plane.ready.end..end;
            plane.deliver(|row| stored_row(&self.rows, index, row));
        }
        Ok(true)
    }

    /// The rows of a plane that the last step has completed, counted from the top. Each row comes once, in order.
    pub fn ready(&self, plane: usize) -> Range<u32> {
        let ready = &self.planes[plane].ready;
        ready.start as u32..ready.end as u32
    }

    /// A row that is ready. It may be longer than the plane is wide.
    pub fn row(&self, plane: usize, row: u32) -> &[u8] {
        let (row, delivered) = (row as usize, &self.planes[plane]);
        if delivered.side == 1 {
            return stored_row(&self.rows, plane, row);
        }
        let width = delivered.delivered_width();
        &delivered.samples[(row - delivered.ready.start) * width..][..width]
    }
}

fn stored_row<'r>(rows: &'r MacroblockRows<'_>, plane: usize, row: usize) -> &'r [u8] {
    match plane.checked_sub(1) {
        None => rows.luma(row),
        Some(chroma) => rows.chroma(chroma, row),
    }
}

impl Delivered {
    fn new(width: usize, height: usize, side: usize) -> Self {
        let mut plane = Self {
            side,
            width,
            height,
            ready: 0..0,
            samples: Vec::new(),
            sums: Vec::new(),
        };
        if side > 1 {
            // The rows of macroblocks, and those that the step before has held back.
            plane.samples = vec![0; plane.delivered_width() * (SIDE + UNFILTERED).div_ceil(side)];
            plane.sums = vec![0; width];
        }
        plane
    }

    const fn delivered_width(&self) -> usize {
        self.width.div_ceil(self.side)
    }

    /// Makes the rows that are ready from stored ones.
    fn deliver<'r>(&mut self, stored: impl Fn(usize) -> &'r [u8]) {
        if self.side == 1 {
            return;
        }
        let width = self.delivered_width();
        for (row, samples) in self.ready.clone().zip(self.samples.chunks_exact_mut(width)) {
            let mut rows: [&[u8]; 8] = [&[]; 8];
            let covered = row * self.side..((row + 1) * self.side).min(self.height);
            let count = covered.len();
            for (place, row) in rows.iter_mut().zip(covered) {
                *place = stored(row);
            }
            with_widest(Means {
                rows: &rows[..count],
                side: self.side,
                width: self.width,
                sums: &mut self.sums,
                samples,
            });
        }
    }
}

/// The means of a row of squares.
struct Means<'m> {
    rows: &'m [&'m [u8]],
    side: usize,
    width: usize,
    sums: &'m mut [u16],
    samples: &'m mut [u8],
}

impl Kernel for Means<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            rows,
            side,
            width,
            sums,
            samples,
        } = self;
        match side {
            2 => means::<2>(rows, width, sums, samples),
            4 => means::<4>(rows, width, sums, samples),
            _ => means::<8>(rows, width, sums, samples),
        }
    }
}
