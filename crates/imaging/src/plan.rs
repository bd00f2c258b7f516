//! Plan of a job: the layout, carried over to the picture as it is stored, and the fill colours. It is made once per
//! job, by `predict` for the cost and by `run` for the work, so that the two cannot disagree.

mod planes;
pub(crate) mod surround;

pub(crate) use planes::PlanarPlan;
#[cfg(feature = "codecs")]
pub(crate) use planes::PlanePlan;

use surround::Surround;

use crate::cost::{AVIF_MOST_PIXELS, jpeg_xl_most_pixels};
use crate::filter_plan::FilterPlan;
use crate::layer::{Layer, PlanLayers};
use crate::resampling::Resampling;
use crate::shrink::{Axis, Shrink};
use crate::{Channels, Colour, Format, ImageError, Instructions, Layout, Limits, Orientation, Rings, Size, SourceInfo};

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
    /// Whether the scaled picture is opaque, although it may have alpha.
    pub(crate) opaque: bool,
    /// From stored to displayed: EXIF orientation, `srotate`, `sflip`.
    pub(crate) orient: Orientation,
    /// Colours and effects, after `orient`.
    pub(crate) filters: FilterPlan,
    /// The radii of the image's corners, in pixels: top left, top right, bottom right, bottom left. `None` if no corner
    /// is round.
    pub(crate) corners: Option<[f64; 4]>,
    /// The colour of everything that has none of its own. Opaque if the output has no alpha.
    pub(crate) background: Colour,
    /// The colour below transparent pixels, and of padding.
    pub(crate) behind: Colour,
    /// Padding at the left, top, right and bottom.
    pub(crate) pad: [u32; 4],
    /// The rings around the padding.
    pub(crate) rings: Rings,
    /// All geometry, for the places of layers.
    pub(crate) layout: Layout,
    /// Layers over and behind the image.
    pub(crate) layers: PlanLayers,
    /// The canvas that the image lies on, with padding and rings.
    pub(crate) surround: Surround,
    /// The quarter turns of `rotate`, and `flip`.
    pub(crate) turn: Orientation,
    /// The rest of `rotate`, in thousandths of a degree clockwise.
    pub(crate) tilt: i32,
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
    /// Checks source and result against the limits, and computes the plan. Borders that are trimmed count as kept.
    pub(crate) fn of(info: &SourceInfo, job: &Job) -> Result<Self, ImageError> {
        let Size { width, height } = info.page(&job.instructions).stored_size();
        Self::of_part(info, job, [0, 0, width, height])
    }

    /// The plan that takes a part of the stored picture, x1, y1, x2, y2, for the whole.
    pub(crate) fn of_part(info: &SourceInfo, job: &Job, part: [u32; 4]) -> Result<Self, ImageError> {
        let picked = info.picked(&job.instructions);
        let info = info.page(&job.instructions);
        job.limits.check_source(info.stored_size())?;
        let orientation = info.orientation_for(&job.instructions);
        let part = orientation.apply_to_rectangle(part, info.stored_size());
        let layout = Layout::of_part(&job.instructions, info.size_for(&job.instructions), part)?;
        job.limits.check_output(layout.output)?;
        job.instructions.size_limits.check_total(layout.output)?;
        check_format(job, layout.output)?;
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

        let orient = orientation.then(layout.source_turn);
        let shown = layout.source_turn.apply_to_size(layout.source);
        let back = orient.inverse();
        let background = job.instructions.background.unwrap_or(Colour::TRANSPARENT);
        let background = if job.format.has_alpha() && !job.instructions.filters.no_alpha {
            background
        } else {
            background.over(Colour::WHITE)
        };
        let decoration = &job.instructions.decoration;
        let image = layout.image_size();
        let side = image.width.min(image.height);
        let window = back.apply_to_rectangle(layout.window(), shown);
        let [x1, y1, x2, y2] = window;
        let scaled = back.apply_to_size(image);
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
            opaque: info.opaque || resampling.ignores_alpha,
            orient,
            filters: FilterPlan::of(&job.instructions.filters, job.instructions.compat),
            corners: (decoration.has_corners()).then(|| decoration.corners.map(|radius| radius.pixels(side))),
            background,
            behind: surround::behind(decoration, background),
            pad: layout.pad,
            rings: layout.rings,
            layout,
            layers: PlanLayers::default(),
            surround: Surround::of(&layout, decoration, background),
            turn: layout.result_turn,
            tilt: layout.tilt,
            output: layout.output,
            moving,
            frames,
            planes: None,
        };
        plan.planes = PlanarPlan::of(info, job, &plan);
        Ok(plan)
    }

    /// The plan with layers. Those behind the image need pixels.
    pub(crate) fn with_layers(mut self, layers: &[Layer<'_>]) -> Self {
        self.layers = PlanLayers::of(layers, &self.layout);
        if self.layers.behind {
            self.planes = None;
        }
        self
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

    /// Whether there is padding or a ring.
    pub(crate) fn is_padded(&self) -> bool {
        self.pad != [0; 4] || self.rings != Rings::default()
    }

    /// The channels of each picture on the way to the result, if the decoder delivers `source`. They are the maximum,
    /// as alpha that is opaque everywhere is dropped.
    pub(crate) fn channels(&self, source: Channels) -> Stages {
        let filtered = self.filters.channels(source);
        let rounded = Channels::of(filtered.is_gray(), filtered.has_alpha() || self.corners.is_some());
        let without_alpha = self.filters.channels(Channels::of(source.is_gray(), false));
        let flattened = if self.opaque && !without_alpha.has_alpha() && self.corners.is_none() {
            // Alpha that is opaque stays a channel until here.
            Channels::of(rounded.is_gray(), false)
        } else if rounded.has_alpha() && self.behind.alpha > 0 && !self.layers.behind {
            let gray = rounded.is_gray() && self.behind.is_gray();
            Channels::of(gray, self.behind.alpha < u8::MAX)
        } else {
            rounded
        };
        let padded = if self.layers.behind {
            self.surround.channels(Channels::Rgb)
        } else if self.is_padded() {
            self.surround.channels(flattened)
        } else {
            flattened
        };
        let padded = Channels::of(padded.is_gray() && !self.layers.any, padded.has_alpha());
        let output = if self.tilt == 0 {
            padded
        } else {
            over(padded, self.background)
        };
        Stages {
            filtered,
            rounded,
            flattened,
            padded,
            output,
        }
    }

    /// The channels of the result, if the decoder delivers `source`.
    pub(crate) fn output_channels(&self, source: Channels) -> Channels {
        self.channels(source).output
    }
}

/// The channels of the scaled picture after each step that may change them.
pub(crate) struct Stages {
    /// After the filters.
    pub(crate) filtered: Channels,
    /// After rounding corners.
    pub(crate) rounded: Channels,
    /// After painting the colour behind the picture.
    pub(crate) flattened: Channels,
    /// After padding and layers.
    pub(crate) padded: Channels,
    /// After tilting.
    pub(crate) output: Channels,
}

/// The channels of a picture of which a part shows a colour instead.
pub(crate) fn over(channels: Channels, colour: Colour) -> Channels {
    Channels::of(
        channels.is_gray() && colour.is_gray(),
        channels.has_alpha() || colour.alpha < u8::MAX,
    )
}

/// Checks whether the format can be written, and the format's own limit on the size.
fn check_format(job: &Job, output: Size) -> Result<(), ImageError> {
    let format = job.format;
    let most_pixels = match format {
        Format::Avif => AVIF_MOST_PIXELS,
        Format::JpegXl => jpeg_xl_most_pixels(&job.instructions),
        _ => u64::MAX,
    };
    if output.pixels() > most_pixels {
        return Err(ImageError::TooLarge {
            what: "requested image",
            unit: "pixels",
            actual: output.pixels(),
            limit: most_pixels,
            setting: format.name(),
        });
    }
    let limit = match format {
        // Sides are stored in 16 bits: ITU-T T.81, B.2.2; GIF89a, section 18; AV1, 5.5.1.
        Format::Jpeg | Format::Gif => 65_535,
        // VP8 stores them in 14: RFC 6386, 9.1.
        Format::WebP => 16_383,
        Format::Png | Format::JpegXl => return Ok(()),
        Format::Avif if format.can_be_written() => 65_535,
        Format::Avif | Format::Bmp | Format::Tiff => {
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
