//! Bench of commands: the processor time that each adds to a job, beside the same operation of sharp; and the time, the
//! memory and the end after cancellation of a thumbnail of 24 megapixels with it.
//!
//! A command's cost is the time of the job with it less the time of the job without it, by megapixel of the result. The
//! programs take turns, each on one thread. The result has three megapixels, so that the command is a good part of the
//! job. A command whose like sharp has must not cost more than there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::pictures::Pictures;
use super::sharp::Sharp;
use super::{median, page};
use crate::command::{self, cargo, program, read};
use crate::{tools, workspace};

const ROUNDS: usize = 5;
/// Jobs in one process.
const JOBS: usize = 3;
/// The form of both programs' results.
const QUERY: &str = "format=jpg&quality=80";
/// The source of thumbnails, and their size.
const LARGE: &str = "p24_mosaic_420.jpg";
const THUMBNAIL: &str = "width=800";
/// In milliseconds after cancellation.
const CANCELLATION_BAR: f64 = 50.0;

/// A job without a command, whose result has about three megapixels.
struct Base {
    source: &'static str,
    width: u32,
}

/// A picture that keeps its size.
const SAME_SIZE: Base = Base {
    source: "p3_bark_420.jpg",
    width: 2048,
};
/// A picture that is scaled, from its whole size.
const SCALED: Base = Base {
    source: "p12_koi_420.jpg",
    width: 2000,
};

/// A command, and the methods of sharp that do the like, as JSON. Radii are thousandths of the longer side, and our
/// deviation is a half of them: 2 pixels for `a.blur=2` at 2048.
const COMMANDS: [(&Base, &str, Option<&str>); 28] = [
    (&SAME_SIZE, "s.grayscale=true", Some(r#"[["greyscale"]]"#)),
    (
        &SAME_SIZE,
        "s.sepia=true",
        Some(r#"[["recomb",[[0.39,0.77,0.19],[0.35,0.69,0.17],[0.27,0.53,0.13]]]]"#),
    ),
    (&SAME_SIZE, "s.invert=true", Some(r#"[["negate"]]"#)),
    (&SAME_SIZE, "s.brightness=0.2", Some(r#"[["linear",1,51]]"#)),
    (&SAME_SIZE, "s.contrast=0.3", Some(r#"[["linear",1.3,-38]]"#)),
    (
        &SAME_SIZE,
        "s.saturation=0.5",
        Some(r#"[["modulate",{"saturation":1.5}]]"#),
    ),
    (
        &SAME_SIZE,
        "s.alpha=0.5",
        Some(r##"[["ensureAlpha",0.5],["flatten",{"background":"#fff"}]]"##),
    ),
    (&SAME_SIZE, "a.blur=0.8", Some(r#"[["blur",0.8]]"#)),
    (&SAME_SIZE, "a.blur=2", Some(r#"[["blur",2]]"#)),
    (&SAME_SIZE, "a.blur=8", Some(r#"[["blur",8]]"#)),
    (&SAME_SIZE, "a.blur=80", Some(r#"[["blur",80]]"#)),
    (&SAME_SIZE, "a.sharpen=2", Some(r#"[["sharpen",{"sigma":2}]]"#)),
    (&SAME_SIZE, "a.removenoise=true", Some(r#"[["median",3]]"#)),
    (&SAME_SIZE, "a.equalize=true", Some(r#"[["normalise"]]"#)),
    (&SAME_SIZE, "a.balancewhite=true", None),
    (&SAME_SIZE, "a.posterize=5", None),
    (&SCALED, "f.sharpen=20", None),
    (&SCALED, "down.colorspace=linear", Some(r#"[["gamma"]]"#)),
    (&SCALED, "down.filter=cubic", None),
    (&SAME_SIZE, "paddingwidth=10", Some(r#"[["extend",10]]"#)),
    (&SAME_SIZE, "borderwidth=10", Some(r#"[["extend",10]]"#)),
    (&SAME_SIZE, "shadowwidth=10&shadowoffset=4,4&shadowcolor=000", None),
    (&SAME_SIZE, "s.roundcorners=30", None),
    (&SAME_SIZE, "rotate=90", Some(r#"[["rotate",90]]"#)),
    (&SAME_SIZE, "rotate=20", Some(r#"[["rotate",20]]"#)),
    (&SAME_SIZE, "flip=x", Some(r#"[["flop"]]"#)),
    (&SAME_SIZE, "trim.threshold=80", Some(r#"[["trim"]]"#)),
    (&SAME_SIZE, "colors=64&format=png", None),
];

const HEAD: &str = "| command | ms a megapixel | sharp | ratio | 24 MP to 800, ms | MB, predicted | ms after \
                    cancellation |\n|---|---|---|---|---|---|---|\n";

struct Programs {
    thumbnail: PathBuf,
    sharp: Sharp,
}

impl Programs {
    /// Milliseconds of a job of ours.
    fn ours(&self, source: &Path, query: &str) -> Result<f64> {
        let mut ours = program(&self.thumbnail, "");
        first_number(&read(ours.arg(source).args([query, &JOBS.to_string()]))?)
    }

    /// Milliseconds of a job of sharp's.
    fn sharp(&self, source: &Path, width: u32, steps: &str, result: &Path) -> Result<f64> {
        let options =
            format!(r#"{{"resize":{{"width":{width}}},"steps":{steps},"format":"jpeg","output":{{"quality":80}}}}"#);
        let mut sharp = self.sharp.command("measure");
        sharp.arg(source).args([&options, &JOBS.to_string()]).arg(result);
        first_number(&read(&mut sharp)?)
    }

    /// The megapixels of sharp's result without a command.
    fn megapixels(&self, source: &Path, width: u32, result: &Path) -> Result<f64> {
        self.sharp(source, width, "[]", result)?;
        let mut raw = self.sharp.command("raw");
        let printed = read(raw.arg(result).arg(result.with_extension("raw")))?;
        let sides = printed.split_whitespace().map(str::parse::<f64>);
        match sides.collect::<Result<Vec<f64>, _>>()?.as_slice() {
            [width, height] => Ok(width * height / 1e6),
            _ => bail!("`{printed}` is no width and height"),
        }
    }
}

fn first_number(printed: &str) -> Result<f64> {
    printed
        .lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
        .with_context(|| format!("there is no number in `{printed}`"))
}

/// With `write` the table goes into `docs/benchmarks.md`, too.
pub(super) fn run(write: bool) -> Result<()> {
    tools::debian(&[("time", "/usr/bin/time")]);
    let folder = workspace::target()?.join("bench/pixels");
    fs::create_dir_all(&folder)?;
    let sharp = Sharp::install(&folder)?;
    let pictures = Pictures::prepare(&folder, &sharp)?;
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-imaging --example thumbnail --example commands",
    ))?;
    let examples = workspace::target()?.join("dist/examples");
    let programs = Programs {
        thumbnail: examples.join("thumbnail"),
        sharp,
    };
    let result = folder.join("filtered.jpg");
    let about = format!(
        "Measured on {}, beside {}. {}\n",
        page::machine()?,
        programs.sharp.versions()?,
        pictures.origin
    );
    println!("{about}");
    let thumbnails = thumbnails(&examples.join("commands"), &pictures.path(LARGE)?)?;
    let mut table = HEAD.to_owned();
    print!("{table}");
    let mut failed = Vec::new();
    for ((base, query, steps), thumbnail) in COMMANDS.iter().zip(&thumbnails) {
        let source = pictures.path(base.source)?;
        let plain = format!("width={}&{QUERY}", base.width);
        let megapixels = programs.megapixels(&source, base.width, &result)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(programs.ours(&source, &format!("{query}&{plain}"))? - programs.ours(&source, &plain)?);
            if let Some(steps) = steps {
                let with = programs.sharp(&source, base.width, steps, &result)?;
                theirs.push(with - programs.sharp(&source, base.width, "[]", &result)?);
            }
        }
        let ours = median(ours).max(0.0) / megapixels;
        let beside = if theirs.is_empty() {
            "| |".to_owned()
        } else {
            let theirs = median(theirs).max(0.0) / megapixels;
            if ours > theirs {
                failed.push(format!("{query} costs more than sharp's"));
            }
            format!("{theirs:.1} | {:.2} |", ours / theirs)
        };
        failed.extend(thumbnail.faults().into_iter().map(|fault| format!("{query}: {fault}")));
        let line = format!("| `{query}` | {ours:.1} | {beside} {} |\n", thumbnail.fields());
        print!("{line}");
        _ = write!(table, "{line}");
    }
    if write {
        page::write("filters", &[&about, "\n", &table].concat())?;
    }
    ensure!(failed.is_empty(), "{}", failed.join("; "));
    Ok(())
}

/// A thumbnail of 24 megapixels with a command.
struct Thumbnail {
    milliseconds: f64,
    taken: f64,
    predicted: f64,
    after_cancellation: f64,
}

/// One for each command.
fn thumbnails(example: &Path, source: &Path) -> Result<Vec<Thumbnail>> {
    let mut commands = program(example, "");
    commands.arg(source);
    commands.args(COMMANDS.map(|(_, query, _)| format!("{query}&{THUMBNAIL}&{QUERY}")));
    let printed = read(&mut commands)?;
    let thumbnails = printed.lines().map(|line| {
        let fields: Result<Vec<f64>, _> = line.split('\t').map(str::parse).collect();
        match fields?.as_slice() {
            &[milliseconds, taken, predicted, after_cancellation] => Ok(Thumbnail {
                milliseconds,
                taken,
                predicted,
                after_cancellation,
            }),
            _ => bail!("the example printed `{line}`"),
        }
    });
    let thumbnails: Vec<Thumbnail> = thumbnails.collect::<Result<_>>()?;
    ensure!(thumbnails.len() == COMMANDS.len(), "the example printed `{printed}`");
    Ok(thumbnails)
}

impl Thumbnail {
    fn fields(&self) -> String {
        let megabytes = |bytes: f64| bytes / 1e6;
        format!(
            "{:.0} | {:.1}, {:.1} | {:.1}",
            self.milliseconds,
            megabytes(self.taken),
            megabytes(self.predicted),
            self.after_cancellation
        )
    }

    fn faults(&self) -> Vec<&'static str> {
        let faults = [
            (self.taken > self.predicted, "more memory than predicted"),
            (
                self.after_cancellation > CANCELLATION_BAR,
                "went on for too long after cancellation",
            ),
        ];
        faults
            .into_iter()
            .filter(|(is_fault, _)| *is_fault)
            .map(|(_, fault)| fault)
            .collect()
    }
}
