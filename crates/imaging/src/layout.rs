//! Layout: all geometry of a job. It decides which window of the source is scaled to which size and placed on which
//! canvas.
//!
//! The layout is a pure function of the instructions and the source's size. The steps only carry it out. The rules and
//! the rounding are Imageflow's, so that a size that came out of a rounded calculation is met exactly instead of
//! drifting by a pixel.

mod proportions;
mod window;

use proportions::{inner, outer};

use crate::instructions::{Anchor, Instructions, Mode, Scale};
use crate::{ImageError, Orientation, Size};

/// The geometry of a job. In this order, the source (after its EXIF orientation) is turned by `source_turn`, cut to
/// `crop`, scaled to `scaled`, surrounded by `pad`, and turned by `result_turn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Layout {
    /// The source after its EXIF orientation, before `source_turn`.
    pub source: Size,
    /// The effect of `srotate` and `sflip`.
    pub source_turn: Orientation,
    /// The window to cut out, as x1, y1, x2, y2 of the turned source. `None` means all of it.
    pub crop: Option<[u32; 4]>,
    /// The size that the window is scaled to. `None` when no size was requested, so that the window keeps its own.
    pub scaled: Option<Size>,
    /// Pixels added at the left, top, right and bottom.
    pub pad: [u32; 4],
    /// The effect of `rotate` and `flip`.
    pub result_turn: Orientation,
    /// The size of the result after all steps.
    pub output: Size,
}

impl Layout {
    /// Decides the layout for a source of this size, after its EXIF orientation.
    ///
    /// Fails only for a source without pixels. A result may be larger than any limit: the limits are checked when the
    /// job's cost is predicted.
    pub fn of(instructions: &Instructions, source: Size) -> Result<Self, ImageError> {
        if source.pixels() == 0 {
            return Err(ImageError::Impossible {
                reason: "the source image has no pixels".to_owned(),
            });
        }
        let turned = instructions.source_turn.apply_to_size(source);
        let window = match &instructions.crop {
            Some(crop) => window::of(crop, turned),
            None => [0, 0, turned.width, turned.height],
        };
        let window_size = Size::new(window[2] - window[0], window[3] - window[1]);
        let fitted = Fitted::new(window_size).fit(
            target(instructions, window_size),
            FreeSide::of(instructions),
            instructions.effective_mode(),
            instructions.scale,
        );

        let Anchor { x, y } = instructions.gravity.unwrap_or(instructions.anchor);
        let left = window[0] + window::offset(window_size.width, fitted.kept.width, x);
        let top = window[1] + window::offset(window_size.height, fitted.kept.height, y);
        let crop = [left, top, left + fitted.kept.width, top + fitted.kept.height];

        let Anchor { x, y } = instructions.anchor;
        let pad_left = window::offset(fitted.canvas.width, fitted.image.width, x);
        let pad_top = window::offset(fitted.canvas.height, fitted.image.height, y);
        let pad_right = fitted.canvas.width.saturating_sub(fitted.image.width) - pad_left;
        let pad_bottom = fitted.canvas.height.saturating_sub(fitted.image.height) - pad_top;

        Ok(Self {
            source,
            source_turn: instructions.source_turn,
            crop: (crop != [0, 0, turned.width, turned.height]).then_some(crop),
            scaled: asks_for_size(instructions).then_some(fitted.image),
            pad: [pad_left, pad_top, pad_right, pad_bottom],
            result_turn: instructions.result_turn,
            output: instructions.result_turn.apply_to_size(fitted.canvas),
        })
    }

    /// The window of the turned source that is shown.
    pub fn window(&self) -> [u32; 4] {
        let turned = self.source_turn.apply_to_size(self.source);
        self.crop.unwrap_or([0, 0, turned.width, turned.height])
    }

    /// The size of the image inside its padding.
    pub fn image_size(&self) -> Size {
        let [x1, y1, x2, y2] = self.window();
        self.scaled.unwrap_or(Size::new(x2 - x1, y2 - y1))
    }
}

fn asks_for_size(instructions: &Instructions) -> bool {
    let Instructions {
        width,
        height,
        max_width,
        max_height,
        zoom,
        ..
    } = instructions;
    [width, height, max_width, max_height].iter().any(|side| side.is_some()) || zoom.is_some()
}

/// The requested box, never empty: widths and heights merged, a missing side computed from the window's proportions,
/// then both multiplied by `zoom`. Without a requested size it is the window itself.
fn target(instructions: &Instructions, window: Size) -> Size {
    let height_for = |width| proportions::height_for(window, width, None);
    let width_for = |height| proportions::width_for(window, height, None);
    let Instructions {
        mut width,
        mut height,
        mut max_width,
        mut max_height,
        ..
    } = *instructions;

    if let (Some(exact), Some(most)) = (width, max_width) {
        (width, max_width) = (Some(exact.min(most)), None);
    }
    if let (Some(exact), Some(most)) = (height, max_height) {
        (height, max_height) = (Some(exact.min(most)), None);
    }
    // An exact side bounds the other one's maximum. Both are taken from the merged values above.
    let (exact_width, exact_height) = (width, height);
    if let (Some(width), Some(most)) = (exact_width, max_height) {
        max_height = Some(most.min(height_for(width)));
    }
    if let (Some(height), Some(most)) = (exact_height, max_width) {
        max_width = Some(most.min(width_for(height)));
    }
    width = width.or(max_width);
    height = height.or(max_height);
    let asked = match (width, height) {
        (None, None) => window,
        (Some(width), None) => Size::new(width, height_for(width)),
        (None, Some(height)) => Size::new(width_for(height), height),
        (Some(width), Some(height)) => Size::new(width, height),
    };
    let zoom = instructions.zoom.unwrap_or(1.0);
    let zoomed = |side: u32| proportions::round(f64::from(side) * zoom);
    Size::new(zoomed(asked.width), zoomed(asked.height))
}

/// The side of the box that nobody asked for, so that it follows the scaled image. Without it a width of 1024 for
/// 1025 x 768 pixels would give 1024 x 767 pixels and a line of padding: the box has 768 rows, because a side less than
/// a pixel away from the window's counts as the window's.
#[derive(Clone, Copy)]
enum FreeSide {
    None,
    Width,
    Height,
}

impl FreeSide {
    /// There is none if both sides are asked for. `zoom` multiplies a finished box of two sides, and an anchor other
    /// than the centre says where the image lies in the box. Both keep the box as it is.
    fn of(instructions: &Instructions) -> Self {
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
struct Fitted {
    /// The whole result before `result_turn`.
    canvas: Size,
    /// The scaled image on the canvas.
    image: Size,
    /// The part of the window that is kept.
    kept: Size,
}

impl Fitted {
    const fn new(window: Size) -> Self {
        Self {
            canvas: window,
            image: window,
            kept: window,
        }
    }

    fn fit(self, target: Size, free: FreeSide, mode: Mode, scale: Scale) -> Self {
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

fn intersection(a: Size, b: Size) -> Size {
    Size::new(a.width.min(b.width), a.height.min(b.height))
}

#[cfg(test)]
mod tests;
