//! Fitting of the window into the requested box, mode by mode.

use super::proportions::{inner, outer, round};
use crate::Size;
use crate::instructions::{Anchor, Instructions, Mode, Scale};

/// The side of the box that nobody asked for, so that it follows the scaled image. Without it a width of 1024 for
/// 1025 x 768 pixels would give 1024 x 767 pixels and a line of padding: the box has 768 rows, because a side less than
/// a pixel away from the window's counts as the window's.
#[derive(Clone, Copy)]
pub(super) enum FreeSide {
    None,
    Width,
    Height,
}

impl FreeSide {
    /// There is none if both sides are asked for. `zoom` multiplies a finished box of two sides, and an anchor other
    /// than the centre says where the image lies in the box. Both keep the box as it is.
    pub(super) fn of(instructions: &Instructions) -> Self {
        let width = instructions.width.is_some() || instructions.max_width.is_some();
        let height = instructions.height.is_some() || instructions.max_height.is_some();
        let is_zoomed = instructions.zoom.is_some_and(|zoom| (zoom - 1.0).abs() > f64::EPSILON);
        let keeps_box = is_zoomed || instructions.anchor != Anchor::default();
        if width == height || keeps_box {
            Self::None
        } else if width {
            Self::Height
        } else {
            Self::Width
        }
    }

    /// The canvas for an image in a box.
    const fn canvas(self, target: Size, image: Size) -> Size {
        match self {
            Self::None => target,
            Self::Width => Size::new(image.width, target.height),
            Self::Height => Size::new(target.width, image.height),
        }
    }
}

/// The sizes while a mode is applied. All three begin as the window.
#[derive(Clone, Copy)]
pub(super) struct Fitted {
    /// The whole result before `result_turn`.
    pub(super) canvas: Size,
    /// The scaled image on the canvas.
    pub(super) image: Size,
    /// The part of the window that is kept.
    pub(super) kept: Size,
}

impl Fitted {
    pub(super) const fn new(window: Size) -> Self {
        Self {
            canvas: window,
            image: window,
            kept: window,
        }
    }

    pub(super) fn fit(self, target: Size, free: FreeSide, mode: Mode, scale: Scale) -> Self {
        let canvas = self.canvas;
        let larger = canvas.width > target.width || canvas.height > target.height;
        let smaller = canvas.width < target.width || canvas.height < target.height;
        // Cropping requires `smaller`: it may start only when the window covers the target.
        let scales = match (scale, mode) {
            (Scale::Down | Scale::Canvas, Mode::Crop) => !smaller,
            (Scale::Down | Scale::Canvas, _) => larger,
            (Scale::Up, _) => !larger,
            (Scale::Both, _) => true,
        };
        let on_canvas = scale == Scale::Canvas;
        match mode {
            Mode::Max => {
                let fitted = if scales {
                    self.resized(inner(canvas, target))
                } else {
                    self
                };
                if on_canvas {
                    fitted.cut(inner(fitted.canvas, target))
                } else {
                    fitted
                }
            }
            Mode::Pad if scales => {
                let image = inner(canvas, target);
                Self {
                    canvas: free.canvas(target, image),
                    ..self.resized(image)
                }
            }
            Mode::Stretch if scales => self.resized(target),
            Mode::Pad | Mode::Stretch if on_canvas => Self { canvas: target, ..self },
            Mode::Crop if scales => self.resized(outer(canvas, target)).cut(target),
            Mode::Crop if larger && smaller && scale == Scale::Down => self.cut(intersection(canvas, target)),
            Mode::Crop if larger && smaller && on_canvas => Self {
                canvas: target,
                ..self.cut(intersection(canvas, target))
            },
            Mode::Pad | Mode::Stretch | Mode::Crop => self,
            Mode::AspectCrop => self.cut(inner(target, canvas)),
        }
    }

    const fn resized(self, size: Size) -> Self {
        Self {
            canvas: size,
            image: size,
            kept: self.kept,
        }
    }

    /// Cuts canvas and image to `size`, and the window to the part that the image then shows.
    fn cut(self, size: Size) -> Self {
        let image = intersection(self.image, size);
        Self {
            canvas: size,
            image,
            kept: inner(image, self.kept),
        }
    }
}

/// Canvas and image in less pixels: the canvas fits into `bounds`, which are smaller, and the image takes the same
/// share of the canvas as before.
pub(super) fn within([canvas, image]: [Size; 2], bounds: Size) -> [Size; 2] {
    let smaller = inner(canvas, bounds);
    let share = |side: u32, old: u32, new: u32| round(f64::from(side) * f64::from(new) / f64::from(old)).min(new);
    let image = Size::new(
        share(image.width, canvas.width, smaller.width),
        share(image.height, canvas.height, smaller.height),
    );
    [smaller, image]
}

fn intersection(a: Size, b: Size) -> Size {
    Size::new(a.width.min(b.width), a.height.min(b.height))
}
