//! Decoder benchmark: measures the processor time of decoding a file at each scale, without colours and scaling.
//!
//! `cargo run --profile dist -p resizer-jpeg --example decode -- TIMES FILES…`: prints the median milliseconds at full
//! size, a half, a quarter and an eighth.

#![expect(clippy::unwrap_used, reason = "a failure means that nothing was measured")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::time::Duration;

use resizer_jpeg::{Damage, Decoder, Header, Scale};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let times: usize = arguments.next().and_then(|times| times.parse().ok()).unwrap();
    for path in arguments {
        let source = std::fs::read(&path).unwrap();
        let medians = Scale::ALL.map(|scale| {
            let mut measured: Vec<Duration> = (0..times).map(|_| decode(&source, scale)).collect();
            measured.sort_unstable();
            format!("{:6.2}", measured[times / 2].as_secs_f64() * 1000.0)
        });
        println!("{}  {path}", medians.join(" "));
    }
}

fn decode(source: &[u8], scale: Scale) -> Duration {
    let before = processor_time();
    let header = Header::read(source, Damage::Refuse).unwrap();
    let mut decoder = Decoder::new(&header, scale).unwrap();
    while decoder.advance().unwrap() {}
    processor_time() - before
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
