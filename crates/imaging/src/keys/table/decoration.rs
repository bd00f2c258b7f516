//! Keys of decoration: the background, padding, borders, shadows and corners.

use super::{Group, key, unsupported};
use crate::instructions::{decoration, values};

pub(super) static GROUP: Group = Group {
    title: "Background, padding, borders and corners",
    keys: &[
        key(
            "bgcolor",
            &[],
            true,
            "`RGB`, `RGBA`, `RRGGBB`, `RRGGBBAA` with or without `#`, or a CSS colour name; default transparent, or white \
             where the format has no transparency",
            "Fills padding and shows through transparent pixels.",
            |reading, value| {
                values::colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.background = Some(colour))
            },
        ),
        key(
            "paddingwidth",
            &[],
            true,
            "pixels, or four numbers: left, top, right, bottom; default 0",
            "A ring around the image, and around the area that the image is padded to. As all rings it comes on top of \
             the asked width and height, and `zoom` does not multiply it. Fractions of pixels are rounded.",
            |reading, value| decoration::ring(value).map(|width| reading.instructions.decoration.padding = width),
        ),
        key(
            "paddingcolor",
            &[],
            true,
            "as for `bgcolor`, which is the default",
            "The colour of the padding. Where `paddingwidth` makes a ring, the colour also fills the area that the image \
             is padded to, and shows through the image.",
            |reading, value| {
                values::colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.decoration.padding_colour = Some(colour))
            },
        ),
        key(
            "borderwidth",
            &[],
            true,
            "as for `paddingwidth`",
            "A ring around the padding.",
            |reading, value| decoration::ring(value).map(|width| reading.instructions.decoration.border = width),
        ),
        key(
            "bordercolor",
            &[],
            true,
            "as for `bgcolor`; default transparent",
            "The colour of the border, over the background.",
            |reading, value| {
                values::colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.decoration.border_colour = Some(colour))
            },
        ),
        key(
            "shadowwidth",
            &[],
            true,
            "pixels; default 0",
            "The distance over which a shadow around the border fades. The shadow takes a ring of its own.",
            |reading, value| {
                decoration::shadow_width(value).map(|width| reading.instructions.decoration.shadow_width = width)
            },
        ),
        key(
            "shadowoffset",
            &[],
            true,
            "two distances `x,y` in pixels; default `0,0`",
            "Moves the shadow to the right and to the bottom. Its ring becomes wider there, and narrower opposite.",
            |reading, value| {
                decoration::shadow_offset(value).map(|offset| reading.instructions.decoration.shadow_offset = offset)
            },
        ),
        key(
            "shadowcolor",
            &[],
            true,
            "as for `bgcolor`; default transparent",
            "The colour of the shadow. Without it the shadow's ring has the colour of the background.",
            |reading, value| {
                values::colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.decoration.shadow_colour = Some(colour))
            },
        ),
        key(
            "margin",
            &[],
            true,
            "as for `paddingwidth`",
            "The outermost ring, around border and shadow, in the colour of the background.",
            |reading, value| decoration::ring(value).map(|width| reading.instructions.decoration.margin = width),
        ),
        key(
            "s.roundcorners",
            &[],
            true,
            "a percentage from 0 to 100, or pixels such as `12px`; or four of them: top left, top right, bottom right, \
             bottom left; default 0",
            "Rounds the corners of the scaled image, inside of its padding. At 100 percent the radius is half of the shorter \
             side.",
            |reading, value| {
                decoration::corners(value).map(|corners| reading.instructions.decoration.corners = corners)
            },
        ),
        unsupported(
            "paddingheight",
            &[],
            true,
            "No effect in ImageResizer.",
            "ImageResizer reads the key and does not use it.",
        ),
    ],
};
