//! Tests of the meaning of the filters' keys, as tables.

use crate::{Ignored, Instructions};

fn parse(query: &str) -> (Instructions, Vec<Ignored>) {
    Instructions::parse(query.split('&').filter_map(|pair| pair.split_once('=')))
}

/// Queries of one list mean the same. Queries of different lists do not.
#[test]
fn queries_that_mean_the_same_have_the_same_text() {
    let lists: &[&[&str]] = &[
        &[
            "",
            "s.grayscale=false",
            "s.grayscale=sometimes",
            "s.sepia=no",
            "s.invert=0",
            "s.shift=transparent",
            "s.shift=ff000000",
            "s.alpha=1",
            "s.alpha=7",
            "s.brightness=0",
            "s.brightness=-0",
            "s.contrast=x",
            "s.saturation=0.0",
            "s.overlay=f000",
            "filter=",
            "filter=alpha(1)",
            "filter=brightness",
            "a.blur=0",
            "a.blur=-3",
            "a.radiusunits=100",
            "a.removenoise=0",
            "a.removenoise=false",
            "a.threshold=100",
            "a.balancewhite=false",
            "a.posterize=1",
            "a.posterize=0",
            "a.truncate=true",
            "a.featherin=0.5",
            "a.featheredges=10&a.featherout=1",
            "noalpha=false",
            "a.canny=true&a.oilpainting=3",
        ],
        &[
            "s.grayscale=true",
            "s.grayscale=Y",
            "S.GrayScale=ntsc",
            "s.grayscale=on",
        ],
        &["s.grayscale=flat", "filter=grayscale", "filter=Grayscale()"],
        &["s.grayscale=ry", "s.grayscale=ry&filter=grayscale"],
        &["s.sepia=true", "filter=sepia", "s.sepia=1&filter=sepia"],
        &["a.sepia=true"],
        &["s.shift=ff000080", "s.shift=#FF000080"],
        &[
            "s.alpha=0.5",
            "s.alpha=.5",
            "filter=alpha(.5)",
            "filter=alpha(0.9)&s.alpha=0.5",
        ],
        &["s.alpha=0", "s.alpha=-1"],
        &["s.brightness=1", "s.brightness=5", "filter=brightness(1)"],
        &["s.contrast=2", "s.contrast=2.0"],
        &["s.saturation=-1", "s.saturation=-3"],
        &[
            "a.blur=5",
            "blur=5",
            "blur=7&a.blur=5",
            "a.blur=0.5&a.radiusunits=100",
            "a.blur=5&a.truncate=true",
        ],
        &["a.sharpen=5", "sharpen=5"],
        &["a.removenoise=true", "a.removenoise=yes"],
        &["a.removenoise=1"],
        &["a.sobel=true"],
        &["a.sobel=true&a.threshold=255", "a.threshold=300&a.sobel=1"],
        &["a.balancewhite=true", "a.balancewhite=area", "a.balancethreshold=0.6"],
        &["a.balancewhite=simple", "a.balancewhite=simple&a.balancethreshold=0.06"],
        &["a.balancewhite=simple&a.balancethreshold=0.6"],
        &["a.posterize=255", "a.posterize=1000"],
        &["a.saturation=0.5", "a.saturation=0.5&a.truncate=true"],
        &["a.saturation=-0.5"],
        &["a.saturation=-0.5&a.truncate=true"],
        &["a.featheredges=10", "a.featheredges=10&a.featherin=1&a.featherout=0"],
        &["noalpha=true"],
    ];
    let mut texts = Vec::new();
    for list in lists {
        let text = parse(list[0]).0.canonical();
        for query in *list {
            let (instructions, _) = parse(query);
            assert_eq!(instructions.canonical(), text, "`{query}` and `{}`", list[0]);
            assert_eq!(instructions.filters.is_none(), text.is_empty(), "`{query}`");
        }
        assert!(!texts.contains(&text), "`{}` means something of its own", list[0]);
        texts.push(text);
    }
}

#[test]
fn invalid_values_are_reported() {
    let check = |query: &str, expected: &str| {
        let sentences: Vec<String> = parse(query).1.iter().map(ToString::to_string).collect();
        // The nearest valid value may follow.
        let is_told = |sentence: &String| sentence.starts_with(expected);
        assert!(
            sentences.len() == 1 && sentences.iter().all(is_told),
            "{query}: {sentences:?}"
        );
    };
    check(
        "s.grayscale=gray",
        "`s.grayscale=gray`: expected `true`, `y`, `ntsc`, `ry`, `bt709`, `flat` or `false`",
    );
    check("s.alpha=half", "`s.alpha=half`: expected a number from 0 to 1");
    check("s.brightness=nan", "`s.brightness=nan`: expected a number from -1 to 1");
    check(
        "filter=blur(3)",
        "`filter=blur(3)`: expected `grayscale`, `sepia`, `alpha(0.5)` or `brightness(0.2)`",
    );
    check("a.blur=wide", "`a.blur=wide`: expected a number above 0");
    check(
        "a.removenoise=-1",
        "`a.removenoise=-1`: expected `true` or a number above 0",
    );
    check(
        "a.balancewhite=colour",
        "`a.balancewhite=colour`: expected `true`, `area`, `simple`, `gimp` or `false`",
    );
    check(
        "a.posterize=2.5",
        "`a.posterize=2.5`: expected a whole number from 1 to 255",
    );
}
