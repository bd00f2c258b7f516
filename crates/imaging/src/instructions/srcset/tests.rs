//! Tests of the short syntax: each value means what the spelled-out query means.

use crate::{Ignored, Instructions};

fn parse(query: &str) -> (Instructions, Vec<Ignored>) {
    Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')))
}

/// The rows of the syntax that every key of this build understands. No pair of either query is ignored.
#[test]
fn short_value_means_what_the_long_query_means() {
    let check = |short: &str, long: &str| {
        let ((short_read, short_ignored), (long_read, long_ignored)) = (parse(short), parse(long));
        assert_eq!(short_ignored, [], "{short}");
        assert_eq!(long_ignored, [], "{long}");
        assert_eq!(short_read, long_read, "`{short}` and `{long}`");
    };
    check("srcset=100w", "width=100&mode=max");
    check("short=100w", "width=100&mode=max");
    check("srcset=99.5w,40.4h", "width=100&height=40&mode=max");
    check("srcset= 100W , 50H ", "width=100&height=50&mode=max");
    check("srcset=100w,,50h,", "width=100&height=50&mode=max");
    check("srcset=2x", "zoom=2&mode=max");
    check("srcset=2.5x,100w", "zoom=2.5&width=100&mode=max");
    check("srcset=100w,upscale", "width=100&scale=both&mode=max");
    for (fit, mode) in [
        ("pad", "pad"),
        ("crop", "crop"),
        ("cover", "crop"),
        ("max", "max"),
        ("scale", "max"),
        ("contain", "max"),
        ("distort", "stretch"),
        ("fill", "stretch"),
    ] {
        check(
            &format!("srcset=100w,100h,fit-{fit}"),
            &format!("width=100&height=100&mode={mode}"),
        );
        // The place of the fit does not matter.
        check(
            &format!("srcset=fit-{fit},100w,100h"),
            &format!("width=100&height=100&mode={mode}"),
        );
    }
    check("srcset=crop-20-30-90-100", "c=20,30,90,100&mode=max");
    check("srcset=crop-20.5-0-90-100,fit-crop", "c=20.5,0,90,100&mode=crop");
    check("srcset=webp", "format=webp&mode=max");
    check("srcset=webp-70", "format=webp&webp.quality=70&mode=max");
    check("srcset=webp-q70.9", "format=webp&webp.quality=70&mode=max");
    check("srcset=webp-lossless", "format=webp&webp.lossless=true&mode=max");
    check("srcset=webp-l", "format=webp&webp.lossless=true&mode=max");
    check(
        "srcset=webp-lossy-60",
        "format=webp&webp.lossless=false&webp.quality=60&mode=max",
    );
    check(
        "srcset=webp-keep-50",
        "format=webp&webp.lossless=keep&webp.quality=50&mode=max",
    );
    check("srcset=jpeg-80", "format=jpg&jpeg.quality=80&mode=max");
    check(
        "srcset=jpg-80-progressive",
        "format=jpg&jpeg.quality=80&jpeg.progressive=true&mode=max",
    );
    check("srcset=jpeg-baseline&jpeg.progressive=true", "format=jpg&mode=max");
    check("srcset=png", "format=png&mode=max");
    check("srcset=png-90", "format=png&png.quality=90&mode=max");
    check("srcset=png-lossless", "format=png&png.lossless=true&mode=max");
    check("srcset=png-mq20", "format=png&png.min_quality=20&mode=max");
    check(
        "srcset=png-90-mq20",
        "format=png&png.quality=90&png.min_quality=20&mode=max",
    );
    check("srcset=gif,100w", "format=gif&width=100&mode=max");
    check("srcset=auto", "format=auto&mode=max");
    check("srcset=keep", "format=keep&mode=max");
    check("srcset=lossless,webp", "format=webp&lossless=true&mode=max");
    check("srcset=lossy", "lossless=false&mode=max");
    check("srcset=auto-lossless", "format=auto&lossless=true&mode=max");
}

/// The short syntax is applied last, wherever it stands.
#[test]
fn short_value_overrides_other_keys() {
    let check = |short: &str, long: &str| assert_eq!(parse(short).0, parse(long).0, "`{short}` and `{long}`");
    for query in [
        "width=7&format=png&webp.quality=3&mode=crop&srcset=webp-70,100w",
        "srcset=webp-70,100w&width=7&format=png&webp.quality=3&mode=crop",
        "w=7&srcset=webp-70,100w&thumbnail=png&webp.quality=3&mode=crop",
    ] {
        check(query, "width=100&format=webp&webp.quality=70&mode=max");
    }
    check("height=9&srcset=100w", "width=100&height=9&mode=max");
    check("c=1,2,3,4&srcset=crop-10-10-90-90", "c=10,10,90,90&mode=max");
    check("srcset=100w&short=200w", "width=100&mode=max");
    // The later of two commands for one key counts.
    check("srcset=100w,200w", "width=200&mode=max");
}

#[test]
fn unreadable_command_is_told_and_the_others_count() {
    let check = |short: &str, long: &str, told: &str| {
        let (read, ignored) = parse(short);
        assert_eq!(read, parse(long).0, "`{short}` and `{long}`");
        let [ignored] = &ignored[..] else {
            panic!("{short}: {ignored:?}")
        };
        let text = ignored.to_string();
        assert!(text.contains(told), "{told} in: {text}");
    };
    check(
        "srcset=100w,blurry",
        "width=100&mode=max",
        "`blurry`: expected commands",
    );
    check("srcset=100px", "", "`100px`");
    check("srcset=xw", "", "`xw`: expected a number");
    check("srcset=nanw,5h", "height=5&mode=max", "`nanw`: expected a number");
    check(
        "srcset=0w,5h",
        "height=5&mode=max",
        "`0w`: expected a whole number of pixels above 0",
    );
    check("srcset=fit,5h", "height=5&mode=max", "`fit`: expected `fit-pad`");
    check(
        "srcset=fit-corp,5h",
        "height=5&mode=max",
        "`fit-corp`: expected `fit-pad`",
    );
    check("srcset=crop-1-2-3,5h", "height=5&mode=max", "expected four percentages");
    check("srcset=sharpen,5h", "height=5&mode=max", "expected a percentage");
    check(
        "srcset=webp-70-fast,5h",
        "format=webp&webp.quality=70&height=5&mode=max",
        "`webp-70-fast`: expected a quality",
    );
    check(
        "srcset=webp-progressive",
        "format=webp&mode=max",
        "expected a quality, `lossless`",
    );
    check("srcset=gif-80", "format=gif&mode=max", "expected nothing behind `gif`");
    check(
        "srcset=5w-9,5h",
        "width=5&height=5&mode=max",
        "`5w-9`: more is given than the command takes",
    );
    check(
        "srcset=fit-pad,fit-crop,5h",
        "height=5&mode=crop",
        "the last one of several fits",
    );
    check(
        "srcset=webp,png",
        "format=png&mode=max",
        "the last one of several formats",
    );
    check("srcset=,", "", "expected commands");
    check("srcset=ä-é,5h", "height=5&mode=max", "`ä-é`: expected commands");
}
