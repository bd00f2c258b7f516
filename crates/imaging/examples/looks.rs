//! Looks of formats: writes a photograph in each lossy format at each setting, and what becomes of it, for a measure of
//! quality to compare. Prints format, setting and bytes. The tables of `qp` come from this.
//!
//! `cargo run --release -p resizer-imaging --example looks -- FILE WIDTH FOLDER`

#![expect(clippy::unwrap_used, reason = "an error ends the run")]
#![allow(clippy::disallowed_methods, reason = "an example may wait for a file")]

use std::fs;

use resizer_imaging::{Cancel, Encoded, Instructions, Job, Limits, output_format};

const QUALITIES: [u8; 12] = [10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95, 98];
const DISTANCES: [f64; 12] = [13.0, 10.0, 7.5, 6.0, 4.5, 3.6, 2.8, 2.2, 1.6, 1.1, 0.7, 0.4];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (file, width, folder) = (
        arguments.next().unwrap(),
        arguments.next().unwrap(),
        arguments.next().unwrap(),
    );
    let scaled = run(&fs::read(file).unwrap(), &format!("width={width}&format=png")).bytes;
    fs::write(format!("{folder}/reference.png"), &scaled).unwrap();
    let settings = [("jpg", "quality"), ("webp", "quality"), ("jxl", "jxl.distance")];
    for (format, key) in settings {
        let values: Vec<String> = match format {
            "jxl" => DISTANCES.map(|distance| distance.to_string()).to_vec(),
            _ => QUALITIES.map(|quality| quality.to_string()).to_vec(),
        };
        for value in values {
            let written = run(&scaled, &format!("format={format}&{key}={value}"));
            let shown = run(&written.bytes, "format=png");
            fs::write(format!("{folder}/{format}-{value}.png"), &shown.bytes).unwrap();
            println!("{format} {value} {}", written.bytes.len());
        }
    }
}

fn run(source: &[u8], query: &str) -> Encoded {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    resizer_imaging::run(source, &job, &Cancel::new()).unwrap()
}
