//! Corner step: rounds the corners of the scaled picture, by its alpha. Colours stay as they are, so that no edge is
//! darker than the picture.

use super::flatten::converted;
use crate::picture::Picture;
use crate::plan::Plan;
use crate::{Cancel, Channels, ImageError};

/// Without a round corner the picture stays unchanged.
pub(crate) fn apply(picture: Picture, plan: &Plan, cancel: &Cancel) -> Result<Picture, ImageError> {
    let Some([top_left, top_right, bottom_right, bottom_left]) = plan.corners else {
        return Ok(picture);
    };
    let channels = Channels::of(picture.channels.is_gray(), true);
    let mut picture = if picture.channels == channels {
        picture
    } else {
        converted(&picture, channels, cancel, |pixel| pixel)?
    };
    let count = channels.count();
    let (height, row_bytes) = (picture.size.height, picture.row_bytes());
    for (y, row) in (0_u32..).zip(picture.pixels.chunks_exact_mut(row_bytes)) {
        cancel.check()?;
        let from_bottom = height - 1 - y;
        // No radius is more than half of a side, so that the corners do not meet.
        for (left, right, y) in [(top_left, top_right, y), (bottom_left, bottom_right, from_bottom)] {
            round(left, y, row.chunks_exact_mut(count));
            round(right, y, row.chunks_exact_mut(count).rev());
        }
    }
    Ok(picture)
}

/// Rounds one corner in a row, `y` rows away from the corner. The pixels begin at the corner.
fn round<'p>(radius: f64, y: u32, pixels: impl Iterator<Item = &'p mut [u8]>) {
    if f64::from(y) >= radius {
        return;
    }
    for (x, pixel) in (0..radius.ceil() as u32).zip(pixels) {
        let part = coverage(radius, x, y);
        if part >= 1.0 {
            break;
        }
        if let Some(alpha) = pixel.last_mut() {
            *alpha = (f64::from(*alpha) * part).round() as u8;
        }
    }
}

/// The part of a pixel that lies inside of a round corner, 0 to 1. The pixel is `x` columns and `y` rows away from the
/// corner. Columns and rows can be exchanged.
fn coverage(radius: f64, x: u32, y: u32) -> f64 {
    let (x, y) = (f64::from(x), f64::from(y));
    let is_inside = |x: f64, y: f64| {
        let (x, y) = ((radius - x).max(0.0), (radius - y).max(0.0));
        x * x + y * y <= radius * radius
    };
    // The pixel's point nearest to the corner, and the one farthest from it.
    if is_inside(x, y) {
        return 1.0;
    }
    if !is_inside(x + 1.0, y + 1.0) {
        return 0.0;
    }
    f64::midpoint(area(radius, x, y), area(radius, y, x))
}

/// The same, as the mean over thin lines through the pixel. The length of each line is exact.
fn area(radius: f64, x: f64, y: f64) -> f64 {
    const LINES: u32 = 16;
    let line = |index: u32| {
        let above = (radius - y - (f64::from(index) + 0.5) / f64::from(LINES)).max(0.0);
        // The arc's distance from the side, at this height.
        let arc = radius - (radius * radius - above * above).max(0.0).sqrt();
        (x + 1.0 - arc).clamp(0.0, 1.0)
    };
    (0..LINES).map(line).sum::<f64>() / f64::from(LINES)
}
