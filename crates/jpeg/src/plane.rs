//! Decoded rows: the samples of each component of the row of MCUs that is ready.

use crate::component::Component;
use crate::sampling::Ratio;

/// The rows of pixels of a row of MCUs, borrowed from the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'d> {
    pub(crate) components: &'d [Component],
    pub(crate) mcu_row: u32,
    pub(crate) end: u32,
    pub(crate) height: u32,
}

impl<'d> Rows<'d> {
    /// The row of the decoded picture after the last of these rows.
    pub const fn end(&self) -> u32 {
        self.end
    }

    /// Whether these are the last rows.
    pub const fn are_last(&self) -> bool {
        self.end == self.height
    }

    /// The samples of a component. The first component is 0.
    ///
    /// # Panics
    ///
    /// If there is no such component. [`Colours::components`](crate::Colours::components) says how many there are.
    pub fn plane(&self, component: usize) -> Plane<'d> {
        let component = &self.components[component];
        let rows = (component.down as u32) * component.sampling.block_height;
        let first = self.mcu_row * rows;
        Plane {
            component,
            first,
            end: (first + rows).min(component.height),
        }
    }
}

/// Rows of a component.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'d> {
    component: &'d Component,
    first: u32,
    end: u32,
}

impl<'d> Plane<'d> {
    /// How many pixels of the decoded picture the samples cover, across and down.
    pub const fn ratios(&self) -> (Ratio, Ratio) {
        (self.component.sampling.across, self.component.sampling.down)
    }

    /// The rows that are ready, counted from the top of the picture. Each row of the component comes once.
    pub const fn ready(&self) -> std::ops::Range<u32> {
        self.first..self.end
    }

    /// A row, counted from the top of the picture. It must be one of the rows that are ready, or the row before them.
    /// Any other index returns the nearest of these rows.
    pub fn row(&self, row: u32) -> &'d [u8] {
        let row = row.clamp(self.first.saturating_sub(1), self.end - 1);
        let start = (row + 1 - self.first) as usize * self.component.stride;
        &self.component.plane[start..start + self.component.width as usize]
    }
}
