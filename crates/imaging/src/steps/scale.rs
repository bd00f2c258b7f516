//! Scale step: takes the rows of the window as they stream by, and returns a whole small picture.
//!
//! The filter is Lanczos with three lobes, in both directions and on encoded (sRGB) values, the default of
//! ImageResizer, libvips and the browsers. Columns are filtered first, on rows as wide as the source; the few rows that
//! leave are then filtered along their length, several at a time. Alpha is premultiplied in between, so that the colour
//! of transparent pixels is never visible. The filter reads nothing outside of the crop window.
//!
//! Every sum has a fixed order and no fused multiplication, so that all processors compute the same bytes.

mod columns;
mod curve;
mod rows;
mod samples;
mod weights;

use std::rc::Rc;

use columns::Columns;
use rows::Rows;
use weights::Weights;

use crate::picture::Picture;
use crate::shrink::Axis;
use crate::{Channels, Size};

/// A picture being scaled.
pub(crate) struct Scaler {
    picture: Picture,
    filters: Option<Filters>,
}

/// The filters, needed unless the size stays.
struct Filters {
    columns: Columns,
    rows: Rows,
}

impl Scaler {
    /// The rows to push have as many pixels as the window is wide, and there are as many rows as it is high.
    pub(crate) fn new(channels: Channels, [across, down]: [Axis; 2], target: Size) -> Self {
        // An unchanged size is copied, so that every value stays, also below full transparency.
        let unchanged = across.is_exactly(target.width) && down.is_exactly(target.height);
        let values = across.pixels() as usize * channels.count();
        let filters = (!unchanged).then(|| {
            let down = Weights::lanczos(down, target.height);
            let across = Weights::lanczos(across, target.width).of_one_length();
            Filters {
                columns: Columns::new(Rc::new(down), values),
                rows: Rows::new(Rc::new(across), values),
            }
        });
        Self {
            picture: empty(target, channels),
            filters,
        }
    }

    /// A scaler for another picture of the same window, size and channels, of which no row was pushed.
    pub(crate) fn twin(&self) -> Self {
        let filters = self.filters.as_ref().map(|Filters { columns, rows }| Filters {
            columns: columns.twin(),
            rows: rows.twin(),
        });
        Self {
            picture: empty(self.picture.size, self.picture.channels),
            filters,
        }
    }

    /// Takes the next row of the window.
    pub(crate) fn push(&mut self, row: &[u8]) {
        let Self { picture, filters } = self;
        let Some(Filters { columns, rows }) = filters else {
            picture.pixels.extend_from_slice(row);
            return;
        };
        samples::premultiply(row, picture.channels, columns.next_row());
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
        let Self { mut picture, filters } = self;
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
