//! Refusals: each kind of source that is no image, is unsupported or too large has its own error.

use resizer_imaging::{Cancel, Format, ImageError, Job, Limits, inspect, predict};

use crate::make::{self, chunk, png_header};
use crate::{files, job, process, process_within};

#[track_caller]
fn refusal(source: &[u8]) -> String {
    let inspected = inspect(source, &Limits::default(), &Cancel::new()).unwrap_err();
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
fn undecodable_source_is_named() {
    let check = |source: &[u8], expected: &str| assert_eq!(refusal(source), expected, "{source:?}");
    let unknown = "415 the source is not an image in any format this server can decode";
    check(b"", "422 the source image is damaged: it is empty");
    check(b"<html>", unknown);
    check(b"\xff", unknown);
    check(b"\x89PNG", unknown);
    for (source, name) in [
        (&b"\0\0\0\x18ftypheic"[..], "a HEIC"),
        (b"\0\0\0\x18ftypmif1", "a HEIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG"),
        (b"\n<?xml version='1.0'?>\n<!-- A sun --><svg width='1'/>", "an SVG"),
        (b"%PDF-1.7", "a PDF"),
    ] {
        check(
            source,
            &format!("415 the source is {name}, which this server cannot decode"),
        );
    }
    let cut = "422 the source JPEG XL is damaged: it ends within its header";
    check(b"\xff\x0a", cut);
    check(b"\0\0\0\x0cJXL \r\n\x87\n", cut);
    check(
        b"GIF89a\x01\0\x01\0\0\0\0;",
        "422 the source GIF is damaged: it has no frames",
    );
    check(
        b"GIF89a",
        "422 the source GIF is damaged: it ends before all its frames",
    );
    check(
        b"RIFF\x10\0\0\0WEBPVP8 ",
        "422 the source WebP is damaged: it ends before all its pixels",
    );
    check(
        b"RIFF\x0c\0\0\0WEBPNONE\0\0\0\0",
        "422 the source WebP is damaged: its first chunk is of no known kind",
    );
    check(b"II*\0", "422 the source TIFF is damaged: it ends within a directory");
    check(b"MM\0*\0\0\0\0", "422 the source TIFF is damaged: it has no pages");
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

/// Frame headers written by hand: marker, length 11, bits, height, width, one component.
#[test]
fn unsupported_kind_of_jpeg_is_named() {
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
    check(frame(0xc3, 8, 8, 8, 1), &unsupported("that is lossless"));
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
fn unsupported_kind_of_tiff_is_named() {
    let check = |change: (u16, u16), expected: &str| {
        let mut tags = files::tags(1, 1, &[8], 1, 1);
        tags.retain(|(tag, _)| *tag != change.0);
        tags.push((change.0, files::Value::Shorts(vec![change.1])));
        let chunks = vec![vec![0; 8]];
        let source = files::tiff(true, vec![files::Page { tags, chunks }]);
        let expected = format!("415 the source is a TIFF {expected}, which this server cannot decode");
        assert_eq!(refusal(&source), expected);
    };
    check((258, 33), "with this many bits a sample");
    check((259, 4), "with fax compression of more than one bit a pixel");
    check((259, 6), "with an outdated kind of JPEG compression");
    check((259, 34_712), "with JPEG 2000 compression");
    check((259, 50_001), "with WebP compression");
    check((259, 50_002), "with compression 50002");
    check((262, 32_844), "in this colour space");
    check((339, 3), "with this many bits a sample");
    check((339, 5), "of complex numbers");
}

/// BMP and TIFF are for sources only.
#[test]
fn unwritable_format_is_named() {
    let source = make::jpeg(16, 16, &make::busy(16, 16));
    for format in [Format::Bmp, Format::Tiff] {
        let job = Job {
            format,
            ..job("width=10", &Limits::default())
        };
        let info = inspect(&source, &Limits::default(), &Cancel::new()).unwrap();
        let expected = format!("{} cannot be written by this server", format.name());
        assert_eq!(predict(&info, &job).unwrap_err().to_string(), expected);
        let run = resizer_imaging::run(&source, &job, &Cancel::new());
        assert_eq!(run.unwrap_err().to_string(), expected);
    }
}

#[test]
fn huge_source_is_refused_by_its_header() {
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
fn huge_result_is_refused_before_any_work() {
    let source = make::jpeg(16, 16, &make::busy(16, 16));
    let check = |query: &str, limits: &Limits, expected: &str| {
        let info = inspect(&source, limits, &Cancel::new()).unwrap();
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
    for (format, side, most) in [
        ("jpg", 65_536, "`JPEG` allows 65535"),
        ("gif", 65_536, "`GIF` allows 65535"),
        ("webp", 16_384, "`WebP` allows 16383"),
    ] {
        check(
            &format!("w={side}&h=1&mode=stretch&scale=both&format={format}"),
            &wide,
            &format!("the requested image has {side} pixels on its longest side; {most}"),
        );
    }
}

#[test]
fn cancelled_job_returns_cancelled() {
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

#[test]
fn png_palette_that_ends_within_a_colour_is_damage() {
    let indexed = make::png_by_hand(png_header(2, 1, 8, 3, false), &[0, 0, 1]);
    for bytes in [4, 28, 767] {
        let source = make::with_chunk(&indexed, b"PLTE", &vec![9; bytes]);
        assert_eq!(
            refusal(&source),
            "422 the source PNG is damaged: its palette ends within a colour",
            "{bytes} bytes"
        );
    }
    let whole = make::with_chunk(&indexed, b"PLTE", &[9; 768]);
    assert!(process(&whole, "width=1").is_ok());
}
