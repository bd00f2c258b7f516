//! Lossy colours of a WebP, through libwebp: pixels, or luma and chroma as planes. Called for each picture and frame.

use resizer_foreign::webp::{self, EncodeError, Planes, Settings, Source};

use crate::codecs::internal;
use crate::cost::{Colours, WEBP_CAREFUL_PIXELS, WEBP_IN_ONE_PIECE_PIXELS, webp_lossy_bytes};
use crate::picture::{Picture, PlanarPicture};
use crate::{Cancel, ImageError, SampleRange, Size};

/// A lossy file of the picture; of its colours alone where alpha would take too long in one piece.
pub(super) fn picture(picture: &Picture, quality: u8, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let source = Source {
        pixels: &picture.pixels,
        width: picture.size.width,
        height: picture.size.height,
        has_alpha: picture.channels.has_alpha(),
    };
    let settings = settings(picture.size, Colours::Pixels, quality);
    webp::encode(source, settings, &|| !cancel.is_cancelled()).map_err(failure)
}

/// A lossy file of luma and chroma. Chroma has half the resolution.
pub(super) fn planes(picture: PlanarPicture, quality: u8, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let size = picture.size();
    let [luma, u, v] = picture
        .in_range(SampleRange::Studio, cancel)?
        .planes
        .map(|plane| plane.pixels);
    let planes = Planes::new(size.width, size.height, luma, [u, v]).map_err(failure)?;
    let settings = settings(size, Colours::Planes, quality);
    webp::encode_planes(planes, settings, &|| !cancel.is_cancelled()).map_err(failure)
}

/// libwebp's settings for a lossy picture of this size.
fn settings(size: Size, colours: Colours, quality: u8) -> Settings {
    let (method, low_memory) = match size.pixels() {
        // Method 5 takes a tenth longer than 4 for 1.5 to 2 % fewer bytes of the same quality.
        _ if in_one_piece(size) => (5, false),
        pixels if pixels <= WEBP_CAREFUL_PIXELS => (3, true),
        _ => (2, true),
    };
    Settings {
        quality,
        method,
        low_memory,
        alpha: in_one_piece(size),
        room: webp_lossy_bytes(size, colours, quality) as usize,
    }
}

fn failure(error: EncodeError) -> ImageError {
    match error {
        EncodeError::Stopped => ImageError::Cancelled,
        error => internal(error.to_string()),
    }
}

/// Whether the work that libwebp does in one piece is short enough: compressing alpha, and coding collected tokens.
pub(super) const fn in_one_piece(size: Size) -> bool {
    size.pixels() <= WEBP_IN_ONE_PIECE_PIXELS
}
