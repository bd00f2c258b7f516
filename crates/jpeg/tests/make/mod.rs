//! Sample files: pictures from formulas, encoded by another maker's encoder.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Every sampling that the encoder writes into one scan.
pub(crate) const FACTORS: [SamplingFactor; 4] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
];

/// Pixels from a function of column and row.
pub(crate) fn pixels(width: u32, height: u32, colour: impl Fn(u32, u32) -> [u8; 3]) -> Vec<u8> {
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| colour(x, y))
        .collect()
}

/// A picture with something in every block.
pub(crate) fn busy(width: u32, height: u32) -> Vec<u8> {
    pixels(width, height, |x, y| {
        let stripes = if (x / 5 + y / 7) % 2 == 0 { 60 } else { 0 };
        [(x * 5 + stripes) as u8, (y * 7 + x) as u8, ((x ^ y) * 3) as u8]
    })
}

pub(crate) fn encode(
    pixels: &[u8],
    width: u32,
    height: u32,
    colours: ColorType,
    quality: u8,
    set_up: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    set_up(&mut encoder);
    encoder.encode(pixels, width as u16, height as u16, colours).unwrap();
    bytes
}

/// A colour picture with a restart marker after every `interval` MCUs. 0 means none.
pub(crate) fn restarting(
    pixels: &[u8],
    width: u32,
    height: u32,
    factor: SamplingFactor,
    quality: u8,
    interval: u16,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(factor);
    if interval > 0 {
        encoder.set_restart_interval(interval);
    }
    encoder
        .encode(pixels, width as u16, height as u16, ColorType::Rgb)
        .unwrap();
    bytes
}
