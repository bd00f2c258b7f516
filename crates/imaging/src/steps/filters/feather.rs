//! Faded edges: opacity that changes smoothly from the picture's edge inwards. Corners are round.

use resizer_kernel::{Kernel, with_widest};

use super::colours::rounded;
use super::rows::{self, Pixel};
use crate::picture::Picture;
use crate::{Cancel, Channels, ImageError};

/// Multiplies alpha: by the first opacity inside, by the second at the edge, and over `width` pixels by a smooth curve
/// (the cubic `3t^2 - 2t^3`) between both.
pub(super) fn faded(
    picture: Picture,
    width: f64,
    [inside, outside]: [f64; 2],
    cancel: &Cancel,
) -> Result<Picture, ImageError> {
    let channels = Channels::of(picture.channels.is_gray(), true);
    let size = picture.size;
    // The square of the distance from the inner rectangle along one axis. The outermost pixels are `width` away.
    let distance = |position: usize, length: u32| {
        let to_edge = position.min(length as usize - 1 - position);
        let distance = (width - to_edge as f64).max(0.0);
        (distance * distance) as f32
    };
    let across: Vec<f32> = (0..size.width as usize).map(|x| distance(x, size.width)).collect();
    rows::changed(picture, channels, cancel, |y, row| {
        with_widest(Fade {
            row,
            across: &across,
            down: distance(y, size.height),
            scale: (1.0 / width) as f32,
            inside: inside as f32,
            change: (outside - inside) as f32,
        });
    })
}

struct Fade<'f> {
    row: &'f mut [Pixel],
    /// The square of each pixel's distance across, and that of the row's distance down.
    across: &'f [f32],
    down: f32,
    /// One through the width.
    scale: f32,
    inside: f32,
    change: f32,
}

impl Kernel for Fade<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (pixel, across) in self.row.iter_mut().zip(self.across) {
            let way = ((across + self.down).sqrt() * self.scale).min(1.0);
            let opacity = self.inside + self.change * way * way * (3.0 - 2.0 * way);
            pixel[3] = rounded(f32::from(pixel[3]) * opacity);
        }
    }
}
