//! Prediction benchmark: compares the memory of jobs with the predicted memory.
//!
//! A counting allocator measures jobs over formats, modes and sizes, each with a smooth picture and with noise. Each
//! printed line is a pair of formats: the number of jobs, the lowest ratio of predicted to measured memory, and the
//! highest ratio of predicted to allowed memory. Run by `cargo xtask bench predict`.
//!
//! The counter does not see allocations of libwebp in C. So each job that writes WebP has a process of its own, and its
//! memory is the growth of the process as the system reports it, or the counted memory if that is more. C's allocator
//! is told to return what is freed, so that no job is served from memory that was resident before it began.
//!
//! `cargo run --profile dist --example predict -- [NAME]`: only pairs of formats with NAME in theirs.
#![allow(clippy::unwrap_used, reason = "a failure ends this program")]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, Format, Instructions, Job, Limits, inspect, predict, run_within};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SIZES: [(u32, u32); 3] = [(320, 240), (1500, 1000), (4000, 3000)];
/// The sizes of an animation's frames.
const FRAMES: [(u32, u32); 2] = [(160, 120), (480, 360)];
const MODES: [&str; 16] = [
    "width=100",
    "width=1000",
    "quality=85",
    "quality=95",
    "width=900&height=900&mode=pad&scale=both",
    "width=500&height=500&mode=crop",
    "width=700&rotate=90",
    "width=800&bgcolor=ff0000",
    "width=1200&jpeg.progressive=true",
    "width=800&borderwidth=20&bordercolor=ff0000&margin=30&bgcolor=ffffff",
    "width=800&shadowwidth=30&shadowcolor=000000",
    "width=800&s.roundcorners=50",
    "width=800&rotate=30",
    "width=800&trim.threshold=80",
    "width=700&subsampling=444&f.sharpen=40",
    "width=600&down.colorspace=linear&down.filter=jinc&down.blur=2&f.ignorealpha=true",
];
const OUTPUTS: [Format; 4] = [Format::Jpeg, Format::Png, Format::Gif, Format::WebP];

/// The worst cases of a pair of formats.
struct Worst {
    jobs: u32,
    /// The predicted memory, divided by the measured one.
    low: (f64, String),
    /// The predicted memory, divided by one and a half times that of the worst picture plus 2 MB.
    high: (f64, String),
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [path, mode] = arguments.as_slice() {
        let (predicted, taken) = webp_job_in_process(Path::new(path), mode);
        println!("{predicted} {taken}");
        return;
    }
    let wanted = arguments.first().map_or("", String::as_str);
    let file = std::env::temp_dir().join(format!("predict-{}", std::process::id()));
    for kind in KINDS {
        let mut worst: BTreeMap<String, Worst> = BTreeMap::new();
        let sizes: &[(u32, u32)] = if kind.ends_with("moving") { &FRAMES } else { &SIZES };
        for size in sizes {
            let pairs = OUTPUTS.map(|output| (output, format!("{kind} to {}", output.name())));
            if !pairs.iter().any(|(_, name)| name.contains(wanted)) {
                continue;
            }
            let pictures =
                [Picture::Smooth, Picture::Noise, Picture::Squares].map(|picture| source(kind, *size, picture));
            for (output, name) in pairs.into_iter().filter(|(_, name)| name.contains(wanted)) {
                for mode in MODES {
                    // Writing the full size takes half a minute. Smaller sizes show as much.
                    let whole = mode.starts_with("quality") && size.0 > 2000;
                    if whole && [Format::Gif, Format::WebP].contains(&output) {
                        continue;
                    }
                    let entry = worst.entry(name.clone()).or_insert_with(|| Worst {
                        jobs: 0,
                        low: (f64::INFINITY, String::new()),
                        high: (0.0, String::new()),
                    });
                    measure(&pictures, output, mode, entry, size, &file);
                }
            }
        }
        for (name, Worst { jobs, low, high }) in worst {
            println!("{name}\t{jobs}\t{:.3}\t{}\t{:.3}\t{}", low.0, low.1, high.0, high.1);
        }
    }
}

fn measure(pictures: &[Vec<u8>], output: Format, mode: &str, worst: &mut Worst, size: &(u32, u32), file: &Path) {
    // The prediction has to cover every picture of this header, so it is compared with the most expensive one.
    let (mut dearest, mut given) = (0, 0);
    let about = format!("{}x{} {mode}", size.0, size.1);
    let job = job(output, mode);
    for source in pictures {
        let info = inspect(source, &job.limits, &Cancel::new()).unwrap();
        if predict(&info, &job).is_err() {
            return;
        }
        let (predicted, actual) = if output == Format::WebP {
            std::fs::write(file, source).unwrap();
            let measured = webp_job(file, mode);
            std::fs::remove_file(file).unwrap();
            measured
        } else {
            counted(source, &job)
        };
        worst.jobs += 1;
        let low = predicted as f64 / actual as f64;
        if low < worst.low.0 {
            worst.low = (low, format!("{about}: {predicted} for {actual}"));
        }
        if actual > dearest {
            (dearest, given) = (actual, predicted);
        }
    }
    let high = given as f64 / (dearest as f64 * 1.5 + 2e6);
    if high > worst.high.0 {
        worst.high = (high, format!("{about}: {given} for {dearest}"));
    }
}

fn job(format: Format, mode: &str) -> Job {
    let (instructions, _) = Instructions::parse(mode.split('&').filter_map(|pair| pair.split_once('=')));
    Job {
        instructions,
        format,
        limits: Limits::default(),
    }
}

/// The memory granted to a job, and the most it had allocated.
fn counted(source: &[u8], job: &Job) -> (u64, u64) {
    let cost = predict(&inspect(source, &job.limits, &Cancel::new()).unwrap(), job).unwrap();
    let mut grown = 0;
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage() as u64;
    let mut grow = |bytes| {
        grown += bytes;
        true
    };
    run_within(source, job, &Cancel::new(), &mut grow).unwrap();
    (cost.peak_bytes + grown, MEMORY.peak_usage() as u64 - before)
}

/// The same for a job that writes WebP from the source in a file, in a process of its own.
fn webp_job(file: &Path, mode: &str) -> (u64, u64) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    // mallopt(3).
    command.env("MALLOC_TRIM_THRESHOLD_", "0");
    let output = command.arg(file).arg(mode).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let (predicted, taken) = printed.trim().split_once(' ').unwrap();
    (predicted.parse().unwrap(), taken.parse().unwrap())
}

/// The body of that process.
fn webp_job_in_process(file: &Path, mode: &str) -> (u64, u64) {
    let source = std::fs::read(file).unwrap();
    let job = job(Format::WebP, mode);
    // A small job runs first, so that the program itself is in memory. Compressing alpha would take half a megabyte at
    // any size, of which C's allocator keeps pieces.
    let small = self::job(Format::WebP, "width=16&height=16&mode=stretch&bgcolor=ffffff");
    counted(&source, &small);
    // Resets the peak memory of the process to its current memory: proc(5).
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident("VmRSS:");
    let (predicted, counted) = counted(&source, &job);
    (predicted, counted.max(resident("VmHWM:") - before))
}

/// A line of the system's account of this process, in bytes.
fn resident(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

const KINDS: [&str; 11] = [
    "jpeg",
    "jpeg grey",
    "jpeg progressive",
    "png",
    "png alpha",
    "gif",
    "gif moving",
    "webp",
    "webp lossless",
    "webp alpha",
    "bmp",
];

fn source(kind: &str, (width, height): (u32, u32), picture: Picture) -> Vec<u8> {
    let channels = match kind {
        "jpeg grey" | "gif" | "gif moving" => 1,
        "png alpha" | "webp alpha" => 4,
        _ => 3,
    };
    let pixels = pixels(width, height, channels, picture);
    match kind {
        "jpeg" | "jpeg grey" | "jpeg progressive" => jpeg(&pixels, width, height, kind),
        "png" => png(&pixels, width, height, png::ColorType::Rgb),
        "png alpha" => png(&pixels, width, height, png::ColorType::Rgba),
        "gif" => gif(&pixels, width, height, 1),
        "gif moving" => gif(&pixels, width, height, 40),
        "bmp" => {
            let mut bytes = Vec::new();
            let mut encoder = image::codecs::bmp::BmpEncoder::new(&mut bytes);
            encoder
                .encode(&pixels, width, height, image::ExtendedColorType::Rgb8)
                .unwrap();
            bytes
        }
        _ => webp(&pixels, width, height, kind),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Picture {
    Smooth,
    /// Random samples (Marsaglia's xorshift).
    Noise,
    /// Random squares, of which more is left when the picture is scaled down.
    Squares,
}

fn pixels(width: u32, height: u32, channels: u32, picture: Picture) -> Vec<u8> {
    const SIDE: u32 = 8;
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let row_bytes = (width * channels) as usize;
    let mut pixels: Vec<u8> = Vec::with_capacity(row_bytes * height as usize);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let smooth = (f64::from(x) / 90.0 + f64::from(channel)).sin() + (f64::from(y) / 70.0).cos();
                let noise = next() as u8;
                pixels.push(match picture {
                    Picture::Smooth => (120.0 + 50.0 * smooth) as u8 ^ (noise & 3),
                    Picture::Squares if y % SIDE > 0 => pixels[pixels.len() - row_bytes],
                    Picture::Squares if x % SIDE > 0 => pixels[pixels.len() - channels as usize],
                    Picture::Noise | Picture::Squares => noise,
                });
            }
        }
    }
    pixels
}

fn jpeg(pixels: &[u8], width: u32, height: u32, kind: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
    encoder.set_progressive(kind == "jpeg progressive");
    let colour = if kind == "jpeg grey" {
        jpeg_encoder::ColorType::Luma
    } else {
        jpeg_encoder::ColorType::Rgb
    };
    encoder.encode(pixels, width as u16, height as u16, colour).unwrap();
    bytes
}

fn png(pixels: &[u8], width: u32, height: u32, colour: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colour);
    encoder.set_compression(png::Compression::Fastest);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

/// Each frame begins one pixel further on.
fn gif(pixels: &[u8], width: u32, height: u32, frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|i: u8| [i, i.wrapping_mul(7), 255 - i]).collect();
    let mut encoder = gif::Encoder::new(&mut bytes, width as u16, height as u16, &palette).unwrap();
    for index in 0..frames {
        let mut buffer = pixels.to_vec();
        buffer.rotate_left(index);
        let frame = gif::Frame {
            width: width as u16,
            height: height as u16,
            buffer: buffer.into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

fn webp(pixels: &[u8], width: u32, height: u32, kind: &str) -> Vec<u8> {
    let layout = if kind == "webp alpha" {
        webp::PixelLayout::Rgba
    } else {
        webp::PixelLayout::Rgb
    };
    let encoder = webp::Encoder::new(pixels, layout, width, height);
    let encoded = if kind == "webp lossless" {
        encoder.encode_lossless()
    } else {
        encoder.encode(85.0)
    };
    encoded.to_vec()
}
