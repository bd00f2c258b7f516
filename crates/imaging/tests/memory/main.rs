//! Memory of jobs against its prediction. This binary has no other test, since it counts every allocation.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that the test calls is the test's failure"
)]

mod layers;
mod tiffs;

use peak_alloc::PeakAlloc;
use resizer_imaging::{Cancel, Encoded, Format, ImageError, Instructions, Job, Limits, inspect, predict, run_within};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const WIDTH: u32 = 720;
const HEIGHT: u32 = 500;

/// Noise (Marsaglia's xorshift), which takes the most bytes when encoded.
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

/// Full frames of noise, whose colours differ from one to the next.
fn gif(width: u16, height: u16, frames: usize, disposal: gif::DisposalMethod) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|i: u8| [i, i.wrapping_mul(7), 255 - i]).collect();
    let noise = noise(1);
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).unwrap();
    for index in 0..frames {
        let pixels = usize::from(width) * usize::from(height);
        let frame = gif::Frame {
            width,
            height,
            dispose: disposal,
            buffer: noise[index * 100..index * 100 + pixels].to_vec().into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

fn webp(lossless: bool, channels: usize) -> Vec<u8> {
    let mut pixels = noise(channels);
    if channels == 4 {
        // Alpha in few steps is compressed, which takes more memory than noise, which is stored uncompressed.
        pixels.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha &= 0xc0);
    }
    let layout = if channels == 4 {
        webp::PixelLayout::Rgba
    } else {
        webp::PixelLayout::Rgb
    };
    let encoder = webp::Encoder::new(&pixels, layout, WIDTH, HEIGHT);
    let encoded = if lossless {
        encoder.encode_lossless()
    } else {
        encoder.encode(90.0)
    };
    encoded.to_vec()
}

/// Noise, the lossless one with a pass for each size, for which the decoder keeps all numbers.
fn jpeg_xl(lossless: bool, channels: usize) -> Vec<u8> {
    let settings = jixel::EncodeConfig {
        lossless,
        progressive: lossless,
        num_threads: 1,
        speed: jixel::Speed::UltraFast,
        ..jixel::EncodeConfig::default()
    };
    let (width, height) = (WIDTH as usize, HEIGHT as usize);
    if channels == 4 {
        jixel::encode_image_with_alpha(&noise(4), width, height, &settings).unwrap()
    } else {
        jixel::encode_image(&noise(3), width, height, &settings).unwrap()
    }
}

fn bmp() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::bmp::BmpEncoder::new(&mut bytes);
    let colour = image::ExtendedColorType::Rgb8;
    encoder.encode(&noise(3), WIDTH, HEIGHT, colour).unwrap();
    bytes
}

/// One strip, little endian: a directory of shorts and longs, then the pixels.
fn tiff() -> Vec<u8> {
    const ENTRIES: u32 = 8;
    let start = 8 + 2 + 12 * ENTRIES + 4;
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((ENTRIES as u16).to_le_bytes());
    // Size, four samples of 8 bits, no compression, inks.
    for (tag, value) in [
        (256_u16, WIDTH),
        (257, HEIGHT),
        (258, 8),
        (259, 1),
        (262, 5),
        (273, start),
        (277, 4),
        (279, WIDTH * HEIGHT * 4),
    ] {
        bytes.extend(tag.to_le_bytes());
        bytes.extend([4, 0, 1, 0, 0, 0]);
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(noise(4));
    bytes
}

/// The result, and the bytes that the job asked for beyond its prediction.
fn run(source: &[u8], job: &Job) -> (Encoded, u64) {
    let mut grown = 0;
    let mut grow = |bytes| {
        grown += bytes;
        true
    };
    let encoded = run_within(source, job, &Cancel::new(), &mut grow).unwrap();
    (encoded, grown)
}

#[test]
fn job_takes_no_more_memory_than_predicted() {
    let sources = [
        ("baseline", jpeg(jpeg_encoder::ColorType::Rgb, false, false)),
        ("gray", jpeg(jpeg_encoder::ColorType::Luma, false, false)),
        ("separate scans", jpeg(jpeg_encoder::ColorType::Rgb, false, true)),
        ("progressive", jpeg(jpeg_encoder::ColorType::Rgb, true, false)),
        ("rgb", png(png::ColorType::Rgb)),
        ("rgba", png(png::ColorType::Rgba)),
        ("gray alpha", png(png::ColorType::GrayscaleAlpha)),
        ("gif", gif(720, 500, 1, gif::DisposalMethod::Keep)),
        ("animated gif", gif(150, 100, 6, gif::DisposalMethod::Previous)),
        ("lossy webp", webp(false, 3)),
        ("lossy webp with alpha", webp(false, 4)),
        ("lossless webp", webp(true, 3)),
        ("lossless webp with alpha", webp(true, 4)),
        ("bmp", bmp()),
        ("tiff of inks", tiff()),
        ("lossy jpeg xl", jpeg_xl(false, 3)),
        ("lossy jpeg xl with alpha", jpeg_xl(false, 4)),
        ("lossless jpeg xl", jpeg_xl(true, 3)),
        ("lossless jpeg xl with alpha", jpeg_xl(true, 4)),
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
        "webp.lossless=true&width=600",
        "frame=1&width=300",
        "width=400&max_bytes=9000",
        "jxl.lossless=true",
        "jxl.effort=9&jxl.distance=0.1",
        "s.alpha=0.5&width=600",
        "s.sepia=true&rotate=90",
        "s.grayscale=ry",
        "a.blur=40",
        "a.sharpen=5&noalpha=true",
        "a.removenoise=40&a.sobel=true",
        "a.equalize=true&a.featheredges=100",
        "width=500&borderwidth=40&bordercolor=f00&margin=9&shadowwidth=20&shadowcolor=00f&bgcolor=fff",
        "width=500&paddingwidth=200",
        "width=600&s.roundcorners=50&bgcolor=0f0",
        "width=600&s.roundcorners=50",
        "width=600&rotate=45",
        "width=600&rotate=30&bgcolor=fff&s.roundcorners=50&margin=20",
        "trim.threshold=80&width=100",
        "trim.threshold=80&width=900&scale=both",
        "colors=16",
        "png.quality=50&png.min_quality=20&width=400",
        "width=300&copymetadata=true&dpi=72",
        "width=60&down.filter=jinc&down.blur=2&f.ignorealpha=true&down.colorspace=linear",
        "f.sharpen=30&f.sharpen_when=always",
    ];
    long_animation_takes_a_few_megabytes();
    huge_photograph_takes_a_few_megabytes();
    huge_progressive_photograph_takes_a_few_megabytes();
    tiffs::tiff_of_false_claims_takes_no_memory();
    tiffs::tiff_of_any_compression_is_predicted();
    damaged_source_is_predicted(&sources);
    layers::layers_are_predicted(&sources);
    let limits = Limits::default();
    for (name, source) in &sources {
        for query in queries {
            for format in [Format::Jpeg, Format::Png, Format::Gif, Format::WebP, Format::JpegXl] {
                // An encoder's memory depends on the picture, not on the source's format.
                let is_costly = format.can_move() || format == Format::JpegXl;
                if is_costly && !["rgb", "rgba", "gray", "animated gif"].contains(name) {
                    continue;
                }
                let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
                let job = Job {
                    instructions,
                    format,
                    limits: limits.clone(),
                };
                let info = inspect(source, &limits, &Cancel::new()).unwrap();
                let predicted = predict(&info, &job).unwrap().peak_bytes;
                MEMORY.reset_peak_usage();
                let before = MEMORY.current_usage() as u64;
                let (encoded, grown) = run(source, &job);
                let actual = MEMORY.peak_usage() as u64 - before;
                let predicted = predicted + grown;
                let about = format!(
                    "{name}, `{query}` to {format:?}, {} bytes: {actual}",
                    encoded.bytes.len()
                );
                assert!(actual <= predicted, "{about} bytes taken, {predicted} predicted");
                // The counter does not see libwebp's memory, which is predicted: up to 38 bytes for each pixel, half a
                // megabyte of tables for alpha, and the encoded data. A quantiser samples only pictures of many
                // colours. Of an animation only a part may change.
                let pixels = u64::from(encoded.size.width) * u64::from(encoded.size.height);
                let unseen = match format {
                    Format::WebP if pixels <= 250_000 => 42 * pixels + 512 * 1024,
                    Format::WebP => 14 * pixels,
                    // Noise takes all that is predicted, other pictures less.
                    Format::JpegXl => 40 * pixels,
                    Format::Gif => 15 * pixels.min(128 * 1024),
                    Format::Png if query.contains("png.quality") || query.contains("colors") => {
                        15 * pixels.min(128 * 1024)
                    }
                    _ => 0,
                };
                // How much of the prediction a JPEG XL takes shows only while it is decoded.
                let unseen = match name.contains("jpeg xl") {
                    true => unseen + 20 * u64::from(info.width) * u64::from(info.height),
                    false => unseen,
                };
                let most = actual * 3 / 2 + 2_000_000 + unseen;
                assert!(
                    predicted <= most,
                    "{about} bytes taken, {predicted} predicted, at most {most} expected"
                );
            }
        }
    }
}

/// Sources that are cut off or changed take no more than is predicted where damage is shown.
fn damaged_source_is_predicted(sources: &[(&str, Vec<u8>)]) {
    for (name, source) in sources {
        let cut = source[..source.len() / 8 * 5].to_vec();
        let mut changed = source.clone();
        changed[source.len() / 2] ^= 0xff;
        let (instructions, _) = Instructions::parse([("width", "100")]);
        let job = Job {
            instructions,
            format: Format::Png,
            limits: Limits {
                show_damaged: true,
                ..Limits::default()
            },
        };
        for (about, source) in [("cut", &cut), ("changed", &changed)] {
            let predicted = inspect(source, &job.limits, &Cancel::new()).and_then(|info| predict(&info, &job));
            let Ok(predicted) = predicted else { continue };
            let mut granted = predicted.peak_bytes;
            MEMORY.reset_peak_usage();
            let before = MEMORY.current_usage() as u64;
            let result = run_within(source, &job, &Cancel::new(), &mut |bytes| {
                granted += bytes;
                true
            });
            let actual = MEMORY.peak_usage() as u64 - before;
            println!(
                "{name}, {about}: {actual} bytes taken, {granted} granted, {}",
                result.is_ok()
            );
            assert!(
                actual <= granted,
                "{name}, {about}: {actual} bytes taken, {granted} granted"
            );
        }
    }
}

/// A thousand frames pass one by one: neither their number nor their pixels add up.
fn long_animation_takes_a_few_megabytes() {
    let source = gif(150, 100, 1000, gif::DisposalMethod::Keep);
    let (instructions, _) = Instructions::parse([("width", "20"), ("format", "gif")]);
    let job = Job {
        instructions,
        format: Format::Gif,
        limits: Limits::default(),
    };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage() as u64;
    let (encoded, grown) = run(&source, &job);
    let actual = MEMORY.peak_usage() as u64 - before;
    assert!(actual < 6_000_000, "{actual} bytes for {} bytes", encoded.bytes.len());
    let info = inspect(&source, &job.limits, &Cancel::new()).unwrap();
    assert_eq!(info.frames, 1000);
    let predicted = predict(&info, &job).unwrap().peak_bytes + grown;
    assert!(
        (actual..actual * 3 / 2 + 2_000_000).contains(&predicted),
        "{actual} bytes taken, {predicted} predicted"
    );
    let refused = run_within(&source, &job, &Cancel::new(), &mut |_| false);
    assert!(matches!(refused, Err(ImageError::NoRoom)), "{refused:?}");
}

/// A hundred megapixels pass row by row, to a thumbnail and to half of their size.
fn huge_photograph_takes_a_few_megabytes() {
    const SIDE: u16 = 10_000;
    // A strip of 16 rows, repeated: the data between restart markers, here one after each row of MCUs, is independent.
    let mut strip = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut strip, 50);
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.set_restart_interval(SIDE.div_ceil(16));
    let pixels: Vec<u8> = noise(3)[..usize::from(SIDE) * 16 * 3].to_vec();
    encoder.encode(&pixels, SIDE, 16, jpeg_encoder::ColorType::Rgb).unwrap();
    let place = |marker: u8| strip.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let (frame, scan) = (place(0xc0), place(0xda) + 14);
    let mut source = strip[..scan].to_vec();
    source[frame + 5..frame + 7].copy_from_slice(&SIDE.to_be_bytes());
    for index in 0..SIDE.div_ceil(16) {
        source.extend_from_slice(&strip[scan..strip.len() - 2]);
        source.extend([0xff, 0xd0 + (index % 8) as u8]);
    }
    source.extend([0xff, 0xd9]);
    check_huge(&source, &[("400", 3_000_000), ("2500", 40_000_000)]);
}

/// The scans pass side by side, so that only the coefficients of a row of MCUs are held.
fn huge_progressive_photograph_takes_a_few_megabytes() {
    const SIDE: u16 = 10_000;
    let mut source = vec![0xff, 0xd8];
    let mut segment = |marker: u8, body: &[u8], data: usize| {
        source.extend([0xff, marker]);
        source.extend((body.len() as u16 + 2).to_be_bytes());
        source.extend(body);
        source.extend(vec![0; data]);
    };
    segment(0xdb, &[&[0][..], &[1; 64]].concat(), 0);
    // One code of one bit each. Zeros are then a DC coefficient like the one before, or a run of 16,384 empty blocks.
    let table = |kind: u8, symbol: u8| [&[kind, 1][..], &[0; 15], &[symbol]].concat();
    segment(0xc4, &table(0x00, 0x00), 0);
    segment(0xc4, &table(0x10, 0xe0), 0);
    let [h1, h0] = SIDE.to_be_bytes();
    segment(0xc2, &[8, h1, h0, h1, h0, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0], 0);
    // Six blocks in each of 625 x 625 MCUs, and 1,250 x 1,250 blocks of luma.
    segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 1], 625 * 625 * 6 / 8 + 1);
    for low in [1, 0] {
        let bits = if low == 0 { 0x10 } else { 0x01 };
        for component in 1..=3 {
            let runs = 1_250 * 1_250 / 16_384 + 1;
            segment(0xda, &[1, component, 0, 1, 63, bits], runs * 15 / 8 + 1);
        }
    }
    segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 0, 0x10], 625 * 625 * 6 / 8 + 1);
    source.extend([0xff, 0xd9]);
    check_huge(&source, &[("400", 3_000_000), ("2500", 40_000_000)]);
}

/// A job to each width takes what was predicted, and at most as many bytes.
fn check_huge(source: &[u8], widths: &[(&str, u64)]) {
    for (width, most) in widths {
        let (instructions, _) = Instructions::parse([("width", *width)]);
        let job = Job {
            instructions,
            format: Format::Jpeg,
            limits: Limits::default(),
        };
        let info = inspect(source, &job.limits, &Cancel::new()).unwrap();
        let predicted = predict(&info, &job).unwrap().peak_bytes;
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage() as u64;
        resizer_imaging::run(source, &job, &Cancel::new()).unwrap();
        let actual = MEMORY.peak_usage() as u64 - before;
        let about = format!("to a width of {width} {actual} bytes, {predicted} predicted");
        assert!(actual <= predicted && predicted <= *most, "{about}");
        assert!(predicted <= actual * 3 / 2 + 2_000_000, "{about}");
        println!("{about}");
    }
}
