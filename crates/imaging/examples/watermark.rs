//! Watermark benchmark: measures the processor time of a job without and with a layer, in turns, in one process. `cargo
//! xtask bench watermark` runs it.
//!
//! `cargo run --profile dist --example watermark -- SOURCE LAYER QUERY TIMES [RESULT]`: prints the median milliseconds
//! of TIMES jobs without the layer, and of as many with it. The layer is a fifth of the result's width, at the bottom
//! right, at 80 % opacity, and was decoded before, as a server keeps it. Writes the last result.

#![expect(clippy::unwrap_used, reason = "a failure means that nothing was measured")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::time::Duration;

use resizer_imaging::{
    Align, Anchor, Cancel, Fit, Instructions, Job, Layer, Length, Limits, Placement, decode_layer, inspect, layer_size,
    layout, output_format, run_with,
};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, mark, query, times, result @ ..] = arguments.as_slice() else {
        eprintln!("watermark SOURCE LAYER QUERY TIMES [RESULT]");
        return;
    };
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    let (cancel, plain) = (Cancel::new(), Instructions::default());
    let [source, mark] = [path, mark].map(|path| std::fs::read(path).unwrap());
    let placement = Placement {
        edges: [None, None, Some(Length::Percent(3.0)), Some(Length::Percent(3.0))],
        sides: [Some(Length::Percent(20.0)), None],
        align: Anchor {
            x: Align::Far,
            y: Align::Far,
        },
        fit: Fit::Fit,
        opacity: 204,
        ..Placement::default()
    };
    let header = |bytes: &[u8]| inspect(bytes, &job.limits, &cancel).unwrap();
    let layout = layout(&header(&source), &job.instructions).unwrap();
    let natural = layer_size(&header(&mark), &plain).unwrap();
    let size = placement.place(&layout, natural).unwrap().scaled;
    let pixels = decode_layer(&mark, &plain, size, &job.limits, &cancel, &mut |_| true).unwrap();
    let layer = [Layer::new(placement, natural, size, &pixels).unwrap()];

    let mut measured: [Vec<Duration>; 2] = Default::default();
    for _ in 0..times.parse::<u32>().unwrap() {
        for (layers, measured) in [&[][..], &layer[..]].into_iter().zip(&mut measured) {
            let before = processor_time();
            let encoded = run_with(&source, &job, layers, &cancel, &mut |_| true).unwrap();
            measured.push(processor_time() - before);
            if let [result] = result {
                std::fs::write(result, encoded.bytes).unwrap();
            }
        }
    }
    for mut measured in measured {
        measured.sort();
        println!("{:.3}", measured[measured.len() / 2].as_secs_f64() * 1000.0);
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
