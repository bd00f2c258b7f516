//! Surround of the image: its place on the canvas, and the rectangles of padding, rings and shadow below it, with their
//! colours. The pad step paints it.

use super::over;
use crate::instructions::Decoration;
use crate::{Channels, Colour, Layout, Rings, Size};

/// Everything around the image.
#[derive(Debug)]
#[cfg_attr(not(feature = "codecs"), expect(dead_code, reason = "the pad step reads it"))]
pub(crate) struct Surround {
    /// The size with padding and rings.
    pub(crate) canvas: Size,
    /// The image's distance from the left and the top of the canvas.
    pub(crate) place: [u32; 2],
    /// Rectangles x1, y1, x2, y2 of the canvas, painted one after another. The first is the whole canvas. The colours
    /// already lie over the background.
    pub(crate) areas: Vec<([u32; 4], Colour)>,
    /// Painted around the border.
    pub(crate) shadow: Option<Shadow>,
}

/// A shadow with a visible colour.
#[derive(Debug)]
#[cfg_attr(not(feature = "codecs"), expect(dead_code, reason = "the pad step reads it"))]
pub(crate) struct Shadow {
    /// The rectangle that casts the shadow, which is not painted: x1, y1, x2, y2.
    pub(crate) caster: [u32; 4],
    /// The caster's displacement to the right and to the bottom. The shadow is full within the displaced rectangle.
    pub(crate) offset: [i32; 2],
    /// The distance in pixels at which the shadow has faded.
    pub(crate) width: u32,
    /// The colour of the full shadow.
    pub(crate) colour: Colour,
}

impl Surround {
    /// The surround on this background.
    pub(crate) fn of(layout: &Layout, decoration: &Decoration, background: Colour) -> Self {
        let Rings {
            padding,
            border,
            shadow,
            margin,
        } = layout.rings;
        let canvas = layout.canvas_size();
        let whole = [0, 0, canvas.width, canvas.height];
        let inside_margin = inset(whole, margin);
        let border_box = inset(inside_margin, shadow);
        let padding_box = inset(border_box, border);
        let [left, top, ..] = inset(inset(padding_box, padding), layout.pad);

        // From the outside to the inside, each only if something of it is seen.
        let mut areas = vec![(whole, background)];
        if border != [0; 4] {
            let colour = decoration.border_colour.unwrap_or(Colour::TRANSPARENT);
            areas.push((border_box, colour.composited_over(background)));
        }
        if padding != [0; 4] || layout.pad != [0; 4] {
            areas.push((padding_box, behind(decoration, background)));
        }
        let covered = areas.iter().rposition(|(area, _)| *area == whole).unwrap_or_default();
        areas.drain(..covered);
        let colour = decoration.shadow_colour.filter(|colour| colour.alpha > 0);
        Self {
            canvas,
            place: [left, top],
            areas,
            shadow: colour.filter(|_| decoration.shadow_width > 0).map(|colour| Shadow {
                caster: border_box,
                offset: decoration.shadow_offset,
                width: decoration.shadow_width,
                colour,
            }),
        }
    }

    /// The distances of an image's sides from the canvas's, and the colour there, if it is one colour everywhere.
    pub(crate) fn frame(&self, image: Size) -> Option<([u32; 4], Colour)> {
        let colour = self.areas.first()?.1;
        let is_even = self.shadow.is_none() && self.areas.iter().all(|(_, other)| *other == colour);
        let [left, top] = self.place;
        let right = self.canvas.width.saturating_sub(left).saturating_sub(image.width);
        let bottom = self.canvas.height.saturating_sub(top).saturating_sub(image.height);
        is_even.then_some(([left, top, right, bottom], colour))
    }

    /// The channels that hold an image with these channels and everything around it.
    pub(crate) fn channels(&self, image: Channels) -> Channels {
        let shadow = self.shadow.as_ref().map(|shadow| Colour {
            // A shadow makes nothing transparent that is not.
            alpha: u8::MAX,
            ..shadow.colour
        });
        let areas = self.areas.iter().map(|(_, colour)| *colour);
        areas.chain(shadow).fold(image, over)
    }
}

/// The colour behind the image, and of the area that the image is padded to.
pub(crate) fn behind(decoration: &Decoration, background: Colour) -> Colour {
    match decoration.padding_colour {
        Some(colour) if decoration.padding != [0; 4] => colour.composited_over(background),
        _ => background,
    }
}

/// The rectangle without a ring. The layout has put the ring there.
fn inset([x1, y1, x2, y2]: [u32; 4], [left, top, right, bottom]: [u32; 4]) -> [u32; 4] {
    [
        x1.saturating_add(left),
        y1.saturating_add(top),
        x2.saturating_sub(right),
        y2.saturating_sub(bottom),
    ]
}
