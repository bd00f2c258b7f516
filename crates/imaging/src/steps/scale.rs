//! Scale step: takes the rows of the window as they stream by, and returns a whole small picture.
//!
//! Unless the instructions name another filter, it is Lanczos with three lobes, in both directions and on encoded
//! (sRGB) values, the default of libvips. Columns are filtered first, on rows as wide as the source; the few rows that
//! leave are then filtered along their length, several at a time. Alpha is premultiplied in between, so that the colour
//! of transparent pixels is never visible. The filter reads nothing outside of the crop window.
//!
//! Every sum has a fixed order and no fused multiplication, so that all processors compute the same bytes.

mod columns;
mod filter;
mod light;
mod rows;
mod samples;
mod weights;

use columns::Columns;
use light::{LIGHT, Light};
use rows::Rows;
use weights::Weights;

use crate::picture::Picture;
use crate::resampling::Resampling;
use crate::shrink::Axis;
use crate::{Channels, Size};

/// A picture being scaled.
pub(crate) struct Scaler {
    picture: Picture,
    filters: Option<Filters>,
    /// For a source whose alpha is ignored, a row with full alpha.
    opaque_row: Option<Vec<u8>>,
}

/// The filters, needed unless the size stays.
struct Filters {
    columns: Columns,
    rows: Rows,
    light: Option<&'static Light>,
}

impl Scaler {
    /// The rows to push have as many pixels as the window is wide, and there are as many rows as it is high.
    pub(crate) fn new(channels: Channels, [across, down]: [Axis; 2], target: Size, resampling: &Resampling) -> Self {
        let pixels = Vec::with_capacity(Picture::bytes(target, channels));
        let picture = Picture {
            size: target,
            channels,
            pixels,
        };
        // An unchanged size is copied, so that every value stays, also below full transparency.
        let unchanged = across.is_exactly(target.width) && down.is_exactly(target.height);
        let values = across.pixels() as usize * channels.count();
        // Inks are no light.
        let light = (resampling.linear && channels != Channels::Cmyk).then(|| &*LIGHT);
        let filters = (!unchanged || resampling.sharpens_unchanged).then(|| Filters {
            columns: Columns::new(Weights::new(down, target.height, resampling), values),
            rows: Rows::new(Weights::new(across, target.width, resampling), values, light),
            light,
        });
        Self {
            picture,
            filters,
            opaque_row: (resampling.ignores_alpha && channels.has_alpha()).then(|| Vec::with_capacity(values)),
        }
    }

    /// Takes the next row of the window.
    pub(crate) fn push(&mut self, row: &[u8]) {
        let Self {
            picture,
            filters,
            opaque_row,
        } = self;
        let row = match opaque_row {
            Some(opaque_row) => {
                opaque_row.clear();
                opaque_row.extend_from_slice(row);
                let count = picture.channels.count();
                opaque_row
                    .iter_mut()
                    .skip(count - 1)
                    .step_by(count)
                    .for_each(|alpha| *alpha = u8::MAX);
                &*opaque_row
            }
            None => row,
        };
        let Some(Filters { columns, rows, light }) = filters else {
            picture.pixels.extend_from_slice(row);
            return;
        };
        samples::premultiply(row, picture.channels, *light, columns.next_row());
        columns.filter(|line| {
            if rows.is_full() {
                rows.filter(picture);
            }
            rows.push(line);
        });
    }

    /// The scaled picture, once all rows of the window have been pushed.
    pub(crate) fn finish(self) -> Picture {
        let Self {
            mut picture, filters, ..
        } = self;
        if let Some(mut filters) = filters {
            filters.rows.filter(&mut picture);
        }
        debug_assert_eq!(picture.pixels.len(), Picture::bytes(picture.size, picture.channels));
        picture
    }
}

#[cfg(test)]
mod tests;
