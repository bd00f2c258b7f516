//! Pad step: puts the picture on a larger canvas of the background colour.

use super::flatten::converted;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Channels, ImageError, Size};

/// Without padding the picture stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if !plan.is_padded() {
        return Ok(picture);
    }
    let [left, top, right, bottom] = plan.pad;
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

    let size = Size::new(left + picture.size.width + right, top + picture.size.height + bottom);
    let mut pixel = Vec::with_capacity(channels.count());
    channels.write(
        [background.red, background.green, background.blue, background.alpha],
        &mut pixel,
    );
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
