//! Bench of commands: the processor time that each adds to a thumbnail, beside the same operation of sharp.
//!
//! A command's cost is the time of the job with it less the time of the job without it, by megapixel of the result. The
//! programs take turns, each on one thread. A command whose like sharp has must not cost more than there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::pictures::Pictures;
use super::sharp::Sharp;
use super::{median, page};
use crate::command::{self, cargo, program, read};
use crate::{tools, workspace};

const ROUNDS: usize = 5;
/// Jobs in one process.
const JOBS: usize = 5;
const SOURCE: &str = "p24_mosaic_420.jpg";
/// The result's width, and its megapixels.
const WIDTH: u32 = 800;
const QUERY: &str = "width=800&format=jpg&quality=80";

/// A command, and the methods of sharp that do the like, as JSON.
const COMMANDS: [(&str, Option<&str>); 26] = [
    ("s.grayscale=true", Some(r#"[["greyscale"]]"#)),
    (
        "s.sepia=true",
        Some(r#"[["recomb",[[0.39,0.77,0.19],[0.35,0.69,0.17],[0.27,0.53,0.13]]]]"#),
    ),
    ("s.invert=true", Some(r#"[["negate"]]"#)),
    ("s.brightness=0.2", Some(r#"[["linear",1,51]]"#)),
    ("s.contrast=0.3", Some(r#"[["linear",1.3,-38]]"#)),
    ("s.saturation=0.5", Some(r#"[["modulate",{"saturation":1.5}]]"#)),
    ("s.alpha=0.5", None),
    ("a.blur=2", Some(r#"[["blur",2]]"#)),
    ("a.blur=20", Some(r#"[["blur",20]]"#)),
    ("a.sharpen=2", Some(r#"[["sharpen",{"sigma":2}]]"#)),
    ("a.removenoise=3", Some(r#"[["median",3]]"#)),
    ("a.equalize=true", Some(r#"[["normalise"]]"#)),
    ("a.balancewhite=true", None),
    ("a.posterize=5", None),
    ("f.sharpen=20", None),
    ("down.colorspace=linear", Some(r#"[["gamma"]]"#)),
    ("down.filter=cubic", None),
    ("paddingwidth=10", Some(r#"[["extend",10]]"#)),
    ("borderwidth=10", Some(r#"[["extend",10]]"#)),
    ("shadowwidth=10&shadowoffset=4,4", None),
    ("s.roundcorners=30", None),
    ("rotate=90", Some(r#"[["rotate",90]]"#)),
    ("rotate=20", Some(r#"[["rotate",20]]"#)),
    ("flip=x", Some(r#"[["flop"]]"#)),
    ("trim.threshold=80", None),
    ("colors=64&format=png", None),
];

struct Programs {
    thumbnail: PathBuf,
    sharp: Sharp,
    source: PathBuf,
}

impl Programs {
    /// Milliseconds of a job of ours.
    fn ours(&self, query: &str) -> Result<f64> {
        let mut ours = program(&self.thumbnail, "");
        first_number(&read(ours.arg(&self.source).args([query, &JOBS.to_string()]))?)
    }

    /// Milliseconds of a job of sharp's.
    fn sharp(&self, steps: &str, result: &Path) -> Result<f64> {
        let options =
            format!(r#"{{"resize":{{"width":{WIDTH}}},"steps":{steps},"format":"jpeg","output":{{"quality":80}}}}"#);
        let mut sharp = self.sharp.command("measure");
        sharp.arg(&self.source).args([&options, &JOBS.to_string()]).arg(result);
        first_number(&read(&mut sharp)?)
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
        "build --profile dist --locked -p resizer-imaging --example thumbnail",
    ))?;
    let programs = Programs {
        thumbnail: workspace::target()?.join("dist/examples/thumbnail"),
        source: pictures.path(SOURCE)?,
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
    let mut table = String::from("| command | ms a megapixel | sharp | ratio |\n|---|---|---|---|\n");
    print!("{table}");
    let mut dearer = Vec::new();
    let megapixels = megapixels(&programs, &result)?;
    for (query, steps) in COMMANDS {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(programs.ours(&format!("{query}&{QUERY}"))? - programs.ours(QUERY)?);
            if let Some(steps) = steps {
                theirs.push(programs.sharp(steps, &result)? - programs.sharp("[]", &result)?);
            }
        }
        let ours = median(ours).max(0.0) / megapixels;
        let line = if theirs.is_empty() {
            format!("| `{query}` | {ours:.1} | | |\n")
        } else {
            let theirs = median(theirs).max(0.0) / megapixels;
            if ours > theirs {
                dearer.push(query);
            }
            format!("| `{query}` | {ours:.1} | {theirs:.1} | {:.2} |\n", ours / theirs)
        };
        print!("{line}");
        _ = write!(table, "{line}");
    }
    if write {
        page::write("filters", &[&about, "\n", &table].concat())?;
    }
    ensure!(dearer.is_empty(), "dearer than sharp: {}", dearer.join(", "));
    Ok(())
}

/// The megapixels of the result.
fn megapixels(programs: &Programs, result: &Path) -> Result<f64> {
    programs.sharp("[]", result)?;
    let printed = read(
        programs
            .sharp
            .command("raw")
            .arg(result)
            .arg(result.with_extension("raw")),
    )?;
    let sides: Vec<f64> = printed
        .split_whitespace()
        .filter_map(|side| side.parse().ok())
        .collect();
    let &[width, height] = sides.as_slice() else {
        anyhow::bail!("`{printed}` is no width and height");
    };
    Ok(width * height / 1e6)
}
