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
mod table;
mod weights;

use std::rc::Rc;

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
        // An unchanged size is copied, so that every value stays, also below full transparency.
        let unchanged = across.is_exactly(target.width) && down.is_exactly(target.height);
        let values = across.pixels() as usize * channels.count();
        // Inks are no light.
        let light = (resampling.linear && channels != Channels::Cmyk).then(|| &*LIGHT);
        let filters = (!unchanged || resampling.sharpens_unchanged).then(|| {
            let down = Weights::new(down, target.height, resampling);
            let across = Weights::new(across, target.width, resampling).of_one_length();
            Filters {
                columns: Columns::new(Rc::new(down), values),
                rows: Rows::new(Rc::new(across), values, light),
                light,
            }
        });
        Self {
            picture: empty(target, channels),
            filters,
            opaque_row: (resampling.ignores_alpha && channels.has_alpha()).then(|| Vec::with_capacity(values)),
        }
    }

    /// A scaler for another picture of the same window, size and channels, of which no row was pushed.
    pub(crate) fn twin(&self) -> Self {
        let filters = self.filters.as_ref().map(|filters| Filters {
            columns: filters.columns.twin(),
            rows: filters.rows.twin(),
            light: filters.light,
        });
        Self {
            picture: empty(self.picture.size, self.picture.channels),
            filters,
            opaque_row: self.opaque_row.as_ref().map(|_| Vec::new()),
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
        while columns.has_line() {
            if rows.is_full() {
                rows.filter(picture);
            }
            columns.write_line(rows.next_line());
        }
        columns.make_room();
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

/// A picture without rows yet, and with room for all of them.
fn empty(size: Size, channels: Channels) -> Picture {
    Picture {
        size,
        channels,
        pixels: Vec::with_capacity(Picture::bytes(size, channels)),
    }
}

#[cfg(test)]
mod tests;
