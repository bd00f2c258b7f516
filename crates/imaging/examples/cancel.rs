//! Cancellation benchmark: measures how much longer a job of 12 megapixels works after it is cancelled.
//!
//! `cargo xtask bench cancel` runs this and compares with the bar. Each printed line is a kind of job, the most
//! processor time after the flag was raised, and the processor time of a whole job, in milliseconds.
//!
//! `cargo run --profile dist --example cancel -- FOLDER [MOMENTS] [NAME]`: the folder has `lake.jpg`. The flag is
//! raised at MOMENTS points (20) spread evenly over the job's processor time. Only jobs with NAME in their names run.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failure means that nothing was measured"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "this program has no clients that a blocking call could delay"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use resizer_imaging::{Cancel, ImageError, Instructions, Job, Limits, output_format, run};
use rustix::time::{ClockId, clock_gettime};

const WIDTH: u32 = 4000;
const HEIGHT: u32 = 3000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "samples".to_owned());
    let moments = arguments.next().map_or(20, |moments| moments.parse().unwrap());
    let wanted = arguments.next().unwrap_or_default();
    let photograph = std::fs::read(format!("{folder}/lake.jpg")).unwrap();
    let opaque = tiled(&photograph, false);
    let transparent = tiled(&photograph, true);
    let written = |query: &str| job(&opaque, query, &Cancel::new()).unwrap();

    let to_thumbnail = [
        ("JPEG read", "format=jpg&quality=90"),
        ("progressive JPEG read", "format=jpg&quality=90&jpeg.progressive=true"),
        ("PNG read", "format=png"),
        ("lossy WebP read", "format=webp&quality=80"),
        ("lossless WebP read", "format=webp&webp.lossless=true"),
        ("GIF read", "format=gif"),
    ];
    for (name, query) in to_thumbnail.iter().filter(|row| row.0.contains(&wanted)) {
        measure(name, &written(query), "width=200&format=jpg", moments);
    }
    let whole = [
        ("JPEG written", &opaque, "format=jpg&quality=90"),
        (
            "progressive JPEG written",
            &opaque,
            "format=jpg&quality=90&jpeg.progressive=true",
        ),
        ("PNG written", &opaque, "format=png"),
        ("PNG with alpha written", &transparent, "format=png"),
        ("lossy WebP written", &opaque, "format=webp&quality=80"),
        ("lossy WebP with alpha written", &transparent, "format=webp&quality=80"),
        ("lossless WebP written", &opaque, "format=webp&webp.lossless=true"),
        ("WebP of 3.9 megapixels written", &opaque, "format=webp&width=2280"),
        ("WebP of 0.25 megapixels written", &transparent, "format=webp&width=576"),
        ("GIF written", &opaque, "format=gif"),
        ("GIF with transparency written", &transparent, "format=gif"),
        (
            "flattened, turned and padded",
            &transparent,
            "format=jpg&bgcolor=ffffff&rotate=90&width=3100&height=4100&scale=canvas",
        ),
        ("colours changed", &opaque, "format=jpg&s.sepia=true&s.overlay=ff000040"),
        ("blurred and sharpened", &opaque, "format=jpg&a.blur=20&a.sharpen=5"),
        ("noise removed", &opaque, "format=jpg&a.removenoise=10"),
        (
            "equalised and balanced",
            &opaque,
            "format=jpg&a.equalize=true&a.balancewhite=true&a.posterize=64",
        ),
        (
            "tilted, with rings",
            &opaque,
            "format=jpg&rotate=30&borderwidth=20&margin=20&shadowwidth=20&shadowcolor=000",
        ),
        (
            "corners rounded",
            &opaque,
            "format=jpg&s.roundcorners=50&bgcolor=ffffff",
        ),
        ("trimmed", &opaque, "format=jpg&width=200&trim.threshold=80"),
        (
            "scaled in linear light",
            &opaque,
            "format=jpg&width=2000&down.colorspace=linear",
        ),
        ("PNG with a palette written", &opaque, "format=png&colors=64"),
    ];
    for (name, source, query) in whole.iter().filter(|row| row.0.contains(&wanted)) {
        measure(name, source, query, moments);
    }
}

/// A PNG of 12 megapixels: the photograph repeated, so that it has as much detail as a camera's.
fn tiled(photograph: &[u8], has_alpha: bool) -> Vec<u8> {
    let small = job(photograph, "format=png", &Cancel::new()).unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(small)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let (width, height) = (info.width as usize, info.height as usize);
    let mut large = Vec::new();
    for y in 0..HEIGHT as usize {
        for x in 0..WIDTH as usize {
            let at = ((y % height) * width + x % width) * 3;
            large.extend_from_slice(&pixels[at..at + 3]);
            if has_alpha {
                // A spot that fades out.
                let (x, y) = (x as f32 / WIDTH as f32 - 0.5, y as f32 / HEIGHT as f32 - 0.5);
                large.push(((0.6 - x.hypot(y)) * 800.0) as u8);
            }
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(if has_alpha {
        png::ColorType::Rgba
    } else {
        png::ColorType::Rgb
    });
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header().unwrap().write_image_data(&large).unwrap();
    file
}

fn job(source: &[u8], query: &str, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert_eq!(ignored, [], "{query}");
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    };
    run(source, &job, cancel).map(|encoded| encoded.bytes)
}

fn measure(name: &str, source: &[u8], query: &str, moments: u32) {
    let start = processor_time();
    job(source, query, &Cancel::new()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let whole = processor_time() - start;
    let after = (1..=moments).map(|moment| after_cancelled(source, query, whole * moment / (moments + 1)));
    let longest = after.max().unwrap_or_default();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{name}\t{:.1}\t{:.0}", milliseconds(longest), milliseconds(whole));
}

/// The processor time of a job after its flag was raised. The flag is raised when the job has taken `when`.
fn after_cancelled(source: &[u8], query: &str, when: Duration) -> Duration {
    let cancel = Cancel::new();
    let ended = AtomicBool::new(false);
    let start = processor_time();
    std::thread::scope(|scope| {
        let raiser = scope.spawn(|| {
            // This thread itself takes little, as it sleeps.
            while processor_time() - start < when && !ended.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_micros(500));
            }
            cancel.cancel();
            processor_time()
        });
        let result = job(source, query, &cancel);
        let end = processor_time();
        ended.store(true, Ordering::Relaxed);
        let raised = raiser.join().unwrap();
        match result {
            Err(ImageError::Cancelled) => end.saturating_sub(raised),
            Ok(_) => Duration::ZERO,
            Err(error) => panic!("{query}: {error}"),
        }
    })
}

/// The time that this process has taken on all processors.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
