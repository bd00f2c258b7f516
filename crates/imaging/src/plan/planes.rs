//! Plan of the planes: whether luma and chroma are scaled each in its own resolution and handed to the encoder as they
//! are, and where each plane's samples lie. All else converts the scaled picture to red, green and blue.
//!
//! JPEG and lossy WebP store chroma in cells of 2 by 2 pixels, counted from the top left of the result. A plane is
//! scaled to exactly those cells before the picture is turned and padded. So a cell may begin a pixel before the
//! picture, or end a pixel behind it: the plan looks for the cells from the result back to the stored picture.

use super::{Job, Plan};
use crate::filter_plan::PlaneFilters;
use crate::shrink::{Axis, Cells};
use crate::{Format, Lossless, SampleRange, Size, SourceInfo};

/// The parameters of a job that is carried out in planes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanarPlan {
    /// The pixels of the result that a sample of chroma covers, across and down: 1 or 2.
    pub(crate) cell: [u8; 2],
    /// Whether the decoder delivers chroma at half the resolution of luma, or less.
    pub(crate) decodes_half: bool,
    /// The range of the source's samples.
    pub(crate) range: SampleRange,
    /// Luma and the two chromas.
    pub(crate) planes: [PlanePlan; 3],
    /// The filters, each of which works on a plane alone.
    pub(crate) filters: PlaneFilters,
}

/// The parameters of one plane.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PlanePlan {
    /// The window of the delivered plane, across and down.
    pub(crate) axes: [Axis; 2],
    /// The samples that the window is scaled to, before turning.
    pub(crate) scaled: Size,
    /// Padding in samples at the left, top, right and bottom, and whether half of the neighbouring samples' area is
    /// padding.
    pub(crate) pad: [u32; 4],
    pub(crate) shared: [bool; 4],
    /// The value of the padding.
    pub(crate) padding: u8,
}

impl PlanarPlan {
    /// `None` if the job needs red, green and blue. A colour profile is not considered: only its contents tell whether
    /// there is anything to convert.
    ///
    /// This function alone decides. An instruction that works on colours has to be excluded here.
    pub(super) fn of(info: &SourceInfo, job: &Job, plan: &Plan) -> Option<Self> {
        let spacings = info.planes?;
        let cell = match job.format {
            Format::Jpeg => job.instructions.effective_subsampling().factors(),
            Format::WebP => match job.instructions.effective_webp_lossless() {
                Lossless::No => [2, 2],
                Lossless::Keep if !info.lossless => [2, 2],
                Lossless::Keep | Lossless::Yes => return None,
            },
            Format::Avif => [2, 2],
            Format::Png | Format::Gif | Format::JpegXl | Format::Bmp | Format::Tiff => return None,
        };
        let filters = plan.filters.on_planes(plan.scaled)?;
        // A cell that is not square would blur chroma more in one direction.
        let works_on_colours = (filters.blur.is_some() && cell[0] != cell[1])
            || plan.corners.is_some()
            || plan.tilt != 0
            // Light is that of red, green and blue.
            || plan.resampling.linear;
        let (pad, colour) = plan.surround.frame(plan.orient.apply_to_size(plan.scaled))?;
        if works_on_colours || (plan.is_padded() && colour.alpha < u8::MAX) {
            return None;
        }
        let [x1, y1, x2, y2] = plan.window;
        // An enlarged picture needs all chroma that there is.
        let decodes_half = cell == [2, 2] && x2 - x1 >= plan.scaled.width && y2 - y1 >= plan.scaled.height;
        let padding = colour.luma_and_chroma();
        let range = spacings.range;
        let spacings = spacings.at(plan.shrink, decodes_half);
        let plane = |index: usize| {
            let [across, down] = placed(plan, pad, if index == 0 { [1, 1] } else { cell });
            let [cells_across, cells_down] = if plan.orient.transpose {
                [down.cells, across.cells]
            } else {
                [across.cells, down.cells]
            };
            let [spacing_across, spacing_down] = spacings[index];
            PlanePlan {
                axes: [
                    Axis::of_plane(x1, x2, spacing_across, cells_across),
                    Axis::of_plane(y1, y2, spacing_down, cells_down),
                ],
                scaled: Size::new(cells_across.count(), cells_down.count()),
                pad: [across.pad[0], down.pad[0], across.pad[1], down.pad[1]],
                shared: [across.shared[0], down.shared[0], across.shared[1], down.shared[1]],
                padding: range.of_full(index, padding[index]),
            }
        };
        Some(Self {
            cell,
            decodes_half,
            range,
            filters,
            planes: std::array::from_fn(plane),
        })
    }
}

/// The cells of a plane along one axis of the displayed picture, before `rotate` and `flip`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Placed {
    /// In the order of the stored picture.
    cells: Cells,
    /// Whole cells of padding before and behind the picture's.
    pad: [u32; 2],
    /// Whether the picture's first and last cell lie in the padding for a half.
    shared: [bool; 2],
}

/// The cells of this many pixels, across and down, between paddings at the left, top, right and bottom.
fn placed(plan: &Plan, [left, top, right, bottom]: [u32; 4], cell: [u8; 2]) -> [Placed; 2] {
    let [width, height] = cell.map(u32::from);
    let image = plan.orient.apply_to_size(plan.scaled);
    // An axis of the canvas is the other axis of the result where rows and columns are exchanged.
    let turned = if plan.turn.transpose {
        [plan.turn.flip_y, plan.turn.flip_x]
    } else {
        [plan.turn.flip_x, plan.turn.flip_y]
    };
    [
        along(width, image.width, [left, right], turned[0], plan.orient.flip_x),
        along(height, image.height, [top, bottom], turned[1], plan.orient.flip_y),
    ]
}

/// The cells along an axis: `pixels` of the picture between two paddings. `turned`: the result begins at the far end of
/// the canvas. `mirrored`: the stored picture begins at the far end of the picture.
fn along(size: u32, pixels: u32, [near, far]: [u32; 2], turned: bool, mirrored: bool) -> Placed {
    // The pixels that a cell has before its part of a length, if it ends where the length ends.
    let rest = |length: u32| (size - length % size) % size;
    // Places are counted from the first cell, which may begin before the canvas.
    let begin = near + if turned { rest(near + pixels + far) } else { 0 };
    let end = begin + pixels;
    let all = (end + far).div_ceil(size);
    Placed {
        cells: Cells {
            pixels,
            size,
            before: if mirrored { rest(end) } else { begin % size },
        },
        pad: [begin / size, all - end.div_ceil(size)],
        shared: [
            near > 0 && !begin.is_multiple_of(size),
            far > 0 && !end.is_multiple_of(size),
        ],
    }
}

#[cfg(test)]
mod tests;
