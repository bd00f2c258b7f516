//! JPEG metadata: finds the EXIF orientation and the pieces of the colour profile in the segments before the first
//! scan.

use resizer_jpeg::Segments;

use super::profile::Profile;
use crate::Orientation;
use crate::codecs::exif;

/// The metadata that changes pixels.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) orientation: Orientation,
    pub(super) profile: Profile,
}

impl Metadata {
    /// Metadata that cannot be read counts as absent.
    pub(super) fn read(source: &[u8]) -> Self {
        const APP1: u8 = 0xe1;
        const APP2: u8 = 0xe2;
        const START_OF_SCAN: u8 = 0xda;
        let mut orientation = None;
        let mut profile = Profile::default();
        for segment in Segments::new(source).into_iter().flatten().map_while(Result::ok) {
            match segment.marker {
                APP1 if orientation.is_none() => {
                    orientation = segment.body.strip_prefix(b"Exif\0\0").map(exif::orientation);
                }
                APP2 => profile.add(&segment),
                START_OF_SCAN => break,
                _ => {}
            }
        }
        Self {
            orientation: orientation.unwrap_or_default(),
            profile,
        }
    }
}
