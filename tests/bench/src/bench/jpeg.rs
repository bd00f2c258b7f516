//! Thumbnail bench: processor time from a large photograph to a thumbnail, beside libvips' `vipsthumbnail` at one
//! thread.
//!
//! Both read a file and make a JPEG 400 wide at quality 80. The start of a program does not count. The photograph is a
//! sample, laid side by side with itself until it is large enough.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{median, verdict};
use crate::command::{self, cargo, program, read};
use crate::{tools, workspace};

/// Name, sides, and how many times as fast as libvips it is to be.
const PHOTOGRAPHS: [(&str, (u32, u32), f64); 2] = [("12 MP", (4032, 3024), 2.0), ("100 MP", (10_000, 10_000), 1.0)];
const QUERY: &str = "width=400&quality=80&format=jpg";
const ROUNDS: usize = 5;
const JOBS: usize = 10;
/// The megabytes that a process may have in all.
const MOST_MEGABYTES: f64 = 256.0;

pub(super) fn run() -> Result<()> {
    tools::debian(&[("libvips-tools", "/usr/bin/vipsthumbnail"), ("time", "/usr/bin/time")]);
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-imaging --example thumbnail",
    ))?;
    let ours = workspace::target()?.join("dist/examples/thumbnail");
    let folder = workspace::target()?.join("bench/jpeg");
    fs::create_dir_all(&folder)?;
    let mut met = true;
    for (name, sides, bar) in PHOTOGRAPHS {
        let photograph = photograph(&folder, sides)?;
        let (mut our_times, mut their_times, mut megabytes) = (Vec::new(), Vec::new(), 0.0_f64);
        for _ in 0..ROUNDS {
            let output = read(program(&ours, "").arg(&photograph).args([QUERY, &JOBS.to_string()]))?;
            let mut lines = output.lines().map(str::parse::<f64>);
            our_times.push(lines.next().context("no time")??);
            megabytes = megabytes.max(lines.next().context("no memory")??);
            their_times.push(vips(&folder, &photograph)?);
        }
        let (our_time, their_time) = (median(our_times), median(their_times));
        println!("{name} to 400: resizer {our_time:.1} ms and {megabytes:.0} MB, vipsthumbnail {their_time:.1} ms");
        let what = format!("jpeg, {name} to 400");
        met &= verdict(&format!("{what}, times as fast"), their_time / our_time, bar);
        met &= verdict(&format!("{what}, megabytes left"), MOST_MEGABYTES - megabytes, 0.0);
    }
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// The sample `lake.jpg` beside and below itself, cut to these sides.
fn photograph(folder: &Path, (width, height): (u32, u32)) -> Result<PathBuf> {
    let path = folder.join(format!("{width}x{height}.jpg"));
    if path.is_file() {
        return Ok(path);
    }
    let tiles = folder.join("tiles.v");
    let lake = workspace::root().join("samples/lake.jpg");
    // It is 2400 pixels wide and 1600 high.
    let (across, down) = (width.div_ceil(2400), height.div_ceil(1600));
    command::run(
        program("vips", "replicate")
            .args([&lake, &tiles])
            .args([across.to_string(), down.to_string()]),
    )?;
    command::run(
        program("vips", "crop")
            .arg(&tiles)
            .arg(format!("{}[Q=90]", path.display()))
            .args(["0", "0", &width.to_string(), &height.to_string()]),
    )?;
    fs::remove_file(tiles)?;
    Ok(path)
}

/// Milliseconds of a thumbnail: those of many in one process, less those of one, so that starting it does not count.
/// Each has a name of its own, because libvips keeps what it has read.
fn vips(folder: &Path, photograph: &Path) -> Result<f64> {
    let mut names = Vec::new();
    for index in 0..=JOBS {
        let name = folder.join(format!("copy{index}.jpg"));
        if name.exists() {
            fs::remove_file(&name)?;
        }
        fs::hard_link(photograph, &name)?;
        names.push(name);
    }
    let seconds = |names: &[PathBuf]| -> Result<f64> {
        let times = folder.join("times");
        read(
            program("/usr/bin/time", "--format=%U+%S")
                .arg("--output")
                .arg(&times)
                .args(["vipsthumbnail", "--vips-concurrency=1", "--size=400x"])
                .args(["-o", "out-%s.jpg[Q=80,strip]"])
                .args(names),
        )?;
        let times = fs::read_to_string(times)?;
        let parts: Result<Vec<f64>, _> = times.trim().split('+').map(str::parse).collect();
        Ok(parts.context("no times")?.iter().sum())
    };
    Ok((seconds(&names)? - seconds(&names[..1])?) * 1000.0 / JOBS as f64)
}
