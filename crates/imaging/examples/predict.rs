//! What jobs take, against what was predicted for them: a counting allocator over formats, modes and sizes, each with a
//! smooth picture and with noise. Prints a line for each pair of formats: how many jobs, the least that was predicted of
//! what a job took, and the most that was predicted beyond what is allowed. Run by `cargo xtask bench predict`.
#![allow(clippy::unwrap_used, reason = "a program of its own, for which a failure is the end")]

use std::collections::BTreeMap;

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, Format, Instructions, Job, Limits, inspect, predict, run_within};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SIZES: [(u32, u32); 3] = [(320, 240), (1500, 1000), (4000, 3000)];
/// An animation's frames.
const FRAMES: [(u32, u32); 2] = [(160, 120), (480, 360)];
const MODES: [&str; 9] = [
    "width=100",
    "width=1000",
    "quality=85",
    "quality=95",
    "width=900&height=900&mode=pad&scale=both",
    "width=500&height=500&mode=crop",
    "width=700&rotate=90",
    "width=800&bgcolor=ff0000",
    "width=1200&jpeg.progressive=true",
];
const OUTPUTS: [Format; 4] = [Format::Jpeg, Format::Png, Format::Gif, Format::WebP];

/// Worst cases of one pair of formats.
struct Worst {
    jobs: u32,
    /// Predicted, by what was taken.
    low: (f64, String),
    /// Predicted, by one and a half times what the worst picture took and 2 MB.
    high: (f64, String),
}

fn main() {
    for kind in KINDS {
        let mut worst: BTreeMap<String, Worst> = BTreeMap::new();
        let sizes: &[(u32, u32)] = if kind.ends_with("moving") { &FRAMES } else { &SIZES };
        for size in sizes {
            let pictures = [true, false].map(|noisy| source(kind, *size, noisy));
            for output in OUTPUTS {
                for mode in MODES {
                    // Its own size, as something that takes half a minute to write: smaller ones tell as much.
                    let whole = mode.starts_with("quality") && size.0 > 2000;
                    if whole && [Format::Gif, Format::WebP].contains(&output) {
                        continue;
                    }
                    let entry = worst
                        .entry(format!("{kind} to {}", output.name()))
                        .or_insert_with(|| Worst {
                            jobs: 0,
                            low: (f64::INFINITY, String::new()),
                            high: (0.0, String::new()),
                        });
                    measure(&pictures, output, mode, entry, size);
                }
            }
        }
        for (name, Worst { jobs, low, high }) in worst {
            println!("{name}\t{jobs}\t{:.3}\t{}\t{:.3}\t{}", low.0, low.1, high.0, high.1);
        }
    }
}

fn measure(pictures: &[Vec<u8>], output: Format, mode: &str, worst: &mut Worst, size: &(u32, u32)) {
    let (instructions, _) = Instructions::parse(mode.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        instructions,
        format: output,
        limits: Limits::default(),
    };
    // The prediction has to do for all that a header may stand for, so it is held against the dearest of them.
    let (mut dearest, mut given) = (0, 0);
    let about = format!("{}x{} {mode}", size.0, size.1);
    for source in pictures {
        let Ok(cost) = predict(&inspect(source, &job.limits).unwrap(), &job) else {
            return;
        };
        let mut grown = 0;
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage() as u64;
        let mut grow = |bytes| {
            grown += bytes;
            true
        };
        run_within(source, &job, &Cancel::new(), &mut grow).unwrap();
        let actual = MEMORY.peak_usage() as u64 - before;
        let predicted = cost.peak_bytes + grown;
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

fn source(kind: &str, (width, height): (u32, u32), noisy: bool) -> Vec<u8> {
    let channels = match kind {
        "jpeg grey" | "gif" | "gif moving" => 1,
        "png alpha" | "webp alpha" => 4,
        _ => 3,
    };
    let pixels = pixels(width, height, channels, noisy);
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

/// A smooth picture or noise (Marsaglia's xorshift).
fn pixels(width: u32, height: u32, channels: u32, noisy: bool) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let mut pixels = Vec::with_capacity((width * height * channels) as usize);
    for y in 0..height {
        for x in 0..width {
            for channel in 0..channels {
                let smooth = (f64::from(x) / 90.0 + f64::from(channel)).sin() + (f64::from(y) / 70.0).cos();
                let noise = next();
                pixels.push(if noisy {
                    noise as u8
                } else {
                    (120.0 + 50.0 * smooth) as u8 ^ (noise & 3) as u8
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
