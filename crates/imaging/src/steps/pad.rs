//! Pad step: puts the picture on a larger canvas of the background colour.

use super::flatten::converted;
use crate::picture::Picture;
use crate::plan::{Plan, PlanePlan};
use crate::{Cancel, Channels, ImageError, Size};

/// Without padding the picture stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if !plan.is_padded() {
        return Ok(picture);
    }
    let background = plan.background;
    let channels = Channels::of(
        picture.channels.is_gray() && background.is_gray(),
        picture.channels.has_alpha() || background.alpha < u8::MAX,
    );
    let picture = if picture.channels == channels {
        picture
    } else {
        converted(&picture, channels, cancel, |pixel| pixel)?
    };

    let mut pixel = Vec::with_capacity(channels.count());
    channels.write(
        [background.red, background.green, background.blue, background.alpha],
        &mut pixel,
    );
    framed(&picture, &pixel, plan.pad, cancel)
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
