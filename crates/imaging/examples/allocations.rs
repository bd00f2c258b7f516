//! Allocations of a job: counts them, and the page faults, for a job that ran before in the same process.
//!
//! `cargo run --profile dist --example allocations -- SOURCE QUERY`: prints the allocations, their bytes in all and at
//! the peak, and the page faults of one job. Allocator is the system's; the server's keeps more pages.

#![expect(clippy::unwrap_used, reason = "a failure means that nothing was measured")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use resizer_imaging::{Cancel, Instructions, Job, Limits, output_format, run};

/// The runs before the one that counts.
const WARM_UP: usize = 5;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, query] = arguments.as_slice() else {
        eprintln!("allocations SOURCE QUERY");
        return;
    };
    let source = std::fs::read(path).unwrap();
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    let once = || {
        run(&source, &job, &Cancel::new()).unwrap();
    };
    (0..WARM_UP).for_each(|_| once());
    let before = page_faults();
    let counted = allocation_counter::measure(once);
    let faults = page_faults() - before;
    println!(
        "{} allocations, {} bytes in all, {} at the peak, {faults} page faults",
        counted.count_total, counted.bytes_total, counted.bytes_max
    );
}

/// The faults of this process so far that needed no disk: field 10 of `/proc/self/stat` (proc_pid_stat(5)).
fn page_faults() -> u64 {
    let status = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = &status[status.rfind(')').unwrap() + 2..];
    after_name.split(' ').nth(7).unwrap().parse().unwrap()
}
