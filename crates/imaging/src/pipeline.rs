//! One job from bytes to bytes. Rows stream from the decoder through cropping into the scaler; what comes out is small
//! and whole, and passes through [`STEPS`].

use std::time::{Duration, Instant};

use crate::picture::Picture;
use crate::plan::{Job, Plan};
use crate::{Cancel, Format, ImageError, Size, codecs, steps};

/// The finished image.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Encoded {
    /// The encoded file.
    pub bytes: Vec<u8>,
    /// What it is.
    pub format: Format,
    /// Its width and height.
    pub size: Size,
    /// Where the time went.
    pub timings: Timings,
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

/// What happens to the scaled picture, in this order. A step with nothing to do hands the picture on as it is.
const STEPS: [Step; 4] = [
    steps::orient::source,
    steps::flatten::apply,
    steps::pad::apply,
    steps::orient::result,
];

/// Decodes `source`, carries out the job and encodes the result, on this thread.
///
/// Returns `Cancelled` within a few milliseconds of the flag being raised; a progressive JPEG is the exception, whose
/// encoder looks at the flag only after its transform.
pub fn run(source: &[u8], job: &Job, cancel: &Cancel) -> Result<Encoded, ImageError> {
    cancel.check()?;
    let mut timings = Timings::default();
    let codec = codecs::sniff(source)?;
    let info = timed(&mut timings.decode, || codec.info(source, &job.limits))?;
    let plan = Plan::of(&info, job)?;
    let mut decoder = codec.open(source, &info)?;
    let mut encoder = codecs::for_format(job.format).encoder(&job.instructions);

    while timed(&mut timings.decode, || decoder.next_frame(cancel))? {
        let mut scaler = steps::scale::Scaler::new(info.channels, plan.window_size(), plan.scaled);
        let mut first_row = 0;
        while let Some(band) = timed(&mut timings.decode, || decoder.next_band(cancel))? {
            timed(&mut timings.scale, || {
                steps::crop::rows(&band, first_row, plan.window).try_for_each(|row| {
                    cancel.check()?;
                    scaler.push(row);
                    Ok(())
                })
            })?;
            first_row += band.rows().len() as u32;
        }
        let mut picture = scaler.finish();
        for step in STEPS {
            cancel.check()?;
            picture = timed(&mut timings.scale, || step(picture, &plan, cancel))?;
        }
        timed(&mut timings.encode, || encoder.frame(&picture, cancel))?;
    }
    let bytes = timed(&mut timings.encode, || encoder.finish())?;
    Ok(Encoded {
        bytes,
        format: job.format,
        size: plan.output,
        timings,
    })
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
