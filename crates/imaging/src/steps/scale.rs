//! Scale step: takes the rows of the window as they stream by, and returns a whole small picture.
//!
//! The filter is Lanczos with three lobes, in both directions and on encoded (sRGB) values, the default of
//! ImageResizer, libvips and the browsers. Columns are filtered first, on rows as wide as the source, where long plain
//! loops run over many values. The few rows that leave are then filtered along their length. Alpha is premultiplied in
//! between, so that the colour of transparent pixels is never visible. The filter reads nothing outside of the crop
//! window.

mod columns;
mod rows;
mod weights;

use columns::Columns;
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
    rows: Weights,
    /// The pushed row as numbers, and the filtered row before rounding.
    line: Vec<f32>,
    filtered: Vec<f32>,
}

impl Scaler {
    /// The rows to push have as many pixels as the window is wide, and there are as many rows as it is high.
    pub(crate) fn new(channels: Channels, [across, down]: [Axis; 2], target: Size) -> Self {
        let pixels = Vec::with_capacity(Picture::bytes(target, channels));
        let picture = Picture {
            size: target,
            channels,
            pixels,
        };
        // An unchanged size is copied, so that every value stays, also below full transparency.
        let unchanged = across.is_exactly(target.width) && down.is_exactly(target.height);
        let values = across.pixels() as usize * channels.count();
        let filters = (!unchanged).then(|| Filters {
            columns: Columns::new(down, target.height, values),
            rows: Weights::lanczos(across, target.width),
            line: Vec::with_capacity(values),
            filtered: vec![0.0; target.width as usize * channels.count()],
        });
        Self { picture, filters }
    }

    /// Takes the next row of the window.
    pub(crate) fn push(&mut self, row: &[u8]) {
        let Self { picture, filters } = self;
        let Some(Filters {
            columns,
            rows,
            line,
            filtered,
        }) = filters
        else {
            picture.pixels.extend_from_slice(row);
            return;
        };
        rows::to_numbers(row, picture.channels, line);
        columns.push(line, |line| {
            rows::filter(line, rows, picture.channels, filtered);
            rows::to_bytes(filtered, picture.channels, &mut picture.pixels);
        });
    }

    /// The scaled picture, once all rows of the window have been pushed.
    pub(crate) fn finish(self) -> Picture {
        debug_assert_eq!(
            self.picture.pixels.len(),
            Picture::bytes(self.picture.size, self.picture.channels)
        );
        self.picture
    }
}

#[cfg(test)]
mod tests;
