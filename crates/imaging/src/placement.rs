//! Placement of a layer: where an image or a text lies over or behind a result, and at which size.
//!
//! A plugin fills a [`Placement`] from its settings. The engine asks it for the size of a layer before the layer is
//! decoded, and the overlay step for the place. It is pure: no pixel is touched, and the answer depends on the layout
//! and the layer's own size alone.

use std::fmt;

use crate::instructions::{Align, Anchor};
use crate::{Layout, Size};

/// A length along one side of a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// Pixels of the result.
    Pixels(f64),
    /// A percentage of the container's width, for a height of its height.
    Percent(f64),
}

/// The rectangle that a layer's box refers to. `rotate` and `flip` turn it with the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Container {
    /// The image, without anything around it.
    #[default]
    Image,
    /// The image and the area that it is padded to.
    Area,
    /// The same with the ring of `paddingwidth`.
    Padding,
    /// The same with the border.
    Border,
    /// Everything, with shadow and margin.
    Canvas,
}

/// How a layer fills its box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// All of it inside the box, never enlarged.
    #[default]
    Within,
    /// All of it inside the box, as large as possible.
    Fit,
    /// Distorted to the box.
    Distort,
    /// The box is covered and the rest cut off, but the layer is never enlarged.
    WithinCrop,
    /// The box is covered, and the rest cut off.
    FitCrop,
}

/// Where a layer lies. Without any length its box is the whole container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placement {
    /// The rectangle that the lengths refer to.
    pub container: Container,
    /// The distances of the box from the container's left, top, right and bottom. Each that is given moves one edge of
    /// the box, outwards if it is negative.
    pub edges: [Option<Length>; 4],
    /// Width and height of the box. Of no effect between two edges that are given.
    pub sides: [Option<Length>; 2],
    /// The place of the layer inside a box of other proportions, and of a box that no edge holds inside the container.
    pub align: Anchor,
    /// How the layer fills the box.
    pub fit: Fit,
    /// Whether it lies behind the image, over its background and padding.
    pub behind: bool,
    /// 0 to 255, by which the layer's own alpha is multiplied.
    pub opacity: u8,
    /// A result with a shorter side than one of these is left without the layer. The size before `rotate` counts.
    pub least_canvas: Size,
}

/// A layer with its place on the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The size that the layer is scaled to, at least one pixel a side.
    pub scaled: Size,
    /// The window of the scaled layer that is shown, x1, y1, x2, y2.
    pub window: [u32; 4],
    /// The place of the window's top left on the canvas, which may lie outside of it.
    pub at: [i64; 2],
}

impl Default for Placement {
    fn default() -> Self {
        Self {
            container: Container::default(),
            edges: [None; 4],
            sides: [None; 2],
            align: Anchor::default(),
            fit: Fit::default(),
            behind: false,
            opacity: u8::MAX,
            least_canvas: Size::default(),
        }
    }
}

impl Placement {
    /// The place of a layer of this size on the canvas of a layout, or `None` if it is not drawn: because the canvas is
    /// smaller than `least_canvas`, or because the box is less than a pixel wide or high.
    pub fn place(&self, layout: &Layout, layer: Size) -> Option<Placed> {
        let ([x, y], [width, height]) = self.visible_box(layout)?;
        let bounds = Size::new(rounded(width), rounded(height));
        let natural = [f64::from(layer.width.max(1)), f64::from(layer.height.max(1))];
        let [across, down] = [width / natural[0], height / natural[1]];
        let [across, down] = match self.fit {
            Fit::Within => [across.min(down).min(1.0); 2],
            Fit::Fit => [across.min(down); 2],
            Fit::Distort => [across, down],
            Fit::WithinCrop => [across.max(down).min(1.0); 2],
            Fit::FitCrop => [across.max(down); 2],
        };
        let scaled = Size::new(rounded(natural[0] * across), rounded(natural[1] * down));
        let shown = Size::new(scaled.width.min(bounds.width), scaled.height.min(bounds.height));
        let part = |align, scaled: u32, shown: u32| offset(align, f64::from(scaled - shown)) as u32;
        let left = part(self.align.x, scaled.width, shown.width);
        let top = part(self.align.y, scaled.height, shown.height);
        Some(Placed {
            scaled,
            window: [left, top, left + shown.width, top + shown.height],
            at: [
                (x + share(self.align.x) * (width - f64::from(shown.width))).round() as i64,
                (y + share(self.align.y) * (height - f64::from(shown.height))).round() as i64,
            ],
        })
    }

    /// The size of the box, for a layer that is drawn into it. `None` as for [`Placement::place`].
    pub fn room(&self, layout: &Layout) -> Option<Size> {
        let (_, [width, height]) = self.visible_box(layout)?;
        Some(Size::new(rounded(width), rounded(height)))
    }

    /// The size of the container, which lengths in a layer's own drawing may refer to.
    pub fn container_size(&self, layout: &Layout) -> Size {
        let [x1, y1, x2, y2] = container(layout, self.container);
        Size::new(x2 - x1, y2 - y1)
    }

    /// The box's top left on the canvas, and its width and height.
    fn visible_box(&self, layout: &Layout) -> Option<([f64; 2], [f64; 2])> {
        let canvas = layout.canvas_size();
        if canvas.width < self.least_canvas.width || canvas.height < self.least_canvas.height {
            return None;
        }
        let [x1, y1, x2, y2] = container(layout, self.container).map(f64::from);
        let [left, top, right, bottom] = self.edges;
        let [width, height] = self.sides;
        let (x, width) = along([x1, x2], [left, right], width, self.align.x);
        let (y, height) = along([y1, y2], [top, bottom], height, self.align.y);
        (width >= 1.0 && height >= 1.0).then_some(([x, y], [width, height]))
    }
}

/// Start and length of the box along one axis.
fn along([start, end]: [f64; 2], [near, far]: [Option<Length>; 2], side: Option<Length>, align: Align) -> (f64, f64) {
    let whole = end - start;
    let pixels = |length: Length| match length {
        Length::Pixels(pixels) => pixels,
        Length::Percent(percent) => whole * percent / 100.0,
    };
    let from = near.map(|near| start + pixels(near));
    let to = far.map(|far| end - pixels(far));
    match (from, to, side.map(pixels)) {
        (Some(from), Some(to), _) => (from, to - from),
        (Some(from), None, side) => (from, side.unwrap_or(end - from)),
        (None, Some(to), side) => {
            let side = side.unwrap_or(to - start);
            (to - side, side)
        }
        (None, None, side) => {
            let side = side.unwrap_or(whole);
            (start + share(align) * (whole - side), side)
        }
    }
}

/// The part of the free space that lies before, 0 to 1.
fn share(align: Align) -> f64 {
    match align {
        Align::Near => 0.0,
        Align::Centre => 0.5,
        Align::Far => 1.0,
        Align::Percent(percent) => percent / 100.0,
    }
}

fn offset(align: Align, free: f64) -> f64 {
    (share(align) * free).round().clamp(0.0, free)
}

/// At least one pixel.
fn rounded(side: f64) -> u32 {
    (side.round() as u32).max(1)
}

/// A container's rectangle of the canvas: x1, y1, x2, y2.
fn container(layout: &Layout, container: Container) -> [u32; 4] {
    let canvas = layout.canvas_size();
    let rings = &layout.rings;
    // From the outside to the inside.
    let around = [rings.margin, rings.shadow, rings.border, rings.padding, layout.pad];
    let rings_around = match container {
        Container::Canvas => 0,
        Container::Border => 2,
        Container::Padding => 3,
        Container::Area => 4,
        Container::Image => 5,
    };
    let whole = [0, 0, canvas.width, canvas.height];
    let inset = |[x1, y1, x2, y2]: [u32; 4], [left, top, right, bottom]: [u32; 4]| {
        // A side that was cut to `u32` may be shorter than its rings.
        let (x1, y1) = (x1.saturating_add(left), y1.saturating_add(top));
        [
            x1,
            y1,
            x2.saturating_sub(right).max(x1),
            y2.saturating_sub(bottom).max(y1),
        ]
    };
    around[..rings_around].iter().copied().fold(whole, inset)
}

/// A stable text of everything that changes pixels, for cache keys.
impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let container = match self.container {
            Container::Image => "image",
            Container::Area => "area",
            Container::Padding => "padding",
            Container::Border => "border",
            Container::Canvas => "canvas",
        };
        let fit = match self.fit {
            Fit::Within => "within",
            Fit::Fit => "fit",
            Fit::Distort => "distort",
            Fit::WithinCrop => "within_crop",
            Fit::FitCrop => "fit_crop",
        };
        write!(f, "{container} {fit}")?;
        for length in self.edges.iter().chain(&self.sides) {
            match length {
                Some(Length::Pixels(pixels)) => write!(f, " {pixels}")?,
                Some(Length::Percent(percent)) => write!(f, " {percent}%")?,
                None => f.write_str(" -")?,
            }
        }
        let Size { width, height } = self.least_canvas;
        let [x, y] = [self.align.x, self.align.y].map(|align| share(align) * 100.0);
        let Self { behind, opacity, .. } = self;
        write!(f, " {x},{y} {behind} {opacity} {width}x{height}")
    }
}

#[cfg(test)]
mod tests;
