//! Keys of scaling: the filter, its colour space and its sharpness.

use super::{Group, not_yet, unsupported};

pub(super) static GROUP: Group = Group {
    title: "Scaling",
    keys: &[
        not_yet("down.filter", &[], true, "The filter for making images smaller."),
        not_yet("up.filter", &[], true, "The filter for making images larger."),
        not_yet(
            "down.colorspace",
            &[],
            true,
            "The colour space images are made smaller in.",
        ),
        not_yet(
            "up.colorspace",
            &[],
            true,
            "The colour space images are made larger in.",
        ),
        not_yet("down.window", &[], true, "The width of the filter."),
        not_yet("down.blur", &[], true, "Blurs while scaling."),
        not_yet("down.preserve", &[], true, "Favours light or dark parts."),
        not_yet("down.speed", &[], true, "Speed of making images smaller."),
        not_yet("up.speed", &[], true, "Speed of making images larger."),
        not_yet("f.sharpen", &[], true, "Sharpens while scaling."),
        not_yet("f.sharpen_when", &[], true, "When to sharpen."),
        not_yet("f.ignorealpha", &[], true, "Treats the source as opaque."),
        not_yet("gdi.filter", &[], true, "A GDI+ filter."),
        not_yet("fastscale", &[], true, "Chooses a scaler."),
        not_yet("speed", &[], true, "Speed against quality."),
        not_yet(
            "decoder.min_precise_scaling_ratio",
            &[],
            true,
            "How far a decoder may make the image smaller.",
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
