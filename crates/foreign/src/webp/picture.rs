//! libwebp's picture as an owned value, and the planes of luma and chroma that a picture is encoded from.

use libwebp_sys::{
    WebPCleanupTransparentArea, WebPEncCSP, WebPPicture, WebPPictureFree, WebPPictureImportRGB, WebPPictureImportRGBA,
};

use super::{EncodeError, MOST_SIDE, Source};

/// Rows that are converted between two questions whether to go on: a few milliseconds for the widest picture. A
/// multiple of 8, the side of the blocks in which libwebp cleans up transparent pixels.
const BAND_ROWS: usize = 64;

/// Luma of each pixel, chroma of each block of 2 by 2, and alpha of each pixel or none; rows without gaps. Values are
/// those of ITU-R BT.601: luma from 16 to 235, chroma from 16 to 240.
#[derive(Clone, Debug)]
pub struct Planes {
    width: u32,
    height: u32,
    luma: Vec<u8>,
    chroma: [Vec<u8>; 2],
    /// Empty, or as long as `luma`.
    alpha: Vec<u8>,
}

impl Planes {
    /// An opaque picture of `width` by `height` pixels, 1 to [`MOST_SIDE`] each. A chroma has half of both, rounded up.
    ///
    /// # Errors
    ///
    /// [`EncodeError::Size`] if a plane has another length, or a side is beyond the format.
    pub fn new(width: u32, height: u32, luma: Vec<u8>, chroma: [Vec<u8>; 2]) -> Result<Self, EncodeError> {
        let sides = 1..=MOST_SIDE;
        let half = width.div_ceil(2) as usize * height.div_ceil(2) as usize;
        if sides.contains(&width)
            && sides.contains(&height)
            && luma.len() == width as usize * height as usize
            && chroma.iter().all(|plane| plane.len() == half)
        {
            let alpha = Vec::new();
            return Ok(Self {
                width,
                height,
                luma,
                chroma,
                alpha,
            });
        }
        let [u, v] = chroma;
        Err(EncodeError::Size {
            bytes: luma.len() + u.len() + v.len(),
            width,
            height,
        })
    }

    /// Converts band by band, with the result of libwebp for a whole picture: libwebp mixes two rows at most, and its
    /// blocks end where a band ends.
    pub(super) fn of(source: Source<'_>, with_alpha: bool, go_on: &dyn Fn() -> bool) -> Result<Self, EncodeError> {
        let (width, height) = (source.width as usize, source.height as usize);
        let chroma = width.div_ceil(2) * height.div_ceil(2);
        let mut planes = Self {
            width: source.width,
            height: source.height,
            luma: Vec::with_capacity(width * height),
            chroma: [Vec::with_capacity(chroma), Vec::with_capacity(chroma)],
            alpha: Vec::new(),
        };
        let row_bytes = width * source.channels();
        for pixels in source.pixels.chunks(BAND_ROWS * row_bytes) {
            if !go_on() {
                return Err(EncodeError::Stopped);
            }
            let band = Source {
                pixels,
                height: (pixels.len() / row_bytes) as u32,
                ..source
            };
            Picture::of_pixels(band)?.append_to(&mut planes);
            if with_alpha && source.has_alpha {
                let alpha = pixels.as_chunks::<4>().0.iter().map(|pixel| pixel[3]);
                planes.alpha.extend(alpha);
            }
        }
        Ok(planes)
    }
}

/// A picture of libwebp's. Planes that libwebp has allocated are freed on drop; planes that are lent to the picture are
/// not.
pub(super) struct Picture<'p> {
    raw: WebPPicture,
    lent: std::marker::PhantomData<&'p mut Planes>,
}

impl<'p> Picture<'p> {
    fn new(width: u32, height: u32) -> Result<Self, EncodeError> {
        let mut raw = WebPPicture::new().map_err(|()| EncodeError::Library {
            what: "begin",
            code: "it has another version than its header".to_owned(),
        })?;
        // Callers have checked that sides are at most `MOST_SIDE`.
        raw.width = width as i32;
        raw.height = height as i32;
        Ok(Self {
            raw,
            lent: std::marker::PhantomData,
        })
    }

    /// A picture that reads from these planes.
    pub(super) fn of_planes(planes: &'p mut Planes) -> Result<Self, EncodeError> {
        let mut picture = Self::new(planes.width, planes.height)?;
        let [u, v] = &mut planes.chroma;
        let raw = &mut picture.raw;
        raw.colorspace = WebPEncCSP::WEBP_YUV420;
        raw.y = planes.luma.as_mut_ptr();
        raw.y_stride = raw.width;
        (raw.u, raw.v) = (u.as_mut_ptr(), v.as_mut_ptr());
        raw.uv_stride = (raw.width + 1) / 2;
        if !planes.alpha.is_empty() {
            raw.colorspace = WebPEncCSP::WEBP_YUV420A;
            raw.a = planes.alpha.as_mut_ptr();
            raw.a_stride = raw.width;
        }
        Ok(picture)
    }

    /// Luma, chroma and alpha of these pixels, in memory of libwebp's.
    fn of_pixels(source: Source<'_>) -> Result<Self, EncodeError> {
        source.check()?;
        let mut picture = Self::new(source.width, source.height)?;
        let raw = &mut picture.raw;
        let pixels = source.pixels.as_ptr();
        // At most four times `MOST_SIDE`.
        let stride = (source.width as usize * source.channels()) as i32;
        // SAFETY: `raw` was initialised by libwebp. It reads `height` rows of `stride` bytes, which is how long the
        // pixels are (`check`), and writes only to planes that it allocates for that size first. The clean-up reads and
        // writes these planes, and does nothing where one is missing.
        let imported = unsafe {
            if source.has_alpha {
                let imported = WebPPictureImportRGBA(raw, pixels, stride);
                WebPCleanupTransparentArea(raw);
                imported
            } else {
                WebPPictureImportRGB(raw, pixels, stride)
            }
        };
        if imported == 0 {
            return Err(EncodeError::Library {
                what: "convert the colours",
                code: format!("{:?}", picture.raw.error_code),
            });
        }
        Ok(picture)
    }

    /// The value that libwebp is given. `encode` sets the callbacks and their data; planes and sizes must stay
    /// unchanged.
    pub(super) const fn raw_mut(&mut self) -> &mut WebPPicture {
        &mut self.raw
    }

    /// Copies luma and chroma to the end of the planes.
    fn append_to(&self, planes: &mut Planes) {
        let raw = &self.raw;
        let [u, v] = &mut planes.chroma;
        let (width, height) = (raw.width as usize, raw.height as usize);
        let half = (width.div_ceil(2), height.div_ceil(2));
        for (plane, first, stride, (width, height)) in [
            (&mut planes.luma, raw.y, raw.y_stride, (width, height)),
            (u, raw.u, raw.uv_stride, half),
            (v, raw.v, raw.uv_stride, half),
        ] {
            for row in 0..height {
                // SAFETY: only `of_pixels` makes pictures that come here, after libwebp has allocated the planes and
                // filled them: `height` rows of `stride` bytes, of which at least `width` are pixels. They live as
                // long as the picture, which is borrowed.
                let pixels = unsafe { std::slice::from_raw_parts(first.add(row * stride as usize), width) };
                plane.extend_from_slice(pixels);
            }
        }
    }
}

impl Drop for Picture<'_> {
    fn drop(&mut self) {
        // SAFETY: the picture was initialised by libwebp, which frees only what it has allocated itself and forgets it.
        unsafe {
            WebPPictureFree(&raw mut self.raw);
        }
    }
}
