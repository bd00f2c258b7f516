//! Command benchmark: the time and the memory of one job after another, and how long each goes on after it is
//! cancelled. `cargo xtask bench filters` runs this.
//!
//! `cargo run --profile dist --example commands -- SOURCE QUERY...`: prints a line for each query. Its fields are
//! processor milliseconds, the most bytes that the job held, the bytes that were predicted, and the most processor
//! milliseconds after the flag was raised, at ten moments spread evenly over the job. Jobs write no WebP, whose encoder
//! allocates in C.

#![expect(clippy::unwrap_used, reason = "a failure means that nothing was measured")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, ImageError, Instructions, Job, Limits, inspect, output_format, predict, run_within};
use rustix::time::{ClockId, clock_gettime};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const RUNS: usize = 3;
const MOMENTS: u32 = 10;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let source = std::fs::read(arguments.next().unwrap()).unwrap();
    for query in arguments {
        let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
        let job = Job {
            format: output_format(&instructions, None),
            instructions,
            limits: Limits::default(),
        };
        let info = inspect(&source, &job.limits, &Cancel::new()).unwrap();
        let mut predicted = predict(&info, &job).unwrap().peak_bytes;
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let mut grow = |bytes| {
            predicted += bytes;
            true
        };
        run_within(&source, &job, &Cancel::new(), &mut grow).unwrap();
        let taken = MEMORY.peak_usage() - before;
        let best = (0..RUNS)
            .map(|_| measured(&source, &job, &Cancel::new()).1)
            .min()
            .unwrap();
        let after = (1..=MOMENTS).map(|moment| after_cancelled(&source, &job, best * moment / (MOMENTS + 1)));
        let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
        let (time, after) = (milliseconds(best), milliseconds(after.max().unwrap_or_default()));
        println!("{time:.1}\t{taken}\t{predicted}\t{after:.1}");
    }
}

/// Whether the job came to its end, and its processor time.
fn measured(source: &[u8], job: &Job, cancel: &Cancel) -> (bool, Duration) {
    let start = processor_time();
    let ended = match run_within(source, job, cancel, &mut |_| true) {
        Ok(_) => true,
        Err(ImageError::Cancelled) => false,
        Err(error) => panic!("{error}"),
    };
    (ended, processor_time() - start)
}

/// The processor time of a job after its flag was raised. The flag is raised when the job has taken `when`.
fn after_cancelled(source: &[u8], job: &Job, when: Duration) -> Duration {
    let cancel = Cancel::new();
    let is_over = AtomicBool::new(false);
    let start = processor_time();
    std::thread::scope(|scope| {
        let raiser = scope.spawn(|| {
            // This thread itself takes little, as it sleeps.
            while processor_time() - start < when && !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(500));
            }
            cancel.cancel();
            processor_time()
        });
        let (ended, _) = measured(source, job, &cancel);
        let end = processor_time();
        is_over.store(true, Ordering::Relaxed);
        let raised = raiser.join().unwrap();
        if ended {
            Duration::ZERO
        } else {
            end.saturating_sub(raised)
        }
    })
}

/// The time that this process has taken on all processors.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
