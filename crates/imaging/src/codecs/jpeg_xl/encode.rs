//! JPEG XL encoder: passes the finished picture to the library, on this thread.
//!
//! The library cannot be stopped. How long it works at most follows from the pixels that `cost` allows, and from the
//! effort that is left at this size.

use jixel::{ColorSpace, EncodeConfig, EncodeError, FlMeta, Speed};

use super::CONTAINER;
use crate::codecs::{Delay, Encoder, internal};
use crate::cost::{JPEG_XL_FAST_PIXELS, JPEG_XL_FASTEST_PIXELS, JPEG_XL_SEARCHING_EFFORT};
use crate::picture::Picture;
use crate::{Cancel, Channels, ImageError, Instructions, Lossless, Size, SourceInfo};

pub(in crate::codecs) struct JpegXlEncoder {
    lossless: bool,
    distance: f32,
    effort: u8,
    bytes: Vec<u8>,
}

impl JpegXlEncoder {
    pub(in crate::codecs) fn new(instructions: &Instructions, info: &SourceInfo) -> Self {
        Self {
            lossless: match instructions.effective_jxl_lossless() {
                Lossless::No => false,
                Lossless::Yes => true,
                Lossless::Keep => info.lossless,
            },
            distance: instructions.effective_jxl_distance(),
            effort: instructions.effective_jxl_effort(),
            bytes: Vec::new(),
        }
    }

    fn encode(&self, picture: &Picture) -> Result<Vec<u8>, EncodeError> {
        let (width, height) = (picture.size.width as usize, picture.size.height as usize);
        let pixels = &picture.pixels;
        if self.lossless && self.effort < JPEG_XL_SEARCHING_EFFORT {
            let colours = match picture.channels.is_gray() {
                true => ColorSpace::Gray,
                false => ColorSpace::Rgb,
            };
            let alpha = picture.channels.has_alpha();
            return jixel::encode_fast_lossless(pixels, width, height, colours, alpha, &FlMeta::default());
        }
        let settings = EncodeConfig {
            distance: self.distance,
            lossless: self.lossless,
            num_threads: 1,
            speed: match self.lossless {
                true => Speed::Fast,
                false => speed(self.effort, picture.size, picture.channels),
            },
            ..EncodeConfig::default()
        };
        match picture.channels {
            Channels::Gray => jixel::encode_image_gray(pixels, width, height, &settings),
            Channels::GrayAlpha => jixel::encode_image_gray_alpha(pixels, width, height, &settings),
            Channels::Rgb | Channels::Cmyk => jixel::encode_image(pixels, width, height, &settings),
            Channels::Rgba => jixel::encode_image_with_alpha(pixels, width, height, &settings),
        }
    }
}

/// The library's setting for a lossy picture and an effort from 1 to 9. The larger the picture, the less effort is left.
///
/// All speeds of jixel 0.5.3 but the first panic on some pictures of few pixels with alpha, such as 8 by 8 or 1 by 300,
/// as their code for alpha then has no symbols. See the test over all sizes.
fn speed(effort: u8, size: Size, channels: Channels) -> Speed {
    match effort {
        _ if channels.has_alpha() => Speed::UltraFast,
        4.. if size.pixels() <= JPEG_XL_FAST_PIXELS => Speed::Fast,
        2.. if size.pixels() <= JPEG_XL_FASTEST_PIXELS => Speed::Fastest,
        _ => Speed::UltraFast,
    }
}

impl Encoder for JpegXlEncoder {
    fn frame(&mut self, picture: Picture, _: Delay, cancel: &Cancel) -> Result<(), ImageError> {
        cancel.check()?;
        self.bytes = self.encode(&picture).map_err(|error| internal(error.to_string()))?;
        drop(picture);
        self.bytes.shrink_to_fit();
        Ok(())
    }

    fn finish(self: Box<Self>, cancel: &Cancel) -> Result<Vec<u8>, ImageError> {
        cancel.check()?;
        Ok(self.bytes)
    }
}

/// A codestream within a container that has boxes of metadata (ISO/IEC 18181-2, 9): the signature, the type of file,
/// the codestream, and for each block the box's name and contents. Without blocks, or if the file already is a
/// container, the file itself.
pub(in crate::codecs) fn container(codestream: Vec<u8>, blocks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    const FILE_TYPE: &[u8] = b"\0\0\0\x14ftypjxl \0\0\0\0jxl ";
    const BOX_HEADER_BYTES: usize = 8;
    if blocks.is_empty() || !codestream.starts_with(super::CODESTREAM) {
        return codestream;
    }
    let more: usize = blocks.iter().map(|(_, block)| BOX_HEADER_BYTES + block.len()).sum();
    let length = CONTAINER.len() + FILE_TYPE.len() + BOX_HEADER_BYTES + codestream.len() + more;
    let mut file = Vec::with_capacity(length);
    file.extend_from_slice(CONTAINER);
    file.extend_from_slice(FILE_TYPE);
    let mut write = |kind: &[u8; 4], body: &[u8]| {
        // Results are far below the four gigabytes that a box can hold.
        file.extend_from_slice(&((BOX_HEADER_BYTES + body.len()) as u32).to_be_bytes());
        file.extend_from_slice(kind);
        file.extend_from_slice(body);
    };
    // Metadata stands first, so that readers of metadata need not look behind the pixels.
    for (kind, block) in blocks {
        write(kind, block);
    }
    write(b"jxlc", &codestream);
    file
}
