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
    let method = if source.has_alpha { PLAIN } else { TRELLIS };
    let settings = settings(picture.size, Colours::Pixels, quality, method);
    webp::encode(source, settings, &|| !cancel.is_cancelled()).map_err(failure)
}

/// A lossy file of luma and chroma. Chroma has half the resolution.
pub(super) fn planes(picture: PlanarPicture, quality: u8, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
    let size = picture.size();
    let method = match picture.range {
        SampleRange::Full => PLAIN,
        SampleRange::Studio => TRELLIS,
    };
    let [luma, u, v] = picture
        .in_range(SampleRange::Studio, cancel)?
        .planes
        .map(|plane| plane.pixels);
    let planes = Planes::new(size.width, size.height, luma, [u, v]).map_err(failure)?;
    webp::encode_planes(planes, settings(size, Colours::Planes, quality, method), &|| {
        !cancel.is_cancelled()
    })
    .map_err(failure)
}

/// libwebp's methods for small pictures. The second optimises each coefficient ("trellis"): a tenth more time for 1 to
/// 2 % fewer bytes of about the same quality. It takes texture away, which a photograph from a JPEG has lost a part of
/// before: SSIMULACRA2 of bark falls by 0.4. With it the search for the best way to store alpha takes half as much
/// memory again.
const PLAIN: u8 = 4;
const TRELLIS: u8 = 5;

/// libwebp's settings for a lossy picture of this size. `method` is that of a small one.
fn settings(size: Size, colours: Colours, quality: u8, method: u8) -> Settings {
    let (method, low_memory) = match size.pixels() {
        _ if in_one_piece(size) => (method, false),
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
