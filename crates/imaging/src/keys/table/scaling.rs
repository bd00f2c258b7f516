//! Keys of scaling: the filter, its colour space and its sharpness.

use super::{Group, key, unsupported};
use crate::instructions::scaling::{FilterShape, blur, is_linear, least_filtered, sharpen, sharpen_when, window};
use crate::instructions::values;

const FILTERS: &str = "`lanczos` (default), `lanczos_sharp`, `lanczos2`, `lanczos2_sharp`, `robidoux`, \
                       `robidoux_sharp`, `robidoux_fast`, `ginseng`, `ginseng_sharp`, `mitchell`, `catmull_rom`, \
                       `cubic`, `cubic_sharp`, `cubic_fast`, `n_cubic`, `n_cubic_sharp`, `cubic_b_spline`, `hermite`, \
                       `triangle` or `linear`, `box`, `fastest`, `jinc`; with or without underscores";
const COLOUR_SPACES: &str = "`srgb` (default), `linear`";

pub(super) static GROUP: Group = Group {
    title: "Scaling",
    keys: &[
        key(
            "down.filter",
            &[],
            true,
            FILTERS,
            "The filter for making images smaller.",
            |reading, value| {
                FilterShape::parse(value).map(|shape| reading.instructions.scaling.down.shape = Some(shape))
            },
        ),
        key(
            "up.filter",
            &[],
            true,
            FILTERS,
            "The filter for making images larger: as soon as one side becomes larger.",
            |reading, value| FilterShape::parse(value).map(|shape| reading.instructions.scaling.up.shape = Some(shape)),
        ),
        key(
            "down.colorspace",
            &[],
            true,
            COLOUR_SPACES,
            "The values that are averaged when images are made smaller. `linear` averages light, so that fine patterns \
             keep their brightness. It costs time, as decoders then do no part of the scaling. Four inks are averaged \
             as they are.",
            |reading, value| is_linear(value).map(|on| reading.instructions.scaling.down.linear = on),
        ),
        key(
            "up.colorspace",
            &[],
            true,
            COLOUR_SPACES,
            "Like `down.colorspace`, for making images larger.",
            |reading, value| is_linear(value).map(|on| reading.instructions.scaling.up.linear = on),
        ),
        key(
            "f.sharpen",
            &[],
            true,
            "per cent, 0 (default) to 100",
            "Sharpens while scaling: the sum of the filter's negative weights, as a part of the positive ones. `lanczos` \
             has 15 by itself, so that less changes nothing. Filters without negative weights (`triangle`, `box`, \
             `hermite`, `cubic_b_spline`, `robidoux_fast`, `fastest`) do not sharpen.",
            |reading, value| sharpen(value).map(|percent| reading.instructions.scaling.sharpen = percent),
        ),
        key(
            "f.sharpen_when",
            &[],
            true,
            "`downscaling` (default), `sizediffers`, `always`",
            "The images that `f.sharpen` is for. `always` also sharpens an image whose size stays.",
            |reading, value| sharpen_when(value).map(|when| reading.instructions.scaling.sharpen_when = when),
        ),
        key(
            "down.window",
            &[],
            true,
            "0.5 to 3, default by filter",
            "Half the width of the filter, in pixels of the result. Less is blunter. More lobes for `lanczos` and \
             `ginseng`; other filters do not become longer than they are.",
            |reading, value| window(value).map(|window| reading.instructions.scaling.down.window = window),
        ),
        key(
            "up.window",
            &[],
            true,
            "0.5 to 3, default by filter",
            "Like `down.window`, for making images larger, in pixels of the source.",
            |reading, value| window(value).map(|window| reading.instructions.scaling.up.window = window),
        ),
        key(
            "down.blur",
            &[],
            true,
            "0.5 to 2, default 1",
            "Widens the filter by this factor. More blurs, less leaves jagged edges.",
            |reading, value| blur(value).map(|blur| reading.instructions.scaling.down.blur = blur),
        ),
        key(
            "up.blur",
            &[],
            true,
            "0.5 to 2, default 1",
            "Like `down.blur`, for making images larger.",
            |reading, value| blur(value).map(|blur| reading.instructions.scaling.up.blur = blur),
        ),
        key(
            "f.ignorealpha",
            &[],
            true,
            "a truth value, default false",
            "Treats the source as opaque: the colours of transparent pixels show.",
            |reading, value| values::truth(value).map(|on| reading.instructions.scaling.ignore_alpha = on),
        ),
        key(
            "fastscale",
            &[],
            true,
            "a truth value, default false",
            "The filters of ImageResizer's FastScaling where none is named: `down.filter=robidoux` and \
             `up.filter=ginseng`.",
            |reading, value| values::truth(value).map(|on| reading.instructions.scaling.fast = on),
        ),
        key(
            "decoder.min_precise_scaling_ratio",
            &[],
            true,
            "a number of 1 or more; default 1.25 behind an eighth or a quarter, 1.5 behind a half",
            "A JPEG may be decoded at a half, a quarter or an eighth of its size, as far as this factor is left to the \
             filter. More costs time and gains a little sharpness; Imageflow's default is 2.1.",
            |reading, value| least_filtered(value).map(|factor| reading.instructions.scaling.least_filtered = factor),
        ),
        unsupported(
            "down.preserve",
            &[],
            true,
            "Favours light or dark parts.",
            "ImageResizer does not say which curve its numbers stand for. `down.colorspace=linear` keeps both as bright \
             as they are.",
        ),
        unsupported(
            "down.colorspace.a",
            &[],
            true,
            "The exponent of `down.colorspace=gamma`.",
            "Only of use with that colour space, which is near to `linear` or wrong.",
        ),
        unsupported(
            "down.speed",
            &[],
            true,
            "Speed of making images smaller.",
            "The scaler has one speed, as its filter costs little beside decoding. `down.filter` names shorter filters.",
        ),
        unsupported(
            "up.speed",
            &[],
            true,
            "Speed of making images larger.",
            "The scaler has one speed. `up.filter` names shorter filters.",
        ),
        unsupported(
            "speed",
            &[],
            true,
            "Speed against quality.",
            "ImageResizer's fast ways lose the crop and the rotation, or scale twice.",
        ),
        unsupported(
            "gdi.filter",
            &[],
            true,
            "A filter of GDI+.",
            "GDI+ is a part of Windows. `down.filter` and `up.filter` name filters.",
        ),
        unsupported(
            "floatspace",
            &[],
            true,
            "No effect in Imageflow.",
            "Imageflow reads the key and does not use it.",
        ),
        unsupported(
            "jpeg_idct_downscale_linear",
            &[],
            true,
            "No effect in Imageflow.",
            "Imageflow reads the key and does not use it.",
        ),
    ],
};
