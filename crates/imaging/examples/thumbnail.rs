//! Thumbnail benchmark: measures the processor time of a job that runs many times in one process. `cargo xtask bench
//! pixels` runs this beside other programs.
//!
//! `cargo run --profile dist --example thumbnail -- SOURCE QUERY TIMES [RESULT]`: prints the median milliseconds of
//! TIMES jobs, the peak memory of the process in megabytes, and the same beyond the idle process and the source. Writes
//! the last result.

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
    let [path, query, times, result @ ..] = arguments.as_slice() else {
        eprintln!("thumbnail SOURCE QUERY TIMES [RESULT]");
        return;
    };
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    let idle = resident_megabytes("VmRSS:");
    let mut source_megabytes = 0.0;
    let mut measured: Vec<Duration> = (0..times.parse().unwrap())
        .map(|_| {
            let before = processor_time();
            // The file is read again each time, as the other programs do.
            let source = std::fs::read(path).unwrap();
            let encoded = run(&source, &job, &Cancel::new()).unwrap();
            let took = processor_time() - before;
            source_megabytes = source.len() as f64 / 1024.0 / 1024.0;
            if let [result] = result {
                std::fs::write(result, encoded.bytes).unwrap();
            }
            took
        })
        .collect();
    measured.sort();
    let peak = resident_megabytes("VmHWM:");
    println!("{:.3}", measured[measured.len() / 2].as_secs_f64() * 1000.0);
    println!("{peak:.1}");
    println!("{:.1}", peak - idle - source_megabytes);
}

/// A line of the status of this process in `/proc`.
fn resident_megabytes(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let value = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
    let kilobytes: f64 = value.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes / 1024.0
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
