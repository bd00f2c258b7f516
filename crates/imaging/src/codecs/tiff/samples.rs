//! TIFF samples: undo the predictor, convert 1 to 16 bits to 8, and turn samples into channels.

use super::directory::Order;
use super::page::{Alpha, Colours, Page};

/// Undoes the horizontal predictor: sums up differences along a row of `step` samples a pixel (TIFF 6.0, section 14).
pub(super) fn sum(row: &mut [u8], page: &Page<'_>, step: usize) {
    if page.bits == 8 {
        for index in step..row.len() {
            row[index] = row[index].wrapping_add(row[index - step]);
        }
        return;
    }
    let (samples, _) = row.as_chunks_mut::<2>();
    for index in step..samples.len() {
        let sum = page
            .order
            .read(samples[index])
            .wrapping_add(page.order.read(samples[index - step]));
        samples[index] = page.order.write(sum);
    }
}

/// The samples of a row in their own range. Of 16 bits only the upper 8 are returned.
pub(super) fn of_row<'r>(row: &'r [u8], page: &Page<'_>) -> impl Iterator<Item = u8> + use<'r> {
    let (bits, order) = (page.bits as usize, page.order);
    (0..row.len() * 8 / bits).map(move |index| match (bits, order) {
        (8, _) => row[index],
        (16, Order::BigEndian) => row[index * 2],
        (16, Order::LittleEndian) => row[index * 2 + 1],
        _ => {
            let from_left = index * bits % 8;
            row[index * bits / 8] >> (8 - bits - from_left) & ((1 << bits) - 1)
        }
    })
}

/// Turns the samples of pixels into the page's channels. `samples` holds all samples of each pixel.
pub(super) fn to_channels(samples: &[u8], page: &Page<'_>, out: &mut [u8]) {
    // Fewer than 8 bits are scaled to the whole range: the highest value becomes 255.
    let factor = match page.bits {
        bits @ (1 | 2 | 4) => 255 / ((1 << bits) - 1) as u8,
        _ => 1,
    };
    let full = |sample: u8| sample.wrapping_mul(factor);
    let pixels = samples.chunks_exact(page.samples as usize);
    let count = page.channels().count();
    for (pixel, out) in pixels.zip(out.chunks_exact_mut(count)) {
        let shown = page.colours.samples() as usize;
        match &page.colours {
            Colours::Gray => out[0] = full(pixel[0]),
            Colours::InvertedGray => out[0] = 255 - full(pixel[0]),
            Colours::Palette(colours) => {
                let colour = colours.get(usize::from(pixel[0])).copied().unwrap_or_default();
                out[..3].copy_from_slice(&colour);
            }
            Colours::Rgb | Colours::YCbCr | Colours::Inks => {
                for (out, sample) in out.iter_mut().zip(&pixel[..shown]) {
                    *out = full(*sample);
                }
            }
        }
        if let Some(kind) = page.alpha
            && !matches!(page.colours, Colours::Inks)
        {
            let alpha = full(pixel[shown]);
            if kind == Alpha::Premultiplied {
                out[..count - 1]
                    .iter_mut()
                    .for_each(|value| *value = straight(*value, alpha));
            }
            out[count - 1] = alpha;
        }
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
