//! Flatten step: paints the colour behind the picture below it, and drops an alpha channel that is opaque everywhere.

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
    change: impl Fn([u8; 4]) -> [u8; 4],
) -> Result<Picture, ImageError> {
    let mut pixels = Vec::with_capacity(Picture::bytes(picture.size, channels));
    for row in picture.rows() {
        cancel.check()?;
        for pixel in row.chunks_exact(picture.channels.count()) {
            channels.write(change(picture.channels.read(pixel)), &mut pixels);
        }
    }
    Ok(Picture {
        size: picture.size,
        channels,
        pixels,
    })
}
