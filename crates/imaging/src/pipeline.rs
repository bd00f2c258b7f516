//! Pipeline of a job, from bytes to bytes. Rows stream from the decoder through cropping into the scaler. The scaled
//! picture is small and whole, is converted to sRGB, and passes through [`STEPS`]. An animation passes frame by frame.
//! Luma and chroma stay apart where the [plan](crate::plan::PlanarPlan) allows it: see [`planar`].

mod planar;

use std::time::{Duration, Instant};

use crate::codecs::{Codec, Encoder, Wanted};
use crate::cost::{self, Spare};
use crate::damage::{Completed, Next};
use crate::instructions::Trim;
use crate::picture::Picture;
use crate::plan::{Job, Plan};
use crate::profile::ToSrgb;
use crate::shrink::Shrink;
use crate::{Cancel, Format, ImageError, Size, SourceInfo, codecs, steps, trim};

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
const STEPS: [Step; 7] = [
    steps::orient::source,
    steps::filters::apply,
    steps::corners::apply,
    steps::flatten::apply,
    steps::pad::apply,
    steps::orient::result,
    steps::rotate::apply,
];

/// Decodes `source`, carries out the job and encodes the result, on this thread.
///
/// Returns `Cancelled` soon after the flag is raised. For a JPEG, PNG, WebP, GIF or TIFF of 12 megapixels this takes at
/// most 50 ms of processor time, mostly less than ten. Writing a lossy WebP takes longer and grows with the pixels, as
/// its encoder checks the flag about sixty times in all: 12 megapixels of noise at quality 100 take 105 ms.
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
    cancel.check()?;
    let mut growth = Growth {
        grow,
        granted: 0,
        kept: 0,
        spare: Spare::default(),
    };
    let mut timings = Timings::default();
    let codec = codecs::sniff(source)?;
    let info = timed(&mut timings.decode, || codec.info(source, &job.limits, cancel))?;
    let mut plan = Plan::of(&info, job)?;
    let picked = info.picked(&job.instructions);
    if let Some(trim) = job.instructions.geometry.trim {
        let (source, growth) = ((source, codec), &mut growth);
        plan = timed(&mut timings.decode, || {
            trimmed(source, &info, (job, &plan, trim), growth, cancel)
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
    let mut encoder = codecs::encoder(job, info, &plan)?;
    if let Some(planes) = plan.planes.as_ref().filter(|_| to_srgb.is_nothing()) {
        let decoder = codec.open_planes(source, wanted, planes.decodes_half)?;
        let (picture, damaged) = planar::picture(decoder, &plan, planes, &mut timings, cancel)?;
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
    let bytes = timed(&mut timings.encode, || {
        let file = encoder.finish(cancel)?;
        codecs::with_metadata(file, source, codec, job, plan, cancel)
    })?;
    Ok(Encoded {
        bytes,
        format: job.format,
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
    let part = trim::part(&mut frames, page, (trim, plan.moving), &mut grow, cancel)?;
    let trimmed = Plan::of_part(info, job, part)?;
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

impl Growth<'_> {
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
