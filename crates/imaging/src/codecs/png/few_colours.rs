//! Palette of a PNG that keeps all colours: an entry for each colour of a picture that has at most 256, partly
//! transparent ones included. Called for each PNG that is not asked to reduce its colours.

use std::collections::HashMap;

use crate::picture::Picture;
use crate::{Cancel, ImageError};

/// Most entries of a palette (PNG, third edition, 11.2.2).
const MOST: usize = 256;

/// A picture as indices of its own colours.
#[derive(Debug)]
pub(super) struct FewColours {
    /// Red, green, blue and alpha. Those that are not opaque come first, as the file gives alpha to the first ones only.
    pub(super) colours: Vec<[u8; 4]>,
    pub(super) indices: Vec<u8>,
}

impl FewColours {
    /// `None` if a palette does not pay: there are too many colours, grey pixels, which are bytes already, or so few
    /// pixels that the palette takes more than it saves.
    pub(super) fn of(picture: &Picture, cancel: &Cancel) -> Result<Option<Self>, ImageError> {
        let channels = picture.channels;
        if channels.is_gray() {
            return Ok(None);
        }
        let mut known: HashMap<[u8; 4], u8> = HashMap::new();
        let mut colours = Vec::new();
        let mut indices = Vec::with_capacity(picture.size.pixels() as usize);
        let mut last = None;
        for row in picture.rows() {
            cancel.check()?;
            for pixel in row.chunks_exact(channels.count()) {
                let colour = channels.read(pixel);
                let index = match last {
                    Some((before, index)) if before == colour => index,
                    _ => match known.get(&colour) {
                        Some(index) => *index,
                        None if colours.len() == MOST => return Ok(None),
                        None => {
                            let index = colours.len() as u8;
                            known.insert(colour, index);
                            colours.push(colour);
                            index
                        }
                    },
                };
                last = Some((colour, index));
                indices.push(index);
            }
        }
        /// Lengths, names and checksums of the chunks.
        const CHUNKS_BYTES: usize = 24;
        let packed = indices.len() * usize::from(bits(colours.len())) / 8;
        if packed + 4 * colours.len() + CHUNKS_BYTES >= picture.pixels.len() {
            return Ok(None);
        }
        let mut few = Self { colours, indices };
        few.sort(picture.size.width as usize, cancel)?;
        Ok(Some(few))
    }

    /// Moves colours that are not opaque to the front.
    fn sort(&mut self, width: usize, cancel: &Cancel) -> Result<(), ImageError> {
        let mut order: Vec<usize> = (0..self.colours.len()).collect();
        order.sort_by_key(|index| self.colours[*index][3] == u8::MAX);
        let mut places = [0; MOST];
        for (place, index) in order.iter().enumerate() {
            places[*index] = place as u8;
        }
        self.colours = order.iter().map(|index| self.colours[*index]).collect();
        for row in self.indices.chunks_mut(width) {
            cancel.check()?;
            row.iter_mut().for_each(|index| *index = places[usize::from(*index)]);
        }
        Ok(())
    }

    /// The shades as bytes, if all colours are opaque greys and too many for a smaller depth.
    pub(super) fn grey(&self) -> Option<Vec<u8>> {
        let is_grey = |[red, green, blue, alpha]: &[u8; 4]| red == green && green == blue && *alpha == u8::MAX;
        let wanted = bits(self.colours.len()) == 8 && self.colours.iter().all(is_grey);
        wanted.then(|| self.colours.iter().map(|colour| colour[0]).collect())
    }

    /// The alpha of the colours that are not opaque.
    pub(super) fn alpha(&self) -> Vec<u8> {
        let alphas = self.colours.iter().map(|colour| colour[3]);
        alphas.take_while(|alpha| *alpha != u8::MAX).collect()
    }
}

/// The bits of an index of this many colours: 1, 2, 4 or 8.
pub(super) const fn bits(colours: usize) -> u8 {
    match colours {
        0..=2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => 8,
    }
}
