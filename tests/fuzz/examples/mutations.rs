//! Mutation run: changes one byte of each given file, ten thousand times, and runs a job on each result. Prints how
//! many succeeded, how many panicked, and the slowest; a job beyond its predicted memory counts as a panic.
//!
//! `cargo run --release -p resizer-fuzz --example mutations -- FILES…`: all in one process, with the default limits.

#![expect(clippy::unwrap_used, reason = "an error ends the run")]
#![allow(clippy::disallowed_methods, reason = "an example may wait for a file")]

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use resizer_fuzz::run_job;
use resizer_imaging::Limits;

const MUTATIONS: u32 = 10_000;
/// The default deadline of a request.
const DEADLINE: Duration = Duration::from_secs(30);

fn main() {
    let limits = Limits::default();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut failed = false;
    for file in std::env::args().skip(1) {
        let whole = std::fs::read(&file).unwrap();
        let (mut succeeded, mut panicked, mut slowest) = (0_u32, 0_u32, Duration::ZERO);
        for _ in 0..MUTATIONS {
            let mut bytes = whole.clone();
            let (place, change) = (random.next() as usize % bytes.len(), random.next() % 255 + 1);
            bytes[place] ^= change as u8;
            let begun = Instant::now();
            match catch_unwind(|| run_job(&bytes, "width=64&format=png", &limits)) {
                Ok(done) => succeeded += u32::from(done),
                Err(_) => {
                    panicked += 1;
                    println!("byte {place} of {file} xor {change}");
                }
            }
            slowest = slowest.max(begun.elapsed());
        }
        failed |= panicked > 0 || slowest > DEADLINE;
        println!(
            "{file}: {succeeded} of {MUTATIONS} succeeded, {panicked} panicked, slowest {} ms",
            slowest.as_millis()
        );
    }
    assert!(!failed, "a mutation broke a promise");
}

/// Marsaglia's xorshift, so that each run mutates alike.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
