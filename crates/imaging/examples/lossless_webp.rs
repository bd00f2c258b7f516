//! Comparison of lossless WebP encoders: prints bytes, processor time and peak memory of ours, image-webp's and
//! libwebp's.
//!
//! `cargo run --release -p resizer-imaging --example lossless_webp -- FILES…`: each picture is encoded by each encoder
//! in a process of its own, so that the peak of the memory is that encoder's. `docs/architecture.md` has the table.

#![expect(clippy::unwrap_used, reason = "an error ends the measurement")]
#![allow(clippy::disallowed_methods, reason = "an example may wait for a file")]

use std::io::Cursor;
use std::process::Command;
use std::time::Duration;

use resizer_imaging::{Cancel, Instructions, Job, Limits, output_format, run};
use rustix::time::{ClockId, clock_gettime};
use webp::{PixelLayout, WebPConfig};

/// libwebp's are named after its methods.
const ENCODERS: [&str; 7] = [
    "ours",
    "image-webp",
    "libwebp 0",
    "libwebp 1",
    "libwebp 2",
    "libwebp 3",
    "libwebp 4",
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [encoder, path] = arguments.as_slice()
        && ENCODERS.contains(&encoder.as_str())
    {
        let figures = measure(encoder, path).map(|figure| figure.to_string());
        println!("{}", figures.join(" "));
        return;
    }
    let program = std::env::current_exe().unwrap();
    let mut sums = [[0.0; 4]; ENCODERS.len()];
    println!("file\tencoder\tbytes a pixel\tms a megapixel\tpeak bytes a pixel");
    for path in &arguments {
        let mut our_bytes = None;
        for (encoder, sum) in ENCODERS.iter().zip(&mut sums) {
            let output = Command::new(&program).args([*encoder, path]).output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let figures: Vec<f64> = text.split_whitespace().map(|figure| figure.parse().unwrap()).collect();
            let [pixels, bytes, milliseconds, peak] = figures.try_into().unwrap();
            let row = [bytes / pixels, milliseconds / pixels * 1e6, peak / pixels];
            println!("{path}\t{encoder}\t{:.3}\t{:.0}\t{:.1}", row[0], row[1], row[2]);
            let ratio = bytes / *our_bytes.get_or_insert(bytes);
            for (sum, figure) in sum.iter_mut().zip([ratio.ln(), bytes, row[1], row[2]]) {
                *sum += figure;
            }
        }
    }
    let count = arguments.len() as f64;
    println!("all\tencoder\tbytes, geometric mean of ratios\tkilobytes\tms a megapixel\tpeak bytes a pixel");
    for (encoder, [ratios, bytes, milliseconds, peak]) in ENCODERS.iter().zip(sums) {
        let [ratio, kilobytes] = [(ratios / count).exp(), bytes / 1e3];
        let [milliseconds, peak] = [milliseconds / count, peak / count];
        println!("all\t{encoder}\t{ratio:.3}\t{kilobytes:.0}\t{milliseconds:.0}\t{peak:.1}");
    }
}

/// Pixels, bytes of the result, milliseconds of processor time, and bytes of memory beyond the picture's own.
fn measure(encoder: &str, path: &str) -> [f64; 4] {
    let file = job(&std::fs::read(path).unwrap(), "format=png");
    let mut reader = png::Decoder::new(Cursor::new(&file)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width, info.height);
    // The same picture for `run`, which takes a file: an uncompressed PNG is decoded in next to no time.
    let mut stored = Vec::new();
    let mut writer = png::Encoder::new(&mut stored, width, height);
    writer.set_color(info.color_type);
    writer.set_compression(png::Compression::NoCompression);
    writer.set_filter(png::Filter::NoFilter);
    writer.write_header().unwrap().write_image_data(&pixels).unwrap();
    let picture_bytes = pixels.len() as f64;
    let has_alpha = matches!(info.color_type, png::ColorType::Rgba | png::ColorType::GrayscaleAlpha);
    let pixels: Vec<u8> = match info.color_type.samples() {
        1 => pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
        2 => {
            let (pixels, _) = pixels.as_chunks::<2>();
            pixels
                .iter()
                .flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha])
                .collect()
        }
        _ => pixels,
    };

    let before = kilobytes("VmRSS:");
    // Resets the peak to the memory that is resident now.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let start = processor_time();
    let bytes = match encoder {
        "ours" => job(&stored, "format=webp&webp.lossless=true").len(),
        "image-webp" => {
            let colour = if has_alpha {
                image_webp::ColorType::Rgba8
            } else {
                image_webp::ColorType::Rgb8
            };
            let mut bytes = Vec::new();
            let encoder = image_webp::WebPEncoder::new(&mut bytes);
            encoder.encode(&pixels, width, height, colour).unwrap();
            bytes.len()
        }
        _ => {
            let mut config = WebPConfig::new().unwrap();
            config.lossless = 1;
            config.exact = 1;
            config.method = encoder.trim_start_matches("libwebp ").parse().unwrap();
            let layout = if has_alpha { PixelLayout::Rgba } else { PixelLayout::Rgb };
            let encoder = webp::Encoder::new(&pixels, layout, width, height);
            encoder.encode_advanced(&config).unwrap().len()
        }
    };
    let time = processor_time() - start;
    let mut peak = (kilobytes("VmHWM:") - before) * 1024.0;
    if encoder == "ours" {
        // `run` decodes the picture; the others were given theirs.
        peak -= picture_bytes;
    }
    let pixels = f64::from(width) * f64::from(height);
    [pixels, bytes as f64, time.as_secs_f64() * 1000.0, peak.max(0.0)]
}

fn job(source: &[u8], query: &str) -> Vec<u8> {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    run(source, &job, &Cancel::new()).unwrap().bytes
}

fn kilobytes(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
