//! Overlay of planes: composites layers with luma and chroma of a finished picture. Both are linear in red, green and
//! blue, so that the result is that of pixels, up to rounding. A sample of chroma takes the mean of its cell.

use super::{Drawn, opaque};
use crate::picture::{Picture, PlanarPicture};
use crate::plan::Plan;
use crate::steps::orient;
use crate::{Cancel, Channels, ImageError, Size};

/// Lays the layers over the picture. None of them lies behind: the plan has no planes then.
pub(crate) fn apply(
    picture: &mut PlanarPicture,
    layers: &[Drawn<'_>],
    plan: &Plan,
    cancel: &Cancel,
) -> Result<(), ImageError> {
    for layer in layers {
        let (turned, [left, top]) = turned(layer, plan, cancel)?;
        let samples = Samples {
            left,
            top,
            size: turned.size,
            pixels: luma_and_chroma(&turned, layer.opacity, cancel)?,
        };
        samples.over_luma(&mut picture.planes[0], cancel)?;
        let (cell, size) = (picture.cell, picture.size());
        let [_, blue, red] = &mut picture.planes;
        samples.over_chroma(blue, 1, cell, size, cancel)?;
        samples.over_chroma(red, 2, cell, size, cancel)?;
    }
    Ok(())
}

/// The part of the layer that is drawn, turned as the planes are, and its place in the result.
fn turned(layer: &Drawn<'_>, plan: &Plan, cancel: &Cancel) -> Result<(Picture, [u32; 2]), ImageError> {
    let Size { width, height } = layer.size;
    let mut pixels = Vec::with_capacity(Picture::bytes(layer.size, Channels::Rgba));
    for row in 0..height as usize {
        pixels.extend_from_slice(layer.row(row));
    }
    let part = Picture {
        size: layer.size,
        channels: Channels::Rgba,
        pixels,
    };
    let [left, top] = layer.at;
    let place = [left, top, left + width, top + height];
    let [left, top, ..] = plan.turn.apply_to_rectangle(place, plan.surround.canvas);
    Ok((orient::turned(part, plan.turn, cancel)?, [left, top]))
}

/// The pixels as luma, two chromas and alpha (ITU-T T.871, 7), in place of red, green, blue and alpha.
fn luma_and_chroma(picture: &Picture, opacity: u8, cancel: &Cancel) -> Result<Vec<[u8; 4]>, ImageError> {
    /// The factors in parts of 65,536. Those of luma have that sum, and those of chroma the sum 0.
    const LUMA: [i32; 3] = [19_595, 38_470, 7_471];
    const BLUE: [i32; 3] = [-11_058, -21_710, 32_768];
    const RED: [i32; 3] = [32_768, -27_439, -5_329];
    const HALF: i32 = 1 << 15;
    let mut all = Vec::with_capacity(picture.pixels.len() / 4);
    for row in picture.rows() {
        cancel.check()?;
        let (pixels, _) = row.as_chunks::<4>();
        all.extend(pixels.iter().map(|&[red, green, blue, alpha]| {
            let [red, green, blue] = [red, green, blue].map(i32::from);
            let sum = |[a, b, c]: [i32; 3], middle: i32| {
                let sum = (a * red + b * green + c * blue + HALF) >> 16;
                (sum + middle).clamp(0, 255) as u8
            };
            [sum(LUMA, 0), sum(BLUE, 128), sum(RED, 128), opaque(alpha, opacity)]
        }));
    }
    Ok(all)
}

/// A turned layer.
struct Samples {
    left: u32,
    top: u32,
    size: Size,
    pixels: Vec<[u8; 4]>,
}

impl Samples {
    fn row(&self, row: u32) -> &[[u8; 4]] {
        let width = self.size.width as usize;
        &self.pixels[row as usize * width..][..width]
    }

    fn over_luma(&self, plane: &mut Picture, cancel: &Cancel) -> Result<(), ImageError> {
        let width = plane.size.width as usize;
        let rows = plane.pixels.chunks_exact_mut(width).skip(self.top as usize);
        for (index, row) in (0..self.size.height).zip(rows) {
            cancel.check()?;
            for (below, &[luma, _, _, alpha]) in row[self.left as usize..].iter_mut().zip(self.row(index)) {
                *below = crate::colour::blend(luma, *below, u32::from(alpha));
            }
        }
        Ok(())
    }

    /// A sample of the plane covers `cell` pixels across and down, fewer at the right and the bottom of a picture of
    /// this `size`.
    fn over_chroma(
        &self,
        plane: &mut Picture,
        channel: usize,
        cell: [u8; 2],
        size: Size,
        cancel: &Cancel,
    ) -> Result<(), ImageError> {
        let [across, down] = cell.map(u32::from);
        let (right, bottom) = (self.left + self.size.width, self.top + self.size.height);
        let columns = self.left / across..right.div_ceil(across);
        // Sums over the layer's pixels in a cell: of alpha, and of alpha times the value.
        let mut sums = vec![[0_u32; 2]; columns.len()];
        let rows = plane.pixels.chunks_exact_mut(plane.size.width as usize).enumerate();
        let cells = (self.top / down) as usize..bottom.div_ceil(down) as usize;
        for (cell_row, row) in rows.skip(cells.start).take(cells.len()) {
            cancel.check()?;
            sums.fill([0; 2]);
            let first = cell_row as u32 * down;
            for y in first.max(self.top)..(first + down).min(bottom) {
                for (x, pixel) in (self.left..).zip(self.row(y - self.top)) {
                    let alpha = u32::from(pixel[3]);
                    let sum = &mut sums[(x / across - columns.start) as usize];
                    sum[0] += alpha;
                    sum[1] += alpha * u32::from(pixel[channel]);
                }
            }
            let height = down.min(size.height - first);
            for (column, (below, [alpha, value])) in
                columns.clone().zip(row[columns.start as usize..].iter_mut().zip(&sums))
            {
                let whole = 255 * height * across.min(size.width - column * across);
                let mixed = value + (whole - alpha) * u32::from(*below) + whole / 2;
                *below = (mixed / whole) as u8;
            }
        }
        Ok(())
    }
}
