//! Last step of a row of a lossless picture: undoes the transforms and writes the bytes of the pixels. A kernel, as all
//! of it is loops over a row.

use resizer_kernel::Kernel;

use super::Output;
use super::image::Pixel;
use super::transform::Transform;
use crate::Pixels;

/// The end of the work on a row: the inverse transforms, from the last to the first, and its bytes.
pub(super) struct FinishRow<'r> {
    pub(super) number: usize,
    pub(super) stored: &'r [Pixel],
    /// As long as the picture is wide.
    pub(super) row: &'r mut [Pixel],
    pub(super) transforms: &'r mut [Transform],
    pub(super) output: Output,
    pub(super) has_alpha: bool,
    pub(super) rows: &'r mut Vec<u8>,
}

impl Kernel for FinishRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { stored, row, .. } = self;
        row[..stored.len()].copy_from_slice(stored);
        let mut width = stored.len();
        for transform in self.transforms.iter_mut().rev() {
            // Undoing colour indexing widens a row to its width before.
            if matches!(transform, Transform::ColourIndexing { .. }) {
                width = row.len();
            }
            transform.undo(self.number, &mut row[..width]);
        }
        let start = self.rows.len();
        self.rows.resize(start + row.len() * self.output.bytes(), 0);
        write_row(row, self.output, self.has_alpha, &mut self.rows[start..]);
    }
}

#[inline(always)]
fn write_row(row: &[Pixel], output: Output, has_alpha: bool, bytes: &mut [u8]) {
    let opaque = if has_alpha { 0 } else { u8::MAX };
    match output {
        Output::Pixels(Pixels::Rgb) => {
            for (bytes, pixel) in bytes.as_chunks_mut::<3>().0.iter_mut().zip(row) {
                let [blue, green, red, _] = pixel.to_le_bytes();
                *bytes = [red, green, blue];
            }
        }
        Output::Pixels(Pixels::Rgba) => {
            for (bytes, pixel) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(row) {
                let [blue, green, red, alpha] = pixel.to_le_bytes();
                *bytes = [red, green, blue, alpha | opaque];
            }
        }
        Output::Alpha => {
            for (byte, pixel) in bytes.iter_mut().zip(row) {
                *byte = (pixel >> 8) as u8;
            }
        }
    }
}
