//! Layers of a job: pictures that are laid over or behind the result, and the jobs that decode them.
//!
//! A layer's file is processed by instructions of its own. The result is scaled to the size that its [`Placement`] asks
//! for, and is kept by the caller, so that many results share it. [`predict_with`] and [`run_with`](crate::run_with)
//! take the finished pixels. Files and caches are elsewhere.

use crate::instructions::Output;
use crate::plan::Plan;
use crate::{
    Cost, Detail, Format, ImageError, Instructions, Job, Layout, Limits, Mode, Orientation, Placement, Scale, Size,
    SourceInfo, cost, predict,
};

/// The pixels of a layer, and its place on a result.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "codecs"),
    expect(dead_code, reason = "the overlay step reads the pixels")
)]
pub struct Layer<'p> {
    pub(crate) placement: Placement,
    pub(crate) natural: Size,
    pub(crate) size: Size,
    pub(crate) pixels: &'p [u8],
}

impl<'p> Layer<'p> {
    /// A layer of `size`, which was scaled from `natural`. `pixels` are red, green, blue and alpha in rows without gaps,
    /// alpha not premultiplied. `size` should be the size that the placement asks for: any other is scaled once more.
    ///
    /// Fails if there are not as many bytes as `size` says.
    pub fn new(placement: Placement, natural: Size, size: Size, pixels: &'p [u8]) -> Result<Self, ImageError> {
        if size.pixels() == 0 || pixels.len() as u64 != size.pixels() * 4 {
            let detail = format!("{} bytes were given as a layer of {size}", pixels.len());
            return Err(ImageError::Internal { detail: Detail(detail) });
        }
        Ok(Self {
            placement,
            natural,
            size,
            pixels,
        })
    }
}

/// The layers of a plan, as far as the cost and other steps have to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PlanLayers {
    /// Whether a layer lies behind the image.
    pub(crate) behind: bool,
    /// Whether there is a layer at all.
    pub(crate) any: bool,
    /// The pixels that are composited.
    pub(crate) pixels: u64,
    /// The bytes of all layers, and of those that are scaled once more.
    pub(crate) bytes: u64,
}

impl PlanLayers {
    /// The layers that are drawn on this layout.
    pub(crate) fn of(layers: &[Layer<'_>], layout: &Layout) -> Self {
        const PIXEL_BYTES: u64 = 4;
        let mut found = Self::default();
        for layer in layers {
            found.bytes += PIXEL_BYTES * layer.size.pixels();
            let Some(placed) = layer.placement.place(layout, layer.natural) else {
                continue;
            };
            found.any = true;
            found.behind |= layer.placement.behind;
            found.pixels += placed.scaled.pixels();
            // One that is scaled, cut or turned.
            found.bytes += 2 * PIXEL_BYTES * placed.scaled.pixels();
        }
        found
    }
}

/// As [`predict`], for a job with layers. The bytes of the layers are in it.
pub fn predict_with(info: &SourceInfo, job: &Job, layers: &[Layer<'_>]) -> Result<Cost, ImageError> {
    cost::of_plan(info, job, &Plan::of(info, job)?.with_layers(layers))
}

/// The layout of a job, with trimmed borders kept: for the size of its layers.
pub fn layout(info: &SourceInfo, instructions: &Instructions) -> Result<Layout, ImageError> {
    Layout::of(instructions, info.page(instructions).oriented_size())
}

/// The size of a layer after its own instructions, by which it is placed. Borders that are trimmed count as kept.
pub fn layer_size(info: &SourceInfo, instructions: &Instructions) -> Result<Size, ImageError> {
    Ok(layout(info, &still(instructions))?.output)
}

/// The cost of [`decode_layer`](crate::decode_layer). Refuses a layer that a limit forbids.
pub fn predict_layer(
    info: &SourceInfo,
    instructions: &Instructions,
    size: Size,
    limits: &Limits,
) -> Result<Cost, ImageError> {
    limits.check_output(size)?;
    let job = layer_job(instructions, size, limits);
    let cost = predict(info, &job)?;
    let natural = layer_size(info, &job.instructions)?;
    Ok(Cost {
        peak_bytes: cost.peak_bytes + cost::rescaling_bytes(natural, size),
        ..cost
    })
}

/// The job that decodes a layer. Where nothing but the size depends on the size, it is scaled in one go.
pub(crate) fn layer_job(instructions: &Instructions, size: Size, limits: &Limits) -> Job {
    let mut instructions = still(instructions);
    if is_free_of_sizes(&instructions) {
        instructions.width = Some(size.width);
        instructions.height = Some(size.height);
        instructions.mode = Some(Mode::Stretch);
        instructions.scale = Scale::Both;
    }
    Job {
        instructions,
        // Any format that holds all pixels: nothing is encoded.
        format: Format::Png,
        limits: limits.clone(),
    }
}

/// The instructions for the first frame, without those about the file.
fn still(instructions: &Instructions) -> Instructions {
    Instructions {
        frame: Some(instructions.frame.unwrap_or(1)),
        output: Output::default(),
        ..instructions.clone()
    }
}

/// Whether the instructions ask for no size, and for nothing that is counted in pixels of the result.
fn is_free_of_sizes(instructions: &Instructions) -> bool {
    let Instructions {
        width,
        height,
        max_width,
        max_height,
        zoom,
        mode,
        result_turn,
        geometry,
        decoration,
        filters,
        ..
    } = instructions;
    let sizes = [width, height, max_width, max_height];
    sizes.iter().all(|side| side.is_none())
        && zoom.is_none()
        && mode.is_none()
        && *result_turn == Orientation::IDENTITY
        && *geometry == Default::default()
        && *decoration == Default::default()
        && filters.advanced == Default::default()
}
