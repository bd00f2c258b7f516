//! Keys of decoration: the background, padding, borders, shadows and corners.

use super::{Group, key, not_yet, unsupported};
use crate::instructions::values;

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
            |reading, value| values::colour(value).map(|colour| reading.instructions.background = Some(colour)),
        ),
        not_yet("paddingwidth", &[], true, "A ring around the image."),
        not_yet("paddingcolor", &[], true, "The ring's colour."),
        unsupported(
            "paddingheight",
            &[],
            true,
            "No effect in ImageResizer.",
            "ImageResizer reads the key and does not use it.",
        ),
        not_yet("borderwidth", &[], true, "A border around the padding."),
        not_yet("bordercolor", &[], true, "The border's colour."),
        not_yet("margin", &[], true, "A ring around the border."),
        not_yet("shadowwidth", &[], true, "A drop shadow's width."),
        not_yet("shadowoffset", &[], true, "A drop shadow's offset."),
        not_yet("shadowcolor", &[], true, "A drop shadow's colour."),
        not_yet("s.roundcorners", &[], true, "Rounded corners."),
    ],
};
