//! Tests of every codec: each stops when cancelled, and delivers every row.

use super::*;
use crate::{Channels, Instructions, Size};

const SIZE: Size = Size::new(64, 64);
const WANTED: Wanted = Wanted {
    first: 0,
    shrink: Shrink::NONE,
    show_damaged: false,
};
const WRITTEN: [Format; 5] = [Format::Jpeg, Format::Png, Format::Gif, Format::WebP, Format::JpegXl];

fn picture() -> Picture {
    Picture {
        size: SIZE,
        channels: Channels::Rgb,
        // More colours than a palette holds.
        pixels: (0..64 * 64 * 3).map(|i| (i * 7 + i / 50 * 13) as u8).collect(),
    }
}

fn encoder_for(format: Format, query: &[(&str, &str)]) -> Box<dyn Encoder> {
    let (instructions, _) = Instructions::parse(query.iter().copied());
    let job = Job {
        instructions,
        format,
        limits: Limits::default(),
    };
    let info = SourceInfo::new(Format::Png, SIZE.width, SIZE.height, Channels::Rgb);
    let plan = Plan::of(&info, &job).unwrap();
    encoder(&job, &info, &plan).unwrap()
}

fn encoded(format: Format) -> Vec<u8> {
    let mut encoder = encoder_for(format, &[]);
    encoder.frame(picture(), 0, &Cancel::new()).unwrap();
    encoder.finish(&Cancel::new()).unwrap()
}

fn raised() -> Cancel {
    let cancel = Cancel::new();
    cancel.cancel();
    cancel
}

/// The codec itself checks the flag while it works, not only its caller between two calls.
#[test]
fn encoder_stops_when_cancelled() {
    for query in [[("jpeg.progressive", "false")], [("jpeg.progressive", "true")]] {
        for format in WRITTEN {
            let mut encoder = encoder_for(format, &query);
            let result = encoder.frame(picture(), 0, &raised());
            assert!(
                matches!(result, Err(ImageError::Cancelled)),
                "{format:?} {query:?}: {result:?}"
            );
        }
    }
}

#[test]
fn decoder_that_holds_a_picture_stops_when_cancelled() {
    for format in [Format::Jpeg, Format::Gif, Format::WebP, Format::JpegXl] {
        let source = encoded(format);
        let codec = sniff(&source).unwrap();
        let info = codec.info(&source, &Limits::default(), &Cancel::new()).unwrap();
        let mut decoder = codec.open(&source, &info, WANTED, &Cancel::new()).unwrap();
        assert!(
            matches!(decoder.next_frame(&raised()), Err(ImageError::Cancelled)),
            "{format:?}"
        );
    }
}

/// One frame, and all its rows in consecutive bands.
#[test]
fn decoder_lends_every_row_once() {
    for format in WRITTEN {
        let source = encoded(format);
        let codec = sniff(&source).unwrap();
        let info = codec.info(&source, &Limits::default(), &Cancel::new()).unwrap();
        let cancel = Cancel::new();
        let mut decoder = codec.open(&source, &info, WANTED, &cancel).unwrap();
        assert!(decoder.next_frame(&cancel).unwrap().is_some());
        let mut rows = 0;
        while let Some(band) = decoder.next_band(&cancel).unwrap() {
            assert_eq!((band.width, band.channels), (SIZE.width, info.channels));
            rows += band.rows().len() as u32;
        }
        assert_eq!(rows, SIZE.height, "{format:?}");
        assert!(
            decoder.next_frame(&cancel).unwrap().is_none(),
            "{format:?} has one frame"
        );
    }
}

/// Rows before the damage are lent, then the error is returned. A job without a use for them fails at that point.
#[test]
fn rows_before_the_damage_are_lent() {
    for format in [Format::Png, Format::Gif] {
        let source = encoded(format);
        let whole = lent(&source);
        assert!(whole.1.is_none(), "{format:?}");
        let (rows, error) = lent(&source[..source.len() * 3 / 4]);
        assert!(
            matches!(error, Some(ImageError::Corrupt { .. })),
            "{format:?}: {error:?}"
        );
        let same = rows.iter().zip(&whole.0).take_while(|(a, b)| a == b).count();
        let least = SIZE.width as usize * 4 * SIZE.height as usize / 4;
        assert!(same >= least, "{format:?}: {same} values of {}", whole.0.len());
    }
}

/// The values that a decoder lends, and the error after them.
fn lent(source: &[u8]) -> (Vec<u8>, Option<ImageError>) {
    let cancel = Cancel::new();
    let codec = sniff(source).unwrap();
    let info = codec.info(source, &Limits::default(), &Cancel::new()).unwrap();
    let mut decoder = codec.open(source, &info, WANTED, &cancel).unwrap();
    decoder.next_frame(&cancel).unwrap();
    let mut values = Vec::new();
    loop {
        match decoder.next_band(&cancel) {
            Ok(Some(band)) => values.extend_from_slice(band.pixels),
            Ok(None) => return (values, None),
            Err(error) => return (values, Some(error)),
        }
    }
}
