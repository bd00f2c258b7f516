//! Thumbnail benchmark: measures the processor time of a job that runs many times in one process. `cargo xtask bench
//! jpeg` runs this beside another program.
//!
//! `cargo run --profile dist --example thumbnail -- SOURCE QUERY TIMES`: prints the median milliseconds of TIMES jobs,
//! and the peak memory of the process in megabytes.

#![expect(clippy::unwrap_used, reason = "a failure means that nothing was measured")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::time::Duration;

use resizer_imaging::{Cancel, Instructions, Job, Limits, output_format, run};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, query, times] = arguments.as_slice() else {
        eprintln!("thumbnail SOURCE QUERY TIMES");
        return;
    };
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    let mut measured: Vec<Duration> = (0..times.parse().unwrap())
        .map(|_| {
            let before = processor_time();
            // The file is read again each time, as the other program does.
            let source = std::fs::read(path).unwrap();
            run(&source, &job, &Cancel::new()).unwrap();
            processor_time() - before
        })
        .collect();
    measured.sort();
    println!("{:.2}", measured[measured.len() / 2].as_secs_f64() * 1000.0);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    println!("{:.1}", kilobytes / 1024.0);
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
