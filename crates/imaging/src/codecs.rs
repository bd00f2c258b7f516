//! The formats: how each is recognised, decoded and encoded. The list is [`CODECS`]; a new format is a new file here
//! and a row there. Decoders lend bands of rows, frame by frame; encoders take whole, finished frames.

mod exif;
mod jpeg;
mod png;

use crate::band::Band;
use crate::picture::Picture;
use crate::{Cancel, Format, ImageError, Instructions, Limits, SourceInfo};

const CODECS: &[&dyn Codec] = &[&jpeg::Jpeg, &png::Png];

/// One format.
pub(crate) trait Codec: Sync {
    /// Whether these bytes begin like the format.
    fn sniff(&self, source: &[u8]) -> bool;

    /// Reads the header, and refuses a source beyond the limits before anything is allocated for its pixels.
    fn info(&self, source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError>;

    /// Begins to decode a source whose header is known.
    fn open<'s>(&self, source: &'s [u8], info: &SourceInfo) -> Result<Box<dyn Decoder + 's>, ImageError>;

    /// Begins to encode as the instructions ask.
    fn encoder(&self, instructions: &Instructions) -> Box<dyn Encoder>;
}

/// A source being decoded.
pub(crate) trait Decoder {
    /// Moves on to the next frame; `false` after the last. The previous frame's bands must have been taken.
    fn next_frame(&mut self, cancel: &Cancel) -> Result<bool, ImageError>;

    /// Lends the next rows of the frame, from the top; `None` after the last, once the data is known to be whole.
    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError>;
}

/// A result being encoded.
pub(crate) trait Encoder {
    /// Appends a frame.
    fn frame(&mut self, picture: &Picture, cancel: &Cancel) -> Result<(), ImageError>;

    /// The whole file.
    fn finish(self: Box<Self>) -> Result<Vec<u8>, ImageError>;
}

/// Reads the header of an image, told by its content and not by its name. Refuses what is beyond the limits.
pub fn inspect(source: &[u8], limits: &Limits) -> Result<SourceInfo, ImageError> {
    sniff(source)?.info(source, limits)
}

pub(crate) fn for_format(format: Format) -> &'static dyn Codec {
    match format {
        Format::Jpeg => &jpeg::Jpeg,
        Format::Png => &png::Png,
    }
}

pub(crate) fn sniff(source: &[u8]) -> Result<&'static dyn Codec, ImageError> {
    if let Some(codec) = CODECS.iter().find(|codec| codec.sniff(source)) {
        return Ok(*codec);
    }
    if source.is_empty() {
        return Err(ImageError::Corrupt {
            format: None,
            reason: "it is empty".to_owned(),
            detail: None,
        });
    }
    let reason = match foreign(source) {
        Some(name) => format!("the source is {name}, which this server cannot decode"),
        None => "the source is not an image in any format this server can decode".to_owned(),
    };
    Err(ImageError::UnsupportedFormat { reason })
}

/// Names formats that have no codec, so that the answer can tell them from rubbish.
fn foreign(source: &[u8]) -> Option<&'static str> {
    const NAMES: [(usize, &[u8], &str); 11] = [
        (0, b"GIF8", "a GIF"),
        (8, b"WEBP", "a WebP"),
        (0, b"BM", "a BMP"),
        (0, b"II*\0", "a TIFF"),
        (0, b"MM\0*", "a TIFF"),
        (4, b"ftypavi", "an AVIF"),
        (4, b"ftyphei", "a HEIC"),
        (4, b"ftypmif", "a HEIF"),
        (0, b"\xff\x0a", "a JPEG XL"),
        (4, b"JXL ", "a JPEG XL"),
        (0, b"8BPS", "a Photoshop file"),
    ];
    let begins = |(at, magic, _): &&(usize, &[u8], &str)| source.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    NAMES.iter().find(begins).map(|(_, _, name)| *name)
}

fn corrupt(format: Format, reason: impl Into<String>) -> ImageError {
    ImageError::Corrupt {
        format: Some(format),
        reason: reason.into(),
        detail: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Size};

    const SIZE: Size = Size::new(64, 64);

    fn picture() -> Picture {
        Picture {
            size: SIZE,
            channels: Channels::Rgb,
            pixels: (0..64 * 64 * 3).map(|i| (i * 7) as u8).collect(),
        }
    }

    fn encoded(format: Format) -> Vec<u8> {
        let mut encoder = for_format(format).encoder(&Instructions::default());
        encoder.frame(&picture(), &Cancel::new()).unwrap();
        encoder.finish().unwrap()
    }

    fn raised() -> Cancel {
        let cancel = Cancel::new();
        cancel.cancel();
        cancel
    }

    /// A flag raised while a codec works is seen by the codec itself, not only between its calls.
    #[test]
    fn encoders_stop_when_cancelled() {
        for query in [("jpeg.progressive", "false"), ("jpeg.progressive", "true")] {
            let (instructions, _) = Instructions::parse([query]);
            for format in [Format::Jpeg, Format::Png] {
                let mut encoder = for_format(format).encoder(&instructions);
                let result = encoder.frame(&picture(), &raised());
                assert!(
                    matches!(result, Err(ImageError::Cancelled)),
                    "{format:?} {query:?}: {result:?}"
                );
            }
        }
    }

    #[test]
    fn the_jpeg_decoder_stops_when_cancelled() {
        let source = encoded(Format::Jpeg);
        let codec = sniff(&source).unwrap();
        let info = codec.info(&source, &Limits::default()).unwrap();
        let mut decoder = codec.open(&source, &info).unwrap();
        assert!(matches!(decoder.next_frame(&raised()), Err(ImageError::Cancelled)));
    }

    /// One frame, and all its rows in bands that follow each other.
    #[test]
    fn decoders_lend_every_row_once() {
        for format in [Format::Jpeg, Format::Png] {
            let source = encoded(format);
            let codec = sniff(&source).unwrap();
            let info = codec.info(&source, &Limits::default()).unwrap();
            let cancel = Cancel::new();
            let mut decoder = codec.open(&source, &info).unwrap();
            assert!(decoder.next_frame(&cancel).unwrap());
            let mut rows = 0;
            while let Some(band) = decoder.next_band(&cancel).unwrap() {
                assert_eq!((band.width, band.channels), (SIZE.width, info.channels));
                rows += band.rows().len() as u32;
            }
            assert_eq!(rows, SIZE.height, "{format:?}");
            assert!(!decoder.next_frame(&cancel).unwrap(), "{format:?} has one frame");
        }
    }
}
