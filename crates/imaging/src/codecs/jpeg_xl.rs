//! JPEG XL codec (ISO/IEC 18181): the crate `jxl` decodes, the crate `jixel` encodes.
//!
//! The decoder asks between two sections of a file whether to go on. The encoder cannot be stopped, so that its pixels
//! are bounded (`cost`). Of an animation the first frame is decoded. A file is decoded whole: no rows are delivered
//! before the last section is there.

mod boxes;
mod decode;
mod encode;
mod header;

pub(super) use encode::JpegXlEncoder;
pub(super) use encode::container;

use super::metadata::Metadata;
use super::{Codec, Decoder, Wanted};
use crate::{Cancel, Format, ImageError, Limits, SourceInfo};

/// The first bytes of a codestream without a container.
const CODESTREAM: &[u8] = b"\xff\x0a";
/// The first box of a container.
const CONTAINER: &[u8] = b"\0\0\0\x0cJXL \r\n\x87\n";

pub(super) struct JpegXl;

impl Codec for JpegXl {
    fn sniff(&self, source: &[u8]) -> bool {
        source.starts_with(CODESTREAM) || source.starts_with(CONTAINER)
    }

    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
        header::info(source, limits, cancel)
    }

    fn profile(&self, source: &[u8], _: &SourceInfo, _: u32, cancel: &Cancel) -> Option<Vec<u8>> {
        header::profile(source, cancel)
    }

    fn metadata(&self, source: &[u8], cancel: &Cancel) -> Result<Metadata, ImageError> {
        boxes::metadata(source, cancel)
    }

    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        _: Wanted,
        _: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError> {
        Ok(Box::new(decode::JpegXlDecoder::new(source, info)))
    }
}

/// An error of the library.
fn failure(error: &jxl::error::Error, cancel: &Cancel) -> ImageError {
    use jxl::error::Error;
    match error {
        _ if cancel.is_cancelled() => ImageError::Cancelled,
        Error::LevelLimitExceeded { .. } => super::unsupported(Format::JpegXl, "beyond level 5"),
        Error::ImageSizeTooLarge(..) => super::unsupported(Format::JpegXl, "with a frame larger than its picture"),
        error => super::corrupt_because(Format::JpegXl, "it cannot be decoded", error),
    }
}

fn cut() -> ImageError {
    super::corrupt(Format::JpegXl, "it ends before all its pixels")
}
