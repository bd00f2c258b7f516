//! Flatten step: paints the colour behind the picture below it, and drops an alpha channel that is opaque everywhere.

use super::filters::rows::{Pixel, pack, unpack};
use crate::colour::composited;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Channels, ImageError};

/// A picture without alpha, with alpha over a transparent colour, or with layers behind it stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    if !picture.channels.has_alpha() || plan.layers.behind {
        return Ok(picture);
    }
    let background = plan.behind;
    let gray = picture.channels.is_gray();
    if picture
        .pixels
        .chunks_exact(picture.channels.count())
        .all(|pixel| pixel.last() == Some(&u8::MAX))
    {
        return converted(&picture, Channels::of(gray, false), cancel, |pixel| pixel);
    }
    if background.alpha == 0 {
        return Ok(picture);
    }
    let channels = Channels::of(gray && background.is_gray(), background.alpha < u8::MAX);
    converted(&picture, channels, cancel, |pixel| composited(pixel, background))
}

/// The same picture in other channels, with every pixel passed through `change`.
pub(crate) fn converted(
    picture: &Picture,
    channels: Channels,
    cancel: &Cancel,
    change: impl Fn(Pixel) -> Pixel,
) -> Result<Picture, ImageError> {
    let mut pixels = vec![0; Picture::bytes(picture.size, channels)];
    let mut row = vec![Pixel::default(); picture.size.width as usize];
    let row_bytes = row.len() * channels.count();
    for (source, target) in picture.rows().zip(pixels.chunks_exact_mut(row_bytes)) {
        cancel.check()?;
        unpack(source, picture.channels, &mut row);
        for pixel in &mut row {
            *pixel = change(*pixel);
        }
        pack(&row, channels, target);
    }
    Ok(Picture {
        size: picture.size,
        channels,
        pixels,
    })
}
