//! Colours of a frame as indices into a table of at most 256.
//!
//! Up to 255 colours are kept exactly. More are reduced by quantette: Wu's method in the Oklab space, and
//! Floyd-Steinberg dithering.

use std::collections::HashMap;

use quantette::deps::palette::Srgb;
use quantette::{ImageRef, PaletteSize, Pipeline};

use crate::Size;

/// A frame's pixels as the format stores them.
#[derive(Debug)]
pub(super) struct Indexed {
    /// Red, green, blue of each colour; the last may stand for transparency.
    pub(super) colours: Vec<u8>,
    pub(super) indices: Vec<u8>,
    pub(super) transparent: Option<u8>,
}

/// Colours besides the transparent one.
const MOST_COLOURS: usize = 255;

/// Reduces the colours; `None` among the pixels is transparent.
pub(super) fn reduce(size: Size, pixels: &[Option<[u8; 3]>]) -> Indexed {
    exact(pixels).unwrap_or_else(|| quantised(size, pixels))
}

fn exact(pixels: &[Option<[u8; 3]>]) -> Option<Indexed> {
    let mut known: HashMap<[u8; 3], u8> = HashMap::new();
    let mut colours = Vec::new();
    for colour in pixels.iter().flatten() {
        if !known.contains_key(colour) {
            if known.len() == MOST_COLOURS {
                return None;
            }
            known.insert(*colour, known.len() as u8);
            colours.extend_from_slice(colour);
        }
    }
    let transparent = known.len() as u8;
    let indices = pixels
        .iter()
        .map(|pixel| {
            pixel
                .and_then(|colour| known.get(&colour).copied())
                .unwrap_or(transparent)
        })
        .collect();
    Some(Indexed::new(colours, indices, pixels))
}

fn quantised(size: Size, pixels: &[Option<[u8; 3]>]) -> Indexed {
    // Where nothing shows, the colour before it goes on, so that no colour is spent on it.
    let mut colour = [0; 3];
    let opaque: Vec<Srgb<u8>> = pixels
        .iter()
        .map(|pixel| {
            colour = pixel.unwrap_or(colour);
            let [red, green, blue] = colour;
            Srgb::new(red, green, blue)
        })
        .collect();
    let reduced = ImageRef::new(size.width, size.height, &opaque).map(|image| {
        Pipeline::new()
            .palette_size(PaletteSize::from_u8_clamped(MOST_COLOURS as u8))
            .input_image(image)
            .output_srgb8_indexed_image()
    });
    let Ok(reduced) = reduced else {
        // The caller's pixels fill the size; a picture of another length has no colours.
        return Indexed::new(Vec::new(), vec![0; pixels.len()], pixels);
    };
    let (palette, indices) = reduced.into_parts();
    let colours: Vec<u8> = palette
        .iter()
        .flat_map(|colour| [colour.red, colour.green, colour.blue])
        .collect();
    let transparent = (colours.len() / 3) as u8;
    let indices = indices
        .into_iter()
        .zip(pixels)
        .map(|(index, pixel)| if pixel.is_some() { index } else { transparent })
        .collect();
    Indexed::new(colours, indices, pixels)
}

impl Indexed {
    /// Adds the transparent colour if a pixel needs it.
    fn new(mut colours: Vec<u8>, indices: Vec<u8>, pixels: &[Option<[u8; 3]>]) -> Self {
        let count = (colours.len() / 3) as u8;
        let transparent = pixels.contains(&None).then_some(count);
        if transparent.is_some() || colours.is_empty() {
            colours.extend_from_slice(&[0; 3]);
        }
        Self {
            colours,
            indices,
            transparent,
        }
    }
}
