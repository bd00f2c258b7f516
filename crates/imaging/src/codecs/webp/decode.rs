//! Pictures of a WebP, and frames of an animation drawn on a canvas. The library decodes a whole picture at a time.

use image_webp::DecodingError;

use super::container::{Container, Frame};
use super::corrupt;
use crate::band::{Band, rows_per_band};
use crate::codecs::canvas::{Canvas, Disposal};
use crate::codecs::reader::StoppableReader;
use crate::codecs::{Decoder, Delay, corrupt_because};
use crate::{Cancel, Channels, Format, ImageError, Size, SourceInfo};

/// What the decoder holds: the canvas of an animation, the largest picture and what the library needs for it, and a copy
/// of its compressed form.
pub(super) fn decoder_bytes(container: &Container<'_>) -> u64 {
    /// Measured: code tables and rows.
    const LIBRARY_BYTES: u64 = 512 * 1024;
    let canvas = if container.animated {
        container.size.pixels() * 4
    } else {
        0
    };
    let picture = |frame: &Frame<'_>| {
        let pixel_bytes = match (frame.is_lossless(), frame.has_alpha()) {
            // The library decodes four channels and copies three.
            (true, false) => 4 + 3,
            (true, true) => 4,
            // Luma and half as much chroma; then colours; then alpha, which is decoded as a picture without loss.
            (false, false) => 2 + 3,
            (false, true) => 2 + 4 + 4 + 1,
        };
        let compressed = frame.picture.len() + frame.alpha.map_or(0, <[u8]>::len);
        // A frame's bytes are put together from pieces first; with loss the library copies them again.
        let pixels = frame.area.size.pixels() * pixel_bytes;
        let copies = if frame.is_lossless() { 1 } else { 2 };
        (pixels + copies * compressed as u64).max(2 * compressed as u64)
    };
    let largest = container.frames.iter().map(picture).max().unwrap_or_default();
    let frames = container.frames.len() * size_of::<Frame<'_>>();
    canvas + largest + 2 * frames as u64 + LIBRARY_BYTES
}

pub(super) struct WebPDecoder<'s> {
    container: Container<'s>,
    /// The canvas of an animation; a still picture needs none.
    canvas: Option<Canvas>,
    /// The last decoded picture.
    pixels: Vec<u8>,
    channels: Channels,
    size: Size,
    /// The next frame to draw, and the first to deliver.
    next: usize,
    first: usize,
    row: u32,
}

impl<'s> WebPDecoder<'s> {
    pub(super) fn new(container: Container<'s>, info: &SourceInfo, first: u32) -> Self {
        let size = info.stored_size();
        Self {
            canvas: container.animated.then(|| Canvas::new(size)),
            container,
            pixels: Vec::new(),
            channels: info.channels,
            size,
            next: 0,
            first: first as usize,
            row: 0,
        }
    }

    /// Decodes the next frame and draws it on the canvas, if there is one.
    fn draw(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        cancel.check()?;
        let Some(frame) = self.container.frames.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        self.pixels.clear();
        let has_alpha = decode(frame, &mut self.pixels, cancel)?;
        let Some(canvas) = &mut self.canvas else {
            return if has_alpha == self.channels.has_alpha() {
                Ok(Some(frame.delay))
            } else {
                Err(corrupt("its header contradicts itself"))
            };
        };
        let disposal = if frame.clears { Disposal::Clear } else { Disposal::Keep };
        let area = canvas.begin(frame.area, disposal);
        let channels = Channels::of(false, has_alpha);
        let row_bytes = area.size.width as usize * channels.count();
        for (row, colours) in canvas.rows_mut(area).zip(self.pixels.chunks_exact(row_bytes)) {
            for (pixel, colour) in row
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .zip(colours.chunks_exact(channels.count()))
            {
                let colour = channels.read(colour);
                *pixel = if frame.blends { over(colour, *pixel) } else { colour };
            }
        }
        Ok(Some(frame.delay))
    }
}

impl Decoder for WebPDecoder<'_> {
    fn next_frame(&mut self, cancel: &Cancel) -> Result<Option<Delay>, ImageError> {
        while self.next < self.first {
            self.draw(cancel)?;
        }
        self.row = 0;
        self.draw(cancel)
    }

    fn next_band(&mut self, _: &Cancel) -> Result<Option<Band<'_>>, ImageError> {
        if let Some(canvas) = &self.canvas {
            return Ok(Band::of_canvas(canvas.pixels(), self.size, &mut self.row));
        }
        if self.row == self.size.height {
            return Ok(None);
        }
        let row_bytes = self.size.width as usize * self.channels.count();
        let rows = rows_per_band(row_bytes).min((self.size.height - self.row) as usize);
        let start = self.row as usize * row_bytes;
        self.row += rows as u32;
        Ok(Some(Band {
            pixels: &self.pixels[start..start + rows * row_bytes],
            width: self.size.width,
            channels: self.channels,
        }))
    }
}

/// Decodes one picture into `pixels`, as RGB or, if the result is true, RGBA.
fn decode(frame: &Frame<'_>, pixels: &mut Vec<u8>, cancel: &Cancel) -> Result<bool, ImageError> {
    let failed = |error: DecodingError| match error {
        _ if cancel.is_cancelled() => ImageError::Cancelled,
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            corrupt("it ends before all its pixels")
        }
        error => corrupt_because(Format::WebP, "its pixels cannot be decoded", &error),
    };
    let reader = StoppableReader::new(alone(frame), cancel);
    let mut decoder = image_webp::WebPDecoder::new(reader).map_err(failed)?;
    let has_alpha = decoder.has_alpha();
    let expected = frame.area.size.pixels() as usize * Channels::of(false, has_alpha).count();
    if decoder.output_buffer_size() != Some(expected) {
        return Err(corrupt("its header contradicts itself"));
    }
    pixels.resize(expected, 0);
    decoder.read_image(pixels).map_err(failed)?;
    Ok(has_alpha)
}

/// A frame as a file of its own.
fn alone(frame: &Frame<'_>) -> Vec<u8> {
    const ALPHA: u8 = 0x10;
    let mut chunks = b"WEBP".to_vec();
    let mut chunk = |kind: &[u8; 4], body: &[u8]| {
        chunks.extend_from_slice(kind);
        chunks.extend_from_slice(&(body.len() as u32).to_le_bytes());
        chunks.extend_from_slice(body);
        chunks.resize(chunks.len().next_multiple_of(2), 0);
    };
    if let Some(alpha) = frame.alpha {
        let [w0, w1, w2, _] = (frame.area.size.width - 1).to_le_bytes();
        let [h0, h1, h2, _] = (frame.area.size.height - 1).to_le_bytes();
        chunk(b"VP8X", &[ALPHA, 0, 0, 0, w0, w1, w2, h0, h1, h2]);
        chunk(b"ALPH", alpha);
    }
    chunk(&frame.kind, frame.picture);
    [&b"RIFF"[..], &(chunks.len() as u32).to_le_bytes(), &chunks].concat()
}

/// A pixel over another, neither premultiplied: W3C Compositing and Blending Level 1, source over.
fn over(above: [u8; 4], below: [u8; 4]) -> [u8; 4] {
    match (above[3], below[3]) {
        (0, _) => return below,
        (255, _) | (_, 0) => return above,
        _ => {}
    }
    // Both weights are out of 255 * 255.
    let upper = u32::from(above[3]) * 255;
    let lower = u32::from(below[3]) * (255 - u32::from(above[3]));
    let sum = upper + lower;
    let mix = |a: u8, b: u8| ((u32::from(a) * upper + u32::from(b) * lower + sum / 2) / sum) as u8;
    [
        mix(above[0], below[0]),
        mix(above[1], below[1]),
        mix(above[2], below[2]),
        ((sum + 127) / 255) as u8,
    ]
}
