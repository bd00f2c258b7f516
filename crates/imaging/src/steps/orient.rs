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

/// Fills the new picture, some rows at a time. N is the number of channels.
fn move_pixels<const N: usize>(
    picture: &Picture,
    orientation: Orientation,
    cancel: &Cancel,
) -> Result<Vec<u8>, ImageError> {
    /// Rows at once, so that a run of a stored row becomes a part of a column.
    const ROWS: usize = 16;
    let (source, _) = picture.pixels.as_chunks::<N>();
    let stored_width = picture.size.width as usize;
    let size = orientation.apply_to_size(picture.size);
    let (width, height) = (size.width as usize, size.height as usize);
    let stored_x = |x: usize| if orientation.flip_x { width - 1 - x } else { x };
    let stored_y = |y: usize| if orientation.flip_y { height - 1 - y } else { y };
    let mut pixels = vec![0; picture.pixels.len()];
    let targets = pixels.as_chunks_mut::<N>().0;
    for (first, rows) in (0..height).step_by(ROWS).zip(targets.chunks_mut(ROWS * width)) {
        cancel.check()?;
        if orientation.transpose {
            for x in 0..width {
                let stored = &source[stored_x(x) * stored_width..][..stored_width];
                for (row, y) in rows.chunks_exact_mut(width).zip(first..) {
                    row[x] = stored[stored_y(y)];
                }
            }
            continue;
        }
        for (row, y) in rows.chunks_exact_mut(width).zip(first..) {
            let stored = &source[stored_y(y) * stored_width..][..stored_width];
            if orientation.flip_x {
                for (pixel, stored) in row.iter_mut().zip(stored.iter().rev()) {
                    *pixel = *stored;
                }
            } else {
                row.copy_from_slice(stored);
            }
        }
    }
    Ok(pixels)
}
