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
    let columns = [0, 1, 2].map(|input| matrix.rows.map(|row| row[input] as f32));
    let offsets = matrix.offsets.map(|offset| (offset * 255.0) as f32);
    rows::changed(picture, channels, cancel, |_, row| {
        with_widest(Mix {
            row,
            columns,
            offsets,
            alpha: matrix.alpha as f32,
        });
    })
}

/// Multiplies each pixel by a matrix.
struct Mix<'m> {
    row: &'m mut [Pixel],
    /// The weights of red, of green and of blue in each channel of the result.
    columns: [[f32; 3]; 3],
    offsets: [f32; 3],
    alpha: f32,
}

impl Kernel for Mix<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            row,
            columns: [reds, greens, blues],
            offsets,
            alpha,
        } = self;
        for pixel in row {
            // A pixel is one number, so that several fit into a register without being taken apart.
            let word = u32::from_le_bytes(*pixel);
            let value = |shift: u32| (word >> shift & 0xff) as i32 as f32;
            let (red, green, blue) = (value(0), value(8), value(16));
            let sum = |channel: usize| {
                level(red * reds[channel] + green * greens[channel] + blue * blues[channel] + offsets[channel])
            };
            let word = sum(0) | sum(1) << 8 | sum(2) << 16 | level(value(24) * alpha) << 24;
            *pixel = word.to_le_bytes();
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
    level(value) as u8
}

#[inline(always)]
fn level(value: f32) -> u32 {
    nearest(value.clamp(0.0, 255.0))
}

/// The nearest whole number, for numbers from 0 to 65,535. The casts of the language cost more: they look for numbers
/// out of range.
#[inline(always)]
pub(super) fn nearest(value: f32) -> u32 {
    /// 2^23: from here on a number has no bits for fractions. An addition rounds, and leaves the whole number in the
    /// lowest bits.
    const WHOLE: f32 = 8_388_608.0;
    (value + WHOLE).to_bits() & 0xffff
}
