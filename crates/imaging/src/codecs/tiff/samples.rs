//! TIFF samples: turns the samples of a row, converted to 8 bits, into the page's channels.

use super::colours::{self, Alpha, Colours};
use super::directory::Directory;
use super::page::Page;
use crate::ImageError;

/// The colours of a palette, if the page has one.
pub(super) struct Palette(Vec<[u8; 3]>);

impl Palette {
    pub(super) fn read(page: &Page<'_>, directory: &Directory<'_>) -> Result<Self, ImageError> {
        Ok(Self(match page.colours {
            Colours::Palette => colours::palette(directory, page.depth.bits())?,
            _ => Vec::new(),
        }))
    }
}

/// Unpacks a row of plane number `plane` of a decompressed chunk into `samples`, which holds all samples of each pixel,
/// `Page::sample_bytes` each.
pub(super) fn unpack(row: &[u8], page: &Page<'_>, plane: usize, samples: &mut [u8]) {
    let planes = page.planes();
    match (&page.colours, page.depth.bytes()) {
        (Colours::Lab(lab), Some(bytes)) if page.sample_bytes() == 2 => {
            let (samples, _) = samples.as_chunks_mut::<2>();
            for (index, stored) in row.chunks_exact(bytes).enumerate() {
                let index = index * planes + plane;
                let number = lab.widened(stored, page.order, index % page.samples as usize);
                if let Some(place) = samples.get_mut(index) {
                    *place = number.to_be_bytes();
                }
            }
        }
        (colours, _) => {
            let as_indices = matches!(colours, Colours::Palette);
            page.depth.unpack(row, page.order, as_indices, |index, value| {
                // The last bits of a row may be padding.
                if let Some(place) = samples.get_mut(index * planes + plane) {
                    *place = value;
                }
            });
        }
    }
}

/// Turns the samples of pixels into the page's channels.
pub(super) fn to_channels(samples: &[u8], page: &Page<'_>, palette: &Palette, out: &mut [u8]) {
    let count = page.channels().count();
    let width = page.sample_bytes();
    let all = page.samples as usize * width;
    let pixels = samples.chunks_exact(all).zip(out.chunks_exact_mut(count));
    match &page.colours {
        Colours::Gray | Colours::Rgb | Colours::RgbOfJpeg | Colours::Inks if page.alpha.is_none() && all == count => {
            out.copy_from_slice(samples);
            return;
        }
        Colours::Gray => pixels.for_each(|(pixel, out)| out[0] = pixel[0]),
        Colours::InvertedGray => pixels.for_each(|(pixel, out)| out[0] = !pixel[0]),
        Colours::Rgb | Colours::RgbOfJpeg => pixels.for_each(|(pixel, out)| out[..3].copy_from_slice(&pixel[..3])),
        Colours::Inks => pixels.for_each(|(pixel, out)| out.copy_from_slice(&pixel[..4])),
        Colours::YCbCr(ycbcr) => pixels.for_each(|(pixel, out)| {
            out[..3].copy_from_slice(&ycbcr.to_rgb([pixel[0], pixel[1], pixel[2]]));
        }),
        Colours::Lab(lab) if width == 2 => pixels.for_each(|(pixel, out)| {
            let sample = |index: usize| u16::from_be_bytes([pixel[2 * index], pixel[2 * index + 1]]);
            out[..3].copy_from_slice(&lab.wide_to_rgb([0, 1, 2].map(sample)));
        }),
        Colours::Lab(lab) => pixels.for_each(|(pixel, out)| {
            out[..3].copy_from_slice(&lab.to_rgb([pixel[0], pixel[1], pixel[2]]));
        }),
        Colours::Palette => pixels.for_each(|(pixel, out)| {
            let colour = palette.0.get(usize::from(pixel[0])).copied().unwrap_or_default();
            out[..3].copy_from_slice(&colour);
        }),
    }
    if let Some(alpha) = page.alpha {
        let pixels = samples.chunks_exact(all).zip(out.chunks_exact_mut(count));
        pixels.for_each(|(pixel, out)| add_alpha(alpha, pixel[alpha.sample as usize * width], out));
    }
}

/// Sets the alpha of a pixel, which is the last channel of `out`.
fn add_alpha(kind: Alpha, alpha: u8, out: &mut [u8]) {
    if let Some((last, colours)) = out.split_last_mut() {
        if kind.premultiplied {
            colours.iter_mut().for_each(|value| *value = straight(*value, alpha));
        }
        *last = alpha;
    }
}

/// The channel of a premultiplied pixel without the alpha factor, rounded to the nearest value.
fn straight(value: u8, alpha: u8) -> u8 {
    if alpha == 0 {
        return 0;
    }
    let alpha = u32::from(alpha);
    ((u32::from(value) * 255 + alpha / 2) / alpha).min(255) as u8
}
