//! JPEG metadata: finds the EXIF orientation and the pieces of the colour profile in the segments before the first
//! scan, and the blocks that a result may carry on.

use resizer_jpeg::Segments;

use super::profile::Profile;
use crate::Orientation;
use crate::codecs::{exif, metadata};

const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP13: u8 = 0xed;
const START_OF_SCAN: u8 = 0xda;

/// The first block of each kind.
pub(super) fn blocks(source: &[u8]) -> metadata::Metadata {
    let (mut exif, mut xmp, mut resources) = (None, None, None);
    let segments = Segments::new(source).into_iter().flatten().map_while(Result::ok);
    for segment in segments.take_while(|segment| segment.marker != START_OF_SCAN) {
        let body = segment.body;
        let with_prefix = |prefix: &[u8]| body.strip_prefix(prefix);
        match segment.marker {
            APP1 => {
                exif = exif.or_else(|| with_prefix(b"Exif\0\0"));
                xmp = xmp.or_else(|| with_prefix(b"http://ns.adobe.com/xap/1.0/\0"));
            }
            APP13 => resources = resources.or_else(|| with_prefix(b"Photoshop 3.0\0")),
            _ => {}
        }
    }
    metadata::Metadata::new(exif, xmp, resources)
}

/// The metadata that changes pixels.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) orientation: Orientation,
    pub(super) profile: Profile,
}

impl Metadata {
    /// Metadata that cannot be read counts as absent.
    pub(super) fn read(source: &[u8]) -> Self {
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
