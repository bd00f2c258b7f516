//! Animation canvas, shared by GIF and WebP: draws frames one after another, and disposes of each before the next.

use crate::Size;

/// A rectangle on the canvas. Before it is clipped it may reach beyond the canvas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) size: Size,
}

/// The treatment of a frame's area before the next frame is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    /// The area becomes transparent, as in browsers, whatever background colour the file names.
    Clear,
    /// The area becomes what it was before the frame.
    Restore,
}

/// Pixels of red, green, blue and alpha, not premultiplied. A new canvas is transparent.
pub(super) struct Canvas {
    size: Size,
    pixels: Vec<u8>,
    /// The area and the disposal of the last frame.
    last: (Area, Disposal),
    /// The pixels below the last frame, row by row, if they are to be restored.
    saved: Vec<u8>,
}

const PIXEL_BYTES: usize = 4;

impl Canvas {
    pub(super) fn new(size: Size) -> Self {
        Self {
            size,
            pixels: vec![0; size.width as usize * size.height as usize * PIXEL_BYTES],
            last: (Area::default(), Disposal::Keep),
            saved: Vec::new(),
        }
    }

    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Disposes of the last frame and prepares for the next. Returns the part of the next frame's area that lies on the
    /// canvas.
    pub(super) fn begin(&mut self, area: Area, disposal: Disposal) -> Area {
        let (last, how) = self.last;
        let width = last.size.width as usize * PIXEL_BYTES;
        match how {
            Disposal::Keep => {}
            Disposal::Clear => self.rows_mut(last).for_each(|row| row.fill(0)),
            Disposal::Restore => {
                let saved = std::mem::take(&mut self.saved);
                let rows = self.rows_mut(last).zip(saved.chunks_exact(width.max(1)));
                rows.for_each(|(row, saved)| row.copy_from_slice(saved));
                self.saved = saved;
            }
        }
        let area = area.cut_to(self.size);
        self.saved.clear();
        if disposal == Disposal::Restore {
            let mut saved = std::mem::take(&mut self.saved);
            saved.reserve_exact(area.size.width as usize * area.size.height as usize * PIXEL_BYTES);
            self.rows_mut(area).for_each(|row| saved.extend_from_slice(row));
            self.saved = saved;
        }
        self.last = (area, disposal);
        area
    }

    /// A row of an area that lies on the canvas, counted from the area's first. `None` below the area.
    pub(super) fn row_mut(&mut self, area: Area, row: u32) -> Option<&mut [u8]> {
        if row >= area.size.height {
            return None;
        }
        let width = self.size.width as usize;
        let start = (area.top + row) as usize * width + area.left as usize;
        self.pixels
            .get_mut(start * PIXEL_BYTES..(start + area.size.width as usize) * PIXEL_BYTES)
    }

    /// The rows of an area that lies on the canvas.
    pub(super) fn rows_mut(&mut self, area: Area) -> impl Iterator<Item = &mut [u8]> {
        let start = area.left as usize * PIXEL_BYTES;
        let end = start + area.size.width as usize * PIXEL_BYTES;
        self.pixels
            .chunks_exact_mut(self.size.width as usize * PIXEL_BYTES)
            .skip(area.top as usize)
            .take(area.size.height as usize)
            .map(move |row| &mut row[start..end])
    }
}

impl Area {
    pub(super) const fn whole(size: Size) -> Self {
        Self { left: 0, top: 0, size }
    }

    /// The part that lies on a canvas of this size. It is empty if there is none.
    fn cut_to(self, canvas: Size) -> Self {
        let width = canvas.width.saturating_sub(self.left).min(self.size.width);
        let height = canvas.height.saturating_sub(self.top).min(self.size.height);
        if width == 0 || height == 0 {
            return Self::default();
        }
        Self {
            size: Size::new(width, height),
            ..self
        }
    }
}
