//! Colour filters: the matrix of the keys `s.*`, the overlay, and the other sepia.

use resizer_kernel::{Kernel, with_widest};

use super::rows::{self, Pixel};
use crate::colour::composited;
use crate::colour_matrix::ColourMatrix;
use crate::picture::Picture;
use crate::{Cancel, Channels, Colour, ImageError};

/// `a.sepia`: luma of ITU-R BT.601, with the chroma of YIQ set to I = 51 and Q = 0, which adds 49 levels of red and
/// takes away 14 of green and 56 of blue.
pub(super) const YIQ_SEPIA: ColourMatrix = ColourMatrix {
    rows: [[0.299, 0.587, 0.114]; 3],
    offsets: [49.0 / 255.0, -14.0 / 255.0, -56.0 / 255.0],
    alpha: 1.0,
};

/// Passes each pixel through the matrix.
pub(super) fn mixed(picture: Picture, matrix: &ColourMatrix, cancel: &Cancel) -> Result<Picture, ImageError> {
    let channels = Channels::of(
        matrix.gives_gray(picture.channels.is_gray()),
        picture.channels.has_alpha() || matrix.alpha < 1.0,
    );
    let weights = |input: usize| {
        let [red, green, blue] = matrix.rows.map(|row| row[input] as f32);
        [red, green, blue, 0.0]
    };
    let [red, green, blue] = matrix.offsets.map(|offset| (offset * 255.0) as f32);
    let columns = [weights(0), weights(1), weights(2), [0.0, 0.0, 0.0, matrix.alpha as f32]];
    let offsets = [red, green, blue, 0.0];
    rows::changed(picture, channels, cancel, |_, row| {
        with_widest(Mix {
            row,
            columns: &columns,
            offsets: &offsets,
        });
    })
}

/// Multiplies each pixel by a matrix of one column for each of its channels.
struct Mix<'m> {
    row: &'m mut [Pixel],
    columns: &'m [[f32; 4]; 4],
    offsets: &'m [f32; 4],
}

impl Kernel for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for pixel in self.row {
            let mut sums = *self.offsets;
            for (value, column) in pixel.iter().zip(self.columns) {
                let value = f32::from(*value);
                for (sum, weight) in sums.iter_mut().zip(column) {
                    *sum += value * weight;
                }
            }
            *pixel = sums.map(rounded);
        }
    }
}

/// Lays a colour over the picture. A picture with alpha keeps it: the overlay fills its transparent parts too.
pub(super) fn overlaid(picture: Picture, colour: Colour, cancel: &Cancel) -> Result<Picture, ImageError> {
    let gray = picture.channels.is_gray() && colour.is_gray();
    let channels = Channels::of(gray, picture.channels.has_alpha());
    let above = [colour.red, colour.green, colour.blue, colour.alpha];
    rows::changed(picture, channels, cancel, |_, row| {
        for pixel in row {
            let [red, green, blue, alpha] = *pixel;
            let below = Colour {
                red,
                green,
                blue,
                alpha,
            };
            *pixel = composited(above, below);
        }
    })
}

/// Rounds to the nearest byte. Values beyond the range of a byte become its ends.
#[inline(always)]
pub(super) fn rounded(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}
