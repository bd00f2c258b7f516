//! What a source's header says: all that admission and layout need before a pixel is decoded.

use crate::{Channels, Format, Orientation, Size};

/// The header of a source image; made by `inspect`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// What the bytes are, whatever the file is called.
    pub format: Format,
    /// Width in pixels as stored, before any orientation.
    pub width: u32,
    /// Height in pixels as stored.
    pub height: u32,
    /// How the stored picture is to be turned for display.
    pub orientation: Orientation,
    /// What the decoder will deliver.
    pub channels: Channels,
    /// Whether the decoder delivers rows as it goes. Where it does not, it holds the whole picture.
    pub streams: bool,
    /// Bytes the decoder holds at its peak, besides the source itself.
    pub decoder_bytes: u64,
}

impl SourceInfo {
    /// A header with these properties, upright, of a decoder that holds nothing; for callers that plan without a file.
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
        }
    }

    /// Width and height as stored.
    pub const fn stored_size(&self) -> Size {
        Size::new(self.width, self.height)
    }

    /// Width and height as displayed, after the orientation: what instructions speak of.
    pub const fn oriented_size(&self) -> Size {
        self.orientation.apply_to_size(self.stored_size())
    }

    /// Whether pixels can be transparent.
    pub const fn has_alpha(&self) -> bool {
        self.channels.has_alpha()
    }
}
