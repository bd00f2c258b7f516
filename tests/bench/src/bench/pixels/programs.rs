//! Measured programs: ours, sharp, and libvips' `vipsthumbnail`. Each carries out one job many times in one process, on
//! one thread, and reads the source anew each time.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::jobs::Job;
use crate::bench::installed::Debian;
use crate::bench::sharp::Sharp;
use crate::command::{self, cargo, program, read};
use crate::workspace;

/// Jobs in one process.
const JOBS: usize = 9;

pub(super) struct Programs {
    thumbnail: PathBuf,
    sharp: Sharp,
    vips: Debian,
    /// For results.
    folder: PathBuf,
}

/// One process.
pub(super) struct Run {
    /// The median of the processor times of its jobs.
    pub(super) milliseconds: f64,
    /// The peak of its resident memory.
    pub(super) megabytes: f64,
    /// The same beyond the idle process and the bytes of the source. `vipsthumbnail` does not tell.
    pub(super) beyond_idle: Option<f64>,
    /// The file that the last job wrote.
    pub(super) result: PathBuf,
}

impl Run {
    /// Of a process that prints the numbers on a line each.
    fn of(printed: &str, result: PathBuf) -> Result<Self> {
        let numbers: Vec<f64> = printed.lines().filter_map(|line| line.trim().parse().ok()).collect();
        let &[milliseconds, megabytes, beyond_idle] = numbers.as_slice() else {
            anyhow::bail!("there are no three numbers in `{printed}`");
        };
        Ok(Self {
            milliseconds,
            megabytes,
            beyond_idle: Some(beyond_idle),
            result,
        })
    }
}

impl Programs {
    pub(super) fn prepare(folder: &Path, sharp: Sharp) -> Result<Self> {
        command::run(&mut cargo(
            "build --profile dist --locked -p resizer-imaging --example thumbnail",
        ))?;
        let results = folder.join("results");
        fs::create_dir_all(&results)?;
        Ok(Self {
            thumbnail: workspace::target()?.join("dist/examples/thumbnail"),
            sharp,
            vips: Debian::install("libvips-tools", "vipsthumbnail", &folder.join("vips"))?,
            folder: results,
        })
    }

    pub(super) fn versions(&self) -> Result<String> {
        let mut vips = program(&self.vips.binary, "--vips-version");
        let vips = read(vips.env("LD_LIBRARY_PATH", &self.vips.libraries))?;
        Ok(format!(
            "{}; `vipsthumbnail` of {}",
            self.sharp.versions()?,
            vips.trim()
        ))
    }

    pub(super) fn ours(&self, job: &Job, source: &Path) -> Result<Run> {
        let result = self.folder.join("ours").with_extension(job.format);
        let mut ours = program(&self.thumbnail, "");
        ours.arg(source).args([&job.query(), &JOBS.to_string()]).arg(&result);
        Run::of(&read(&mut ours)?, result)
    }

    pub(super) fn sharp(&self, job: &Job, source: &Path) -> Result<Run> {
        let result = self.folder.join("sharp").with_extension(job.format);
        let mut sharp = self.sharp.command("measure");
        sharp.arg(source).args([&job.sharp(), &JOBS.to_string()]).arg(&result);
        Run::of(&read(&mut sharp)?, result)
    }

    /// The time is that of many jobs less that of one, so that the start of the program does not count. Each has a name
    /// of its own, because libvips keeps what it has read. None where the program cannot do the job.
    pub(super) fn vips(&self, job: &Job, source: &Path) -> Result<Option<Run>> {
        let Some([size, output]) = job.vips() else {
            return Ok(None);
        };
        let extension = source.extension().unwrap_or_default();
        let mut names = Vec::new();
        for index in 0..=JOBS {
            let name = self.folder.join(format!("copy{index}")).with_extension(extension);
            if name.is_symlink() {
                fs::remove_file(&name)?;
            }
            symlink(source, &name)?;
            names.push(name);
        }
        let spent = |names: &[PathBuf]| -> Result<[f64; 2]> {
            let report = self.folder.join("times");
            let mut timed = program("/usr/bin/time", "--format=%U+%S+%M --output");
            timed
                .arg(&report)
                .arg(&self.vips.binary)
                .env("LD_LIBRARY_PATH", &self.vips.libraries);
            read(
                timed
                    .args(["--vips-concurrency=1", "--size", &size, "-o", &output])
                    .args(names),
            )?;
            let report = fs::read_to_string(report)?;
            let numbers: Result<Vec<f64>, _> = report.trim().split('+').map(str::parse).collect();
            let numbers: [f64; 3] = numbers?.try_into().ok().context("not three numbers")?;
            Ok([numbers[0] + numbers[1], numbers[2] / 1024.0])
        };
        let ([all, megabytes], [one, _]) = (spent(&names)?, spent(&names[..1])?);
        Ok(Some(Run {
            milliseconds: (all - one) * 1000.0 / JOBS as f64,
            megabytes,
            beyond_idle: None,
            result: self.folder.join("out-copy0").with_extension(job.format),
        }))
    }

    /// For decoding results.
    pub(super) fn sharp_itself(&self) -> &Sharp {
        &self.sharp
    }
}
