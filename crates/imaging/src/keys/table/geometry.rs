//! Keys of geometry: the size of the result, the window that is cut out, and turning.

use super::{Group, key, unsupported};
use crate::instructions::{geometry, srcset, values};

pub(super) static GROUP: Group = Group {
    title: "Size, cutting and turning",
    keys: &[
        key(
            "width",
            &["w"],
            true,
            "pixels, a whole number above 0",
            "The width of the result (before `rotate`).",
            |reading, value| values::side(value).map(|side| reading.instructions.width = Some(side)),
        ),
        key(
            "height",
            &["h"],
            true,
            "pixels, a whole number above 0",
            "The height of the result (before `rotate`).",
            |reading, value| values::side(value).map(|side| reading.instructions.height = Some(side)),
        ),
        key(
            "maxwidth",
            &[],
            true,
            "pixels, a whole number above 0",
            "The result is not wider than this; its proportions are kept.",
            |reading, value| values::side(value).map(|side| reading.instructions.max_width = Some(side)),
        ),
        key(
            "maxheight",
            &[],
            true,
            "pixels, a whole number above 0",
            "The result is not higher than this; its proportions are kept.",
            |reading, value| values::side(value).map(|side| reading.instructions.max_height = Some(side)),
        ),
        key(
            "mode",
            &[],
            false,
            "`pad` (default with a width or height), `max` (always without), `crop`, `stretch`, `aspectcrop`; `none` is the \
             default, `carve` acts as `stretch`",
            "What to do when the image and the asked width and height differ in proportions: fill the rest with the \
             background, stay inside, cut the image, distort it, or only cut it to those proportions.",
            |reading, value| values::mode(value).map(|mode| reading.instructions.mode = mode),
        ),
        key(
            "stretch",
            &[],
            false,
            "`proportionally` (default), `fill`",
            "`fill` is an older spelling of `mode=stretch`; a `mode` beats it.",
            |reading, value| values::stretch(value).map(|fill| reading.stretch_fill = fill),
        ),
        key(
            "scale",
            &[],
            false,
            "`down` or `downscaleonly` (default), `up` or `upscaleonly`, `both`, `canvas` or `upscalecanvas`",
            "Whether the image may become smaller, larger or both; `canvas` enlarges the area around the image instead of \
             the image.",
            |reading, value| values::scale(value).map(|scale| reading.instructions.scale = scale),
        ),
        key(
            "anchor",
            &[],
            false,
            "`topleft`, `topcenter`, `topright`, `middleleft`, `middlecenter` (default), `middleright`, `bottomleft`, \
             `bottomcenter`, `bottomright`; or two percentages `x,y`",
            "Which part is kept when the image is cut automatically, and where the image stands inside padding.",
            |reading, value| values::anchor(value).map(|anchor| reading.instructions.anchor = anchor),
        ),
        key(
            "crop",
            &[],
            true,
            "`x1,y1,x2,y2`, parentheses allowed; or `auto`",
            "Cuts a window out of the source before anything is scaled. Negative coordinates, and 0 for x2 and y2, count \
             from the right and bottom edge. A window that holds nothing is ignored. `auto` means `mode=crop` when no mode \
             is given.",
            values::crop,
        ),
        key(
            "cropxunits",
            &[],
            false,
            "a number above 0; 0 (default) means source pixels",
            "The width of the source in the units of `crop`: 100 makes its x values percentages.",
            |reading, value| values::units(value).map(|units| reading.crop_x_units = units),
        ),
        key(
            "cropyunits",
            &[],
            false,
            "a number above 0; 0 (default) means source pixels",
            "The height of the source in the units of `crop`.",
            |reading, value| values::units(value).map(|units| reading.crop_y_units = units),
        ),
        key(
            "c",
            &[],
            true,
            "`x1,y1,x2,y2` in percent",
            "Like `crop` with both units at 100, and stronger than `crop`.",
            |reading, value| values::edges(reading, value).map(|edges| reading.percent_crop = Some(edges)),
        ),
        key(
            "c.gravity",
            &[],
            true,
            "two percentages `x,y`",
            "The point that automatic cutting keeps in view, instead of `anchor`; padding still follows `anchor`.",
            |reading, value| values::percentages(value).map(|gravity| reading.instructions.gravity = Some(gravity)),
        ),
        key(
            "zoom",
            &["dpr", "dppx"],
            true,
            "a number above 0, with or without an `x` behind it; default 1",
            "Multiplies the asked size: `width=400&dpr=2` is for a screen with two pixels per CSS pixel.",
            |reading, value| values::zoom(value).map(|zoom| reading.instructions.zoom = Some(zoom)),
        ),
        key(
            "srotate",
            &[],
            true,
            "degrees clockwise, rounded to a right angle",
            "Turns the source before it is cut and scaled.",
            |reading, value| values::nearest_quarter_turns(value).map(|turns| reading.source_rotation = turns),
        ),
        key(
            "sflip",
            &["sourceflip"],
            true,
            "`none`, `x` or `h` (left to right), `y` or `v` (top to bottom), `xy` or `both`",
            "Mirrors the source after `srotate`, before it is cut and scaled.",
            |reading, value| values::flip(value).map(|flip| reading.source_flip = flip),
        ),
        key(
            "rotate",
            &[],
            true,
            "degrees clockwise; default 0",
            "Turns the finished image, padding, rings and all: at 90 a width asked for becomes the height. At other angles \
             the canvas grows, and `bgcolor` fills its corners.",
            geometry::rotate,
        ),
        key(
            "flip",
            &[],
            true,
            "as for `sflip`",
            "Mirrors the finished image, as the last step.",
            |reading, value| values::flip(value).map(|flip| reading.result_flip = flip),
        ),
        key(
            "autorotate",
            &[],
            true,
            "a truth value",
            "Images are always turned as their EXIF orientation says, and the key changes nothing. With the server's setting \
             `compat` they are turned if this key is true.",
            |reading, value| values::truth(value).map(|upright| reading.geometry.upright[0] = Some(upright)),
        ),
        key(
            "autorotate.default",
            &[],
            false,
            "a truth value",
            "As `autorotate`, where that is not given.",
            |reading, value| values::truth(value).map(|upright| reading.geometry.upright[1] = Some(upright)),
        ),
        key(
            "trim.threshold",
            &[],
            true,
            "0 to 255; 80 is a good choice; default none",
            "Cuts even borders off before everything else. Neighbours that differ by more than a quarter of the threshold, \
             in any channel, are content. `crop` counts from the trimmed image. The source is decoded twice, the first \
             time at full size.",
            geometry::threshold,
        ),
        key(
            "trim.percentpadding",
            &[],
            true,
            "a percentage from 0; default 0",
            "Keeps some of the border that `trim.threshold` cuts off, in percent of the mean of the content's width and \
             height.",
            geometry::percent_padding,
        ),
        key(
            "c.focus",
            &[],
            true,
            "a point `x,y`, or rectangles `x1,y1,x2,y2,…`, in pixels of the source",
            "The part that `mode=crop` keeps in view, with a width and a height, as far as their proportions allow.",
            geometry::focus,
        ),
        key(
            "c.zoom",
            &[],
            true,
            "a truth value, default false",
            "Cuts as near to the rectangles of `c.focus` as the proportions allow.",
            geometry::focus_zoom,
        ),
        key(
            "c.finalmode",
            &[],
            true,
            "as for `mode`; default `pad`",
            "The mode for a focus that is too large for the asked proportions.",
            geometry::final_mode,
        ),
        unsupported(
            "c.salientareas",
            &[],
            true,
            "Weighted areas to keep in view.",
            "`c.focus` takes areas without weights.",
        ),
        unsupported(
            "carve",
            &[],
            true,
            "Content-aware resizing.",
            "It distorts people and lines, and takes seconds; `mode=carve` acts as `mode=stretch`.",
        ),
        key(
            "srcset",
            &["short"],
            true,
            "commands between commas, such as `webp-70,sharp-15,100w`: a format with its quality (`jpeg-80-progressive`, \
             `png-lossless`, `webp-l`, `webp-keep`, `gif`, `auto`), `100w`, `100h`, `2x`, `fit-` with `pad`, `crop` or \
             `cover`, `max`, `scale` or `contain`, `distort` or `fill`, `upscale`, `sharp-15` or `sharpen-15`, \
             `crop-20-30-90-100` in percent, `lossless`, `lossy`",
            "Several instructions in short form. They override the other keys, and the mode is `max` unless `fit` says \
             otherwise.",
            srcset::read,
        ),
    ],
};
