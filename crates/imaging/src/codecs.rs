//! Codecs: recognise, decode and encode each format. A new format is a new file here and an entry in [`CODECS`].
//! Decoders lend bands of rows, frame by frame. Encoders take whole, finished frames.

#[cfg(feature = "avif")]
mod avif;
mod bmp;
mod bounded;
mod canvas;
mod changes;
mod exif;
mod gif;
mod jpeg;
mod jpeg_xl;
mod metadata;
mod negotiated;
mod palette;
mod png;
mod reader;
mod tiff;
mod webp;

use std::ops::Range;

use crate::band::Band;
use crate::picture::{Picture, PlanarPicture};
use crate::plan::{Job, Plan};
use crate::shrink::Shrink;
use crate::{Cancel, Detail, Format, ImageError, Limits, SourceInfo};
use metadata::Metadata;

const CODECS: &[&dyn Codec] = &[
    #[cfg(feature = "avif")]
    &avif::Avif,
    &jpeg::Jpeg,
    &png::Png,
    &gif::Gif,
    &webp::WebP,
    &jpeg_xl::JpegXl,
    &tiff::Tiff,
    &bmp::Bmp,
];

/// One source format.
pub(crate) trait Codec: Sync {
    /// Whether these bytes begin with the format's signature.
    fn sniff(&self, source: &[u8]) -> bool;

    /// Reads the header, and refuses a source beyond the limits before anything is allocated for its pixels.
    fn info(&self, source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError>;

    /// The ICC profile of a page. The header of the source is known, and tells of a profile. `None` also if the job is
    /// cancelled.
    fn profile(&self, source: &[u8], info: &SourceInfo, page: u32, cancel: &Cancel) -> Option<Vec<u8>>;

    /// The metadata that a result may carry on. None, unless the codec knows where its format has them.
    fn metadata(&self, _: &[u8], _: &Cancel) -> Result<Metadata, ImageError> {
        Ok(Metadata::default())
    }

    /// Begins to decode a source whose header is known.
    fn open<'s>(
        &self,
        source: &'s [u8],
        info: &SourceInfo,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> Result<Box<dyn Decoder + 's>, ImageError>;

    /// Begins to decode luma and chroma of a source whose header tells their spacings. With `half_chroma`, chroma has
    /// half the resolution of luma at most, where the decoder can do so.
    fn open_planes<'s>(
        &self,
        _: &'s [u8],
        _: Wanted,
        _half_chroma: bool,
        _: &Cancel,
    ) -> Result<Box<dyn PlaneDecoder + 's>, ImageError> {
        Err(internal("planes were to be decoded"))
    }
}

/// The part of a source that a job takes, and how it is decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The number of the first frame or page that is delivered, counted from 0.
    pub(crate) first: u32,
    /// Differs from `NONE` only if the header allows it.
    pub(crate) shrink: Shrink,
    /// As [`Limits::show_damaged`], and as in the limits that the header was read with.
    pub(crate) show_damaged: bool,
}

/// The duration of a frame in milliseconds.
pub(crate) type Delay = u32;

/// A source being decoded.
pub(crate) trait Decoder {
    /// Moves on to the next frame. Returns `None` after the last. The previous frame's bands must have been taken.
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError>;

    /// Lends the next rows of the frame, from the top. A band may be empty. Returns `None` after the last row, once the
    /// data is known to be complete. An error comes after the rows before the damage, as far as the format has them in
    /// this order; the rest of a canvas is transparent then.
    fn next_band(&mut self, cancel: &Cancel) -> Result<Option<Band<'_>>, ImageError>;

    /// The bytes held beyond those predicted, for formats whose header does not tell all.
    fn more_bytes(&self) -> u64 {
        0
    }

    /// Whether the decoder has covered damage by itself so far, for formats that go on behind it. An error of such a
    /// decoder says that nothing of the frame is there.
    fn is_damaged(&self) -> bool {
        false
    }
}

/// A source of luma and two chromas being decoded, each in its own resolution.
pub(crate) trait PlaneDecoder {
    /// Decodes the next rows of the planes. Returns false after the last row, once the data is known to be complete.
    fn advance(&mut self, cancel: &Cancel) -> Result<bool, ImageError>;

    /// The rows of a plane that the last step has decoded, counted from the top. Each row comes once, in order.
    fn ready(&self, plane: usize) -> Range<u32>;

    /// A row of a plane that is ready. Plane 0 is luma.
    fn row(&self, plane: usize, row: u32) -> &[u8];

    /// As [`Decoder::is_damaged`].
    fn is_damaged(&self) -> bool;
}

/// A result being encoded.
pub(crate) trait Encoder {
    /// Appends a frame.
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError>;

    /// Takes a still picture as luma and chroma, which formats with other colours cannot.
    fn planes(&mut self, _: PlanarPicture, _: &Cancel) -> Result<(), ImageError> {
        Err(internal("planes were to be encoded"))
    }

    /// The bytes of the frames that an animation's encoder keeps. The memory of a single picture is predicted.
    fn kept_bytes(&self) -> u64 {
        0
    }

    /// The format of the file, where the encoder chooses it by the picture.
    fn format(&self) -> Option<Format> {
        None
    }

    /// The whole file.
    fn finish(self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError>;
}

/// Reads the header of an image. The content decides the format, not the name. Refuses an image beyond the limits.
/// Returns `Cancelled` soon after the flag is raised: a header may lie behind megabytes of metadata.
pub fn inspect(source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
    cancel.check()?;
    sniff(source)?.info(source, limits, cancel)
}

/// Begins to encode as the job asks.
pub(crate) fn encoder(job: &Job, info: &SourceInfo, plan: &Plan) -> Result<Box<dyn Encoder>, ImageError> {
    let photographs = encoder_of_format(job, info, plan)?;
    Ok(match job.for_graphics() {
        Some(graphics) => Box::new(negotiated::NegotiatedEncoder::new(
            (job.format, photographs),
            (graphics.format, encoder_of_format(&graphics, info, plan)?),
        )),
        None => photographs,
    })
}

fn encoder_of_format(job: &Job, info: &SourceInfo, plan: &Plan) -> Result<Box<dyn Encoder>, ImageError> {
    let bounded = || bounded::BoundedEncoder::new(&job.instructions, job.format, info, plan.output);
    if let (false, Some(bounded)) = (plan.moving, bounded()) {
        return Ok(Box::new(bounded));
    }
    let plays = plan.moving.then_some(info.plays);
    Ok(match job.format {
        Format::Jpeg => Box::new(jpeg::JpegEncoder::new(&job.instructions)),
        Format::Png => Box::new(png::PngEncoder::new(&job.instructions.output, info)),
        Format::Gif => {
            let palette = job.instructions.output.gif_palette();
            Box::new(gif::GifEncoder::new(plan.output, plays, palette)?)
        }
        Format::WebP => Box::new(webp::WebPEncoder::new(&job.instructions, info, plan.output, plays)),
        #[cfg(feature = "avif")]
        Format::Avif => Box::new(avif::AvifEncoder::new(&job.instructions)),
        Format::JpegXl => Box::new(jpeg_xl::JpegXlEncoder::new(&job.instructions, info)),
        format => {
            return Err(internal(format!("{} was to be encoded", format.name())));
        }
    })
}

/// The finished file with the metadata and the density that the job asks for.
pub(crate) fn with_metadata(
    file: Vec<u8>,
    source: &[u8],
    codec: &dyn Codec,
    (job, format): (&Job, Format),
    plan: &Plan,
    cancel: &Cancel,
) -> Result<Vec<u8>, ImageError> {
    let output = &job.instructions.output;
    let metadata = if output.copy_metadata && format != Format::Gif {
        codec.metadata(source, cancel)?
    } else {
        Metadata::default()
    };
    Ok(metadata::write(file, format, plan.output, &metadata, output.dpi))
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

/// Names formats that have no codec, so that the error can tell them from bytes that are no image.
fn foreign(source: &[u8]) -> Option<&'static str> {
    const NAMES: [(usize, &[u8], &str); 6] = [
        (4, b"ftypavi", "an AVIF"),
        (4, b"ftyphei", "a HEIC"),
        (4, b"ftyphev", "a HEIC"),
        (4, b"ftypmif", "a HEIF"),
        (0, b"8BPS", "a Photoshop file"),
        (0, b"%PDF", "a PDF"),
    ];
    let begins = |(at, magic, _): &&(usize, &[u8], &str)| source.get(*at..).is_some_and(|rest| rest.starts_with(magic));
    NAMES
        .iter()
        .find(begins)
        .map(|(_, _, name)| *name)
        .or_else(|| is_svg(source).then_some("an SVG"))
}

/// Whether the source begins with markup that has an `svg` element.
fn is_svg(source: &[u8]) -> bool {
    const LOOKED_AT: usize = 1024;
    let head = source[..source.len().min(LOOKED_AT)].trim_ascii_start();
    head.starts_with(b"<") && head.windows(4).any(|bytes| bytes == b"<svg")
}

fn corrupt(format: Format, reason: impl Into<String>) -> ImageError {
    ImageError::Corrupt {
        format: Some(format),
        reason: reason.into(),
        detail: None,
    }
}

/// `corrupt` with the library's message.
fn corrupt_because(format: Format, reason: &str, detail: &dyn std::fmt::Display) -> ImageError {
    ImageError::Corrupt {
        format: Some(format),
        reason: reason.to_owned(),
        detail: Some(Detail(detail.to_string())),
    }
}

fn unsupported(format: Format, what: &str) -> ImageError {
    ImageError::UnsupportedFormat {
        reason: format!(
            "the source is a {} {what}, which this server cannot decode",
            format.name()
        ),
    }
}

fn internal(detail: impl Into<String>) -> ImageError {
    ImageError::Internal {
        detail: Detail(detail.into()),
    }
}

#[cfg(test)]
mod tests;
