//! Planes against the pixels of the other path: the same job with a PNG as its result, which is never planar. Its
//! pixels become luma and chroma here by the formulas of ITU-T T.871.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::*;
use crate::codecs::{self, Wanted};
use crate::plan::Job;
use crate::{Format, Instructions, Limits, SampleRange, Size, output_format, run};

const FACTORS: [SamplingFactor; 5] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
];

/// Long waves of luma and of both chromas, without values that clamp.
fn waves(width: u32, height: u32) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (f64::from(x), f64::from(y))));
    pixels
        .flat_map(|(x, y)| {
            let wave = |length: f64, angle: f64| ((x * angle.cos() + y * angle.sin()) / length).sin();
            let luma = 128.0 + 40.0 * wave(31.0, 0.3) + 30.0 * wave(17.0, 2.0);
            let (red, blue) = (luma + 25.0 * wave(47.0, 1.0), luma + 25.0 * wave(59.0, 2.5));
            [red as u8, luma as u8, blue as u8]
        })
        .collect()
}

fn jpeg(
    width: u32,
    height: u32,
    factor: SamplingFactor,
    pixels: &[u8],
    set_up: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 98);
    encoder.set_sampling_factor(factor);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    set_up(&mut encoder);
    encoder
        .encode(pixels, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    bytes
}

/// The same file with an EXIF segment that holds an orientation.
fn oriented(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let mut segment = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    segment.extend(orientation.to_be_bytes());
    segment.extend([0; 6]);
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

fn job(query: &str) -> Job {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert_eq!(ignored, [], "{query}");
    Job {
        format: output_format(&instructions, None),
        instructions,
        limits: Limits::default(),
    }
}

/// The planes that the encoder of a JPEG is given.
fn planes(source: &[u8], query: &str) -> PlanarPicture {
    let (job, cancel) = (job(query), Cancel::new());
    let codec = codecs::sniff(source).unwrap();
    let info = codec.info(source, &job.limits, &cancel).unwrap();
    let plan = Plan::of(&info, &job).unwrap();
    let planar = plan.planes.as_ref().unwrap();
    let wanted = Wanted {
        first: 0,
        shrink: plan.shrink,
        show_damaged: false,
    };
    let decoder = codec.open_planes(source, wanted, planar.decodes_half, &cancel).unwrap();
    let (picture, damaged) = picture(decoder, &plan, planar, &mut Timings::default(), &cancel).unwrap();
    assert!(!damaged);
    assert_eq!(picture.size(), plan.output, "{query}");
    picture
}

/// Luma and chroma of the same job's pixels, which pass through a PNG. Chroma is the mean of each cell.
/// The last column and row count twice where they are alone.
fn planes_of_pixels(source: &[u8], query: &str, cell: [u8; 2]) -> [(Size, Vec<f64>); 3] {
    let job = Job {
        format: Format::Png,
        ..job(query)
    };
    let file = run(source, &job, &Cancel::new()).unwrap();
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&file.bytes));
    // Few colours have a palette.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb, "{query}");
    let size = Size::new(info.width, info.height);
    let (pixels, _) = pixels.as_chunks::<3>();
    let value = |plane: usize, x: u32, y: u32| {
        let at = y.min(size.height - 1) * size.width + x.min(size.width - 1);
        let [red, green, blue] = pixels[at as usize].map(f64::from);
        let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        [luma, 128.0 + (blue - luma) / 1.772, 128.0 + (red - luma) / 1.402][plane]
    };
    std::array::from_fn(|plane| {
        let [across, down] = if plane == 0 { [1, 1] } else { cell.map(u32::from) };
        let size = Size::new(size.width.div_ceil(across), size.height.div_ceil(down));
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y)));
        let mean = |(x, y): (u32, u32)| {
            let places = (0..down).flat_map(|row| (0..across).map(move |column| (column, row)));
            let inside = places.map(|(column, row)| value(plane, x * across + column, y * down + row));
            inside.sum::<f64>() / f64::from(across * down)
        };
        (size, places.map(mean).collect())
    })
}

/// The mean difference of both paths is below one level, and the largest is three.
#[track_caller]
fn check(about: &str, source: &[u8], query: &str) {
    let found = planes(source, query);
    let found = found.in_range(SampleRange::Full, &Cancel::new()).unwrap();
    let expected = planes_of_pixels(source, query, found.cell);
    for (index, (plane, (size, expected))) in found.planes.iter().zip(&expected).enumerate() {
        assert_eq!(
            (plane.size, plane.channels),
            (*size, Channels::Gray),
            "{about}, {query}"
        );
        let differences = plane
            .pixels
            .iter()
            .zip(expected)
            .map(|(found, expected)| (f64::from(*found) - expected).abs());
        let mean = differences.clone().sum::<f64>() / expected.len() as f64;
        let most = differences.fold(0.0, f64::max);
        assert!(
            mean <= 1.0 && most <= 3.0,
            "{about}, {query}, plane {index}: mean {mean:.2}, most {most:.2}"
        );
    }
}

/// Full size, every decoding scale, enlarged; with chroma halved and not; crops and paddings at odd places.
const QUERIES: [&str; 15] = [
    "",
    "width=150",
    "width=100",
    "width=61",
    "height=31",
    "width=19",
    "width=61&quality=95",
    "width=61&subsampling=422",
    "width=60&subsampling=444&down.filter=mitchell",
    "width=400&scale=both",
    "width=401&scale=both&quality=95",
    "crop=3,5,-2,-9",
    "crop=3,5,-2,-9&width=37",
    "width=81&height=81&mode=pad&bgcolor=507090",
    "width=80&height=41&mode=crop",
];

#[test]
fn planes_agree_with_pixels_for_every_sampling() {
    for factor in FACTORS {
        for (width, height) in [(208, 160), (203, 157)] {
            let source = jpeg(width, height, factor, &waves(width, height), |_| {});
            for query in QUERIES {
                check(&format!("{factor:?}, {width} x {height}"), &source, query);
            }
        }
    }
}

#[test]
fn planes_agree_with_pixels_in_every_orientation() {
    for (factor, width) in [(SamplingFactor::F_2_2, 203), (SamplingFactor::F_2_1, 202)] {
        let upright = jpeg(width, 157, factor, &waves(width, 157), |_| {});
        for orientation in 1..=8 {
            let source = oriented(&upright, orientation);
            for query in [
                "width=61",
                "width=60&rotate=90",
                "width=60&rotate=180",
                "width=61&flip=x&sflip=y",
                "width=81&height=80&mode=pad&bgcolor=507090",
                "width=80&height=81&mode=pad&bgcolor=507090&rotate=270&flip=x",
                "crop=5,3,-10,-8&width=64",
            ] {
                check(&format!("{factor:?}, orientation {orientation}"), &source, query);
            }
        }
    }
}

#[test]
fn planes_agree_with_pixels_of_progressive_files_and_of_one_colour() {
    let progressive = jpeg(203, 157, SamplingFactor::F_2_2, &waves(203, 157), |encoder| {
        encoder.set_progressive(true);
    });
    let flat = jpeg(97, 63, SamplingFactor::F_2_2, &[180, 90, 60].repeat(97 * 63), |_| {});
    for query in QUERIES {
        check("progressive", &progressive, query);
        check("one colour", &flat, query);
    }
}

#[test]
fn planes_of_a_webp_agree_with_its_pixels() {
    for (width, height) in [(208, 160), (203, 157)] {
        let source = webp::Encoder::from_rgb(&waves(width, height), width, height).encode(98.0);
        for query in QUERIES {
            for format in ["jpg", "webp"] {
                let query = format!("format={format}&{query}");
                check(&format!("WebP, {width} x {height}"), &source, &query);
            }
        }
    }
}

#[test]
fn smallest_pictures_have_planes() {
    for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2), (3, 2)] {
        for factor in FACTORS {
            let flat = jpeg(
                width,
                height,
                factor,
                &[180, 90, 60].repeat((width * height) as usize),
                |_| {},
            );
            for query in [
                "format=jpg",
                "width=1&height=1&mode=stretch",
                "width=7&height=5&mode=pad&scale=both&bgcolor=507090",
            ] {
                check(&format!("{factor:?}, {width} x {height}"), &flat, query);
            }
        }
    }
}
