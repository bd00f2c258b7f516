//! Comparison of a result with a photograph: against a mean over areas, made by a decoder that the server does not use.

use std::sync::LazyLock;

use jpeg_decoder::{Decoder, PixelFormat};

use crate::http::photographs::{lake, upside_down};

/// The photographs at `width=200`.
pub(super) static LAKE: LazyLock<Picture> = LazyLock::new(|| Picture::of_jpeg(lake()).scaled(200, 133));
pub(super) static UPSIDE_DOWN: LazyLock<Picture> = LazyLock::new(|| Picture::of_jpeg(upside_down()).scaled(200, 133));

/// A decoded picture, three bytes a pixel.
pub(super) struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Picture {
    pub(super) fn of_jpeg(bytes: &[u8]) -> Self {
        let mut decoder = Decoder::new(bytes);
        let pixels = decoder.decode().unwrap();
        let info = decoder.info().unwrap();
        assert_eq!(info.pixel_format, PixelFormat::RGB24);
        Self {
            width: info.width.into(),
            height: info.height.into(),
            pixels,
        }
    }

    /// Each pixel the mean of those that it covers.
    fn scaled(&self, width: usize, height: usize) -> Self {
        let mut pixels = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let rows = y * self.height / height..(y + 1) * self.height / height;
                let columns = x * self.width / width..(x + 1) * self.width / width;
                let count = rows.len() * columns.len();
                let mut sums = [0; 3];
                for row in rows {
                    let start = (row * self.width + columns.start) * 3;
                    for pixel in self.pixels[start..][..columns.len() * 3].chunks_exact(3) {
                        for (sum, value) in sums.iter_mut().zip(pixel) {
                            *sum += usize::from(*value);
                        }
                    }
                }
                pixels.extend(sums.map(|sum| (sum / count) as u8));
            }
        }
        Self { width, height, pixels }
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// How far two pictures of one size are apart, as the mean over all values, of 255.
    pub(super) fn distance(&self, other: &Self) -> f64 {
        assert_eq!(self.size(), other.size());
        let apart = self
            .pixels
            .iter()
            .zip(&other.pixels)
            .map(|(one, other)| one.abs_diff(*other));
        apart.map(f64::from).sum::<f64>() / self.pixels.len() as f64
    }
}
