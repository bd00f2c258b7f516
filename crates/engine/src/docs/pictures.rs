//! Pictures of the querystring page: the commands that one must see, each with the sample that shows it.
//!
//! `querystring_page` lays them under the table of their group. The tests render them through the pipeline, from
//! `samples/` into `docs/pictures/`, and compare them with those that are committed.

use std::fmt::Write as _;

/// Pictures of one sample, which differ in a few commands.
#[derive(Debug)]
#[non_exhaustive]
pub struct PictureRow {
    /// The heading of the group of keys.
    pub group: &'static str,
    /// The file in `samples/`.
    pub sample: &'static str,
    /// The commands that all pictures of the row share.
    pub common: &'static str,
    /// The name of each picture's file in `docs/pictures/`, and its own commands. The ending decides the format.
    pub pictures: &'static [(&'static str, &'static str)],
}

impl PictureRow {
    /// The whole querystring of a picture of this row.
    #[must_use]
    pub fn query(&self, (file, own): (&str, &str)) -> String {
        let (_, ending) = file.rsplit_once('.').unwrap_or((file, "jpg"));
        [self.common, own, "format="]
            .iter()
            .filter(|part| !part.is_empty())
            .copied()
            .collect::<Vec<_>>()
            .join("&")
            + ending
    }
}

const fn row(
    group: &'static str,
    sample: &'static str,
    common: &'static str,
    pictures: &'static [(&'static str, &'static str)],
) -> PictureRow {
    PictureRow {
        group,
        sample,
        common,
        pictures,
    }
}

const GEOMETRY: &str = "Size, cutting and turning";
const DECORATION: &str = "Background, padding, borders and corners";
const FILTERS: &str = "Colours and filters";
const SCALING: &str = "Scaling";
const OUTPUT: &str = "Format and quality";

/// A part of the lake with trees, rock and sky in it.
const DETAIL: &str = "crop=1040,160,1760,640&width=180";

/// All pictures, in the order of the page.
pub static PICTURES: &[PictureRow] = &[
    row(
        GEOMETRY,
        "lake.jpg",
        "width=180&height=180",
        &[
            ("mode-max.jpg", "mode=max"),
            ("mode-pad.jpg", "mode=pad&bgcolor=khaki"),
            ("mode-crop.jpg", "mode=crop"),
            ("mode-stretch.jpg", "mode=stretch"),
        ],
    ),
    row(
        GEOMETRY,
        "lake.jpg",
        "width=180&height=180&mode=crop",
        &[
            ("anchor-topleft.jpg", "anchor=topleft"),
            ("anchor-middlecenter.jpg", "anchor=middlecenter"),
            ("anchor-bottomright.jpg", "anchor=bottomright"),
            ("anchor-percent.jpg", "anchor=80,50"),
        ],
    ),
    row(
        GEOMETRY,
        "lake.jpg",
        "crop=1140,180,1240,280&width=180&height=180&bgcolor=khaki",
        &[
            ("scale-down.jpg", "scale=down"),
            ("scale-both.jpg", "scale=both"),
            ("scale-canvas.jpg", "scale=canvas"),
        ],
    ),
    row(
        GEOMETRY,
        "lake.jpg",
        "width=180",
        &[
            ("crop.jpg", "crop=700,150,1800,900"),
            ("rotate-90.jpg", "rotate=90"),
            ("rotate-20.jpg", "rotate=20&bgcolor=khaki"),
            ("flip-x.jpg", "flip=x"),
        ],
    ),
    row(
        GEOMETRY,
        "mark.png",
        "width=180&bgcolor=white",
        &[
            ("trim-before.jpg", ""),
            ("trim.jpg", "trim.threshold=80"),
            ("trim-padding.jpg", "trim.threshold=80&trim.percentpadding=5"),
        ],
    ),
    row(
        DECORATION,
        "lake.jpg",
        "width=180",
        &[
            ("padding.jpg", "paddingwidth=8&paddingcolor=khaki"),
            ("border.jpg", "borderwidth=4&bordercolor=maroon"),
            (
                "rings.jpg",
                "paddingwidth=8&paddingcolor=khaki&borderwidth=4&bordercolor=maroon&margin=8",
            ),
            ("shadow.jpg", "shadowwidth=12&shadowoffset=4,4&shadowcolor=00000080"),
        ],
    ),
    row(
        DECORATION,
        "lake.jpg",
        "width=180",
        &[
            ("corners.png", "s.roundcorners=20"),
            ("corners-each.png", "s.roundcorners=0,60,0,60"),
            ("corners-background.jpg", "s.roundcorners=20&bgcolor=khaki"),
        ],
    ),
    row(
        FILTERS,
        "lake.jpg",
        DETAIL,
        &[
            ("filter-none.jpg", ""),
            ("grayscale.jpg", "s.grayscale=true"),
            ("sepia.jpg", "s.sepia=true"),
            ("invert.jpg", "s.invert=true"),
        ],
    ),
    row(
        FILTERS,
        "lake.jpg",
        DETAIL,
        &[
            ("brightness.jpg", "s.brightness=0.3"),
            ("contrast.jpg", "s.contrast=0.5"),
            ("saturation.jpg", "s.saturation=0.8"),
            ("alpha.png", "s.alpha=0.4"),
        ],
    ),
    row(
        FILTERS,
        "lake.jpg",
        DETAIL,
        &[
            ("blur.jpg", "a.blur=3"),
            ("sharpen.jpg", "a.sharpen=8"),
            ("removenoise.jpg", "a.removenoise=4"),
            ("posterize.jpg", "a.posterize=5"),
        ],
    ),
    row(
        FILTERS,
        "lake.jpg",
        DETAIL,
        &[
            ("balancewhite.jpg", "a.balancewhite=true"),
            ("equalize.jpg", "a.equalize=true"),
            ("shift.jpg", "s.shift=c0400060"),
            ("overlay.jpg", "s.overlay=ff800060"),
        ],
    ),
    row(
        SCALING,
        "lake.jpg",
        "crop=2330,440,2390,480&width=180&scale=both",
        &[
            ("up-lanczos.jpg", "up.filter=lanczos"),
            ("up-cubic.jpg", "up.filter=cubic"),
            ("up-triangle.jpg", "up.filter=triangle"),
            ("up-box.jpg", "up.filter=box"),
        ],
    ),
    row(
        SCALING,
        "lake.jpg",
        "crop=0,560,1000,1227&width=180",
        &[
            ("down-default.jpg", ""),
            ("down-box.jpg", "down.filter=box"),
            ("down-linear.jpg", "down.colorspace=linear"),
            ("down-sharpen.jpg", "f.sharpen=50"),
        ],
    ),
    row(
        OUTPUT,
        "lake.jpg",
        DETAIL,
        &[
            ("quality-80.jpg", "quality=80"),
            ("quality-20.jpg", "quality=20"),
            ("colors-8.png", "colors=8&dither=false"),
            ("colors-8-dither.png", "colors=8&dither=true"),
        ],
    ),
];

/// The pictures of a group, each above its commands.
pub(super) fn section(group: &str) -> String {
    let mut text = String::new();
    for row in PICTURES.iter().filter(|row| row.group == group) {
        let common = if row.common.is_empty() {
            String::new()
        } else {
            format!("?{}", row.common)
        };
        _ = writeln!(text, "\n`{}{common}`, and:\n", row.sample);
        for (file, own) in row.pictures {
            _ = write!(text, "| ![{}](pictures/{file}) ", alternative(own));
        }
        _ = writeln!(text, "|\n{}|", "|---".repeat(row.pictures.len()));
        for (_, own) in row.pictures {
            _ = write!(
                text,
                "| {} ",
                if own.is_empty() {
                    "nothing more".to_owned()
                } else {
                    format!("`{own}`")
                }
            );
        }
        _ = writeln!(text, "|");
    }
    text
}

/// The text that stands for a picture where pictures are not shown.
fn alternative(own: &str) -> &str {
    if own.is_empty() { "nothing more" } else { own }
}
