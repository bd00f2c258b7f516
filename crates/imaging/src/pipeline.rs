//! Pipeline of a job, from bytes to bytes. Rows stream from the decoder through cropping into the scaler. The scaled
//! picture is small and whole, is converted to sRGB, and passes through [`STEPS`]. An animation passes frame by frame.
//! Luma and chroma stay apart where the [plan](crate::plan::PlanarPlan) allows it: see [`planar`].

mod pixels;
mod planar;

pub use pixels::decode_layer;

use std::time::{Duration, Instant};

use crate::codecs::{Codec, Encoder, Wanted};
use crate::cost::{self, Spare};
use crate::damage::{Completed, Next};
use crate::instructions::Trim;
use crate::layer::Layer;
use crate::picture::Picture;
use crate::plan::{Job, Plan};
use crate::profile::ToSrgb;
use crate::shrink::Shrink;
use crate::{Cancel, Format, ImageError, SampleRange, Size, SourceInfo, codecs, steps, trim};

/// The finished image.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The encoded file.
    pub bytes: Vec<u8>,
    /// The format of the file.
    pub format: Format,
    /// Width and height.
    pub size: Size,
    /// The time spent in each part.
    pub timings: Timings,
    /// Whether a part of the source is missing: see [`Limits::show_damaged`](crate::Limits::show_damaged).
    pub damaged: bool,
}

/// Time spent in each part of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timings {
    /// Reading pixels.
    pub decode: Duration,
    /// Cropping, scaling and all steps after it.
    pub scale: Duration,
    /// Writing the result.
    pub encode: Duration,
}

type Step = fn(Picture, &Plan, &Cancel) -> Result<Picture, ImageError>;

/// The steps on the scaled picture, in this order. A step with nothing to do returns the picture unchanged.
const STEPS: [Step; 5] = [
    steps::orient::source,
    steps::filters::apply,
    steps::corners::apply,
    steps::flatten::apply,
    steps::pad::apply,
];

/// The steps on the picture with its layers.
const LAST_STEPS: [Step; 2] = [steps::orient::result, steps::rotate::apply];

/// The form in which the finished pixels are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    /// A file in the job's format.
    File,
    /// Red, green, blue and alpha.
    Pixels,
}

/// Decodes `source`, carries out the job and encodes the result, on this thread.
///
/// Returns `Cancelled` soon after the flag is raised. For a JPEG, PNG, WebP, GIF or TIFF of 12 megapixels this takes at
/// most 50 ms of processor time, mostly less than ten. Writing a lossy WebP takes longer and grows with the pixels, as
/// its encoder checks the flag about sixty times in all: 12 megapixels of noise at quality 100 take 105 ms.
/// Writing a JPEG XL cannot be stopped: its encoder takes 40 to 300 ns a pixel at the lowest effort, and its pixels are
/// bounded (`cost`).
pub fn run(source: &[u8], job: &Job, cancel: &Cancel) -> Result<Encoded, ImageError> {
    run_within(source, job, cancel, &mut |_| true)
}

/// As [`run`], for a caller that counts memory.
///
/// The prediction of [`predict`](crate::predict) covers everything but three things, whose size shows only later: the
/// encoded frames of an animation, unusually many prefix codes and transforms of a lossless WebP, and a result that
/// becomes larger because borders of the source are trimmed. For these the job calls `grow` with the number of further
/// bytes, as often as needed. It ends with `NoRoom` when `grow` returns `false`.
pub fn run_within(
    source: &[u8],
    job: &Job,
    cancel: &Cancel,
    grow: &mut dyn FnMut(u64) -> bool,
) -> Result<Encoded, ImageError> {
    run_with(source, job, &[], cancel, grow)
}

/// As [`run_within`], with layers over or behind the picture, the first one lowest. The prediction is that of
/// [`predict_with`](crate::predict_with).
pub fn run_with(
    source: &[u8],
    job: &Job,
    layers: &[Layer<'_>],
    cancel: &Cancel,
    grow: &mut dyn FnMut(u64) -> bool,
) -> Result<Encoded, ImageError> {
    run_to(Output::File, source, job, layers, cancel, &mut Growth::new(grow))
}

fn run_to(
    output: Output,
    source: &[u8],
    job: &Job,
    layers: &[Layer<'_>],
    cancel: &Cancel,
    growth: &mut Growth<'_>,
) -> Result<Encoded, ImageError> {
    cancel.check()?;
    let mut timings = Timings::default();
    let codec = codecs::sniff(source)?;
    let info = timed(&mut timings.decode, || codec.info(source, &job.limits, cancel))?;
    let mut plan = Plan::of(&info, job)?.with_layers(layers);
    let picked = info.picked(&job.instructions);
    if let Some(trim) = job.instructions.geometry.trim {
        let source = (source, codec);
        plan = timed(&mut timings.decode, || {
            trimmed(source, &info, (job, &plan, trim), layers, growth, cancel)
        })?;
    }
    growth.spare = Spare::of(&info, job, &plan);
    let info = info.page(&job.instructions);
    let to_srgb = timed(&mut timings.scale, || {
        let profile = || codec.profile(source, info, picked, cancel);
        ToSrgb::new(info, &job.instructions, profile)
    });
    // Unless all frames are kept, the first frame that is delivered is the picked one.
    let wanted = Wanted {
        first: if plan.moving { 0 } else { picked },
        shrink: plan.shrink,
        show_damaged: job.limits.show_damaged,
    };
    let layers = timed(&mut timings.scale, || steps::overlay::drawn(layers, &plan, cancel))?;
    let mut encoder = match output {
        Output::File => codecs::encoder(job, info, &plan)?,
        Output::Pixels => Box::new(pixels::Pixels::default()),
    };
    if let Some(planes) = plan.planes.as_ref().filter(|_| to_srgb.is_nothing()) {
        let decoder = codec.open_planes(source, wanted, planes.decodes_half, cancel)?;
        let (mut picture, damaged) = planar::picture(decoder, &plan, planes, &mut timings, cancel)?;
        if plan.layers.any {
            picture = timed(&mut timings.scale, || {
                // Layers are blended in the range of a JPEG.
                let mut picture = picture.in_range(SampleRange::Full, cancel)?;
                steps::overlay::apply_to_planes(&mut picture, &layers, &plan, cancel)?;
                Ok(picture)
            })?;
        }
        timed(&mut timings.encode, || encoder.planes(picture, cancel))?;
        return finished(encoder, (source, codec), job, &plan, timings, damaged, cancel);
    }
    let opened = codec.open(source, info, wanted, cancel)?;
    let mut decoder = Some(Completed::new(opened, info, wanted.shrink, wanted.show_damaged));
    let mut damaged = false;

    while let Some(frames) = &mut decoder {
        let begun = timed(&mut timings.decode, || frames.next_frame(cancel))?;
        damaged = frames.is_damaged();
        let Some(delay) = begun else { break };
        growth.reach_frames(encoder.kept_bytes(), frames.more_bytes())?;
        let mut scaler = steps::scale::Scaler::new(info.channels, plan.axes(), plan.scaled, &plan.resampling);
        let mut first_row = 0;
        let whole = loop {
            let band = match timed(&mut timings.decode, || frames.next_rows(cancel))? {
                Next::Rows(band) => band,
                Next::End => break true,
                Next::Dropped => break false,
            };
            timed(&mut timings.scale, || {
                steps::crop::rows(&band, first_row, plan.axes()).try_for_each(|row| {
                    cancel.check()?;
                    scaler.push(row);
                    Ok(())
                })
            })?;
            first_row += band.rows().len() as u32;
            growth.reach_frames(encoder.kept_bytes(), frames.more_bytes())?;
        };
        damaged = frames.is_damaged();
        if !whole {
            break;
        }
        if !plan.moving {
            // The rest works on the scaled picture and may need the memory.
            decoder = None;
        }
        let mut picture = timed(&mut timings.scale, || to_srgb.apply(scaler.finish(), cancel))?;
        for step in STEPS {
            cancel.check()?;
            picture = timed(&mut timings.scale, || step(picture, &plan, cancel))?;
        }
        if plan.layers.any {
            picture = timed(&mut timings.scale, || {
                steps::overlay::apply(picture, &layers, &plan, cancel)
            })?;
        }
        for step in LAST_STEPS {
            cancel.check()?;
            picture = timed(&mut timings.scale, || step(picture, &plan, cancel))?;
        }
        timed(&mut timings.encode, || encoder.frame(picture, delay, cancel))?;
        growth.reach_frames(encoder.kept_bytes(), 0)?;
    }
    drop(decoder);
    finished(encoder, (source, codec), job, &plan, timings, damaged, cancel)
}

/// The finished file.
fn finished(
    encoder: Box<dyn Encoder>,
    (source, codec): (&[u8], &dyn Codec),
    job: &Job,
    plan: &Plan,
    mut timings: Timings,
    damaged: bool,
    cancel: &Cancel,
) -> Result<Encoded, ImageError> {
    let format = encoder.format().unwrap_or(job.format);
    let bytes = timed(&mut timings.encode, || {
        let file = encoder.finish(cancel)?;
        codecs::with_metadata(file, source, codec, (job, format), plan, cancel)
    })?;
    Ok(Encoded {
        bytes,
        format,
        size: plan.output,
        timings,
        damaged,
    })
}

/// The plan for the content between even borders. Finding the content takes a pass over the source.
fn trimmed(
    (source, codec): (&[u8], &dyn Codec),
    info: &SourceInfo,
    (job, plan, trim): (&Job, &Plan, Trim),
    layers: &[Layer<'_>],
    growth: &mut Growth<'_>,
    cancel: &Cancel,
) -> Result<Plan, ImageError> {
    let page = info.page(&job.instructions);
    let wanted = Wanted {
        first: if plan.moving { 0 } else { info.picked(&job.instructions) },
        shrink: Shrink::NONE,
        show_damaged: job.limits.show_damaged,
    };
    let opened = codec.open(source, page, wanted, cancel)?;
    let mut frames = Completed::new(opened, page, wanted.shrink, wanted.show_damaged);
    let mut grow = |bytes| growth.reach(bytes);
    // ImageResizer looks at the first frame alone.
    let all_frames = plan.moving && !job.instructions.compat.is_imageresizer();
    let part = trim::part(&mut frames, page, (trim, all_frames), &mut grow, cancel)?;
    let trimmed = Plan::of_part(info, job, part)?.with_layers(layers);
    // A narrow part of the source may fill a larger result than all of it.
    let predicted = cost::peak_bytes(info, job, plan);
    growth.keep(cost::peak_bytes(info, job, &trimmed).saturating_sub(predicted))?;
    Ok(trimmed)
}

/// The memory granted beyond the prediction.
struct Growth<'g> {
    grow: &'g mut dyn FnMut(u64) -> bool,
    granted: u64,
    /// The part that is needed to the end.
    kept: u64,
    /// The part of the prediction that encoded frames may take.
    spare: Spare,
}

impl<'g> Growth<'g> {
    fn new(grow: &'g mut dyn FnMut(u64) -> bool) -> Self {
        Self {
            grow,
            granted: 0,
            kept: 0,
            spare: Spare::default(),
        }
    }

    /// Asks for bytes that are needed to the end, besides those of `reach`.
    fn keep(&mut self, bytes: u64) -> Result<(), ImageError> {
        self.kept += bytes;
        self.reach(0)
    }

    /// Asks for the encoded frames of an animation, and for `more` bytes beside them. The frames exist twice at the
    /// end: in pieces, and in the file that joins them. The bytes for the end are asked for early, so that a job that
    /// will find no room stops soon.
    fn reach_frames(&mut self, frames: u64, more: u64) -> Result<(), ImageError> {
        let Spare { later, joining } = self.spare;
        let beside_frames = (frames + more).saturating_sub(later).max(more);
        self.reach(beside_frames.max((2 * frames).saturating_sub(joining)))
    }

    fn reach(&mut self, bytes: u64) -> Result<(), ImageError> {
        /// The bytes asked for at once. Mostly this is more than a frame takes.
        const STEP_BYTES: u64 = 256 * 1024;
        let bytes = bytes + self.kept;
        if bytes > self.granted {
            let more = (bytes - self.granted).next_multiple_of(STEP_BYTES);
            if !(self.grow)(more) {
                return Err(ImageError::NoRoom);
            }
            self.granted += more;
        }
        Ok(())
    }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
