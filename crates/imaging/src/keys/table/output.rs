//! Keys of the output: its format and quality, its frames, profile and metadata.

use super::{Group, key, not_yet, unsupported};
use crate::instructions::{Subsampling, output, values};

pub(super) static GROUP: Group = Group {
    title: "Format and quality",
    keys: &[
        key(
            "format",
            &["thumbnail"],
            true,
            "`jpg` (also `jpeg`, `jpe`, `jif`, `jfif`, `jfi`, `exif`), `png`, `gif`, `webp`; `auto` and `keep` are the \
             default",
            "The format of the result. Without it the source's format is kept if it can be written; everything else \
             becomes JPEG. GIF and WebP keep an animation; the other formats show its first frame.",
            |reading, value| values::format(value).map(|format| reading.instructions.format = format),
        ),
        key(
            "quality",
            &[],
            true,
            "0 to 100, default 90, for WebP 80; more counts as 100",
            "The quality of formats that lose some: larger is better and bigger. Above 90, JPEG keeps colour at full \
             resolution.",
            |reading, value| values::quality(value).map(|quality| reading.instructions.quality = Some(quality)),
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
            "Like `webp.lossless`, which beats it. A PNG has `png.lossless`.",
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
            |reading, value| output::dither(value).map(|percent| reading.instructions.output.dither = Some(percent)),
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
            "Copies EXIF, XMP and IPTC data of a JPEG, PNG or WebP into a JPEG, PNG or WebP (IPTC from JPEG to JPEG only). \
             The orientation is set to upright, and a thumbnail is left out. The server's setting `metadata` may force or \
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
        not_yet("avif.quality", &[], true, "Quality of AVIF."),
        not_yet("avif.speed", &[], true, "Speed of AVIF encoding."),
        not_yet("jxl.quality", &[], true, "Quality of JPEG XL."),
        not_yet("jxl.distance", &[], true, "Quality of JPEG XL as a distance."),
        not_yet("jxl.effort", &[], true, "Effort of JPEG XL encoding."),
        not_yet("jxl.lossless", &[], true, "Lossless JPEG XL."),
        not_yet("qp", &[], true, "A quality profile for all formats."),
        not_yet(
            "qp.dpr",
            &["qp.dppx"],
            true,
            "The pixel density a quality profile is meant for.",
        ),
        not_yet("accept.webp", &[], true, "Lets `format=auto` choose WebP."),
        not_yet("accept.avif", &[], true, "Lets `format=auto` choose AVIF."),
        not_yet("accept.jxl", &[], true, "Lets `format=auto` choose JPEG XL."),
        not_yet(
            "accept.color_profiles",
            &[],
            true,
            "Lets the result carry a colour profile.",
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
