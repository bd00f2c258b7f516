//! Layout: all geometry of a job. It decides which window of the source is scaled to which size and placed on which
//! canvas.
//!
//! The layout is a pure function of the instructions and the source's size. The steps only carry it out. The rules and
//! the rounding are Imageflow's, so that a size that came out of a rounded calculation is met exactly instead of
//! drifting by a pixel; or, with the server's setting `compat`, ImageResizer's.

mod fit;
mod focus;
mod imageresizer;
mod proportions;
mod rings;
pub(crate) mod tilt;
mod window;

pub use rings::Rings;

use fit::{Fitted, FreeSide};
use imageresizer::Placed;

use crate::instructions::{Anchor, Focus, Instructions, Mode};
use crate::{ImageError, Orientation, Size};

/// The geometry of a job. In this order, the source (after its EXIF orientation) is turned by `source_turn`, cut to
/// `crop`, scaled to `scaled`, surrounded by `pad` and then by `rings`, turned by `result_turn`, and tilted by `tilt`.
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
    /// The rings of padding, border, shadow and margin.
    pub rings: Rings,
    /// The quarter turns of `rotate`, and `flip`.
    pub result_turn: Orientation,
    /// The rest of `rotate`, in thousandths of a degree clockwise. The canvas grows to hold the whole picture.
    pub tilt: i32,
    /// The size of the result after all steps.
    pub output: Size,
}

impl Layout {
    /// Decides the layout for a source of this size, after its EXIF orientation.
    ///
    /// Fails only for a source without pixels. A result may be larger than any limit: the limits are checked when the
    /// job's cost is predicted. Borders that `trim.threshold` cuts off are known only from pixels, and count as kept.
    pub fn of(instructions: &Instructions, source: Size) -> Result<Self, ImageError> {
        Self::of_part(instructions, source, [0, 0, source.width, source.height])
    }

    /// The layout that takes a part of the source for the whole. The part is x1, y1, x2, y2, and holds at least a pixel
    /// unless the source has none.
    pub(crate) fn of_part(instructions: &Instructions, source: Size, part: [u32; 4]) -> Result<Self, ImageError> {
        if source.pixels() == 0 {
            return Err(ImageError::Impossible {
                reason: "the source image has no pixels".to_owned(),
            });
        }
        let turned = instructions.source_turn.apply_to_size(source);
        let part = instructions.source_turn.apply_to_rectangle(part, source);
        let size_of = |[x1, y1, x2, y2]: [u32; 4]| Size::new(x2 - x1, y2 - y1);
        let moved = |[x1, y1, x2, y2]: [u32; 4], [x, y, ..]: [u32; 4]| [x1 + x, y1 + y, x2 + x, y2 + y];
        let mut window = match &instructions.crop {
            Some(crop) => {
                let round = if instructions.compat.is_imageresizer() {
                    f64::round_ties_even
                } else {
                    f64::round
                };
                moved(window::of(crop, size_of(part), round), part)
            }
            None => part,
        };
        let mut mode = instructions.effective_mode();
        if let Some(focus) = instructions.geometry.focus
            && mode == Mode::Crop
            && instructions.width.is_some()
            && instructions.height.is_some()
        {
            let [left, top, ..] = window.map(f64::from);
            let [x1, y1, x2, y2] = focus.area;
            let area = [x1 - left, y1 - top, x2 - left, y2 - top];
            let target = target(instructions, size_of(window));
            let shown;
            (shown, mode) = focus::part(Focus { area, ..focus }, target, size_of(window));
            window = moved(shown, window);
        }
        let window_size = size_of(window);
        let Placed { canvas, image, shown } = if instructions.compat.is_imageresizer() && mode != Mode::AspectCrop {
            imageresizer::placed(instructions, mode, window_size)
        } else {
            imageflow(instructions, mode, window_size)
        };
        let crop = moved(shown, window);
        let bounds = instructions.size_limits.bounds(canvas);
        let is_limited = bounds != canvas;
        let [canvas, image] = if is_limited {
            fit::within([canvas, image], bounds)
        } else {
            [canvas, image]
        };

        let Anchor { x, y } = instructions.anchor;
        let pad_left = window::offset(canvas.width, image.width, x);
        let pad_top = window::offset(canvas.height, image.height, y);
        let pad_right = canvas.width.saturating_sub(image.width) - pad_left;
        let pad_bottom = canvas.height.saturating_sub(image.height) - pad_top;

        let rings = Rings::of(&instructions.decoration);
        let tilt = instructions.geometry.tilt;
        let turned_canvas = instructions.result_turn.apply_to_size(rings.around(canvas));
        Ok(Self {
            source,
            source_turn: instructions.source_turn,
            crop: (crop != [0, 0, turned.width, turned.height]).then_some(crop),
            scaled: (is_limited || asks_for_size(instructions)).then_some(image),
            pad: [pad_left, pad_top, pad_right, pad_bottom],
            rings,
            result_turn: instructions.result_turn,
            tilt,
            output: tilt::bounds(turned_canvas, tilt),
        })
    }

    /// The window of the turned source that is shown.
    pub fn window(&self) -> [u32; 4] {
        let turned = self.source_turn.apply_to_size(self.source);
        self.crop.unwrap_or([0, 0, turned.width, turned.height])
    }

    /// The size of the picture with padding and rings, before it is turned and tilted. A side above `u32` becomes its
    /// maximum.
    pub fn canvas_size(&self) -> Size {
        let image = self.image_size();
        let [left, top, right, bottom] = self.pad;
        self.rings.around(Size::new(
            image.width.saturating_add(left).saturating_add(right),
            image.height.saturating_add(top).saturating_add(bottom),
        ))
    }

    /// The size of the image inside its padding.
    pub fn image_size(&self) -> Size {
        let [x1, y1, x2, y2] = self.window();
        self.scaled.unwrap_or(Size::new(x2 - x1, y2 - y1))
    }
}

/// Imageflow's layout of a window of this size.
fn imageflow(instructions: &Instructions, mode: Mode, window: Size) -> Placed {
    let fitted = Fitted::new(window).fit(
        target(instructions, window),
        FreeSide::of(instructions),
        mode,
        instructions.scale,
    );
    let Anchor { x, y } = instructions.gravity.unwrap_or(instructions.anchor);
    let left = window::offset(window.width, fitted.kept.width, x);
    let top = window::offset(window.height, fitted.kept.height, y);
    Placed {
        canvas: fitted.canvas,
        image: fitted.image,
        shown: [left, top, left + fitted.kept.width, top + fitted.kept.height],
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

#[cfg(test)]
mod tests;
