//! Writes WebP: with loss through libwebp, without through image-webp. Of the frames of an animation only the area that
//! changed is stored; it replaces what was there. (The animation encoder of the `webp` crate is not used: it holds all
//! frames until the end, and does not check that they have the size it was told.)

use image_webp::{ColorType, WebPEncoder as LosslessEncoder};
use webp::{PixelLayout, WebPConfig};

use crate::codecs::canvas::Area;
use crate::codecs::changes::area_of;
use crate::codecs::{Delay, Encoder, internal};
use crate::picture::Picture;
use crate::{Cancel, Channels, ImageError, Instructions, Lossless, Size, SourceInfo};

pub(in crate::codecs) struct WebPEncoder {
    lossless: bool,
    quality: u8,
    size: Size,
    /// How often an animation is to play, 0 for ever; a picture that does not move has none.
    plays: Option<u32>,
    /// Chunks, in the order of the file.
    pieces: Vec<Vec<u8>>,
    /// Whether a frame can be transparent.
    alpha: bool,
    /// What the last frame left on the canvas, as RGBA.
    canvas: Vec<u8>,
}

impl WebPEncoder {
    pub(in crate::codecs) fn new(
        instructions: &Instructions,
        info: &SourceInfo,
        size: Size,
        plays: Option<u32>,
    ) -> Self {
        Self {
            lossless: match instructions.effective_webp_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            },
            quality: instructions.effective_webp_quality(),
            size,
            plays,
            pieces: Vec::new(),
            alpha: false,
            canvas: Vec::new(),
        }
    }

    /// A picture as a file of its own.
    fn encode(&self, picture: &Picture) -> Result<Vec<u8>, ImageError> {
        if self.lossless {
            lossless(picture)
        } else {
            lossy(picture, self.quality)
        }
    }

    /// Appends the area of a frame that changed.
    fn animation_frame(&mut self, picture: Picture, delay: Delay) -> Result<(), ImageError> {
        let picture = in_channels(picture, Channels::Rgba);
        let (pixels, _) = picture.pixels.as_chunks::<4>();
        let (shown, _) = self.canvas.as_chunks::<4>();
        let area = area_of(self.size, |index| shown.get(index) != Some(&pixels[index]));
        // Offsets are stored halved.
        let area = area.map_or(Area::whole(Size::new(1, 1)), |area| {
            let (left, top) = (area.left & !1, area.top & !1);
            Area {
                left,
                top,
                size: Size::new(area.left - left + area.size.width, area.top - top + area.size.height),
            }
        });
        let part = cut(&picture, area);
        self.alpha |= part.channels.has_alpha();
        let file = self.encode(&part)?;
        drop(part);
        self.canvas = picture.pixels;

        let number = |value: u32| value.to_le_bytes().into_iter().take(3);
        /// Replace what is below; keep the frame.
        const FLAGS: u8 = 0x02;
        let mut body: Vec<u8> = Vec::with_capacity(16 + file.len());
        for value in [
            area.left / 2,
            area.top / 2,
            area.size.width - 1,
            area.size.height - 1,
            delay.min(0xff_ffff),
        ] {
            body.extend(number(value));
        }
        body.push(FLAGS);
        body.extend_from_slice(picture_chunks(&file)?);
        self.pieces.push(chunk(b"ANMF", &body));
        Ok(())
    }

    /// The chunks before the frames of an animation.
    fn animation_header(&self, plays: u32) -> Vec<u8> {
        const ANIMATION: u8 = 0x02;
        const ALPHA: u8 = 0x10;
        let flags = if self.alpha { ANIMATION | ALPHA } else { ANIMATION };
        let [w0, w1, w2, _] = (self.size.width - 1).to_le_bytes();
        let [h0, h1, h2, _] = (self.size.height - 1).to_le_bytes();
        let [low, high] = u16::try_from(plays).unwrap_or(u16::MAX).to_le_bytes();
        [
            chunk(b"VP8X", &[flags, 0, 0, 0, w0, w1, w2, h0, h1, h2]),
            // The background is transparent.
            chunk(b"ANIM", &[0, 0, 0, 0, low, high]),
        ]
        .concat()
    }
}

impl Encoder for WebPEncoder {
    fn frame(&mut self, picture: Picture, delay: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        if self.plays.is_some() {
            return self.animation_frame(picture, delay);
        }
        let channels = Channels::of(false, picture.channels.has_alpha());
        let file = self.encode(&in_channels(picture, channels))?;
        self.pieces.push(file);
        Ok(())
    }

    fn finish(mut self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        cancel.check()?;
        let Some(plays) = self.plays else {
            return Ok(self.pieces.pop().unwrap_or_default());
        };
        let header = self.animation_header(plays);
        let length = 4 + header.len() + self.pieces.iter().map(Vec::len).sum::<usize>();
        let length =
            u32::try_from(length).map_err(|_| internal("an animated WebP is longer than its format allows"))?;
        let riff = [&b"RIFF"[..], &length.to_le_bytes(), b"WEBP", &header].concat();
        self.pieces.insert(0, riff);
        Ok(self.pieces.concat())
    }
}

fn lossy(picture: &Picture, quality: u8) -> Result<Vec<u8>, ImageError> {
    /// Larger pictures are written in less than half the time, for up to 7 % more bytes: libwebp cannot be interrupted.
    const CAREFUL_PIXELS: u64 = 4_000_000;
    let mut config = WebPConfig::new().map_err(|()| internal("libwebp has another version than its header"))?;
    config.quality = f32::from(quality);
    config.method = if picture.size.pixels() <= CAREFUL_PIXELS { 4 } else { 2 };
    let layout = if picture.channels.has_alpha() {
        PixelLayout::Rgba
    } else {
        PixelLayout::Rgb
    };
    let encoder = webp::Encoder::new(&picture.pixels, layout, picture.size.width, picture.size.height);
    let bytes = encoder
        .encode_advanced(&config)
        .map_err(|error| internal(format!("libwebp: {error:?}")))?;
    Ok(bytes.to_vec())
}

fn lossless(picture: &Picture) -> Result<Vec<u8>, ImageError> {
    let colour = if picture.channels.has_alpha() {
        ColorType::Rgba8
    } else {
        ColorType::Rgb8
    };
    let mut bytes = Vec::new();
    LosslessEncoder::new(&mut bytes)
        .encode(&picture.pixels, picture.size.width, picture.size.height, colour)
        .map_err(|error| internal(error.to_string()))?;
    bytes.shrink_to_fit();
    Ok(bytes)
}

/// The same picture with these channels, three or four.
fn in_channels(picture: Picture, channels: Channels) -> Picture {
    if picture.channels == channels {
        return picture;
    }
    let mut pixels = Vec::with_capacity(Picture::bytes(picture.size, channels));
    for pixel in picture.pixels.chunks_exact(picture.channels.count()) {
        channels.write(picture.channels.read(pixel), &mut pixels);
    }
    Picture {
        size: picture.size,
        channels,
        pixels,
    }
}

/// An area of an RGBA picture, without alpha if it is opaque everywhere.
fn cut(picture: &Picture, area: Area) -> Picture {
    let start = area.left as usize * 4;
    let end = start + area.size.width as usize * 4;
    let rows = || {
        let rows = picture.rows().skip(area.top as usize).take(area.size.height as usize);
        rows.map(|row| &row[start..end])
    };
    let opaque = rows().all(|row| row.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == u8::MAX));
    let channels = Channels::of(false, !opaque);
    let mut pixels = Vec::with_capacity(Picture::bytes(area.size, channels));
    for pixel in rows().flat_map(|row| row.as_chunks::<4>().0) {
        channels.write(*pixel, &mut pixels);
    }
    Picture {
        size: area.size,
        channels,
        pixels,
    }
}

/// The chunks of the picture in a file of its own: an extended file has a header chunk of 10 bytes before them.
fn picture_chunks(file: &[u8]) -> Result<&[u8], ImageError> {
    const FILE_HEADER: usize = 12;
    const EXTENDED_HEADER: usize = 8 + 10;
    let chunks = file.get(FILE_HEADER..).unwrap_or_default();
    let chunks = match chunks.strip_prefix(b"VP8X") {
        Some(_) => chunks.get(EXTENDED_HEADER..).unwrap_or_default(),
        None => chunks,
    };
    if chunks.is_empty() {
        return Err(internal("a WebP encoder wrote no picture"));
    }
    Ok(chunks)
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = &[0][..body.len() % 2];
    [kind, &(body.len() as u32).to_le_bytes()[..], body, padding].concat()
}
