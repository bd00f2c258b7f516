//! Picture in memory: the output of scaling, which the later steps work on. Its pixels are whole, or luma and chroma
//! are planes of their own.

use crate::{Cancel, Channels, ImageError, SampleRange, Size};

/// Pixels row by row without gaps, 8 bits a channel, alpha not premultiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) size: Size,
    pub(crate) channels: Channels,
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    pub(crate) const fn row_bytes(&self) -> usize {
        self.size.width as usize * self.channels.count()
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.row_bytes())
    }

    /// The bytes of a picture of this size.
    pub(crate) const fn bytes(size: Size, channels: Channels) -> usize {
        size.width as usize * size.height as usize * channels.count()
    }
}

/// Luma and the two chromas, each as a picture of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlanarPicture {
    /// Luma has the picture's size. Chroma has a sample for each cell.
    pub(crate) planes: [Picture; 3],
    /// The pixels that a sample of chroma covers, across and down, from the top left on: 1 or 2.
    pub(crate) cell: [u8; 2],
    /// The range of the samples.
    pub(crate) range: SampleRange,
}

impl PlanarPicture {
    pub(crate) const fn size(&self) -> Size {
        self.planes[0].size
    }

    /// The same picture with samples of this range.
    pub(crate) fn in_range(mut self, range: SampleRange, cancel: &Cancel) -> Result<Self, ImageError> {
        for (index, plane) in self.planes.iter_mut().enumerate() {
            let Some(table) = self.range.table(range, index) else {
                continue;
            };
            let row_bytes = plane.row_bytes();
            for row in plane.pixels.chunks_exact_mut(row_bytes) {
                cancel.check()?;
                row.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
            }
        }
        self.range = range;
        Ok(self)
    }
}

impl Channels {
    /// The pixel as red, green, blue, alpha.
    pub(crate) fn read(self, pixel: &[u8]) -> [u8; 4] {
        match (self, pixel) {
            (Self::Gray, &[gray]) => [gray, gray, gray, u8::MAX],
            (Self::GrayAlpha, &[gray, alpha]) => [gray, gray, gray, alpha],
            (Self::Rgb, &[red, green, blue]) => [red, green, blue, u8::MAX],
            (Self::Rgba, &[red, green, blue, alpha]) => [red, green, blue, alpha],
            // Callers cut pixels by `count`, and inks have become RGB before any pixel is read.
            _ => [0; 4],
        }
    }

    /// Appends red, green, blue, alpha in these channels. Drops whatever the channels cannot hold: the caller has
    /// checked that nothing is lost.
    pub(crate) fn write(self, [red, green, blue, alpha]: [u8; 4], pixels: &mut Vec<u8>) {
        match self {
            Self::Gray => pixels.push(red),
            Self::GrayAlpha => pixels.extend_from_slice(&[red, alpha]),
            Self::Rgb | Self::Cmyk => pixels.extend_from_slice(&[red, green, blue]),
            Self::Rgba => pixels.extend_from_slice(&[red, green, blue, alpha]),
        }
    }
}
