//! Keys of colours and filters, which change the pixels of the scaled picture.

use super::{Group, key, unsupported};
use crate::instructions::filters::values as filter_values;
use crate::instructions::values;

const TRUTH: &str = "a truth value, default false";
const SIGNED: &str = "-1 to 1, default 0, which changes nothing";
const RADIUS: &str = "a number above 0, in the units of `a.radiusunits`";

pub(super) static GROUP: Group = Group {
    title: "Colours and filters",
    keys: &[
        key(
            "s.grayscale",
            &[],
            true,
            "`true`, `y` or `ntsc` (weights .229, .587, .114 of red, green and blue), `ry` (.5, .419, .081), `bt709` \
             (.2125, .7154, .0721), `flat` (.5 each)",
            "Makes the image grey. The keys `s.*` apply in the order of this table, each to the result of the one \
             before, and nothing is cut off in between. The weights are those of ImageResizer and Imageflow: the first \
             kind turns white into a light grey, and `flat` brightens.",
            |reading, value| {
                filter_values::grayscale(reading.instructions.compat, value)
                    .map(|kind| reading.instructions.filters.simple.grayscale = kind)
            },
        ),
        key(
            "s.sepia",
            &[],
            true,
            TRUTH,
            "Makes the image brownish, as old photographs are.",
            |reading, value| {
                filter_values::simple_truth(reading.instructions.compat, value)
                    .map(|sepia| reading.instructions.filters.simple.sepia = sepia)
            },
        ),
        key(
            "s.invert",
            &[],
            true,
            TRUTH,
            "Inverts the colours, as in a negative.",
            |reading, value| {
                filter_values::simple_truth(reading.instructions.compat, value)
                    .map(|invert| reading.instructions.filters.simple.invert = invert)
            },
        ),
        key(
            "s.shift",
            &[],
            true,
            "a colour, as for `bgcolor`; its opacity is the strength",
            "Moves all colours towards this one.",
            |reading, value| {
                filter_values::visible_colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.filters.simple.shift = colour)
            },
        ),
        key(
            "s.alpha",
            &[],
            true,
            "0 (transparent) to 1, default 1",
            "Makes the image more transparent. Where the format has no transparency, the background shows through.",
            |reading, value| filter_values::alpha(value).map(|alpha| reading.instructions.filters.simple.alpha = alpha),
        ),
        key(
            "s.brightness",
            &[],
            true,
            SIGNED,
            "Adds to all colours: 1 makes everything white, -1 everything black.",
            |reading, value| {
                filter_values::signed(value).map(|number| reading.instructions.filters.simple.brightness = number)
            },
        ),
        key(
            "s.contrast",
            &[],
            true,
            "-1 to 1 or more, default 0, which changes nothing",
            "Multiplies the distance of colours from the middle grey by 1 + this number.",
            |reading, value| {
                filter_values::factor(value).map(|number| reading.instructions.filters.simple.contrast = number)
            },
        ),
        key(
            "s.saturation",
            &[],
            true,
            "-1 (grey) to 1 or more, default 0, which changes nothing",
            "Multiplies the distance of colours from their grey by 1 + this number.",
            |reading, value| {
                filter_values::factor(value).map(|number| reading.instructions.filters.simple.saturation = number)
            },
        ),
        key(
            "s.overlay",
            &[],
            true,
            "a colour, as for `bgcolor`, but partly transparent",
            "Lays a colour over the image, after the other keys `s.*`. It covers transparent parts too, but no padding.",
            |reading, value| {
                filter_values::visible_colour(reading.instructions.compat, value)
                    .map(|colour| reading.instructions.filters.simple.overlay = colour)
            },
        ),
        key(
            "filter",
            &[],
            true,
            "`grayscale`, `sepia`, `alpha(0.5)`, `brightness(0.2)`",
            "An older spelling of `s.grayscale=flat` and of three other keys `s.*`, which beat it.",
            |reading, value| filter_values::older_filter(value).map(|filter| reading.older_filter = Some(filter)),
        ),
        key(
            "a.blur",
            &["blur"],
            true,
            RADIUS,
            "A Gaussian blur, whose standard deviation is half of the radius. The keys `a.*` apply after the keys `s.*`, \
             in the order of this table, and to the image without its padding.",
            |reading, value| {
                filter_values::radius(value).map(|radius| reading.instructions.filters.advanced.blur = radius)
            },
        ),
        key(
            "a.sharpen",
            &["sharpen"],
            true,
            RADIUS,
            "Sharpens: adds the image's difference from an image that is blurred by this radius. More than 11 pixels \
             count as 11.",
            |reading, value| {
                filter_values::radius(value).map(|radius| reading.instructions.filters.advanced.sharpen = radius)
            },
        ),
        key(
            "a.radiusunits",
            &[],
            true,
            "a number above 0, default 1000",
            "The length of the image's longer edge, in the units of all radii: 1000 makes a radius of 10 a hundredth of \
             it.",
            |reading, value| {
                filter_values::radius(value).map(|units| reading.instructions.filters.advanced.radius_units = units)
            },
        ),
        key(
            "a.removenoise",
            &[],
            true,
            "`true` (a square of 3 pixels), or the side of the square in the units of `a.radiusunits`: at most 25 pixels",
            "Removes single light and dark pixels: a value beyond all those around it becomes the nearest of them. Edges \
             stay.",
            |reading, value| {
                filter_values::noise_window(value)
                    .map(|window| reading.instructions.filters.advanced.remove_noise = window)
            },
        ),
        key(
            "a.sobel",
            &[],
            true,
            TRUTH,
            "Shows edges light on black: the Sobel operator on the image in grey.",
            |reading, value| values::truth(value).map(|sobel| reading.instructions.filters.advanced.sobel = sobel),
        ),
        key(
            "a.threshold",
            &[],
            true,
            "1 to 255",
            "With `a.sobel`: edges from this value on are white, everything else is black.",
            |reading, value| {
                filter_values::level(value).map(|level| reading.instructions.filters.advanced.threshold = Some(level))
            },
        ),
        key(
            "a.sepia",
            &[],
            true,
            TRUTH,
            "Another `s.sepia`: grey, with 49 more of red and 14 and 56 less of green and blue.",
            |reading, value| values::truth(value).map(|sepia| reading.instructions.filters.advanced.sepia = sepia),
        ),
        key(
            "a.equalize",
            &[],
            true,
            TRUTH,
            "Equalises the histogram of each channel, for foggy and dark photographs. An animation takes the curves of \
             its first frame, so that it does not flicker.",
            |reading, value| {
                values::truth(value).map(|equalize| reading.instructions.filters.advanced.equalize = equalize)
            },
        ),
        key(
            "a.balancewhite",
            &[],
            true,
            "`true` or `area`, `simple`, `gimp`",
            "Balances white: stretches each channel from its darkest to its lightest value. At either end, `area` leaves \
             out the pixels of `a.balancethreshold`, `simple` the values that fewer pixels have, and `gimp` the pixels \
             whose share comes nearest to it. An animation takes the curves of its first frame.",
            |reading, value| {
                filter_values::white_balance(value)
                    .map(|balance| reading.instructions.filters.advanced.balance = balance)
            },
        ),
        key(
            "a.balancethreshold",
            &[],
            true,
            "0 to 50 percent of the pixels, default 0.6, for `simple` 0.06",
            "The threshold of `a.balancewhite`, and alone the same as `a.balancewhite=area`.",
            |reading, value| {
                filter_values::balance_threshold(value)
                    .map(|percent| reading.instructions.filters.advanced.balance_threshold = Some(percent))
            },
        ),
        key(
            "a.posterize",
            &[],
            true,
            "2 to 255",
            "Joins so many neighbouring values of a channel into one, so that few colours are left.",
            |reading, value| {
                filter_values::levels(value).map(|levels| reading.instructions.filters.advanced.posterize = levels)
            },
        ),
        key(
            "a.contrast",
            &[],
            true,
            SIGNED,
            "Contrast in HSL: of the lightness, so that hues stay.",
            |reading, value| {
                filter_values::signed(value).map(|number| reading.instructions.filters.advanced.contrast = number)
            },
        ),
        key(
            "a.brightness",
            &[],
            true,
            SIGNED,
            "Brightness in HSL: compresses the lightness towards white or black.",
            |reading, value| {
                filter_values::signed(value).map(|number| reading.instructions.filters.advanced.brightness = number)
            },
        ),
        key(
            "a.saturation",
            &[],
            true,
            SIGNED,
            "Saturation in HSL. Grey stays grey.",
            |reading, value| {
                filter_values::signed(value).map(|number| reading.instructions.filters.advanced.saturation = number)
            },
        ),
        key(
            "a.truncate",
            &[],
            true,
            TRUTH,
            "Makes `a.brightness`, and a negative `a.saturation`, move values and cut them off, instead of compressing \
             them.",
            |reading, value| {
                values::truth(value).map(|truncate| reading.instructions.filters.advanced.truncate = truncate)
            },
        ),
        key(
            "a.featheredges",
            &[],
            true,
            "a number above 0, in the units of `a.radiusunits`, but of the shorter edge",
            "Fades the image out towards its edges, over this width. It comes after all other filters.",
            |reading, value| {
                filter_values::radius(value).map(|width| reading.instructions.filters.advanced.feather = width)
            },
        ),
        key(
            "a.featherin",
            &[],
            true,
            "0 to 1, default 1",
            "The opacity inside of faded edges.",
            |reading, value| {
                filter_values::share(value).map(|share| reading.instructions.filters.advanced.feather_in = Some(share))
            },
        ),
        key(
            "a.featherout",
            &[],
            true,
            "0 to 1, default 0",
            "The opacity at the outer end of faded edges.",
            |reading, value| {
                filter_values::share(value).map(|share| reading.instructions.filters.advanced.feather_out = Some(share))
            },
        ),
        key(
            "noalpha",
            &[],
            true,
            TRUTH,
            "Drops transparency in every format: what is below is `bgcolor`, or else white.",
            |reading, value| values::truth(value).map(|wanted| reading.instructions.filters.no_alpha = wanted),
        ),
        unsupported(
            "a.oilpainting",
            &[],
            true,
            "Looks like an oil painting.",
            "A toy, and the one filter whose time grows with the square of its radius.",
        ),
        unsupported(
            "a.canny",
            &[],
            true,
            "Draws edges as thin lines.",
            "It follows lines across the whole image, by thresholds that ImageResizer does not document; `a.sobel` shows \
             edges.",
        ),
    ],
};
