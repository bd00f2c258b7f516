//! Keys of the output: its format and quality, its frames, profile and metadata.

use super::{Group, key, unsupported};
use crate::instructions::{Subsampling, avif, jpeg_xl, output, quality_profile, values};

pub(super) static GROUP: Group = Group {
    title: "Format and quality",
    keys: &[
        key(
            "format",
            &["thumbnail"],
            true,
            "`jpg` (also `jpeg`, `jpe`, `jif`, `jfif`, `jfi`, `exif`), `png`, `gif`, `webp`, `jxl` \
             (also `jpegxl`), `avif` in builds with that feature; `auto`, `keep` (default)",
            "The format of the result. Without it, and with `keep`, the source's format is kept if it can be written; \
             everything else becomes JPEG. With `auto` it is what suits the client and the image: see \
             [which format](which-format.md). The server's setting `negotiate` may turn that off, or on for URLs without \
             a format. GIF and WebP keep an animation; the other formats show its first frame.",
            |reading, value| values::format(value).map(|format| reading.instructions.format = format),
        ),
        key(
            "accept.webp",
            &[],
            true,
            "a truth value",
            "Says whether the client takes WebP, for `format=auto`. Once the query has one of the keys `accept.*`, the \
             header `Accept` is not looked at.",
            |reading, value| {
                values::truth(value).map(|on| reading.instructions.output.accepted.get_or_insert_default().webp = on)
            },
        ),
        key(
            "accept.jxl",
            &[],
            true,
            "a truth value",
            "Says whether the client takes JPEG XL, like `accept.webp`.",
            |reading, value| {
                values::truth(value).map(|on| reading.instructions.output.accepted.get_or_insert_default().jpeg_xl = on)
            },
        ),
        key(
            "accept.avif",
            &[],
            true,
            "a truth value",
            "Says whether the client takes AVIF, like `accept.webp`. No result is AVIF yet, so that only the header \
             is left out.",
            |reading, value| {
                values::truth(value).map(|_| {
                    reading.instructions.output.accepted.get_or_insert_default();
                })
            },
        ),
        key(
            "quality",
            &[],
            true,
            "0 to 100, default 90, for WebP 80, for JPEG XL 84; more counts as 100",
            "The quality of formats that lose some: larger is better and bigger. Above 90, JPEG keeps colour at full \
             resolution.",
            |reading, value| values::quality(value).map(|quality| reading.instructions.quality = Some(quality)),
        ),
        key(
            "qp",
            &[],
            true,
            "`lowest`, `low`, `medium-low`, `medium`, `good` (also `medium-high`), `high`, `highest`, `lossless`; or 0 to 100",
            "A quality that looks the same in JPEG, WebP and JPEG XL: see [which format](which-format.md). It goes before \
             the qualities and distances of single formats, and without a `format` it means `format=auto`. A PNG keeps all \
             its colours.",
            |reading, value| {
                quality_profile::profile(value).map(|profile| reading.instructions.output.profile = Some(profile))
            },
        ),
        key(
            "qp.dpr",
            &["qp.dppx"],
            true,
            "a number above 0, such as `2` or `2x`",
            "The density of the screen that `qp` is for. At 3 nothing changes; below 3 more quality is kept, and above less.",
            |reading, value| {
                quality_profile::density(value)
                    .map(|density| reading.instructions.output.profile_density = Some(density))
            },
        ),
        key(
            "max_bytes",
            &["maxbytes"],
            true,
            "a whole number above 0",
            "The most bytes of a JPEG, a lossy WebP or a lossy JPEG XL. If the image is longer, its quality is lowered as far \
             as it has to be, in up to eight attempts; an image that does not fit at the lowest quality is sent at that. \
             Animations and lossless images are not bounded, and copied metadata comes on top.",
            |reading, value| output::max_bytes(value).map(|bytes| reading.instructions.output.max_bytes = Some(bytes)),
        ),
        key(
            "jpeg.quality",
            &[],
            true,
            "0 to 100",
            "Like `quality`, for JPEG only, and stronger.",
            |reading, value| values::quality(value).map(|quality| reading.instructions.jpeg_quality = Some(quality)),
        ),
        key(
            "jpeg.progressive",
            &[],
            true,
            "a truth value, default false",
            "Writes a progressive JPEG. Baseline, the default, takes less memory to make and to show.",
            |reading, value| values::truth(value).map(|on| reading.instructions.jpeg_progressive = on),
        ),
        key(
            "subsampling",
            &[],
            true,
            "`420`, `422`, `444`; default `420` up to quality 90, `444` above",
            "The resolution of colour in a JPEG: half of it both ways, half of it from left to right, or all of it.",
            |reading, value| {
                Subsampling::parse(value).map(|subsampling| reading.instructions.subsampling = Some(subsampling))
            },
        ),
        key(
            "webp.quality",
            &[],
            true,
            "0 to 100",
            "Like `quality`, for WebP only, and stronger.",
            |reading, value| values::quality(value).map(|quality| reading.instructions.webp_quality = Some(quality)),
        ),
        key(
            "webp.lossless",
            &[],
            true,
            "`true`, `false` (default), `keep`",
            "Writes lossless WebP; `keep` does so if the source is lossless.",
            |reading, value| {
                values::lossless(value).map(|lossless| reading.instructions.webp_lossless = Some(lossless))
            },
        ),
        key(
            "jxl.quality",
            &[],
            true,
            "0 to 100",
            "Like `quality`, for JPEG XL only, and stronger. It is turned into a distance as libjxl's tools do: 90 is 1, \
             80 is 1.9.",
            |reading, value| {
                values::quality(value).map(|quality| reading.instructions.output.jxl.quality = Some(quality))
            },
        ),
        key(
            "jxl.distance",
            &[],
            true,
            "0 to 25",
            "The quality of a JPEG XL as a distance, stronger than `jxl.quality`: at 1 the difference is just noticeable, \
             and 0 is lossless.",
            |reading, value| {
                jpeg_xl::distance(value).map(|distance| reading.instructions.output.jxl.distance = Some(distance))
            },
        ),
        key(
            "jxl.effort",
            &[],
            true,
            "1 to 9, default 3",
            "How long the encoder of JPEG XL searches. 1 is fast; from 4 on a few percent of the bytes are saved for two to \
             five times as long. Large lossy images take less effort than is asked for.",
            |reading, value| jpeg_xl::effort(value).map(|effort| reading.instructions.output.jxl.effort = Some(effort)),
        ),
        key(
            "jxl.lossless",
            &[],
            true,
            "`true`, `false` (default), `keep`",
            "Writes lossless JPEG XL; `keep` does so if the source is lossless.",
            |reading, value| {
                values::lossless(value).map(|lossless| reading.instructions.output.jxl.lossless = Some(lossless))
            },
        ),
        key(
            "webp.exact",
            &[],
            false,
            "a truth value, default false",
            "Keeps the colours of fully transparent pixels in a lossless WebP, which nobody sees and which take bytes.",
            |reading, value| values::truth(value).map(|on| reading.instructions.webp_exact = on),
        ),
        key(
            "lossless",
            &[],
            true,
            "`true`, `false` (default), `keep`",
            "Like `webp.lossless` and `jxl.lossless`, which beat it. A PNG has `png.lossless`.",
            |reading, value| values::lossless(value).map(|lossless| reading.instructions.lossless = Some(lossless)),
        ),
        key(
            "frame",
            &["page"],
            true,
            "a whole number, 1 is the first; beyond the last it means the last",
            "Takes one frame of an animation, or one page of a TIFF. Without it an animation stays whole where the format \
             of the result can move, and its first frame is taken elsewhere.",
            |reading, value| values::frame(value).map(|frame| reading.instructions.frame = Some(frame)),
        ),
        key(
            "ignoreicc",
            &[],
            false,
            "a truth value, default false",
            "Takes the source's numbers for sRGB, whatever its colour profile says.",
            |reading, value| values::truth(value).map(|on| reading.instructions.ignore_profile = on),
        ),
        key(
            "ignore_icc_errors",
            &[],
            false,
            "a truth value",
            "A damaged colour profile is always ignored; the key changes nothing.",
            |_, value| values::truth(value).map(drop),
        ),
        unsupported(
            "jpeg.turbo",
            &[],
            true,
            "Faster, larger JPEG.",
            "There is one JPEG encoder, which always computes its own Huffman codes.",
        ),
        unsupported(
            "jpeg.li",
            &[],
            true,
            "JPEG in the manner of jpegli.",
            "Imageflow encodes as without it, too.",
        ),
        key(
            "colors",
            &[],
            true,
            "2 to 256; less counts as 2, more as 256",
            "The most colours of a GIF or PNG, the transparent one included. A PNG is then written with a palette, in which \
             a pixel is transparent or opaque.",
            |reading, value| output::colors(value).map(|colors| reading.instructions.output.colors = Some(colors)),
        ),
        key(
            "dither",
            &[],
            true,
            "`true` (default), `false`, `4pass`, or a percentage",
            "How much of the difference between a pixel and its palette colour is carried on to the pixels after it, where \
             there are more colours than a palette holds: 0 makes even areas with visible borders, and 100, the default, a \
             fine grain. `4pass` is the default.",
            |reading, value| {
                output::dither(reading.instructions.compat, value)
                    .map(|percent| reading.instructions.output.dither = Some(percent))
            },
        ),
        key(
            "png.quality",
            &[],
            true,
            "0 to 100",
            "Writes a PNG with a palette of as few colours as reach this quality: 16, 32, 64, 128, or 256 (or `colors`). \
             At 20 the mean difference is about what one can just see. An image with half transparent pixels keeps \
             all its colours, unless `colors` is given.",
            |reading, value| {
                values::quality(value).map(|quality| reading.instructions.output.png_quality = Some(quality))
            },
        ),
        key(
            "png.min_quality",
            &[],
            true,
            "0 to 100, default 0",
            "Writes a PNG with a palette if the palette reaches at least this quality. Otherwise the PNG keeps all its \
             colours.",
            |reading, value| {
                values::quality(value).map(|quality| reading.instructions.output.png_min_quality = Some(quality))
            },
        ),
        key(
            "png.lossless",
            &[],
            true,
            "`true`, `false`, `keep`; default `false` with `png.quality`, `png.min_quality` or `colors`, else `true`",
            "Whether a PNG keeps all its colours; `keep` does so if the source is lossless.",
            |reading, value| {
                values::lossless(value).map(|lossless| reading.instructions.output.png_lossless = Some(lossless))
            },
        ),
        key(
            "png.max_deflate",
            &[],
            true,
            "a truth value, default false",
            "Compresses a PNG ten times as long, for a few percent fewer bytes.",
            |reading, value| values::truth(value).map(|on| reading.instructions.output.png_max_deflate = on),
        ),
        key(
            "dpi",
            &[],
            true,
            "dots an inch, 1 to 65535",
            "The density that is written into a JPEG or PNG, for programs that print. The pixels stay the same.",
            |reading, value| output::dpi(value).map(|dpi| reading.instructions.output.dpi = Some(dpi)),
        ),
        key(
            "copymetadata",
            &[],
            true,
            "a truth value, default false",
            "Copies EXIF, XMP and IPTC data of a JPEG, PNG, WebP or JPEG XL into a result in one of these formats (IPTC \
             from JPEG to JPEG only). The orientation is set to upright, and a thumbnail is left out. The server's setting `metadata` may force or \
             forbid it.",
            |reading, value| values::truth(value).map(|on| reading.instructions.output.copy_metadata = on),
        ),
        unsupported(
            "preservepalette",
            &[],
            true,
            "Keeps the palette of the source.",
            "Scaling mixes colours that the source's palette lacks; a palette of up to 256 colours is chosen for the result.",
        ),
        unsupported(
            "png.quantization_speed",
            &[],
            true,
            "Speed of finding a palette for PNG.",
            "There is one way of finding a palette, and it takes some milliseconds.",
        ),
        unsupported(
            "png.libpng",
            &[],
            true,
            "Another PNG encoder.",
            "There is one PNG encoder.",
        ),
        key(
            "avif.quality",
            &[],
            true,
            "0 to 100",
            "Like `quality`, for AVIF only, in the scale of its encoder: `quality=80` is 60 here.",
            |reading, value| {
                values::quality(value).map(|quality| reading.instructions.output.avif_quality = Some(quality))
            },
        ),
        key(
            "avif.speed",
            &[],
            true,
            "0 to 10, default 9",
            "How little time the encoder of AVIF takes. 10 takes half as long for 5 to 15 % more bytes; 0 to 5 count as 6.",
            |reading, value| avif::speed(value).map(|speed| reading.instructions.output.avif_speed = Some(speed)),
        ),
        unsupported(
            "accept.color_profiles",
            &[],
            true,
            "Lets the result carry a colour profile.",
            "A result is always sRGB, and needs no profile.",
        ),
        unsupported(
            "iefix",
            &[],
            true,
            "PNG as GIF for Internet Explorer 6.",
            "Every browser of today shows a PNG's transparency.",
        ),
    ],
};
