//! Looks at results with decoders of other makers.

use resizer_imaging::{Encoded, Format};
use zune_png::zune_core::bytestream::ZCursor;
use zune_png::zune_core::colorspace::ColorSpace;

/// A decoded result.
#[derive(Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bytes a pixel: 1 to 4.
    pub(crate) channels: usize,
    pub(crate) pixels: Vec<u8>,
}

impl View {
    pub(crate) fn of(encoded: &Encoded) -> Self {
        let view = match encoded.format {
            Format::Jpeg => Self::of_jpeg(&encoded.bytes),
            Format::Png => Self::of_png(&encoded.bytes),
            other => panic!("no decoder for {other:?}"),
        };
        assert_eq!(
            (view.width, view.height),
            (encoded.size.width, encoded.size.height),
            "the size that was told"
        );
        view
    }

    fn of_jpeg(bytes: &[u8]) -> Self {
        let mut decoder = jpeg_decoder::Decoder::new(bytes);
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        let channels = info.pixel_format.pixel_bytes();
        Self {
            width: info.width.into(),
            height: info.height.into(),
            channels,
            pixels,
        }
    }

    fn of_png(bytes: &[u8]) -> Self {
        let mut decoder = zune_png::PngDecoder::new(ZCursor::new(bytes));
        let pixels = decoder.decode_raw().unwrap();
        let (width, height) = decoder.dimensions().unwrap();
        let channels = match decoder.colorspace().unwrap() {
            ColorSpace::Luma => 1,
            ColorSpace::LumaA => 2,
            ColorSpace::RGB => 3,
            ColorSpace::RGBA => 4,
            other => panic!("unexpected {other:?}"),
        };
        Self {
            width: width as u32,
            height: height as u32,
            channels,
            pixels,
        }
    }

    pub(crate) fn pixel(&self, x: u32, y: u32) -> &[u8] {
        let start = (y * self.width + x) as usize * self.channels;
        &self.pixels[start..start + self.channels]
    }

    /// The pixel in the middle of a cell of a grid.
    pub(crate) fn cell(&self, column: u32, row: u32, columns: u32, rows: u32) -> &[u8] {
        self.pixel(
            (2 * column + 1) * self.width / (2 * columns),
            (2 * row + 1) * self.height / (2 * rows),
        )
    }

    /// Whether every pixel is this one, give or take so many levels.
    pub(crate) fn is_all(&self, pixel: &[u8], tolerance: u8) -> bool {
        self.channels == pixel.len()
            && self
                .pixels
                .chunks(self.channels)
                .all(|found| near(found, pixel, tolerance))
    }
}

pub(crate) fn near(found: &[u8], expected: &[u8], tolerance: u8) -> bool {
    found.len() == expected.len() && found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance)
}
