//! Edges: the Sobel operator on luma. A flat area becomes black, an edge light.

use resizer_kernel::{Kernel, with_widest};

use super::rows;
use crate::picture::Picture;
use crate::{Cancel, Channels, Compat, ImageError};

/// The sum of the slopes across and down, in grey, at most 255. With a threshold each value from it on is white, and
/// each below is black. Beyond the picture's edge, the pixels of the edge count. Alpha stays.
///
/// By ImageResizer's rules the pixels of the picture's edge are black, and the strongest edge is white.
pub(super) fn edges(
    picture: Picture,
    threshold: Option<u8>,
    compat: Compat,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let gray = Channels::of(true, picture.channels.has_alpha());
    let mut picture = rows::changed(picture, gray, cancel, |_, row| {
        for pixel in row {
            let [red, green, blue, alpha] = *pixel;
            let luma = luma([red, green, blue]);
            *pixel = [luma, luma, luma, alpha];
        }
    })?;
    let (width, height) = (picture.size.width as usize, picture.size.height as usize);
    let step = picture.channels.count();
    let mut above = vec![0; width + 2];
    let (mut current, mut below) = (above.clone(), above.clone());
    let mut slopes = vec![0; width];
    let mut strongest = 0;
    read(&picture, 0, &mut current);
    above.copy_from_slice(&current);
    for y in 0..height {
        cancel.check()?;
        // The rows below are not yet changed.
        if y + 1 < height {
            read(&picture, y + 1, &mut below);
        } else {
            below.copy_from_slice(&current);
        }
        with_widest(Slopes {
            above: &above,
            current: &current,
            below: &below,
            out: &mut slopes,
        });
        if compat.is_imageresizer() {
            let is_edge = y == 0 || y + 1 == height;
            let kept = if is_edge { 0..0 } else { 1..width.max(2) - 1 };
            for (_, slope) in slopes.iter_mut().enumerate().filter(|(x, _)| !kept.contains(x)) {
                *slope = 0;
            }
            strongest = slopes.iter().copied().fold(strongest, u8::max);
        }
        let row = &mut picture.pixels[y * width * step..][..width * step];
        for (pixel, slope) in row.chunks_exact_mut(step).zip(&slopes) {
            pixel[0] = *slope;
        }
        std::mem::swap(&mut above, &mut current);
        std::mem::swap(&mut current, &mut below);
    }
    let shown = |slope: usize| {
        let slope = match strongest {
            0 => slope,
            strongest => slope * 255 / usize::from(strongest),
        };
        match threshold {
            Some(threshold) if slope >= usize::from(threshold) => u8::MAX,
            Some(_) => u8::MIN,
            None => slope.min(255) as u8,
        }
    };
    let curve: [u8; 256] = std::array::from_fn(shown);
    for row in picture.pixels.chunks_exact_mut(width * step) {
        cancel.check()?;
        for pixel in row.chunks_exact_mut(step) {
            pixel[0] = curve[usize::from(pixel[0])];
        }
    }
    Ok(picture)
}

/// Luma, rounded: ITU-R BT.601, 2.5.1, with the weights out of 1000.
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    ((u32::from(red) * 299 + u32::from(green) * 587 + u32::from(blue) * 114 + 500) / 1000) as u8
}

/// Reads the luma of a row, with the samples at its ends once more as a margin.
fn read(picture: &Picture, y: usize, samples: &mut [i16]) {
    let width = picture.size.width as usize;
    let step = picture.channels.count();
    let row = &picture.pixels[y * width * step..][..width * step];
    for (sample, pixel) in samples[1..].iter_mut().zip(row.chunks_exact(step)) {
        *sample = i16::from(pixel[0]);
    }
    samples[0] = samples[1];
    samples[width + 1] = samples[width];
}

/// The Sobel operator for one row. The rows have a margin of one sample on either side.
struct Slopes<'s> {
    above: &'s [i16],
    current: &'s [i16],
    below: &'s [i16],
    out: &'s mut [u8],
}

impl Kernel for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let rows = self
            .above
            .windows(3)
            .zip(self.current.windows(3))
            .zip(self.below.windows(3));
        for (out, ((above, current), below)) in self.out.iter_mut().zip(rows) {
            let across = above[2] + 2 * current[2] + below[2] - above[0] - 2 * current[0] - below[0];
            let down = below[0] + 2 * below[1] + below[2] - above[0] - 2 * above[1] - above[2];
            *out = (across.abs() + down.abs()).min(255) as u8;
        }
    }
}
