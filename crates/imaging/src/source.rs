//! Source information from the header: everything that admission and layout need before a pixel is decoded.

use crate::shrink::{Shrink, Spacing};
use crate::{Channels, Format, Instructions, Orientation, SampleRange, Size};

/// The header of a source image, as `inspect` returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// The format of the bytes, whatever the file is called.
    pub format: Format,
    /// Width in pixels as stored, before any orientation.
    pub width: u32,
    /// Height in pixels as stored.
    pub height: u32,
    /// The orientation that displays the stored picture.
    pub orientation: Orientation,
    /// The channels that the decoder delivers.
    pub channels: Channels,
    /// Whether the decoder delivers rows while it decodes. Otherwise it holds the whole picture.
    pub streams: bool,
    /// The bytes that the decoder holds at its peak, without the source itself.
    pub decoder_bytes: u64,
    /// Whether the format is lossless.
    pub lossless: bool,
    /// The bytes of the colour profile. 0 means none.
    pub profile_bytes: u64,
    /// The frames of an animation, 1 for a still picture.
    pub frames: u32,
    /// How often an animation plays. 0 means for ever.
    pub plays: u32,
    /// The decoder's bytes, instead of `decoder_bytes`, when it delivers a half, a quarter and an eighth of the
    /// picture. `None` if it cannot.
    pub(crate) shrunk_bytes: Option<[u64; 3]>,
    /// Luma and chroma, if the decoder can deliver them as planes.
    pub(crate) planes: Option<PlaneSpacings>,
    /// Whether the header tells that no pixel is transparent, although the decoder delivers alpha.
    pub(crate) opaque: bool,
    /// The pixels that are decoded for the largest frame: those of the whole picture, or more.
    pub(crate) frame_pixels: u64,
    /// The pages after the first one, each with its own size.
    pub(crate) more_pages: Vec<SourceInfo>,
}

impl SourceInfo {
    /// A header with these properties: upright, with a decoder that holds nothing. For callers that plan without a
    /// file.
    pub const fn new(format: Format, width: u32, height: u32, channels: Channels) -> Self {
        let orientation = Orientation::IDENTITY;
        Self {
            format,
            width,
            height,
            orientation,
            channels,
            streams: true,
            decoder_bytes: 0,
            lossless: !matches!(format, Format::Jpeg),
            profile_bytes: 0,
            frames: 1,
            plays: 1,
            shrunk_bytes: None,
            planes: None,
            opaque: false,
            frame_pixels: width as u64 * height as u64,
            more_pages: Vec::new(),
        }
    }

    /// Width and height as stored.
    pub const fn stored_size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Width and height as displayed, after the orientation.
    pub const fn oriented_size(&self) -> Size {
        self.orientation.apply_to_size(self.stored_size())
    }

    /// The orientation that the instructions take it to have.
    pub(crate) fn orientation_for(&self, instructions: &Instructions) -> Orientation {
        if instructions.geometry.ignores_orientation {
            Orientation::IDENTITY
        } else {
            self.orientation
        }
    }

    /// Width and height as the instructions refer to them.
    pub fn size_for(&self, instructions: &Instructions) -> Size {
        self.orientation_for(instructions).apply_to_size(self.stored_size())
    }

    /// The page or frame that `frame=` names, counted from 0. A number that is too large means the last one.
    pub(crate) fn picked(&self, instructions: &Instructions) -> u32 {
        let most = self.frames.max(self.more_pages.len() as u32 + 1);
        instructions.frame.unwrap_or(1).clamp(1, most) - 1
    }

    /// The header of the requested page. An animation has one header for all its frames.
    pub(crate) fn page(&self, instructions: &Instructions) -> &Self {
        match self.picked(instructions).checked_sub(1) {
            Some(index) => self.more_pages.get(index as usize).unwrap_or(self),
            None => self,
        }
    }

    /// Whether pixels can be transparent.
    pub const fn has_alpha(&self) -> bool {
        self.channels.has_alpha()
    }
}

/// The spacing of the samples of luma and of the two chromas, across and down, at each size that the decoder can
/// deliver them at; and the range of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PlaneSpacings {
    pub(crate) range: SampleRange,
    /// By shrink, from none to an eighth; for each first with chroma of full resolution, then of half of it.
    spacings: [[[[Spacing; 2]; 3]; 2]; 4],
}

impl PlaneSpacings {
    /// `spacing` tells that of a plane, 0 for luma, at a shrink, and whether chroma is at half resolution.
    #[cfg(feature = "codecs")]
    pub(crate) fn new(range: SampleRange, spacing: impl Fn(usize, Shrink, bool) -> [Spacing; 2]) -> Self {
        Self {
            range,
            spacings: [Shrink::NONE, Shrink::HALF, Shrink::QUARTER, Shrink::EIGHTH]
                .map(|shrink| [false, true].map(|half| std::array::from_fn(|plane| spacing(plane, shrink, half)))),
        }
    }

    /// The spacings of the three planes.
    pub(crate) fn at(&self, shrink: Shrink, half_chroma: bool) -> &[[Spacing; 2]; 3] {
        &self.spacings[shrink.denominator().ilog2() as usize][usize::from(half_chroma)]
    }
}
