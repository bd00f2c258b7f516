//! Filter benchmark: the processor time of each filter, per megapixel of the result. The constants of `filter_plan.rs`
//! come from it.
//!
//! Each printed line is a querystring, and the milliseconds that it takes a megapixel beyond the same job without it.
//! Only the steps' share of the thread's time counts, not that of the codecs: the best of some runs that take turns.
//!
//! `cargo run --profile dist --example filters -- [PHOTOGRAPH]`, which is `samples/lake.jpg` by default.
#![allow(clippy::unwrap_used, reason = "a failure ends this program")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use resizer_imaging::{Cancel, Format, Instructions, Job, Limits, run};
use rustix::time::{ClockId, clock_gettime};

const QUERIES: [&str; 22] = [
    "",
    "s.grayscale=true",
    "s.sepia=true",
    "s.invert=true&s.contrast=0.2&s.saturation=0.2",
    "s.alpha=0.5",
    "s.overlay=ff000080",
    "a.blur=2",
    "a.blur=20",
    "a.blur=200",
    "a.sharpen=2",
    "a.removenoise=true",
    "a.removenoise=10",
    "a.removenoise=25",
    "a.sobel=true",
    "a.sepia=true",
    "a.equalize=true",
    "a.balancewhite=true",
    "a.posterize=64",
    "a.contrast=0.2",
    "a.saturation=0.2&a.truncate=true",
    "a.featheredges=50",
    "a.blur=20&s.alpha=0.5",
];
const RUNS: usize = 7;

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "samples/lake.jpg".to_owned());
    let photograph = std::fs::read(path).unwrap();
    // A source that is not scaled: the steps are all that is left.
    let source = run(&photograph, &job("width=1200&format=png", Format::Png), &Cancel::new()).unwrap();
    let megapixels = f64::from(source.size.width) * f64::from(source.size.height) / 1e6;
    let mut best = [f64::INFINITY; QUERIES.len()];
    for _ in 0..RUNS {
        for (query, best) in QUERIES.iter().zip(&mut best) {
            let job = job(query, Format::Jpeg);
            let begun = thread_milliseconds();
            let timings = run(&source.bytes, &job, &Cancel::new()).unwrap().timings;
            let took = thread_milliseconds() - begun;
            let whole = timings.decode + timings.scale + timings.encode;
            *best = best.min(took * timings.scale.as_secs_f64() / whole.as_secs_f64());
        }
    }
    for (query, time) in QUERIES.iter().zip(best).skip(1) {
        println!("{query}\t{:.1}", (time - best[0]) / megapixels);
    }
}

/// The time that this thread has taken on all processors.
fn thread_milliseconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn job(query: &str, format: Format) -> Job {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    Job {
        instructions,
        format,
        limits: Limits::default(),
    }
}
