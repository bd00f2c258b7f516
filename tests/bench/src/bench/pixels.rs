//! Pixels bench: processor time, memory, bytes and quality of whole jobs, beside sharp and libvips' `vipsthumbnail`.
//!
//! The programs take turns, each on one thread and with its default settings. A job counts only if its result is as
//! good as sharp's and as small: the scores and the bytes are those of the measured results.

mod chart;
mod jobs;
pub(super) mod judge;
mod programs;
mod table;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use self::chart::{Bar, svg};
use self::jobs::{JOBS, Job, LARGE};
use self::judge::Judge;
use self::programs::{Programs, Run};
use self::table::{HEAD, Measured, Row};
use super::pictures::Pictures;
use super::sharp::Sharp;
use super::{median, page};
use crate::soak::at_most;
use crate::{tools, workspace};

const ROUNDS: usize = 5;
/// Megabytes beyond the idle process and the source, for a photograph of 45 megapixels.
const LARGE_BAR: f64 = 12.0;

/// With `write` the result goes into `docs/benchmarks.md` and `docs/pixels.svg`, too.
pub(super) fn run(write: bool) -> Result<()> {
    tools::debian(&[("time", "/usr/bin/time")]);
    let folder = workspace::target()?.join("bench/pixels");
    fs::create_dir_all(&folder)?;
    let sharp = Sharp::install(&folder)?;
    let pictures = Pictures::prepare(&folder, &sharp)?;
    let programs = Programs::prepare(&folder, sharp)?;
    let about = format!(
        "Measured on {}, beside {}. {}\n",
        page::machine()?,
        programs.versions()?,
        pictures.origin
    );
    println!("{about}\nMedians of {ROUNDS} rounds; values are ours, sharp's and libvips'.\n");

    let mut judge = Judge::new(&folder);
    let (mut rows, mut lines) = (Vec::new(), HEAD.to_owned());
    print!("{HEAD}");
    for job in JOBS {
        let row = measure(&programs, &mut judge, job, &pictures.path(job.source)?)?;
        print!("{}", row.line());
        lines.push_str(&row.line());
        rows.push(row);
    }
    let large = pictures.path(LARGE.source)?;
    let beyond_idle = |run: Run| run.beyond_idle.context("no memory beyond the idle process");
    let (ours, theirs) = (
        beyond_idle(programs.ours(&LARGE, &large)?)?,
        beyond_idle(programs.sharp(&LARGE, &large)?)?,
    );
    println!();
    let small = at_most("45 MP to 400, megabytes beyond idle", ours, LARGE_BAR);
    println!("sharp: {theirs:.1} megabytes");
    if write {
        let large = format!(
            "{} takes {ours:.1} MB beyond the idle process and the source; the bar is {LARGE_BAR:.0} MB, and sharp \
             takes {theirs:.1} MB.\n",
            LARGE.label()
        );
        page::write("pixels", &[&about, "\n", &lines, "\n", &large].concat())?;
        fs::write(workspace::root().join("docs/pixels.svg"), chart(&rows))?;
    }
    let failed = rows.iter().filter(|row| !row.missed().is_empty()).count();
    ensure!(failed == 0 && small, "{failed} of {} rows fail", rows.len());
    Ok(())
}

fn measure(programs: &Programs, judge: &mut Judge, job: &Job, source: &Path) -> Result<Row> {
    let (mut ours, mut sharp, mut vips) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(programs.ours(job, source)?);
        sharp.push(programs.sharp(job, source)?);
        vips.extend(programs.vips(job, source)?);
    }
    let ratios = ours
        .iter()
        .zip(&sharp)
        .map(|(ours, sharp)| ours.milliseconds / sharp.milliseconds)
        .collect();
    let mut judged = |runs: &[Run]| -> Result<Measured> {
        let last = &runs.last().context("no round")?.result;
        Ok(Measured {
            milliseconds: median(runs.iter().map(|run| run.milliseconds).collect()),
            megabytes: median(runs.iter().map(|run| run.megabytes).collect()),
            bytes: fs::metadata(last)?.len(),
            scores: judge.scores(programs.sharp_itself(), source, last)?,
        })
    };
    Ok(Row {
        job: *job,
        ratio: median(ratios),
        ours: judged(&ours)?,
        sharp: judged(&sharp)?,
        vips: if vips.is_empty() { None } else { Some(judged(&vips)?) },
    })
}

fn chart(rows: &[Row]) -> String {
    let bars: Vec<Bar> = rows
        .iter()
        .map(|row| Bar {
            label: row.job.label(),
            ratio: row.ratio,
            most: row.job.bar,
        })
        .collect();
    svg("Processor time, sharp = 1; orange: the bar", &bars)
}
