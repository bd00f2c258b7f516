//! What a job takes, against what was predicted for it. The only test in its binary: it counts every allocation.

#![expect(clippy::unwrap_used, reason = "in what the test calls, too, a failure is the test's")]

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, Format, Instructions, Job, Limits, inspect, predict};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 500;

/// Noise (Marsaglia's xorshift): what takes most room when it is encoded.
fn noise(channels: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    std::iter::repeat_with(next)
        .take((WIDTH * HEIGHT) as usize * channels)
        .collect()
}

fn jpeg(colour: jpeg_encoder::ColorType, progressive: bool, optimised: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
    encoder.set_progressive(progressive);
    encoder.set_optimized_huffman_tables(optimised);
    let pixels = noise(if colour == jpeg_encoder::ColorType::Luma { 1 } else { 3 });
    encoder.encode(&pixels, WIDTH as u16, HEIGHT as u16, colour).unwrap();
    bytes
}

fn png(colour: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fastest);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&noise(colour.samples()))
        .unwrap();
    bytes
}

#[test]
fn no_job_takes_more_than_was_predicted() {
    let sources = [
        ("baseline", jpeg(jpeg_encoder::ColorType::Rgb, false, false)),
        ("gray", jpeg(jpeg_encoder::ColorType::Luma, false, false)),
        ("separate scans", jpeg(jpeg_encoder::ColorType::Rgb, false, true)),
        ("progressive", jpeg(jpeg_encoder::ColorType::Rgb, true, false)),
        ("rgb", png(png::ColorType::Rgb)),
        ("rgba", png(png::ColorType::Rgba)),
        ("gray alpha", png(png::ColorType::GrayscaleAlpha)),
    ];
    let queries = [
        "width=100",
        "width=500",
        "width=719&height=5&mode=stretch",
        "width=5&height=499&mode=stretch",
        "width=1400&scale=both&quality=100",
        "width=3&height=3000&mode=stretch&scale=both",
        "quality=100",
        "quality=90",
        "srotate=90",
        "rotate=90&width=400",
        "jpeg.progressive=true",
        "jpeg.progressive=true&quality=100",
        "width=900&height=1100&scale=canvas",
        "width=900&height=1100&scale=canvas&bgcolor=f00&rotate=180",
        "bgcolor=0f08",
        "crop=10,10,200,200&width=1000&scale=both",
    ];
    let limits = Limits::default();
    for (name, source) in &sources {
        for query in queries {
            for format in [Format::Jpeg, Format::Png] {
                let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
                let job = Job {
                    instructions,
                    format,
                    limits: limits.clone(),
                };
                let info = inspect(source, &limits).unwrap();
                let predicted = predict(&info, &job).unwrap().peak_bytes;
                MEMORY.reset_peak_usage();
                let before = MEMORY.current_usage() as u64;
                let encoded = resizer_imaging::run(source, &job, &Cancel::new()).unwrap();
                let actual = MEMORY.peak_usage() as u64 - before;
                let about = format!(
                    "{name}, `{query}` to {format:?}, {} bytes: {actual}",
                    encoded.bytes.len()
                );
                assert!(actual <= predicted, "{about} bytes taken, {predicted} predicted");
                let most = actual * 3 / 2 + 2_000_000;
                assert!(
                    predicted <= most,
                    "{about} bytes taken, {predicted} predicted, at most {most} expected"
                );
            }
        }
    }
}
