//! Soaks, `cargo xtask soak NAME`: long runs of the real server, after crashes and with more than the usual load. Each
//! prints the measured value, the bar, and whether the bar was met.
//!
//! With `SOAK_SHORT=1` each runs for a minute or two: enough to see that it works, too short for its purpose.

mod attack;
mod ceiling;
mod crash;
mod group;
pub(crate) mod load;
mod million;
mod slope;

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::bench::http::get;
use crate::workspace;

pub(crate) fn run(name: &str) -> Result<()> {
    match name {
        "attack" => attack::run(),
        "ceiling" => ceiling::run(),
        "crash" => crash::run(),
        "million" => million::run(),
        "slope" => slope::run(),
        other => bail!("there is no soak `{other}`; there are: attack, ceiling, crash, million, slope"),
    }
}

/// Whether only the short form is asked for.
fn is_short() -> bool {
    std::env::var_os("SOAK_SHORT").is_some_and(|value| value == "1")
}

/// Prints one line of the result; true if the measured value is at most the bar.
pub(crate) fn at_most(what: &str, measured: f64, bar: f64) -> bool {
    let passed = measured <= bar;
    println!(
        "{what:<44} measured {measured:.2}  bar <= {bar:.2}  {}",
        if passed { "PASS" } else { "FAIL" }
    );
    passed
}

/// A new folder below the target directory with the samples and the shipped configuration, in which the cache has
/// another bound.
fn shipped(name: &str, max_size: &str) -> Result<PathBuf> {
    let folder = workspace::target()?.join("soak").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("samples"))?;
    for image in fs::read_dir(workspace::root().join("samples"))? {
        let image = image?;
        fs::copy(image.path(), folder.join("samples").join(image.file_name()))?;
    }
    let shipped = fs::read_to_string(workspace::root().join("plugins.toml"))?;
    let line = "folder = \"imagecache\"";
    if !shipped.contains(line) {
        bail!("plugins.toml no longer has `{line}`");
    }
    let bounded = shipped.replace(line, &format!("{line}\nmax_size = \"{max_size}\""));
    fs::write(folder.join("plugins.toml"), bounded)?;
    Ok(folder)
}

/// Where the server of this folder, started last, has its admin listener.
fn admin_address(folder: &Path) -> Result<String> {
    let log = fs::read_to_string(folder.join("resizer.log"))?;
    let line = log.lines().find_map(|line| line.split_once("admin on http://"));
    Ok(line.context("the log names no admin listener")?.1.trim().to_owned())
}

/// A number without labels from the metrics.
fn metric(folder: &Path, name: &str) -> Result<u64> {
    let metrics = get(&admin_address(folder)?, "/metrics")?.body;
    let metrics = String::from_utf8_lossy(&metrics).into_owned();
    let value = metrics
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.with_context(|| format!("no metric {name}"))
}

/// Waits until the cache has written its queue.
fn all_is_written(folder: &Path) -> Result<()> {
    for _ in 0..600 {
        if metric(folder, "resizer_diskcache_write_behind_bytes")? == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(20));
    }
    bail!("the cache does not write what waits")
}
