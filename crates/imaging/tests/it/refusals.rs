//! What is not an image, what cannot be decoded, and what is too large: each with its own error.

use resizer_imaging::{Cancel, ImageError, Limits, inspect, predict};

use crate::make::{self, chunk, png_header};
use crate::{job, process, process_within};

#[track_caller]
fn refusal(source: &[u8]) -> String {
    let inspected = inspect(source, &Limits::default()).unwrap_err();
    let run = process(source, "width=10").unwrap_err();
    assert_eq!(inspected.to_string(), run.to_string(), "told from the header");
    let status = match inspected {
        ImageError::UnsupportedFormat { .. } => 415,
        ImageError::Corrupt { .. } | ImageError::TooLarge { .. } => 422,
        other => panic!("{other}"),
    };
    format!("{status} {inspected}")
}

#[test]
fn what_cannot_be_decoded_is_named() {
    let check = |source: &[u8], expected: &str| assert_eq!(refusal(source), expected, "{source:?}");
    let unknown = "415 the source is not an image in any format this server can decode";
    check(b"", "422 the source image is damaged: it is empty");
    check(b"<html>", unknown);
    check(b"\xff", unknown);
    check(b"\x89PNG", unknown);
    check(
        b"GIF89a\x01\0\x01\0\0\0\0;",
        "415 the source is a GIF, which this server cannot decode",
    );
    check(
        b"RIFF\x10\0\0\0WEBPVP8 ",
        "415 the source is a WebP, which this server cannot decode",
    );
    check(
        b"\0\0\0\x20ftypavif",
        "415 the source is an AVIF, which this server cannot decode",
    );
    check(
        b"\xff\xd8\xff",
        "422 the source JPEG is damaged: it ends within its header",
    );
    check(
        b"\xff\xd8\xff\xd9",
        "422 the source JPEG is damaged: it ends before its first pixel",
    );
    check(
        b"\xff\xd8\xff\xe0\0\x01",
        "422 the source JPEG is damaged: one of its segments has an impossible length",
    );
    check(
        b"\x89PNG\r\n\x1a\n",
        "422 the source PNG is damaged: it ends before all its pixels",
    );
}

/// Frame headers written out by hand: marker, length 11, bits, height, width, one component.
#[test]
fn kinds_of_jpeg_that_cannot_be_decoded_are_named() {
    let frame = |marker: u8, bits: u8, height: u16, width: u16, components: u8| {
        let [h, w] = [height.to_be_bytes(), width.to_be_bytes()];
        [
            0xff, 0xd8, 0xff, marker, 0, 11, bits, h[0], h[1], w[0], w[1], components, 1, 0x11, 0,
        ]
    };
    let check = |source: [u8; 15], expected: &str| assert_eq!(refusal(&source), expected, "{source:?}");
    let unsupported = |what: &str| format!("415 the source is a JPEG {what}, which this server cannot decode");
    let corrupt = |what: &str| format!("422 the source JPEG is damaged: {what}");
    check(frame(0xc9, 8, 8, 8, 1), &unsupported("with arithmetic coding"));
    check(frame(0xc3, 8, 8, 8, 1), &unsupported("without loss"));
    check(frame(0xc5, 8, 8, 8, 1), &unsupported("of differential frames"));
    check(frame(0xc1, 12, 8, 8, 1), &unsupported("with 12 bits a sample"));
    check(
        frame(0xc0, 8, 0, 8, 1),
        &unsupported("that tells its height only after its pixels"),
    );
    check(
        frame(0xc0, 8, 8, 8, 2),
        &unsupported("with neither one, three nor four components"),
    );
    check(frame(0xc0, 8, 8, 0, 1), &corrupt("it has no columns"));
    check(
        frame(0xc0, 8, 8, 8, 3),
        &corrupt("its frame header has the wrong length"),
    );
    check(frame(0xc0, 8, 8, 8, 1), &corrupt("it ends within its header"));
}

#[test]
fn a_huge_source_is_refused_by_its_header() {
    let huge_png = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &png_header(60_000, 60_000, 8, 2, false)),
    ]
    .concat();
    let sides = "the source image has 60000 pixels on its longest side; `max_source_side` allows 12000";
    assert_eq!(refusal(&huge_png), format!("422 {sides}"));

    let mut jpeg = make::jpeg(16, 16, &make::busy(16, 16));
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xea, 0x60, 0xea, 0x60]);
    assert_eq!(refusal(&jpeg), format!("422 {sides}"));
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0x2e, 0xe0, 0x2e, 0xe0]);
    let pixels = "the source image has 144000000 pixels; `max_source_pixels` allows 100000000";
    assert_eq!(refusal(&jpeg), format!("422 {pixels}"));
}

#[test]
fn a_huge_result_is_refused_before_any_work() {
    let source = make::jpeg(16, 16, &make::busy(16, 16));
    let check = |query: &str, limits: &Limits, expected: &str| {
        let info = inspect(&source, limits).unwrap();
        let predicted = predict(&info, &job(query, limits)).unwrap_err();
        assert_eq!(predicted.to_string(), expected, "{query}");
        assert_eq!(
            process_within(&source, query, limits).unwrap_err().to_string(),
            expected,
            "{query}"
        );
    };
    let limits = Limits::default();
    check(
        "width=10001&scale=both",
        &limits,
        "the requested image has 10001 pixels on its longest side; `max_output_side` allows 10000",
    );
    let narrow = Limits {
        max_output_pixels: 5000,
        ..limits.clone()
    };
    check(
        "width=100&scale=both",
        &narrow,
        "the requested image has 10000 pixels; `max_output_pixels` allows 5000",
    );
    let wide = Limits {
        max_output_side: u32::MAX,
        max_output_pixels: u64::MAX,
        ..limits
    };
    check(
        "w=65536&h=1&mode=stretch&scale=both",
        &wide,
        "the requested image has 65536 pixels on its longest side; `JPEG` allows 65535",
    );
}

#[test]
fn a_cancelled_job_says_so() {
    let source = make::jpeg(16, 16, &make::busy(16, 16));
    let cancel = Cancel::new();
    let job = job("width=10", &Limits::default());
    assert!(resizer_imaging::run(&source, &job, &cancel.clone()).is_ok());
    cancel.cancel();
    assert!(matches!(
        resizer_imaging::run(&source, &job, &cancel),
        Err(ImageError::Cancelled)
    ));
}
