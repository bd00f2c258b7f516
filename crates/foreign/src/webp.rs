//! libwebp's encoder of lossy pictures (VP8), which can be cancelled while it works.
//!
//! Colours become luma and chroma here, a band of rows at a time, because libwebp does not call its progress hook while
//! it converts a picture. While libwebp encodes, the hook asks at each hundredth of the work whether to go on. Alpha is
//! compressed in one piece, and only if the caller asks for it. Lossless pictures are not written here: imaging has an
//! encoder of its own for them.

mod picture;

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use libwebp_sys::{WebPConfig, WebPEncode, WebPPicture};

pub use picture::Planes;

use picture::Picture;

/// The longest side that the format allows, in pixels.
pub const MOST_SIDE: u32 = 16_383;

/// The picture to encode.
#[derive(Clone, Copy, Debug)]
pub struct Source<'p> {
    /// Row by row without gaps: red, green, blue, and alpha if `has_alpha`, of 8 bits each, not premultiplied.
    pub pixels: &'p [u8],
    /// In pixels, 1 to [`MOST_SIDE`].
    pub width: u32,
    /// In pixels, 1 to [`MOST_SIDE`].
    pub height: u32,
    /// Whether a pixel has four bytes and not three.
    pub has_alpha: bool,
}

/// Settings of the encoder. All others have libwebp's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// 0 to 100.
    pub quality: u8,
    /// 0, the fastest, to 6, the smallest file.
    pub method: u8,
    /// From method 3 on: count first and code on the way, instead of collecting all tokens. Takes a third longer, and
    /// stops sooner: collected tokens are coded in one piece.
    pub low_memory: bool,
    /// Whether to write the alpha channel, if there is one. libwebp compresses alpha in one piece, some 150 ms for each
    /// megapixel, and does not ask meanwhile whether to go on.
    pub alpha: bool,
    /// Bytes that are reserved for the file. A larger file grows as it is written, and may be held twice for a moment.
    pub room: usize,
}

/// Why encoding failed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The caller said to stop.
    #[error("the encoder was told to stop")]
    Stopped,
    /// The pixels do not fill the size, or the size is beyond the format.
    #[error("{bytes} bytes are no picture of {width} x {height} pixels that WebP can hold")]
    Size {
        /// Bytes of pixels that were given.
        bytes: usize,
        /// The width that was given.
        width: u32,
        /// The height that was given.
        height: u32,
    },
    /// libwebp failed, most likely for want of memory.
    #[error("libwebp failed to {what}: {code}")]
    Library {
        /// The failed operation.
        what: &'static str,
        /// libwebp's name of the error.
        code: String,
    },
}

/// Encodes a picture as a file of its own: a RIFF header and one chunk, `VP8 `; or, with alpha, `VP8X`, `ALPH`, `VP8 `.
/// Colours of transparent pixels are made easy to compress, and do not take part in the chroma beside them.
///
/// `go_on` is called about every millisecond while colours are converted, and then about sixty times in all. Once
/// `go_on` returns false, the result is [`EncodeError::Stopped`].
pub fn encode(source: Source<'_>, settings: Settings, go_on: &dyn Fn() -> bool) -> Result<Vec<u8>, EncodeError> {
    source.check()?;
    encode_planes(Planes::of(source, settings.alpha, go_on)?, settings, go_on)
}

/// As [`encode`], for a picture that is luma and chroma already. Alpha is written where the planes have it.
pub fn encode_planes(mut planes: Planes, settings: Settings, go_on: &dyn Fn() -> bool) -> Result<Vec<u8>, EncodeError> {
    let config = config(settings)?;
    let mut output = Vec::with_capacity(settings.room);
    let mut watch = Watch { go_on, panic: None };
    let encoded = {
        let mut picture = Picture::of_planes(&mut planes)?;
        let raw = picture.raw_mut();
        raw.writer = Some(write);
        raw.custom_ptr = (&raw mut output).cast::<c_void>();
        raw.progress_hook = Some(ask);
        raw.user_data = (&raw mut watch).cast::<c_void>();
        // SAFETY: both pointers are to values that live through the call. The config was initialised by libwebp, which
        // checks its fields itself. The picture's planes are as long as its size and strides say (`Picture::of_planes`)
        // and borrowed from `planes` until the end of this block. `output` and `watch` are reached by nobody but the
        // two callbacks until the call returns, and those are called on this thread, one at a time, as `thread_level`
        // is 0.
        let encoded = unsafe { WebPEncode(&raw const config, raw) };
        if encoded == 0 { Err(raw.error_code) } else { Ok(()) }
    };
    if let Some(panic) = watch.panic {
        resume_unwind(panic);
    }
    match encoded {
        Ok(()) => Ok(output),
        Err(libwebp_sys::WebPEncodingError::VP8_ENC_ERROR_USER_ABORT) => Err(EncodeError::Stopped),
        Err(code) => Err(EncodeError::Library {
            what: "encode",
            code: format!("{code:?}"),
        }),
    }
}

impl Source<'_> {
    /// Bytes of a pixel.
    const fn channels(&self) -> usize {
        if self.has_alpha { 4 } else { 3 }
    }

    fn check(&self) -> Result<(), EncodeError> {
        let sides = 1..=MOST_SIDE;
        // Sides first: the product of those that are too long might not fit.
        if sides.contains(&self.width)
            && sides.contains(&self.height)
            && self.width as usize * self.height as usize * self.channels() == self.pixels.len()
        {
            return Ok(());
        }
        Err(EncodeError::Size {
            bytes: self.pixels.len(),
            width: self.width,
            height: self.height,
        })
    }
}

fn config(settings: Settings) -> Result<WebPConfig, EncodeError> {
    let mut config = WebPConfig::new().map_err(|()| EncodeError::Library {
        what: "begin",
        code: "it has another version than its header".to_owned(),
    })?;
    config.quality = f32::from(settings.quality);
    config.method = c_int::from(settings.method);
    config.low_memory = c_int::from(settings.low_memory);
    config.thread_level = 0;
    // Transparent pixels were cleaned up band by band.
    config.exact = 1;
    Ok(config)
}

/// The caller's question whether to go on, and the panic that the question ended with, if it did.
struct Watch<'f> {
    go_on: &'f dyn Fn() -> bool,
    panic: Option<Box<dyn Any + Send>>,
}

/// libwebp's progress hook. A panic must not unwind through C: the panic is kept until C has returned.
unsafe extern "C" fn ask(_: c_int, picture: *const WebPPicture) -> c_int {
    // SAFETY: libwebp hands back the picture it was given. Its `user_data` is the `Watch` that `encode` keeps, and
    // nothing else refers to it while libwebp works.
    let watch = unsafe { &mut *(*picture).user_data.cast::<Watch<'_>>() };
    match catch_unwind(AssertUnwindSafe(|| (watch.go_on)())) {
        Ok(go_on) => c_int::from(go_on),
        Err(panic) => {
            watch.panic = Some(panic);
            0
        }
    }
}

/// libwebp's writer: appends bytes of the file. Returns 0, which is an error to libwebp, if there is no memory for
/// them.
unsafe extern "C" fn write(bytes: *const u8, length: usize, picture: *const WebPPicture) -> c_int {
    // SAFETY: libwebp hands back the picture it was given. Its `custom_ptr` is the `Vec` that `encode` keeps, and
    // nothing else refers to it while libwebp works.
    let output = unsafe { &mut *(*picture).custom_ptr.cast::<Vec<u8>>() };
    if length == 0 {
        return 1;
    }
    if output.try_reserve_exact(length).is_err() {
        return 0;
    }
    // SAFETY: libwebp lends `length` bytes, which are initialised, for the time of this call; there is at least one, so
    // the pointer is not null.
    output.extend_from_slice(unsafe { std::slice::from_raw_parts(bytes, length) });
    1
}

#[cfg(test)]
mod tests;
