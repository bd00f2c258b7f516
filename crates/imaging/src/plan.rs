//! A job worked out in full: the layout carried over to the picture as it is stored, and the colours that fill it up.
//! Made once per job, by `predict` for the cost and by `run` for the work, so that the two cannot disagree.

use crate::shrink::{Axis, Shrink};
use crate::{Channels, Colour, Format, ImageError, Instructions, Layout, Limits, Orientation, Size, SourceInfo};

/// Everything about a job but the source's bytes.
#[derive(Clone, Debug)]
pub struct Job {
    /// What is asked for.
    pub instructions: Instructions,
    /// The format of the result, as [`output_format`](crate::output_format) decided it.
    pub format: Format,
    /// The bounds on source and result.
    pub limits: Limits,
}

/// What the steps carry out. Scaling happens on rows as they are stored; the small result is turned afterwards.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The window of the stored picture, as x1, y1, x2, y2.
    pub(crate) window: [u32; 4],
    /// How the decoder delivers the picture.
    pub(crate) shrink: Shrink,
    /// The size the window is scaled to, still lying as stored.
    pub(crate) scaled: Size,
    /// From stored to shown: EXIF orientation, `srotate`, `sflip`.
    pub(crate) orient: Orientation,
    /// What shows through transparent pixels and fills padding. Opaque if the output has no alpha.
    pub(crate) background: Colour,
    /// Left, top, right, bottom.
    pub(crate) pad: [u32; 4],
    /// `rotate` and `flip`.
    pub(crate) turn: Orientation,
    /// The size of the result.
    pub(crate) output: Size,
    /// Whether all frames are kept.
    pub(crate) moving: bool,
    /// How many frames are decoded.
    pub(crate) frames: u32,
}

impl Plan {
    /// Checks source and result against the limits and works out the plan.
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
        Ok(Self {
            window,
            shrink: match info.shrunk_bytes {
                Some(_) => Shrink::for_scaling(Size::new(x2 - x1, y2 - y1), scaled),
                None => Shrink::NONE,
            },
            scaled,
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
        })
    }

    /// The window of the delivered picture, across and down.
    pub(crate) fn axes(&self) -> [Axis; 2] {
        let [x1, y1, x2, y2] = self.window;
        [Axis::new(x1, x2, self.shrink), Axis::new(y1, y2, self.shrink)]
    }

    /// What the decoder holds.
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

    /// The channels of the result if the decoder delivers `source`. Alpha that turns out to be opaque everywhere is
    /// dropped later; this is the most there can be.
    pub(crate) fn output_channels(&self, source: Channels) -> Channels {
        let opaque = self.background.alpha == u8::MAX;
        let padded_alpha = self.is_padded() && !opaque;
        let shows_background = self.is_padded() || (source.has_alpha() && self.background.alpha > 0);
        let gray = source.is_gray() && (!shows_background || self.background.is_gray());
        Channels::of(gray, padded_alpha || (source.has_alpha() && !opaque))
    }
}

/// Whether the format can be written, and its own bound on the size.
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
