//! Cancelled jobs: a job ends wherever the flag is raised, and checks the flag often enough. Nothing is timed here:
//! `cargo xtask bench cancel` measures how long a job continues.

use std::io::Cursor;

use resizer_imaging::{Cancel, ImageError, Limits, inspect, run};

use crate::make::Kind;
use crate::view::{Animation, View};
use crate::{files, job, make};

const WIDTH: u32 = 640;
const HEIGHT: u32 = 480;

/// A picture with more colours than a GIF holds, and a transparent hole.
fn picture() -> Vec<u8> {
    let pixels = make::pixels(WIDTH, HEIGHT, |x, y| {
        let wave = |at: u32, length: f32| (127.5 + 100.0 * (at as f32 / length).sin()) as u8;
        let distance = x.abs_diff(WIDTH / 2).max(y.abs_diff(HEIGHT / 2));
        [
            wave(x, 30.0),
            wave(y, 20.0),
            wave(x + y, 40.0),
            (distance * 4).min(255) as u8,
        ]
    });
    make::png(WIDTH, HEIGHT, png::ColorType::Rgba, &pixels)
}

/// The flag is raised at every check, or at a hundred of them. The job ends there without a result. It checks at most a
/// few more times, since decoders ask for the cause of an error.
#[test]
fn job_cancelled_at_any_check_ends_there() {
    let check = |source: &[u8], query: &str| {
        let job = job(query, &Limits::default());
        let cancel = Cancel::new();
        run(source, &job, &cancel).unwrap();
        let looks = cancel.looks();
        for look in (0..looks).step_by((looks / 100).max(1) as usize).chain([looks - 1]) {
            let cancel = Cancel::at_look(look);
            let error = run(source, &job, &cancel).unwrap_err();
            assert!(
                matches!(error, ImageError::Cancelled),
                "{query}, look {look} of {looks}: {error}"
            );
            let more = cancel.looks() - look;
            assert!(more <= 4, "{query}, look {look} of {looks}: looked {more} times more");
        }
    };
    let picture = picture();
    for query in [
        "format=jpg&bgcolor=fff",
        "format=jpg&bgcolor=fff&jpeg.progressive=true",
        "format=png&rotate=90&width=700&height=900&scale=canvas",
        "format=png&width=200&borderwidth=9&shadowwidth=9&shadowcolor=000&s.roundcorners=50",
        "format=png&width=200&rotate=30",
        "format=png&width=200&trim.threshold=80",
        "format=png&colors=16",
        "format=png&png.quality=50&bgcolor=fff",
        "format=png&png.max_deflate=true&copymetadata=true&dpi=72",
        "format=gif",
        "format=webp",
        "format=webp&bgcolor=fff",
        "format=webp&webp.lossless=true",
        "format=png&s.sepia=true&s.overlay=00f8&a.blur=20&a.equalize=true&a.featheredges=50",
        "format=png&a.sharpen=5&a.removenoise=30&a.balancewhite=true&a.posterize=9&a.contrast=0.2&a.sobel=true",
        "format=png&width=50&down.colorspace=linear&down.filter=jinc",
    ] {
        check(&picture, query);
    }
    let pixels = make::busy(160, 120);
    let progressive = make::jpeg_of_kind(Kind::Progressive, 160, 120, &pixels, jpeg_encoder::ColorType::Rgb);
    for query in ["format=png", "format=png&width=20"] {
        check(&progressive, query);
    }
    let moving = animation();
    for query in [
        "format=gif",
        "format=webp",
        "format=webp&webp.lossless=true",
        "format=png&frame=3",
    ] {
        check(&moving, query);
    }
}

fn animation() -> Vec<u8> {
    let rows: Vec<Vec<u8>> = (0..3)
        .map(|shift| (0..64 * 48).map(|at| ((at / 7 + shift) % 4) as u8).collect())
        .collect();
    let frames: Vec<files::Patch<'_>> = rows
        .iter()
        .map(|indices| files::Patch {
            area: [0, 0, 64, 48],
            indices,
            delay: 5,
            disposal: gif::DisposalMethod::Background,
        })
        .collect();
    files::gif(64, 48, None, &frames)
}

/// A header of many small blocks is given up wherever the flag is found raised.
#[test]
fn header_of_many_blocks_is_cancelled() {
    const BLOCKS: usize = 20_000;
    let gray = make::png(1, 1, png::ColorType::Grayscale, &[9]);
    let notes = make::chunk(b"prVt", &[]).repeat(BLOCKS);
    let still = files::still_gif(1, 1, &files::COLOURS, &[0], false);
    let comment = [&[0x21, 0xfe][..], &[1, b'N'].repeat(BLOCKS), &[0]].concat();
    let webp = files::lossless_webp(1, 1, &[1, 2, 3]);
    let chunks = files::riff_chunk(b"XXXX", &[]).repeat(BLOCKS);
    let page = || files::Page {
        tags: files::tags(1, 1, &[8], 1, 1),
        chunks: vec![vec![7]],
    };
    let sources = [
        ("PNG", [&gray[..33], &notes, &gray[33..]].concat()),
        ("GIF", [&still[..25], &comment, &still[25..]].concat()),
        ("WebP", files::extended_webp(&webp, 1, 1, 0, &chunks, &[])),
        ("TIFF", files::tiff(true, (0..100).map(|_| page()).collect())),
    ];
    for (name, source) in sources {
        let cancel = Cancel::new();
        inspect(&source, &Limits::default(), &cancel).unwrap();
        let looks = cancel.looks();
        assert!(looks > 4, "{name}: {looks} looks");
        for look in 0..looks {
            let result = inspect(&source, &Limits::default(), &Cancel::at_look(look));
            assert!(
                matches!(result, Err(ImageError::Cancelled)),
                "{name}, look {look} of {looks}"
            );
        }
    }
}

/// Each part of a job checks the flag, at least once for a certain number of written pixels.
#[test]
fn flag_is_checked_as_the_pixels_pass() {
    let picture = picture();
    let check = |query: &str, rows_between: u64| {
        let cancel = Cancel::new();
        run(&picture, &job(query, &Limits::default()), &cancel).unwrap();
        let least = u64::from(HEIGHT) / rows_between;
        assert!(
            cancel.looks() >= least,
            "{query}: {} looks, at least {least} expected",
            cancel.looks()
        );
    };
    // Scaling alone checks once a row. On top come two passes over the rows, then one pass each to convert pixels, to
    // find changes, to choose the stored area, to count colours and to dither, and one check for each 4 KB compressed.
    check("format=png&width=640", 1);
    check("format=webp&webp.lossless=true", 1);
    check("format=gif", 1);
    let looks = |query: &str| {
        let cancel = Cancel::new();
        run(&picture, &job(query, &Limits::default()), &cancel).unwrap();
        cancel.looks()
    };
    let rows = u64::from(HEIGHT);
    let png = looks("format=png");
    assert!(
        looks("format=webp&webp.lossless=true") >= png + rows,
        "two passes, one of PNG by bands"
    );
    assert!(
        looks("format=gif") >= png + 4 * rows,
        "pixels, changes, colours, dithering"
    );
    // A pass over alpha, and some fifty checks by libwebp.
    assert!(looks("format=webp") >= png + 2 * rows - 20, "alpha, twice");
}

/// Colours and alpha of a lossy WebP come from two different encoders and are joined in one file.
#[test]
fn alpha_beside_lossy_colours_is_kept_exactly() {
    let pixels = make::pixels(300, 200, |x, y| {
        [(x / 2) as u8, y as u8, 90, ((x * 7 + y * 3) % 256) as u8]
    });
    let source = make::png(300, 200, png::ColorType::Rgba, &pixels);
    let encoded = crate::process(&source, "format=webp&quality=90").unwrap();
    let view = View::of(&encoded);
    assert_eq!((view.width, view.height, view.channels), (300, 200, 4));
    let alphas = |pixels: &[u8]| pixels.iter().skip(3).step_by(4).copied().collect::<Vec<u8>>();
    assert_eq!(alphas(&view.pixels), alphas(&pixels));
    // image-webp shares no code with libwebp.
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&encoded.bytes)).unwrap();
    assert!(decoder.has_alpha());
    let mut other = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut other).unwrap();
    assert_eq!(alphas(&other), alphas(&pixels));
}

/// Sizes and contents that lead the lossless encoder to other code: back-references up to the longest and beyond, one
/// colour, one row, one column, all 256 values equally often.
#[test]
fn lossless_picture_is_kept_exactly() {
    let check = |width: u32, height: u32, colour: &dyn Fn(u32, u32) -> [u8; 4]| {
        let pixels = make::pixels(width, height, colour);
        let source = make::png(width, height, png::ColorType::Rgba, &pixels);
        let encoded = crate::process(&source, "format=webp&webp.lossless=true&webp.exact=true").unwrap();
        let view = View::of(&encoded);
        let opaque = pixels.iter().skip(3).step_by(4).all(|alpha| *alpha == 255);
        let expected: Vec<u8> = match view.channels {
            3 if opaque => pixels.chunks(4).flat_map(|pixel| pixel[..3].to_vec()).collect(),
            _ => pixels,
        };
        assert!(view.pixels == expected, "{width} x {height}");
        let mut decoder = image_webp::WebPDecoder::new(Cursor::new(&encoded.bytes)).unwrap();
        let mut other = vec![0; decoder.output_buffer_size().unwrap()];
        decoder.read_image(&mut other).unwrap();
        assert!(other == expected, "{width} x {height}, another decoder");
    };
    let noise = |x: u32, y: u32| {
        let value = (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0xc2b2_ae3d);
        (value ^ value >> 15).to_le_bytes()
    };
    check(1, 1, &|_, _| [1, 2, 3, 255]);
    check(9000, 2, &|_, _| [0, 0, 0, 255]);
    check(9000, 2, &|x, _| [(x / 4097) as u8, 7, 7, 200]);
    check(1, 3000, &|_, y| [y as u8, 0, 0, 255]);
    check(256, 256, &|x, y| [x as u8, y as u8, (x + y) as u8, 255]);
    check(200, 300, &noise);
    check(513, 514, &|x, y| {
        [(x / 3) as u8, (y * x / 100) as u8, 250, if x > y { 255 } else { 9 }]
    });
    for length in 1..=20 {
        check(40, 3, &|x, _| [if x % (length + 1) == 0 { 200 } else { 10 }, 0, 0, 255]);
    }
}

/// Dithered areas keep their mean colours. (Colours at the edge of the gamut cannot, since no colour of the palette
/// lies beyond them.)
#[test]
fn dithered_areas_keep_their_colours() {
    const SIDE: u32 = 8;
    let pixels = make::pixels(WIDTH, HEIGHT, |x, y| {
        let red = 80 + x * 100 / WIDTH;
        let green = 80 + y * 100 / HEIGHT;
        [red as u8, green as u8, (red / 2 + green / 2) as u8]
    });
    let source = make::png(WIDTH, HEIGHT, png::ColorType::Rgb, &pixels);
    let animation = Animation::of(&crate::process(&source, "format=gif").unwrap());
    let shown = &animation.frames[0].pixels;
    let mean = |pixels: &[u8], channels: usize, left: u32, top: u32, channel: usize| {
        let sum: u32 = (0..SIDE * SIDE)
            .map(|at| (left + at % SIDE, top + at / SIDE))
            .map(|(x, y)| u32::from(pixels[(y * WIDTH + x) as usize * channels + channel]))
            .sum();
        f64::from(sum) / f64::from(SIDE * SIDE)
    };
    let mut errors = Vec::new();
    for top in (0..HEIGHT).step_by(SIDE as usize) {
        for left in (0..WIDTH).step_by(SIDE as usize) {
            for channel in 0..3 {
                let (found, wanted) = (mean(shown, 4, left, top, channel), mean(&pixels, 3, left, top, channel));
                let error = (found - wanted).abs();
                assert!(error < 10.0, "({left}, {top}), channel {channel}: {found}, {wanted}");
                errors.push(error);
            }
        }
    }
    // 255 colours are sixteen steps each way over a hundred levels. An area without dithering would be off by a quarter
    // of such a step, 1.6; with colours that are the means of their pixels, by 1.2.
    let average = errors.iter().sum::<f64>() / errors.len() as f64;
    assert!(average < 1.0, "areas are off by {average} on average");
}
