//! Targets that read images: each decoder by itself, each format through the whole pipeline, and metadata within valid
//! files.

use resizer_imaging::{
    Cancel, Format, ImageError, Instructions, Job, Limits, inspect, output_format, predict, run_within,
};
use resizer_jpeg::{Chroma, Damage, Reduction, Scale};
use resizer_webp::{LosslessDecoder, Pixels};

use crate::MEMORY;

/// Small enough that the slowest valid job ends within a second.
const LIMITS: Limits = Limits {
    max_source_pixels: 1 << 18,
    max_source_side: 4096,
    max_output_pixels: 1 << 16,
    max_output_side: 1024,
    max_frames: 16,
    max_total_pixels: 1 << 20,
    show_damaged: true,
};

/// Of the decoders that are called without limits: larger pictures are left out.
const MOST_PIXELS: u32 = 1 << 20;

/// Bytes that may be allocated beyond the prediction, for errors and the allocator's own needs.
const SPARE_BYTES: u64 = 256 * 1024;

/// A colour picture of 8 x 8 pixels without metadata.
const SMALL_JPEG: &[u8] = include_bytes!("../seeds/jpeg/small");

/// An AVIF, through its own crate alone.
pub(crate) fn avif(input: &[u8]) {
    const HEADER: resizer_avif::Limits = resizer_avif::Limits {
        frames: 16,
        tiles: 16,
        table_bytes: 1 << 20,
    };
    let Ok(file) = resizer_avif::File::read(input, HEADER, &|| false) else {
        return;
    };
    let (width, [across, down]) = (file.header().width, file.header().coded);
    if u64::from(across) * u64::from(down) > u64::from(MOST_PIXELS) {
        return;
    }
    std::hint::black_box((file.exif(), file.xmp()));
    let Ok(mut decoder) = resizer_avif::Decoder::new(file) else {
        return;
    };
    let mut row = vec![0; width as usize * 4];
    while let Ok(Some(_)) = decoder.next_frame() {
        while let Ok(true) = decoder.next_row(&mut row) {
            std::hint::black_box(&row);
        }
    }
}

pub(crate) fn bmp(input: &[u8]) {
    picture(input, Format::Bmp);
}

pub(crate) fn gif(input: &[u8]) {
    picture(input, Format::Gif);
}

pub(crate) fn jpeg(input: &[u8]) {
    picture(input, Format::Jpeg);
}

pub(crate) fn jpeg_xl(input: &[u8]) {
    picture(input, Format::JpegXl);
}

pub(crate) fn png(input: &[u8]) {
    picture(input, Format::Png);
}

pub(crate) fn tiff(input: &[u8]) {
    picture(input, Format::Tiff);
}

pub(crate) fn webp(input: &[u8]) {
    picture(input, Format::WebP);
}

/// Any source, with the job in its first line: `width=8&format=webp`, a line break, the file.
pub(crate) fn run(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
        return;
    };
    let (query, source) = (String::from_utf8_lossy(&input[..end]), &input[end + 1..]);
    process(source, &query);
}

/// An EXIF block in a JPEG.
pub(crate) fn exif(input: &[u8]) {
    let source = with_segment(0xe1, b"Exif\0\0", input);
    // A damaged note is no reason to refuse a photograph.
    assert!(inspect(&source, &LIMITS, &Cancel::new()).is_ok());
    assert!(run_job(&source, "width=4&format=webp&copymetadata=true", &LIMITS));
}

/// Photoshop's resources in a JPEG.
pub(crate) fn photoshop(input: &[u8]) {
    let source = with_segment(0xed, b"Photoshop 3.0\0", input);
    assert!(run_job(&source, "width=4&copymetadata=true", &LIMITS));
}

/// A colour profile in a JPEG.
pub(crate) fn icc(input: &[u8]) {
    process(&with_segment(0xe2, b"ICC_PROFILE\0\x01\x01", input), "format=png");
}

/// The JPEG decoder alone, at each of its scales, with damage refused and shown. It takes no more memory than the
/// header says.
pub(crate) fn jpeg_decoder(input: &[u8]) {
    for damage in [Damage::Refuse, Damage::Show] {
        let Ok(header) = resizer_jpeg::Header::read(input, damage) else {
            continue;
        };
        if header.width() * header.height() > MOST_PIXELS {
            return;
        }
        let chromas = [Chroma::Full, Chroma::Half];
        let scales = Scale::ALL.into_iter();
        for size in scales.flat_map(|scale| chromas.map(|chroma| Reduction { scale, chroma })) {
            let before = MEMORY.current_usage() as u64;
            MEMORY.reset_peak_usage();
            let Ok(mut decoder) = resizer_jpeg::Decoder::new(&header, size) else {
                return;
            };
            while let Ok(true) = decoder.advance() {
                std::hint::black_box(decoder.rows().plane(0).row(0));
            }
            let taken = (MEMORY.peak_usage() as u64).saturating_sub(before);
            let allowed = header.decoder_bytes(size) + SPARE_BYTES;
            assert!(taken <= allowed, "{taken} bytes taken, {allowed} allowed");
        }
    }
}

/// The contents of a chunk `VP8 `, at a scale that its length chooses: as pixels, then as planes.
pub(crate) fn webp_lossy(input: &[u8]) {
    let scales = resizer_webp::Scale::ALL;
    let scale = scales[input.len() % scales.len()];
    let Ok(mut decoder) = resizer_webp::Decoder::at_scale(input, Pixels::Rgba, scale) else {
        return;
    };
    if u32::from(decoder.width()) * u32::from(decoder.height()) > MOST_PIXELS {
        return;
    }
    while let Ok(Some(rows)) = decoder.next_rows() {
        std::hint::black_box(rows);
    }
    let Ok(mut decoder) = resizer_webp::PlaneDecoder::new(input, scale, input.len() % 8 < 4) else {
        return;
    };
    while let Ok(true) = decoder.step() {
        for plane in 0..3 {
            for row in decoder.ready(plane) {
                std::hint::black_box(decoder.row(plane, row));
            }
        }
    }
}

/// The contents of a chunk `VP8L`.
pub(crate) fn webp_lossless(input: &[u8]) {
    let Ok(mut decoder) = LosslessDecoder::new(input, Pixels::Rgba) else {
        return;
    };
    if decoder.width() * decoder.height() > MOST_PIXELS {
        return;
    }
    while let Ok(finished) = decoder.step() {
        if finished && decoder.rows().is_empty() {
            break;
        }
    }
}

fn picture(input: &[u8], format: Format) {
    if inspect(input, &LIMITS, &Cancel::new()).is_ok_and(|info| info.format == format) {
        process(input, "maxwidth=16&format=png");
        process(input, "width=9&height=7&mode=crop&format=gif&frame=2");
        process(input, "width=9&format=png&colors=4&copymetadata=true&dpi=72");
    }
}

/// Runs a job with the small limits of the targets.
fn process(source: &[u8], query: &str) {
    let _ = run_job(source, query, &LIMITS);
}

/// Runs a job if it is allowed, and returns whether it succeeded. Panics if the job takes more memory than was
/// predicted and then asked for, or ends with an internal error. libwebp's own allocations are not counted.
pub fn run_job(source: &[u8], query: &str, limits: &Limits) -> bool {
    let (instructions, _) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    let job = Job {
        format: output_format(&instructions, None),
        instructions,
        limits: limits.clone(),
    };
    let predicted = inspect(source, &job.limits, &Cancel::new()).and_then(|info| predict(&info, &job));
    let mut grown = 0;
    let before = MEMORY.current_usage() as u64;
    MEMORY.reset_peak_usage();
    let outcome = run_within(source, &job, &Cancel::new(), &mut |bytes| {
        grown += bytes;
        true
    });
    let succeeded = outcome.is_ok();
    let taken = (MEMORY.peak_usage() as u64).saturating_sub(before);
    match (outcome, predicted) {
        (Err(ImageError::Internal { detail }), _) => panic!("internal error: {detail}"),
        (Ok(_), Err(refused)) => panic!("a job was refused with `{refused}` and then done"),
        (_, Ok(cost)) => {
            let allowed = cost.peak_bytes + grown + SPARE_BYTES;
            assert!(
                taken <= allowed,
                "{taken} bytes taken, {allowed} allowed: {cost:?}, {grown} grown"
            );
        }
        (Err(_), Err(_)) => {}
    }
    succeeded
}

/// The small JPEG with a segment behind its start marker; what does not fit into a segment is cut off.
fn with_segment(marker: u8, head: &[u8], body: &[u8]) -> Vec<u8> {
    let body = &body[..body.len().min(usize::from(u16::MAX) - 2 - head.len())];
    let length = (2 + head.len() + body.len()) as u16;
    [
        &SMALL_JPEG[..2],
        &[0xff, marker],
        &length.to_be_bytes(),
        head,
        body,
        &SMALL_JPEG[2..],
    ]
    .concat()
}
