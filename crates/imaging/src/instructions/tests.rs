//! Tests of the meaning of querystrings, as tables.

use super::*;

fn parse(query: &str) -> (Instructions, Vec<Ignored>) {
    Instructions::parse(query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
}

/// Queries of one list mean the same. Queries of different lists do not.
#[test]
fn queries_that_mean_the_same_have_the_same_text() {
    let lists: &[&[&str]] = &[
        &[
            "",
            "width=",
            "width=abc",
            "width=0",
            "width=-5",
            "width=100px",
            "width=50.6",
            "mode=crop",
            "scale=down",
            "anchor=middlecenter",
            "zoom=1",
            "zoom=1x",
            "dpr=1",
            "jpeg.quality=90",
            "webp.quality=80",
            "lossless=false",
            "frame=x",
            "ignoreicc=no",
            "ignore_icc_errors=true",
            "quality=abc",
            "bgcolor=nonsense",
            "rotate=0",
            "rotate=360",
            "srotate=44",
            "flip=none",
            "crop=0,0,0,0",
            "crop=none",
            "crop=auto",
            "crop=(-0,0,0,0)",
            "autorotate=true",
            "format=png",
            "process=always",
            "cache=no",
            "utm_source=x",
            "rotate=180&flip=xy",
            "jpeg.progressive=no",
            "stretch=fill",
            "paddingwidth=0&paddingcolor=red",
            "bordercolor=red",
            "shadowcolor=000&shadowoffset=4,4",
            "s.roundcorners=0px,0,0%,0",
            "trim.percentpadding=3",
            "c.zoom=true&c.finalmode=crop",
            "autorotate.default=false",
            "dither=true",
            "dither=4pass",
            "colors=0",
            "png.max_deflate=false",
            "copymetadata=no",
            "dpi=0",
            "dpi=70000",
            "down.filter=lanczos&up.filter=LANCZOS",
            "down.filter=best",
            "down.colorspace=srgb&up.colorspace=gamma",
            "down.window=9",
            "down.blur=1",
            "f.sharpen=0&f.sharpen_when=always",
            "f.ignorealpha=false&fastscale=false",
            "decoder.min_precise_scaling_ratio=0.5",
            "subsampling=420",
            "subsampling=411",
        ],
        &[
            "width=100",
            "w=100",
            "W=100",
            "width= 100 ",
            "width=100&width=200",
            "width=abc&w=100",
            "w=5&width=100",
            "w=5&width=100&w=7",
            "width=100&mode=pad",
            "width=100&mode=none",
            "maxwidth=100&width=300",
            "scale=downscaleonly&width=100",
            "width=100&a.canny=true",
            "width=100&stretch=proportionally",
        ],
        &["maxwidth=100", "mode=crop&maxwidth=100", "maxwidth=100&crop=auto"],
        &[
            "width=100&height=50&mode=crop",
            "H=50&mode=CROP&w=100",
            "w=100&h=50&crop=auto",
        ],
        &[
            "width=100&height=50&mode=stretch",
            "w=100&h=50&stretch=fill",
            "w=100&h=50&mode=carve",
        ],
        &[
            "width=100&height=50",
            "w=100&h=50&mode=pad&stretch=fill",
            "w=100&h=50&mode=pad&crop=auto",
        ],
        &["width=9&scale=canvas", "w=9&scale=upscalecanvas"],
        &[
            "zoom=2",
            "zoom=2x",
            "dpr=2",
            "dppx=2.0",
            "dpr=3&zoom=2",
            "zoom=-1&dpr=2",
            "dppx=4&dpr=2",
            "zoom=2e0",
        ],
        &["anchor=topleft", "anchor=0,0", "anchor=(0, -7)", "anchor=TopLeft"],
        &["anchor=50,50"],
        &[
            "crop=10,20,-30,-40",
            "crop=(10, 20, -30, -40)",
            "crop=10.0,20,-30,-40&cropxunits=0",
        ],
        &[
            "crop=10,20,30,40&cropxunits=100&cropyunits=100",
            "c=10,20,30,40",
            "c=10,20,30,40&crop=1,2,3,4",
        ],
        &["crop=0,20,30,0", "crop=x,20,30,"],
        &["srotate=90", "srotate=450", "srotate=-270", "srotate=91", "srotate=45"],
        &[
            "sflip=x",
            "sflip=h",
            "sourceflip=x",
            "sflip=x&sourceflip=y",
            "srotate=180&sflip=v",
        ],
        &["rotate=90", "rotate=-270", "rotate=270&flip=both"],
        &["rotate=45", "rotate=405", "rotate=-315", "rotate=45.0001"],
        // A mirroring before a rotation turns its sense.
        &["rotate=10&flip=x", "rotate=190&flip=y"],
        &["rotate=10", "rotate=190&flip=xy"],
        &[
            "margin=4",
            "margin=4,4,4,4",
            "margin=(3.6, 4, 4.4, 4)",
            "MARGIN=4&margin=9",
        ],
        &[
            "borderwidth=1,2,3,4&bordercolor=f00",
            "borderwidth=1,2,3,4&bordercolor=red",
        ],
        &[
            "paddingwidth=3&paddingcolor=00f",
            "paddingcolor=blue&paddingwidth=3,3,3,3",
        ],
        &["shadowwidth=5", "shadowwidth=5&shadowoffset=0,0"],
        &["s.roundcorners=20", "s.roundcorners=20%,20,20,20"],
        &["s.roundcorners=20px", "s.roundcorners=20PX,20px,20px,20px"],
        &["s.roundcorners=100", "s.roundcorners=300"],
        &["trim.threshold=80", "trim.threshold=80&trim.percentpadding=0"],
        &[
            "trim.threshold=255&trim.percentpadding=0.5",
            "trim.threshold=999&trim.percentpadding=.5",
        ],
        &[
            "c.focus=1,2",
            "c.focus=(1,2)",
            "c.focus=1,2&c.zoom=false",
            "c.focus=1,2,1,2",
        ],
        &["c.focus=3,4,1,2,5,6,7,8", "c.focus=1,2,7,8"],
        &[
            "bgcolor=red",
            "bgcolor=f00",
            "bgcolor=#f00",
            "bgcolor=#FF0000",
            "bgcolor=ff0000ff",
        ],
        // 80 is WebP's default.
        &[
            "quality=80",
            "quality=20&jpeg.quality=80&webp.quality=80&jxl.quality=80",
        ],
        &["jpeg.quality=80"],
        &[
            "quality=90&webp.quality=90",
            "webp.quality=90&jxl.quality=90",
            "quality=90",
        ],
        &["webp.quality=90"],
        &["quality=20&jpeg.quality=80"],
        &["quality=100", "quality=300", "quality=100&subsampling=444"],
        &["quality=100&subsampling=420"],
        &["subsampling=444"],
        &["subsampling=422"],
        &["webp.lossless=true", "lossless=false&webp.lossless=yes"],
        &["lossless=1", "lossless=yes"],
        &["webp.lossless=true&jxl.lossless=true"],
        &["webp.lossless=preserve"],
        &["lossless=keep", "lossless=preserve"],
        &["frame=3", "page=3", "frame=x&page=3"],
        &["frame=1", "frame=0", "page=-7"],
        &["ignoreicc=true", "ignoreicc=1&ignore_icc_errors=true"],
        &["jpeg.progressive=true", "jpeg.progressive=1", "jpeg.progressive=ON"],
        &[
            "colors=16",
            "colors=16&dither=100",
            "colors=16&dither=250%",
            "COLORS=16&colors=3",
        ],
        &["colors=2", "colors=1"],
        &["colors=256", "colors=5000"],
        &["dither=false", "dither=0", "dither=0%", "dither=off"],
        &["dither=30", "dither=30%", "dither=30.2"],
        &["png.quality=80", "png.quality=80&dither=true"],
        &["png.min_quality=80"],
        &["png.lossless=false"],
        &["png.lossless=keep", "png.lossless=preserve"],
        &["png.max_deflate=true"],
        &["dpi=300"],
        &["copymetadata=true", "copymetadata=1"],
        &["width=9&mode=max", "srcset=9w&mode=crop", "short=9w&width=3"],
        &["down.filter=cubic", "down.filter=Cubic_Fast", "down.filter=cubicfast"],
        &["up.filter=triangle", "up.filter=linear"],
        &[
            "fastscale=true",
            "down.filter=robidoux&up.filter=ginseng",
            "fastscale=1&down.filter=Robidoux",
        ],
        &["fastscale=true&up.filter=lanczos", "down.filter=robidoux"],
        &["down.colorspace=linear", "down.colorspace=LINEAR"],
        &["down.window=2", "down.window=2.0&down.blur=1.0"],
        &["up.blur=1.5"],
        &["f.sharpen=20", "f.sharpen=20.0&f.sharpen_when=downscaling"],
        &["f.sharpen=20&f.sharpen_when=always"],
        &["f.sharpen=100", "f.sharpen=300"],
        &["f.ignorealpha=yes"],
        &["decoder.min_precise_scaling_ratio=2.1"],
    ];
    let mut texts = Vec::new();
    for list in lists {
        let text = parse(list[0]).0.canonical();
        for query in *list {
            assert_eq!(
                parse(query).0.canonical(),
                text,
                "`{query}` and `{}` mean the same",
                list[0]
            );
        }
        assert!(!texts.contains(&text), "`{}` means something of its own", list[0]);
        texts.push(text);
    }
}

#[test]
fn ignored_pairs_are_reported_with_the_reason() {
    let check = |query: &str, expected: &[&str]| {
        let sentences: Vec<String> = parse(query).1.iter().map(ToString::to_string).collect();
        assert_eq!(sentences, expected, "{query}");
    };
    check("width=100&height=&mode", &[]);
    check("widht=100", &["`widht` is no known key; did you mean `width`?"]);
    check("utm_campaign=x", &["`utm_campaign` is no known key"]);
    check(
        "a.Canny=true",
        &[
            "`a.canny` is not supported: It follows lines across the whole image, by thresholds that ImageResizer does not \
             document; `a.sobel` shows edges.",
        ],
    );
    check(
        "accept.Color_Profiles=true",
        &["`accept.color_profiles` is not supported: A result is always sRGB, and needs no profile."],
    );
    check(
        "width=1&WIDTH=2&w=3",
        &[
            "`width=2`: the key has already been given",
            "`w=3`: the key has already been given",
        ],
    );
    check(
        "height=100px&h=7",
        &["`height=100px`: expected a whole number of pixels above 0; did you mean `100`?"],
    );
    check(
        "mode=corp",
        &["`mode=corp`: expected `max`, `pad`, `crop`, `stretch`, `aspectcrop` or `none`; did you mean `crop`?"],
    );
    check(
        "anchor=botomright&bgcolor=redd",
        &[
            "`anchor=botomright`: expected a name such as `topleft` or `middlecenter`, or two percentages; did you mean \
             `bottomright`?",
            "`bgcolor=redd`: expected a CSS colour name or 3, 4, 6 or 8 hexadecimal digits; did you mean `red`?",
        ],
    );
    check(
        "preset=small",
        &["`preset` is read by a plugin, and none of the enabled ones does"],
    );
    check(
        "iefix=true",
        &["`iefix` is not supported: Every browser of today shows a PNG's transparency."],
    );
    check("rotate=left", &["`rotate=left`: expected degrees"]);
    check(
        "margin=1,2,3",
        &["`margin=1,2,3`: expected a width in pixels, or four: left, top, right, bottom"],
    );
    check(
        "paddingheight=3",
        &["`paddingheight` is not supported: ImageResizer reads the key and does not use it."],
    );
    check("crop=1,2,x,4", &["`crop=1,2,x,4`: what is no number was read as 0"]);
    check(
        "down.filter=best&down.window=4&f.sharpen=very",
        &[
            "`down.filter=best`: expected the name of a filter, such as `lanczos`, `robidoux` or `mitchell`",
            "`down.window=4`: expected a number from 0.5 to 3",
            "`f.sharpen=very`: expected a number from 0 to 100",
        ],
    );
    check("crop=1,2,3", &["`crop=1,2,3`: expected four numbers `x1,y1,x2,y2`"]);
    check(
        "zoom=inf&format=heic",
        &[
            "`zoom=inf`: expected a number above 0",
            "`format=heic`: expected `jpg`, `png`, `gif`, `webp`, `jxl`, `auto` or `keep`; other formats cannot be written",
        ],
    );
}

#[test]
fn directives_are_read() {
    let check = |query: &str, process: Process, cache: CacheDirective| {
        let (instructions, _) = parse(query);
        assert_eq!(
            (instructions.process(), instructions.cache()),
            (process, cache),
            "{query}"
        );
    };
    check("width=1", Process::Default, CacheDirective::Default);
    check("process=ALWAYS&cache=no", Process::Always, CacheDirective::No);
    check("process=no&cache=always", Process::No, CacheDirective::Always);
    check("useresizingpipeline=1", Process::Always, CacheDirective::Default);
    check("useresizingpipeline=1&process=no", Process::No, CacheDirective::Default);
    check("process=sometimes", Process::Default, CacheDirective::Default);
}

/// Imageflow's rule: without a width or height the mode is `max`.
#[test]
fn mode_without_a_size_is_max() {
    let check = |query: &str, expected: Mode| assert_eq!(parse(query).0.effective_mode(), expected, "{query}");
    check("", Mode::Max);
    check("maxwidth=10&mode=crop", Mode::Max);
    check("width=10", Mode::Pad);
    check("height=10&mode=max", Mode::Max);
    check("width=10&crop=auto", Mode::Crop);
    check("width=10&crop=auto&mode=stretch", Mode::Stretch);
    check("width=10&crop=auto&stretch=fill", Mode::Stretch);
}
