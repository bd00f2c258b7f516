//! Orient step: turns and mirrors the scaled picture, first from stored to displayed, at the end as `rotate` and `flip`
//! ask. Turning after scaling moves far fewer pixels than turning the source would.

use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Channels, ImageError, Orientation};

/// EXIF orientation, `srotate` and `sflip`.
pub(crate) fn source(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    turned(picture, plan.orient, cancel)
}

/// `rotate` and `flip`.
pub(crate) fn result(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    turned(picture, plan.turn, cancel)
}

/// A picture in another orientation.
pub(crate) fn turned(picture: Picture, orientation: Orientation, cancel: &Cancel) -> Result<Picture, ImageError> {
    if orientation == Orientation::IDENTITY {
        return Ok(picture);
    }
    let pixels = match picture.channels {
        Channels::Gray => move_pixels::<1>(&picture, orientation, cancel),
        Channels::GrayAlpha => move_pixels::<2>(&picture, orientation, cancel),
        Channels::Rgb => move_pixels::<3>(&picture, orientation, cancel),
        Channels::Rgba | Channels::Cmyk => move_pixels::<4>(&picture, orientation, cancel),
    }?;
    Ok(Picture {
        size: orientation.apply_to_size(picture.size),
        channels: picture.channels,
        pixels,
    })
}

/// Fills the new picture row by row. N is the number of channels.
fn move_pixels<const N: usize>(
    picture: &Picture,
    orientation: Orientation,
    cancel: &Cancel,
) -> Result<Vec<u8>, ImageError> {
    let (source, _) = picture.pixels.as_chunks::<N>();
    let source_width = picture.size.width as usize;
    let size = orientation.apply_to_size(picture.size);
    let (width, height) = (size.width as usize, size.height as usize);
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..height {
        cancel.check()?;
        let y = if orientation.flip_y { height - 1 - y } else { y };
        let mut push = |x: usize| {
            let index = if orientation.transpose {
                x * source_width + y
            } else {
                y * source_width + x
            };
            pixels.extend_from_slice(&source[index]);
        };
        if orientation.flip_x {
            (0..width).rev().for_each(&mut push);
        } else {
            (0..width).for_each(&mut push);
        }
    }
    Ok(pixels)
}
