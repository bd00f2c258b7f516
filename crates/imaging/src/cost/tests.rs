//! Tests of the prediction: pictures that are opaque or grey cost less than others of their size.

#![expect(
    clippy::unwrap_used,
    reason = "a failure in a function that a test calls is the test's failure"
)]

use crate::{Cancel, Channels, Format, Instructions, Job, Limits, SourceInfo, inspect, predict};

fn peak(info: &SourceInfo, query: &str, format: Format) -> u64 {
    let (instructions, ignored) = Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')));
    assert_eq!(ignored, [], "{query}");
    let job = Job {
        instructions,
        format,
        limits: Limits::default(),
    };
    predict(info, &job).unwrap().peak_bytes
}

fn webp(channels: Channels, query: &str) -> u64 {
    peak(&SourceInfo::new(Format::Png, 500, 500, channels), query, Format::WebP)
}

#[test]
fn source_whose_alpha_is_ignored_costs_what_an_opaque_one_costs() {
    let query = "f.ignorealpha=true&webp.lossless=false";
    assert_eq!(webp(Channels::Rgba, query), webp(Channels::Rgb, query));
    assert!(webp(Channels::Rgba, query) < webp(Channels::Rgba, "webp.lossless=false"));
    // These make pixels transparent again.
    for more in ["s.roundcorners=50", "s.alpha=0.5", "a.featheredges=20"] {
        let both = format!("{query}&{more}");
        let alpha = webp(Channels::Rgba, &both);
        assert!(alpha >= webp(Channels::Rgba, "webp.lossless=false"), "{more}");
    }
}

#[test]
fn grey_picture_costs_less_than_a_coloured_one() {
    let query = "webp.lossless=false";
    assert!(webp(Channels::Gray, query) < webp(Channels::Rgb, query));
    let turned_grey = webp(Channels::Rgb, "webp.lossless=false&s.grayscale=true");
    assert!(turned_grey < webp(Channels::Rgb, query));
}

/// A GIF of 300 by 200 with one frame.
fn gif(width: u16, transparent: Option<u8>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 300, 200, &[0, 0, 0, 255, 255, 255]).unwrap();
    let frame = gif::Frame {
        width,
        height: 200,
        transparent,
        buffer: vec![1; usize::from(width) * 200].into(),
        ..gif::Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    bytes
}

#[test]
fn gif_without_a_transparent_pixel_costs_less() {
    let check = |source: &[u8], show_damaged: bool| {
        let limits = Limits {
            show_damaged,
            ..Limits::default()
        };
        let info = inspect(source, &limits, &Cancel::new()).unwrap();
        peak(&info, "webp.lossless=false", Format::WebP)
    };
    let opaque = check(&gif(300, None), false);
    for (source, show_damaged) in [
        (gif(300, Some(0)), false),
        // The canvas beside the frame is transparent.
        (gif(299, None), false),
        // So are the rows that a damaged picture lacks.
        (gif(300, None), true),
    ] {
        let alpha = check(&source, show_damaged);
        assert!(opaque < alpha, "{opaque}, {alpha}");
    }
}
