//! Input of the JPEG encoders: a picture of pixels, or luma and chroma as planes. It fills the planes of a row of MCUs.

use resizer_kernel::{Kernel, with_widest};

use super::transform::Planes;
use crate::Size;
use crate::picture::{Picture, PlanarPicture};

/// The picture to encode.
#[derive(Clone, Copy)]
pub(super) enum Input<'p> {
    /// One channel or three.
    Pixels(&'p Picture),
    Planes(&'p PlanarPicture),
}

impl Input<'_> {
    pub(super) const fn size(self) -> Size {
        match self {
            Self::Pixels(picture) => picture.size,
            Self::Planes(picture) => picture.size(),
        }
    }

    pub(super) const fn is_gray(self) -> bool {
        match self {
            Self::Pixels(picture) => picture.channels.is_gray(),
            Self::Planes(_) => false,
        }
    }

    /// The number of rows of MCUs.
    pub(super) const fn mcu_rows(self, planes: &Planes) -> usize {
        (self.size().height as usize).div_ceil(planes.rows())
    }

    /// Fills the planes with a row of MCUs. Returns its rows of pixels: fewer in the last row.
    pub(super) fn fill(self, mcu_row: usize, planes: &mut Planes) -> usize {
        let first = mcu_row * planes.rows();
        let rows = planes.rows().min(self.size().height as usize - first);
        match self {
            Self::Pixels(picture) => {
                let row_bytes = picture.row_bytes();
                planes.fill(&picture.pixels[first * row_bytes..(first + rows) * row_bytes]);
            }
            Self::Planes(picture) => {
                for (index, plane) in picture.planes.iter().enumerate() {
                    let [across, down] = if index == 0 { [1, 1] } else { planes.sampling };
                    let stride = planes.stride / across;
                    let row_bytes = plane.row_bytes();
                    let filled = first / down..(first + rows).div_ceil(down);
                    let all = planes.rows() / down;
                    with_widest(FillPlane {
                        samples: &plane.pixels[filled.start * row_bytes..filled.end * row_bytes],
                        row_bytes,
                        plane: &mut planes.planes[index][..all * stride],
                        stride,
                    });
                }
            }
        }
        rows
    }
}

/// Fills a plane with samples around 0. The last column and row are repeated to fill up whole blocks.
struct FillPlane<'a> {
    samples: &'a [u8],
    row_bytes: usize,
    plane: &'a mut [f32],
    stride: usize,
}

impl Kernel for FillPlane<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            samples,
            row_bytes,
            plane,
            stride,
        } = self;
        let last = samples.len() - row_bytes;
        for (row, target) in plane.chunks_exact_mut(stride).enumerate() {
            let start = last.min(row * row_bytes);
            let row = &samples[start..start + row_bytes];
            for (target, sample) in target.iter_mut().zip(row) {
                *target = f32::from(*sample) - 128.0;
            }
            let end = target[row_bytes - 1];
            target[row_bytes..].fill(end);
        }
    }
}
