//! Sources of `bench pixels` and `bench http`: the photographs of a folder that the environment names, or else pictures
//! made from the samples. The project carries no photographs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::sharp::Sharp;
use crate::command::run;
use crate::workspace;

/// The variable with the folder. It holds a file of each name in [`MADE`].
const CORPUS: &str = "PIXELS_CORPUS";

const JPEG: &str = r#""format":"jpeg","output":{"quality":90}"#;
const JPEG_444: &str = r#""format":"jpeg","output":{"quality":90,"chromaSubsampling":"4:4:4"}"#;
const PROGRESSIVE: &str = r#""format":"jpeg","output":{"quality":90,"progressive":true}"#;

/// Stand-ins for the photographs: name, sample, width and height, strength of the grain, format with its options.
/// `bark` has detail everywhere, `koi` has little, and `car` has sharp edges.
const MADE: [(&str, &str, [u32; 2], u32, &str); 14] = [
    ("p12_bark_420.jpg", "lake.jpg", [4032, 3024], 24, JPEG),
    ("p12_koi_420.jpg", "lake.jpg", [4000, 3000], 0, JPEG),
    ("p12_car_420.jpg", "dusk.jpg", [4032, 2688], 0, JPEG),
    ("p12_koi_444.jpg", "lake.jpg", [4000, 3000], 0, JPEG_444),
    ("p12_bark_420_prog.jpg", "lake.jpg", [4032, 3024], 24, PROGRESSIVE),
    ("p12_koi_420_prog.jpg", "lake.jpg", [4000, 3000], 0, PROGRESSIVE),
    ("p24_mosaic_420.jpg", "lake.jpg", [6000, 4000], 16, JPEG),
    ("p3_bark_420.jpg", "lake.jpg", [2048, 1536], 24, JPEG),
    ("p1_koi_420.jpg", "lake.jpg", [1280, 960], 0, JPEG),
    (
        "p4_bark.png",
        "lake.jpg",
        [2464, 1640],
        24,
        r#""format":"png","output":{}"#,
    ),
    (
        "p4_koi_lossy.webp",
        "lake.jpg",
        [2464, 1640],
        0,
        r#""format":"webp","output":{"quality":80}"#,
    ),
    (
        "p4_koi_lossless.webp",
        "lake.jpg",
        [2464, 1640],
        0,
        r#""format":"webp","output":{"lossless":true}"#,
    ),
    (
        "p4_koi_lzw.tif",
        "lake.jpg",
        [2464, 1640],
        0,
        r#""format":"tiff","output":{"compression":"lzw"}"#,
    ),
    (
        "shot_alpha.png",
        "mark.png",
        [2368, 972],
        0,
        r#""format":"png","output":{}"#,
    ),
];

/// Sizes that no photograph has: name, the source that is scaled to it, width and height.
const SCALED: [(&str, &str, [u32; 2]); 2] = [
    ("6mp.jpg", "p12_bark_420.jpg", [2725, 2225]),
    ("45mp.jpg", "p24_mosaic_420.jpg", [8256, 5504]),
];

/// The sources, by name.
pub(super) struct Pictures {
    given: PathBuf,
    scaled: PathBuf,
    /// A sentence about their origin.
    pub(super) origin: &'static str,
}

impl Pictures {
    /// Makes below this folder what is not there yet.
    pub(super) fn prepare(folder: &Path, sharp: &Sharp) -> Result<Self> {
        let corpus = std::env::var_os(CORPUS);
        let name = if corpus.is_some() { "scaled" } else { "made" };
        let scaled = folder.join(name);
        fs::create_dir_all(&scaled)?;
        let pictures = match corpus {
            Some(corpus) => Self {
                given: corpus.into(),
                scaled,
                origin: "The sources are photographs.",
            },
            None => Self {
                given: scaled.clone(),
                scaled,
                origin: "The sources are not photographs, but made from the project's computed samples under the \
                         photographs' names.",
            },
        };
        let make = |name: &str, input: &Path, [width, height]: [u32; 2], how: &str| {
            let path = pictures.scaled.join(name);
            if path.exists() {
                return Ok(());
            }
            let unfinished = path.with_extension("part");
            let options = format!(r#"{{"width":{width},"height":{height},{how}}}"#);
            run(sharp.command("make").arg(input).arg(options).arg(&unfinished))?;
            Ok::<_, anyhow::Error>(fs::rename(&unfinished, path)?)
        };
        if pictures.given == pictures.scaled {
            for (name, sample, sides, grain, format) in MADE {
                let channels = if sample == "mark.png" { 4 } else { 3 };
                let how = format!(r#""tile":true,"grain":{grain},"channels":{channels},{format}"#);
                make(name, &workspace::root().join("samples").join(sample), sides, &how)?;
            }
        }
        for (name, source, sides) in SCALED {
            make(name, &pictures.path(source)?, sides, JPEG)?;
        }
        Ok(pictures)
    }

    pub(super) fn path(&self, name: &str) -> Result<PathBuf> {
        let is_scaled = SCALED.iter().any(|(scaled, ..)| *scaled == name);
        let path = if is_scaled { &self.scaled } else { &self.given }.join(name);
        ensure!(path.is_file(), "there is no {}", path.display());
        Ok(path)
    }
}
