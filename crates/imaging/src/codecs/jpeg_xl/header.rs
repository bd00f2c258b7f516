//! JPEG XL header: size, channels, orientation and colour profile, and whether other frames come before the first one
//! that is shown. Called by `inspect` and again by the decoder, which needs the same settings.

use jxl::api::{
    AlphaMode, Event, ExtraChannel, JxlBasicInfo, JxlColorEncoding, JxlColorProfile, JxlColorType, JxlDataFormat,
    JxlDecoder, JxlDecoderOptions, JxlParallelRunner, JxlParallelRunnerFun, JxlPixelFormat,
};
use jxl::error::Error;

use super::{cut, failure};
use crate::codecs::{corrupt, unsupported};
use crate::profile::MOST_BYTES as MOST_PROFILE_BYTES;
use crate::{Cancel, Channels, Format, ImageError, Limits, Orientation, Size, SourceInfo};

/// Reads the header. Refuses a source beyond the limits before anything is allocated for its pixels.
pub(super) fn info(source: &[u8], limits: &Limits, cancel: &Cancel) -> Result<SourceInfo, ImageError> {
    let mut rest = source;
    let (mut decoder, basic) = begin(&mut rest, None, true, cancel)?;
    let size = size(&basic)?;
    limits.check_source(size)?;
    if decoder.embedded_color_profile().is_some_and(JxlColorProfile::is_cmyk) || has(&basic, ExtraChannel::Black) {
        return Err(unsupported(Format::JpegXl, "of four inks"));
    }
    let channels = channels(&decoder, &basic);
    let frames = frames(&mut decoder, &mut rest, cancel)?;
    let profile_bytes = profile_of(&decoder).map_or(0, |profile| profile.len() as u64);
    let samples = samples(&basic);
    Ok(SourceInfo {
        orientation: Orientation::from_exif(basic.orientation as u16),
        // A lossy picture is mostly stored in a colour space of the format's own.
        lossless: basic.uses_original_profile,
        profile_bytes,
        streams: false,
        decoder_bytes: decoder_bytes(size, channels, samples, frames, source.len()),
        ..SourceInfo::new(Format::JpegXl, size.width, size.height, channels)
    })
}

/// The colour profile of the decoded picture. `None` if it is sRGB, or if the header cannot be read.
pub(super) fn profile(source: &[u8], cancel: &Cancel) -> Option<Vec<u8>> {
    let (decoder, _) = begin(&mut &*source, None, true, cancel).ok()?;
    profile_of(&decoder)
}

/// A decoder that has read the header, set to deliver 8 bits a channel, alpha not premultiplied, before any turn.
/// `samples` bounds each of the frames. `scans` reads headers of frames only.
pub(super) fn begin(
    source: &mut &[u8],
    samples: Option<usize>,
    scans: bool,
    cancel: &Cancel,
) -> Result<(JxlDecoder, JxlBasicInfo), ImageError> {
    cancel.check()?;
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.alpha_mode = AlphaMode::Unpremultiplied;
    options.sample_limit = samples;
    options.scan_frames_only = scans;
    let mut decoder = JxlDecoder::new(options);
    let failed = |error: Error| failure(&error, cancel);
    match decoder
        .process(source, None, Some(&mut Sections(cancel)))
        .map_err(failed)?
    {
        Event::BasicInfo => {}
        _ => return Err(corrupt(Format::JpegXl, "it ends within its header")),
    }
    let Some(basic) = decoder.basic_info().cloned() else {
        return Err(cut());
    };
    let format = JxlPixelFormat {
        color_type: match channels(&decoder, &basic) {
            Channels::Gray => JxlColorType::Grayscale,
            Channels::GrayAlpha => JxlColorType::GrayscaleAlpha,
            Channels::Rgba => JxlColorType::Rgba,
            Channels::Rgb | Channels::Cmyk => JxlColorType::Rgb,
        },
        color_data_format: Some(JxlDataFormat::U8 { bit_depth: 8 }),
        extra_channel_format: vec![None; basic.extra_channels.len()],
    };
    decoder.set_pixel_format(format).map_err(failed)?;
    Ok((decoder, basic))
}

/// The samples of a frame of the picture's size, as the library counts them: at least three colours, and rows of at
/// least 16 pixels.
pub(super) fn samples(basic: &JxlBasicInfo) -> usize {
    let (width, height) = basic.size;
    width
        .max(16)
        .saturating_mul(height)
        .saturating_mul(3 + basic.extra_channels.len())
}

/// The frames that the decoder has to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frames {
    /// The only frame.
    One,
    /// The first frame of an animation, which the library keeps for the next one.
    First,
    /// Frames that are not shown come first. Up to four of them are kept.
    Hidden,
}

/// Whether the first frame that is shown is the first of all. No pixel is decoded for the answer.
fn frames(decoder: &mut JxlDecoder, source: &mut &[u8], cancel: &Cancel) -> Result<Frames, ImageError> {
    match decoder.process(source, None, Some(&mut Refusing)) {
        Ok(Event::FrameHeader) => match decoder.scanned_frames().first() {
            Some(frame) if frame.is_last => Ok(Frames::One),
            _ => Ok(Frames::First),
        },
        Err(Error::ApiUsageError(REFUSED)) => Ok(Frames::Hidden),
        Ok(Event::NeedMoreInput { .. }) => Err(cut()),
        Ok(_) => Err(corrupt(Format::JpegXl, "it has no frames")),
        Err(error) => Err(failure(&error, cancel)),
    }
}

/// The most bytes that the library holds: the decoded picture; numbers of four bytes for each sample of a frame, which
/// is what lossless and progressive files take; as many for each frame that is kept; the sections of the file; and
/// tables. Measured over files of both kinds of compression, with and without alpha.
fn decoder_bytes(size: Size, channels: Channels, samples: usize, frames: Frames, file: usize) -> u64 {
    const TABLE_BYTES: u64 = 2 << 20;
    const NUMBER_BYTES: u64 = 4;
    let kept = match frames {
        Frames::One => 0,
        Frames::First => 1,
        Frames::Hidden => 4,
    };
    let output = size.pixels() * channels.count() as u64;
    output + NUMBER_BYTES * samples as u64 * (1 + kept) + file as u64 + TABLE_BYTES
}

fn size(basic: &JxlBasicInfo) -> Result<Size, ImageError> {
    match (u32::try_from(basic.size.0), u32::try_from(basic.size.1)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok(Size::new(width, height)),
        _ => Err(corrupt(Format::JpegXl, "it has an impossible size")),
    }
}

fn has(basic: &JxlBasicInfo, kind: ExtraChannel) -> bool {
    basic.extra_channels.iter().any(|channel| channel.ec_type == kind)
}

fn channels(decoder: &JxlDecoder, basic: &JxlBasicInfo) -> Channels {
    let gray = decoder
        .embedded_color_profile()
        .is_some_and(|profile| profile.channels() == 1);
    Channels::of(gray, has(basic, ExtraChannel::Alpha))
}

/// The profile that the decoded pixels are in, unless that is sRGB or longer than is used.
fn profile_of(decoder: &JxlDecoder) -> Option<Vec<u8>> {
    let profile = decoder.output_color_profile()?;
    let is_srgb = [false, true]
        .into_iter()
        .any(|gray| profile.same_color_encoding(&JxlColorProfile::Simple(JxlColorEncoding::srgb(gray))));
    if is_srgb {
        return None;
    }
    let profile = profile.try_as_icc()?.into_owned();
    (profile.len() as u64 <= MOST_PROFILE_BYTES).then_some(profile)
}

/// Runs the sections of a frame one after another on this thread, and asks before each whether to go on.
pub(super) struct Sections<'c>(pub(super) &'c Cancel);

impl JxlParallelRunner for Sections<'_> {
    fn run(&mut self, sections: usize, decode: &JxlParallelRunnerFun<'_>) -> Result<(), Error> {
        for section in 0..sections {
            if self.0.is_cancelled() {
                return Err(Error::ApiUsageError("cancelled"));
            }
            decode(section)?;
        }
        Ok(())
    }

    fn num_threads(&self) -> usize {
        1
    }

    fn run_ordered(
        &mut self,
        sections: usize,
        _: Option<usize>,
        decode: &JxlParallelRunnerFun<'_>,
    ) -> Result<(), Error> {
        self.run(sections, decode)
    }
}

/// The message of [`Refusing`].
const REFUSED: &str = "no pixels are decoded for the header";

/// Decodes no section: an error is returned as soon as one is to be decoded.
struct Refusing;

impl JxlParallelRunner for Refusing {
    fn run(&mut self, _: usize, _: &JxlParallelRunnerFun<'_>) -> Result<(), Error> {
        Err(Error::ApiUsageError(REFUSED))
    }

    fn num_threads(&self) -> usize {
        1
    }

    fn run_ordered(&mut self, _: usize, _: Option<usize>, _: &JxlParallelRunnerFun<'_>) -> Result<(), Error> {
        Err(Error::ApiUsageError(REFUSED))
    }
}
