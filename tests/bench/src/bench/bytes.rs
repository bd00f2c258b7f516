//! Bytes bench: the bytes of results in each format, in total and of the worst picture, and their quality, beside sharp.
//!
//! Photographs and drawings are scaled to thumbnails, with the default settings of both programs. Formats that keep all
//! pixels have no quality. The quality of a GIF is its structural similarity to the same program's PNG, so that only
//! the palette counts.

mod drawings;
mod similarity;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::page;
use super::pictures::Pictures;
use super::pixels::judge::{Judge, Picture};
use super::sharp::Sharp;
use crate::command::{self, cargo, program, read};
use crate::{tools, workspace};

const PHOTOGRAPHS: [&str; 6] = [
    "p12_bark_420.jpg",
    "p12_koi_420.jpg",
    "p12_car_420.jpg",
    "p24_mosaic_420.jpg",
    "p4_koi_lossy.webp",
    "shot_alpha.png",
];

/// The widths of photographs. Drawings keep their size.
const WIDTHS: [u32; 2] = [400, 800];

/// A format of results.
struct Format {
    name: &'static str,
    extension: &'static str,
    /// Besides the width.
    query: &'static str,
    /// sharp's options of the output, as JSON.
    options: &'static str,
    measure: Measure,
    /// The most bytes of all results together, as a multiple of sharp's.
    most: f64,
}

/// The quality of results in a format.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// All pixels are kept.
    Lossless,
    /// SSIMULACRA2 against the source scaled in encoded values.
    Ssimulacra,
    /// SSIM of luma against the program's own PNG.
    Similarity,
}

const FORMATS: [Format; 5] = [
    Format {
        name: "JPEG",
        extension: "jpg",
        query: "&format=jpg&quality=80",
        options: r#""format":"jpeg","output":{"quality":80}"#,
        measure: Measure::Ssimulacra,
        most: 1.02,
    },
    Format {
        name: "WebP",
        extension: "webp",
        query: "&format=webp&quality=80",
        options: r#""format":"webp","output":{"quality":80}"#,
        measure: Measure::Ssimulacra,
        most: 1.02,
    },
    Format {
        name: "lossless WebP",
        extension: "webp",
        query: "&format=webp&webp.lossless=true",
        options: r#""format":"webp","output":{"lossless":true}"#,
        measure: Measure::Lossless,
        most: 1.02,
    },
    Format {
        name: "PNG",
        extension: "png",
        query: "&format=png",
        options: r#""format":"png","output":{}"#,
        measure: Measure::Lossless,
        most: 1.02,
    },
    Format {
        name: "GIF",
        extension: "gif",
        query: "&format=gif",
        options: r#""format":"gif","output":{}"#,
        measure: Measure::Similarity,
        most: 1.0,
    },
];

/// The most bytes of any one result, as a multiple of sharp's, and how far the mean quality may be below sharp's.
const WORST: f64 = 1.10;
const SCORE_BELOW: f64 = 0.1;
const SIMILARITY_BELOW: f64 = 0.005;

const HEAD: &str = "\
| format | bytes, ours and sharp's | ratio | bar | worst picture | bar | quality, ours and sharp's | |
|---|---|---|---|---|---|---|---|
";

/// A source, and the width of its result, if it is scaled.
type Job = (PathBuf, Option<u32>);

struct Programs {
    thumbnail: PathBuf,
    sharp: Sharp,
    folder: PathBuf,
}

/// Totals of the results of one program.
#[derive(Default)]
struct Total {
    bytes: u64,
    quality: f64,
}

/// With `write` the table goes into `docs/benchmarks.md`, too.
pub(super) fn run(write: bool) -> Result<()> {
    tools::debian(&[("time", "/usr/bin/time")]);
    let folder = workspace::target()?.join("bench/pixels");
    fs::create_dir_all(&folder)?;
    let sharp = Sharp::install(&folder)?;
    let pictures = Pictures::prepare(&folder, &sharp)?;
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-imaging --example thumbnail",
    ))?;
    let programs = Programs {
        thumbnail: workspace::target()?.join("dist/examples/thumbnail"),
        sharp,
        folder: folder.clone(),
    };
    let mut jobs: Vec<Job> = Vec::new();
    for name in PHOTOGRAPHS {
        jobs.extend(WIDTHS.map(|width| (pictures.path(name).unwrap_or_default(), Some(width))));
    }
    for drawing in drawings::prepare(&folder, &programs.sharp)? {
        jobs.extend([(drawing.clone(), None), (drawing, Some(300))]);
    }
    let about = format!(
        "Measured on {}, beside {}. {} results in each format. {}\n",
        page::machine()?,
        programs.sharp.versions()?,
        jobs.len(),
        pictures.origin
    );
    println!("{about}");
    let mut table = String::from(HEAD);
    print!("{table}");
    let mut failed = 0;
    let mut judge = Judge::new(&folder);
    for format in &FORMATS {
        let (line, passes) = measure(&programs, &mut judge, format, &jobs)?;
        print!("{line}");
        table.push_str(&line);
        failed += u32::from(!passes);
    }
    if write {
        page::write("bytes", &[&about, "\n", &table].concat())?;
    }
    ensure!(failed == 0, "{failed} of {} formats fail", FORMATS.len());
    Ok(())
}

/// The line of a format, and whether it meets its bars.
fn measure(programs: &Programs, judge: &mut Judge, format: &Format, jobs: &[Job]) -> Result<(String, bool)> {
    let (mut ours, mut theirs) = (Total::default(), Total::default());
    let mut worst = (0.0, String::new());
    for (source, width) in jobs {
        let results = [
            programs.ours(source, *width, format)?,
            programs.sharp(source, *width, format)?,
        ];
        let bytes = [fs::metadata(&results[0])?.len(), fs::metadata(&results[1])?.len()];
        let ratio = bytes[0] as f64 / bytes[1] as f64;
        if ratio > worst.0 {
            let name = source.file_stem().unwrap_or_default().to_string_lossy();
            let width = width.map_or("unscaled".to_owned(), |width| width.to_string());
            worst = (ratio, format!("{name}, {width}"));
        }
        let qualities = match format.measure {
            Measure::Lossless => [0.0; 2],
            Measure::Ssimulacra => {
                let mut score =
                    |result: &Path| Ok::<_, anyhow::Error>(judge.scores(&programs.sharp, source, result)?[0]);
                [score(&results[0])?, score(&results[1])?]
            }
            Measure::Similarity => programs.similarities(source, *width, &results)?,
        };
        for ((total, bytes), quality) in [&mut ours, &mut theirs].into_iter().zip(bytes).zip(qualities) {
            total.bytes += bytes;
            total.quality += quality / jobs.len() as f64;
        }
    }
    let ratio = ours.bytes as f64 / theirs.bytes as f64;
    let below = match format.measure {
        Measure::Lossless => f64::INFINITY,
        Measure::Ssimulacra => SCORE_BELOW,
        Measure::Similarity => SIMILARITY_BELOW,
    };
    let missed: Vec<&str> = [
        ("bytes", ratio > format.most),
        ("worst picture", worst.0 > WORST),
        ("quality", ours.quality < theirs.quality - below),
    ]
    .iter()
    .filter_map(|(name, is_missed)| is_missed.then_some(*name))
    .collect();
    let quality = match format.measure {
        Measure::Lossless => String::new(),
        Measure::Ssimulacra => format!("{:.2}, {:.2}", ours.quality, theirs.quality),
        Measure::Similarity => format!("{:.4}, {:.4}", ours.quality, theirs.quality),
    };
    let mut line = String::new();
    let verdict = if missed.is_empty() {
        "PASS".to_owned()
    } else {
        format!("FAIL: {}", missed.join(", "))
    };
    writeln!(
        line,
        "| {} | {}, {} | {ratio:.3} | {:.2} | {:.2}: {} | {WORST:.2} | {quality} | {verdict} |",
        format.name, ours.bytes, theirs.bytes, format.most, worst.0, worst.1
    )?;
    Ok((line, missed.is_empty()))
}

impl Programs {
    fn ours(&self, source: &Path, width: Option<u32>, format: &Format) -> Result<PathBuf> {
        let result = self.folder.join("bytes-ours").with_extension(format.extension);
        let width = width.map_or("scale=down".to_owned(), |width| format!("width={width}"));
        let mut ours = program(&self.thumbnail, "");
        read(
            ours.arg(source)
                .args([&format!("{width}{}", format.query), "1"])
                .arg(&result),
        )?;
        Ok(result)
    }

    fn sharp(&self, source: &Path, width: Option<u32>, format: &Format) -> Result<PathBuf> {
        let result = self.folder.join("bytes-sharp").with_extension(format.extension);
        let resize = width.map_or("{}".to_owned(), |width| format!(r#"{{"width":{width}}}"#));
        let mut sharp = self.sharp.command("measure");
        sharp.arg(source);
        sharp.args([&format!(r#"{{"resize":{resize},{}}}"#, format.options), "1"]);
        read(sharp.arg(&result))?;
        Ok(result)
    }

    /// The similarity of each program's GIF to its own PNG.
    fn similarities(&self, source: &Path, width: Option<u32>, gifs: &[PathBuf; 2]) -> Result<[f64; 2]> {
        let png = FORMATS.iter().find(|format| format.name == "PNG");
        let png = png.context("there is no PNG")?;
        let references = [self.ours(source, width, png)?, self.sharp(source, width, png)?];
        let decoded = |file: &Path| Picture::decode(&self.sharp, file, &self.folder);
        let of = |index: usize| {
            let (gif, reference) = (decoded(&gifs[index])?, decoded(&references[index])?);
            similarity::of_luma(&gif, &reference)
        };
        Ok([of(0)?, of(1)?])
    }
}
