//! Pad step: puts the picture on a larger canvas, and paints padding, rings and shadow around it.

use crate::colour::composited;
use crate::picture::Picture;
use crate::plan::surround::Shadow;
use crate::plan::{Plan, PlanePlan};
use crate::{Cancel, Channels, Colour, ImageError, Size};

/// Without padding and rings the picture stays unchanged, and with layers behind it.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if !plan.is_padded() || plan.layers.behind {
        return Ok(picture);
    }
    surround(Some(&picture), plan.surround.channels(picture.channels), plan, cancel)
}

/// The canvas with the picture on it, or without any, in channels that hold both.
pub(crate) fn surround(
    picture: Option<&Picture>,
    channels: Channels,
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let surround = &plan.surround;
    let size = surround.canvas;
    let width = size.width as usize;
    let count = channels.count();

    // A whole row of each colour, to copy from.
    let areas: Vec<([u32; 4], Vec<u8>)> = surround
        .areas
        .iter()
        .map(|(area, colour)| (*area, row_of(*colour, channels, width)))
        .collect();
    let [left, top] = surround.place;
    let picture_channels = picture.map_or(channels, |picture| picture.channels);
    let mut rows = picture.into_iter().flat_map(Picture::rows);
    let mut pixels = Vec::with_capacity(Picture::bytes(size, channels));
    let mut converted = Vec::with_capacity(picture.map_or(0, |picture| picture.size.width as usize) * count);
    for y in 0..size.height {
        cancel.check()?;
        let start = pixels.len();
        for ([x1, y1, x2, y2], row) in &areas {
            if !(*y1..*y2).contains(&y) {
                continue;
            }
            let (x1, x2) = (*x1 as usize * count, *x2 as usize * count);
            // The first area is the whole canvas.
            if pixels.len() == start {
                pixels.extend_from_slice(row);
            } else {
                pixels[start + x1..start + x2].copy_from_slice(&row[x1..x2]);
            }
        }
        if let Some(shadow) = &surround.shadow {
            paint_shadow(shadow, plan.background, y, channels, &mut pixels[start..]);
        }
        if y < top {
            continue;
        }
        if let Some(row) = rows.next() {
            let row = if picture_channels == channels {
                row
            } else {
                converted.clear();
                for pixel in row.chunks_exact(picture_channels.count()) {
                    channels.write(picture_channels.read(pixel), &mut converted);
                }
                &converted
            };
            let start = start + left as usize * count;
            pixels[start..start + row.len()].copy_from_slice(row);
        }
    }
    Ok(Picture { size, channels, pixels })
}

/// As [`apply`], for a plane of luma or chroma. Samples on the edge may lie in the padding for a half.
pub(crate) fn plane(mut plane: Picture, plan: &PlanePlan, cancel: &Cancel) -> Result<Picture, ImageError> {
    let half = |sample: &mut u8| *sample = u8::midpoint(*sample, plan.padding);
    let width = plane.row_bytes();
    let [left, top, right, bottom] = plan.shared;
    for (column, shared) in [(0, left), (width - 1, right)] {
        if shared {
            plane.pixels.iter_mut().skip(column).step_by(width).for_each(half);
        }
    }
    let last = plane.pixels.len() - width;
    for (start, shared) in [(0, top), (last, bottom)] {
        if shared {
            plane.pixels[start..start + width].iter_mut().for_each(half);
        }
    }
    if plan.pad == [0; 4] {
        return Ok(plane);
    }
    framed(&plane, &[plan.padding], plan.pad, cancel)
}

/// The picture in a frame of one colour.
fn framed(picture: &Picture, pixel: &[u8], pad: [u32; 4], cancel: &Cancel) -> Result<Picture, ImageError> {
    let [left, top, right, bottom] = pad;
    let channels = picture.channels;
    let size = Size::new(left + picture.size.width + right, top + picture.size.height + bottom);
    let mut pixels = pixel.repeat(size.width as usize * size.height as usize);

    let row_bytes = size.width as usize * channels.count();
    let left = left as usize * channels.count();
    for (row, target) in picture
        .rows()
        .zip(pixels.chunks_exact_mut(row_bytes).skip(top as usize))
    {
        cancel.check()?;
        target[left..left + row.len()].copy_from_slice(row);
    }
    Ok(Picture { size, channels, pixels })
}

fn row_of(colour: Colour, channels: Channels, width: usize) -> Vec<u8> {
    let mut pixel = Vec::with_capacity(channels.count());
    channels.write(colour.pixel(), &mut pixel);
    pixel.repeat(width)
}

/// Paints the shadow's part of a row, outside of the rectangle that casts it. The shadow fades evenly with the distance
/// from the displaced rectangle, also around its corners.
fn paint_shadow(shadow: &Shadow, background: Colour, y: u32, channels: Channels, row: &mut [u8]) {
    let [x1, y1, x2, y2] = shadow.caster;
    let [right, down] = shadow.offset.map(f64::from);
    // The distance of a pixel's middle from a displaced side.
    let beyond = |at: u32, near: u32, far: u32, offset: f64| {
        let at = f64::from(at) + 0.5 - offset;
        (f64::from(near) - at).max(at - f64::from(far)).max(0.0)
    };
    let vertical = beyond(y, y1, y2, down);
    let width = f64::from(shadow.width);
    if vertical >= width {
        return;
    }
    let mut written = Vec::with_capacity(channels.count());
    for (x, pixel) in (0_u32..).zip(row.chunks_exact_mut(channels.count())) {
        let is_covered = (x1..x2).contains(&x) && (y1..y2).contains(&y);
        let horizontal = beyond(x, x1, x2, right);
        if is_covered || horizontal >= width {
            continue;
        }
        let distance = (horizontal * horizontal + vertical * vertical).sqrt();
        let strength = (1.0 - distance / width).max(0.0);
        let alpha = (f64::from(shadow.colour.alpha) * strength).round() as u8;
        let [red, green, blue, _] = shadow.colour.pixel();
        written.clear();
        channels.write(composited([red, green, blue, alpha], background), &mut written);
        pixel.copy_from_slice(&written);
    }
}
