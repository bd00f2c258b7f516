//! Duration benchmark: compares the processor time of jobs with the predicted time. The constants of `cost/time.rs`
//! come from it.
//!
//! Each printed line is a kind of source, its megapixels, a querystring, the measured milliseconds of decoding, scaling
//! and encoding, their sum, the predicted sum, and the ratio of the two. The whole job is measured by the processor
//! time of its thread, the best of three runs. The parts are scaled to that sum.
//!
//! `cargo run --profile dist --example duration -- FOLDER [NAME]`: the folder has `lake.jpg`. Only kinds of source with
//! NAME in their names.
#![allow(clippy::unwrap_used, reason = "a failure ends this program")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::time::Duration;

use resizer_imaging::{Cancel, Instructions, Job, Limits, inspect, output_format, predict, run};
use rustix::time::{ClockId, clock_gettime};

/// How the sources are written, out of a photograph.
const SOURCES: [(&str, &str); 7] = [
    ("jpeg", "format=jpg&quality=88"),
    ("jpeg progressive", "format=jpg&quality=88&jpeg.progressive=true"),
    ("png", "format=png"),
    ("gif", "format=gif"),
    ("webp", "format=webp&quality=85"),
    ("webp lossless", "format=webp&webp.lossless=true"),
    (
        "webp alpha",
        "format=webp&quality=85&rotate=90&width=WIDTH&height=WIDTH&scale=canvas",
    ),
];
const WIDTHS: [u32; 3] = [600, 2400, 6000];
const QUERIES: [&str; 8] = [
    "width=100&format=jpg",
    "width=400&format=jpg",
    "width=1200&format=jpg",
    "width=2000&format=jpg",
    "width=1200&format=jpg&jpeg.progressive=true",
    "width=400&format=png",
    "width=400&format=webp",
    "width=400&format=gif",
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "samples".to_owned());
    let wanted = arguments.next().unwrap_or_default();
    let photograph = std::fs::read(format!("{folder}/lake.jpg")).unwrap();
    for (kind, written) in SOURCES.iter().filter(|(kind, _)| kind.contains(&wanted)) {
        for width in WIDTHS {
            // Of the slow ones, the largest size shows no more.
            if width > 2400 && !["jpeg", "jpeg progressive", "png", "webp"].contains(kind) {
                continue;
            }
            let written = written.replace("WIDTH", &width.to_string());
            let source = done(&photograph, &job(&format!("width={width}&scale=both&{written}"))).0;
            for query in QUERIES {
                measure(kind, &source, query);
            }
        }
    }
}

fn job(query: &str) -> Job {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    }
}

/// The result, the processor time of the job, and the shares of its parts.
fn done(source: &[u8], job: &Job) -> (Vec<u8>, Duration, [f64; 3]) {
    let begun = thread_time();
    let encoded = run(source, job, &Cancel::new()).unwrap();
    let took = thread_time() - begun;
    let timings = encoded.timings;
    let parts = [timings.decode, timings.scale, timings.encode].map(|part| part.as_secs_f64());
    let sum: f64 = parts.iter().sum();
    (encoded.bytes, took, parts.map(|part| part / sum))
}

fn measure(kind: &str, source: &[u8], query: &str) {
    let job = job(query);
    let info = inspect(source, &job.limits, &Cancel::new()).unwrap();
    let predicted = milliseconds(predict(&info, &job).unwrap().time);
    let best = (0..3).map(|_| done(source, &job)).min_by_key(|(_, took, _)| *took);
    let (_, took, parts) = best.unwrap();
    let took = milliseconds(took);
    let [decode, scale, encode] = parts.map(|part| part * took);
    let megapixels = f64::from(info.width) * f64::from(info.height) / 1e6;
    println!(
        "{kind}\t{megapixels:.2}\t{query}\t{decode:.2}\t{scale:.2}\t{encode:.2}\t{took:.2}\t{predicted:.2}\t{:.2}",
        took / predicted
    );
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The time that this thread has taken on all processors.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
