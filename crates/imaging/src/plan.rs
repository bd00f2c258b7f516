//! Plan of a job: the layout, carried over to the picture as it is stored, and the fill colours. It is made once per
//! job, by `predict` for the cost and by `run` for the work, so that the two cannot disagree.

mod planes;

pub(crate) use planes::PlanarPlan;
#[cfg(feature = "codecs")]
pub(crate) use planes::PlanePlan;

use crate::resampling::Resampling;
use crate::shrink::{Axis, Shrink};
use crate::{Channels, Colour, Format, ImageError, Instructions, Layout, Limits, Orientation, Size, SourceInfo};

/// All inputs of a job but the source's bytes.
#[derive(Clone, Debug)]
pub struct Job {
    /// The instructions.
    pub instructions: Instructions,
    /// The format of the result, as [`output_format`](crate::output_format) decided it.
    pub format: Format,
    /// The bounds on source and result.
    pub limits: Limits,
}

/// The parameters of the steps. Scaling works on rows as they are stored. The small result is turned afterwards.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The window of the stored picture, as x1, y1, x2, y2.
    pub(crate) window: [u32; 4],
    /// The scale at which the decoder delivers the picture.
    pub(crate) shrink: Shrink,
    /// The size that the window is scaled to, before turning.
    pub(crate) scaled: Size,
    /// The filter that scales it.
    pub(crate) resampling: Resampling,
    /// From stored to displayed: EXIF orientation, `srotate`, `sflip`.
    pub(crate) orient: Orientation,
    /// The colour below transparent pixels and of padding. Opaque if the output has no alpha.
    pub(crate) background: Colour,
    /// Padding at the left, top, right and bottom.
    pub(crate) pad: [u32; 4],
    /// `rotate` and `flip`.
    pub(crate) turn: Orientation,
    /// The size of the result.
    pub(crate) output: Size,
    /// Whether all frames are kept.
    pub(crate) moving: bool,
    /// The number of decoded frames.
    pub(crate) frames: u32,
    /// If luma and chroma stay apart, unless a colour profile has to be applied.
    pub(crate) planes: Option<PlanarPlan>,
}

impl Plan {
    /// Checks source and result against the limits, and computes the plan.
    pub(crate) fn of(info: &SourceInfo, job: &Job) -> Result<Self, ImageError> {
        let picked = info.picked(&job.instructions);
        let info = info.page(&job.instructions);
        job.limits.check_source(info.stored_size())?;
        let layout = Layout::of(&job.instructions, info.oriented_size())?;
        job.limits.check_output(layout.output)?;
        check_format(job.format, layout.output)?;
        let moving = info.frames > 1 && job.format.can_move() && job.instructions.frame.is_none();
        let frames = match (moving, info.frames) {
            (true, frames) => frames,
            (false, 1) => 1,
            // A frame is drawn upon those before it.
            (false, _) => picked + 1,
        };
        if moving {
            job.limits.check_frames(frames)?;
        }
        if frames > 1 {
            job.limits
                .check_total("source image", info.frame_pixels * u64::from(frames))?;
        }
        if moving {
            job.limits
                .check_total("requested image", layout.output.pixels() * u64::from(frames))?;
        }

        let orient = info.orientation.then(layout.source_turn);
        let shown = layout.source_turn.apply_to_size(layout.source);
        let back = orient.inverse();
        let background = job.instructions.background.unwrap_or(Colour::TRANSPARENT);
        let window = back.apply_to_rectangle(layout.window(), shown);
        let [x1, y1, x2, y2] = window;
        let scaled = back.apply_to_size(layout.image_size());
        let scaling = &job.instructions.scaling;
        let window_size = Size::new(x2 - x1, y2 - y1);
        let resampling = Resampling::of(scaling, window_size, scaled);
        let mut plan = Self {
            window,
            shrink: match info.shrunk_bytes {
                // A decoder's pixels are means of encoded values, which are not those of light.
                Some(_) if !resampling.linear => Shrink::for_scaling(window_size, scaled, scaling.least_filtered),
                _ => Shrink::NONE,
            },
            scaled,
            resampling,
            orient,
            background: if job.format.has_alpha() {
                background
            } else {
                background.over(Colour::WHITE)
            },
            pad: layout.pad,
            turn: layout.result_turn,
            output: layout.output,
            moving,
            frames,
            planes: None,
        };
        plan.planes = PlanarPlan::of(info, job, &plan);
        Ok(plan)
    }

    /// The window of the delivered picture, across and down.
    pub(crate) fn axes(&self) -> [Axis; 2] {
        let [x1, y1, x2, y2] = self.window;
        [Axis::new(x1, x2, self.shrink), Axis::new(y1, y2, self.shrink)]
    }

    /// The bytes that the decoder holds.
    pub(crate) fn decoder_bytes(&self, info: &SourceInfo) -> u64 {
        match (info.shrunk_bytes, self.shrink) {
            (Some([half, _, _]), Shrink::HALF) => half,
            (Some([_, quarter, _]), Shrink::QUARTER) => quarter,
            (Some([_, _, eighth]), Shrink::EIGHTH) => eighth,
            _ => info.decoder_bytes,
        }
    }

    /// Whether there is padding.
    pub(crate) fn is_padded(&self) -> bool {
        self.pad != [0; 4]
    }

    /// The channels of the result if the decoder delivers `source`. This is the maximum, as alpha that is opaque
    /// everywhere is dropped later.
    pub(crate) fn output_channels(&self, source: Channels) -> Channels {
        let opaque = self.background.alpha == u8::MAX;
        let padded_alpha = self.is_padded() && !opaque;
        let shows_background = self.is_padded() || (source.has_alpha() && self.background.alpha > 0);
        let gray = source.is_gray() && (!shows_background || self.background.is_gray());
        Channels::of(gray, padded_alpha || (source.has_alpha() && !opaque))
    }
}

/// Checks whether the format can be written, and the format's own limit on the size.
fn check_format(format: Format, output: Size) -> Result<(), ImageError> {
    let limit = match format {
        // Sides are stored in 16 bits: ITU-T T.81, B.2.2; GIF89a, section 18.
        Format::Jpeg | Format::Gif => 65_535,
        // VP8 stores them in 14: RFC 6386, 9.1.
        Format::WebP => 16_383,
        Format::Png => return Ok(()),
        Format::Bmp | Format::Tiff => {
            return Err(ImageError::Impossible {
                reason: format!("{} cannot be written by this server", format.name()),
            });
        }
    };
    let side = output.width.max(output.height);
    if side > limit {
        return Err(ImageError::TooLarge {
            what: "requested image",
            unit: "pixels on its longest side",
            actual: u64::from(side),
            limit: u64::from(limit),
            setting: format.name(),
        });
    }
    Ok(())
}
