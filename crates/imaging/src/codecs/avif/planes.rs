//! Luma and chroma of a picture (ITU-T T.871), with a sample of chroma for two by two pixels, as an AVIF stores them.

use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, ImageError, Size};

/// The samples of a picture, in rows without gaps.
pub(super) struct Planes {
    pub(super) size: Size,
    pub(super) luma: Vec<u8>,
    /// `None` for a grey picture.
    pub(super) chroma: Option<[Vec<u8>; 2]>,
    /// `None` for an opaque picture.
    pub(super) alpha: Option<Vec<u8>>,
}

/// Fractional bits of the weights.
const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The weights of red, green and blue (T.871, section 7), times 65,536.
const LUMA: [i32; 3] = [19_595, 38_470, 7_471];
const BLUE: [i32; 3] = [-11_058, -21_710, 32_768];
const RED: [i32; 3] = [32_768, -27_439, -5_329];

impl Planes {
    /// Planes that already are as they have to be.
    pub(super) fn of_planes(picture: PlanarPicture) -> Self {
        let size = picture.size();
        let [luma, blue, red] = picture.planes.map(|plane| plane.pixels);
        Self {
            size,
            luma,
            chroma: Some([blue, red]),
            alpha: None,
        }
    }

    /// The samples of pixels. Colours that nothing shows are those of the last visible pixel in the row, since an edge
    /// that nobody sees takes bytes.
    pub(super) fn of_pixels(picture: &Picture, cancel: &Cancel) -> Result<Self, ImageError> {
        let (width, channels) = (picture.size.width as usize, picture.channels);
        let cells = width.div_ceil(2);
        let pixels = picture.size.pixels() as usize;
        let mut planes = Self {
            size: picture.size,
            luma: Vec::with_capacity(pixels),
            chroma: None,
            alpha: channels.has_alpha().then(|| Vec::with_capacity(pixels)),
        };
        let cell_count = cells * picture.size.height.div_ceil(2) as usize;
        let mut chroma = [Vec::with_capacity(cell_count), Vec::with_capacity(cell_count)];
        let rows: Vec<&[u8]> = picture.rows().collect();
        let mut colours = Vec::with_capacity(2 * width);
        for pair in rows.chunks(2) {
            cancel.check()?;
            colours.clear();
            for row in pair {
                let mut seen = [0; 3];
                for pixel in row.chunks_exact(channels.count()) {
                    let [red, green, blue, alpha] = channels.read(pixel);
                    if alpha > 0 {
                        seen = [red, green, blue];
                    }
                    planes.luma.push(weighted(seen.map(i32::from), LUMA, 0));
                    if let Some(plane) = &mut planes.alpha {
                        plane.push(alpha);
                    }
                    colours.push(seen);
                }
            }
            if !channels.is_gray() {
                for cell in 0..cells {
                    let sums = sums(&colours, width, cell);
                    for (plane, weights) in chroma.iter_mut().zip([BLUE, RED]) {
                        plane.push(weighted(sums, weights, 2));
                    }
                }
            }
        }
        planes.chroma = (!channels.is_gray()).then_some(chroma);
        Ok(planes)
    }
}

/// The colours of a cell of two rows, added up. Pixels beyond the edge are those at the edge.
fn sums(colours: &[[u8; 3]], width: usize, cell: usize) -> [i32; 3] {
    let (left, right) = (2 * cell, (2 * cell + 1).min(width - 1));
    let below = colours.len() - width;
    let cell = [left, right, below + left, below + right].map(|index| colours[index].map(i32::from));
    std::array::from_fn(|colour| cell.iter().map(|pixel| pixel[colour]).sum())
}

/// The sum of colours times weights, divided by a power of two. Weights of chroma add up to nothing and get 128.
fn weighted(colours: [i32; 3], weights: [i32; 3], shift: u32) -> u8 {
    let middle = if weights[0] + weights[1] + weights[2] == 0 {
        128 << (BITS + shift)
    } else {
        0
    };
    let sum: i32 = colours
        .iter()
        .zip(weights)
        .map(|(colour, weight)| colour * weight)
        .sum();
    ((sum + middle + (HALF << shift)) >> (BITS + shift)).clamp(0, 255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Channels;

    /// The equations of T.871, section 7, in f64.
    fn expected([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402]
    }

    #[test]
    fn samples_follow_the_equations() {
        // Three by three pixels, so that cells lie at both edges.
        let pixel = |index: usize| [index * 31 % 256, index * 87 % 256, index * 199 % 256].map(|value| value as u8);
        let picture = Picture {
            size: Size::new(3, 3),
            channels: Channels::Rgb,
            pixels: (0..9).flat_map(pixel).collect(),
        };
        let planes = Planes::of_pixels(&picture, &Cancel::new()).unwrap();
        let close =
            |value: u8, expected: f64| assert!((f64::from(value) - expected).abs() <= 0.52, "{value} {expected}");
        for (index, luma) in planes.luma.iter().enumerate() {
            close(*luma, expected(pixel(index).map(f64::from))[0]);
        }
        let [blue, red] = planes.chroma.unwrap();
        for (cell, members) in [[0, 1, 3, 4], [2, 2, 5, 5], [6, 7, 6, 7], [8, 8, 8, 8]]
            .into_iter()
            .enumerate()
        {
            let mean = std::array::from_fn(|colour| {
                members
                    .iter()
                    .map(|index| f64::from(pixel(*index)[colour]))
                    .sum::<f64>()
                    / 4.0
            });
            close(blue[cell], expected(mean)[1]);
            close(red[cell], expected(mean)[2]);
        }
    }

    #[test]
    fn colours_that_nothing_shows_are_their_neighbours() {
        let picture = Picture {
            size: Size::new(2, 1),
            channels: Channels::GrayAlpha,
            pixels: vec![90, 255, 7, 0],
        };
        let planes = Planes::of_pixels(&picture, &Cancel::new()).unwrap();
        assert_eq!(planes.luma, [90, 90]);
        assert_eq!(planes.alpha, Some(vec![255, 0]));
        assert!(planes.chroma.is_none());
    }
}
