//! Scales rows as they stream by: rows of the window go in, a whole small picture comes out.
//!
//! The filter is Lanczos with three lobes, in both directions and on encoded (sRGB) values, as ImageResizer, libvips
//! and the browsers do it by default. First the columns are filtered, on rows as wide as the source, where long plain
//! loops run over many values; the few rows that leave are then filtered along their length. Alpha is premultiplied in
//! between, so that the colour of transparent pixels never shows. Windows end at the crop window: nothing outside it
//! is looked at.

mod columns;
mod rows;
mod weights;

use columns::Columns;
use weights::Weights;

use crate::picture::Picture;
use crate::shrink::Axis;
use crate::{Channels, Size};

/// A picture on its way to another size.
pub(crate) struct Scaler {
    picture: Picture,
    filters: Option<Filters>,
}

/// What is needed unless the size stays.
struct Filters {
    columns: Columns,
    rows: Weights,
    /// The pushed row as numbers, and the row that leaves, before rounding.
    line: Vec<f32>,
    filtered: Vec<f32>,
}

impl Scaler {
    /// Rows have as many pixels as the window has across, and there are as many of them as it has down.
    pub(crate) fn new(channels: Channels, [across, down]: [Axis; 2], target: Size) -> Self {
        let pixels = Vec::with_capacity(Picture::bytes(target, channels));
        let picture = Picture {
            size: target,
            channels,
            pixels,
        };
        // An unchanged size is copied, so that every value, also under full transparency, stays what it was.
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

    /// The scaled picture, when all rows of the window have been pushed.
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
