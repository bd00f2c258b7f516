//! Fairness bench: misses of a few milliseconds beside 200 clients that ask for new sizes of a photograph of 24
//! megapixels. The small ones do not wait behind the large ones, and the large ones keep half of their throughput.
//!
//! Everything is made anew: the server has no cache. Server and clients share all cores, as the clients do little.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::scope;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::server::{build_resizer, resizer, start_resizer_on_all_cores};
use super::verdict;
use crate::command::{self, program};
use crate::soak::at_most;
use crate::soak::load::{Outcome, closed, open, quantile};
use crate::workspace;

const LARGE_CLIENTS: usize = 200;
/// Small requests a second. A small part of a core.
const SMALL_RATE: f64 = 20.0;
const TIME: Duration = Duration::from_secs(30);
/// The p99 of small requests beside large ones, as a multiple of that of an idle server, and milliseconds on top.
const SMALL_BAR: (f64, f64) = (5.0, 50.0);
/// The throughput of large requests beside small ones, as a share of that alone.
const LARGE_BAR: f64 = 0.5;

pub(super) fn run() -> Result<()> {
    build_resizer()?;
    let folder = sources()?;
    let server = start_resizer_on_all_cores(&folder)?;
    let address = &server.address;

    // The numbers go on, so that no URL is asked for twice.
    let (small_count, large_count) = (AtomicU64::new(0), AtomicU64::new(0));
    let small = |_: u64| {
        let index = small_count.fetch_add(1, Ordering::Relaxed);
        format!(
            "/small.jpg?width={}&quality={}",
            100 + index % 100,
            50 + index / 100 % 40
        )
    };
    let large = |_: u64| {
        let index = large_count.fetch_add(1, Ordering::Relaxed);
        let (width, quality) = (1000 + index % 1000, 60 + index / 1000 % 30);
        format!("/large.jpg?width={width}&quality={quality}")
    };
    let with_large = |beside: &(dyn Fn() -> Result<Vec<Outcome>> + Sync)| -> Result<(f64, Vec<Outcome>)> {
        let (made, begun) = (AtomicU64::new(0), Instant::now());
        let failed = Mutex::new(Vec::new());
        let note = |_: &str, outcome: Outcome| {
            if outcome.is_good() {
                made.fetch_add(u64::from(begun.elapsed() < TIME), Ordering::Relaxed);
            } else if let Ok(mut failed) = failed.lock() {
                failed.push(outcome.status);
            }
        };
        let outcomes = scope(|scope| {
            scope.spawn(|| closed(address, LARGE_CLIENTS, TIME, large, note));
            beside()
        })?;
        let failed = failed.into_inner().unwrap_or_default();
        ensure!(failed.is_empty(), "large requests failed: {failed:?}");
        Ok((made.into_inner() as f64 / TIME.as_secs_f64(), outcomes))
    };

    let idle = all_good(open(address, SMALL_RATE, TIME, small))?;
    let (alone, _) = with_large(&|| Ok(Vec::new()))?;
    let (beside, busy) = with_large(&|| all_good(open(address, SMALL_RATE, TIME, small)))?;
    println!("{SMALL_RATE} small requests a second; {LARGE_CLIENTS} clients for large ones; {TIME:?} each");
    for (name, outcomes) in [("idle", &idle), ("beside large", &busy)] {
        let [half, most] = [0.5, 0.99].map(|share| milliseconds(quantile(outcomes, share)));
        println!("small, {name:<36} p50 {half:.1} ms, p99 {most:.1} ms");
    }
    println!("large, alone {alone:.2}/s, beside small {beside:.2}/s");
    let bar = SMALL_BAR.0 * milliseconds(quantile(&idle, 0.99)) + SMALL_BAR.1;
    let small_met = at_most("small beside large, p99 (ms)", milliseconds(quantile(&busy, 0.99)), bar);
    let large_met = verdict("large beside small, share of throughput", beside / alone, LARGE_BAR);
    if !(small_met && large_met) {
        bail!("a bar is not met");
    }
    Ok(())
}

/// A new folder with a photograph of 24 megapixels and one of 0.2, and a configuration without caches.
fn sources() -> Result<PathBuf> {
    let folder = workspace::target()?.join("bench/fair");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("images"))?;
    let make = |query: &str, name: &str| {
        let mut command = program(resizer()?, "process");
        command.arg(workspace::root().join("samples/lake.jpg")).arg(query);
        command::run(command.arg(folder.join("images").join(name)))
    };
    make("width=6000&height=4000&scale=both&quality=95", "large.jpg")?;
    make("width=600&quality=90", "small.jpg")?;
    configure(&folder)?;
    Ok(folder)
}

/// Large requests wait for each other, which may take longer than the default deadline.
fn configure(folder: &Path) -> Result<()> {
    let text =
        "[server]\ndeadline = \"120s\"\n\n[[plugin]]\nname = \"filereader\"\nfolder = \"images\"\nprefix = \"/\"\n";
    Ok(fs::write(folder.join("plugins.toml"), text)?)
}

fn all_good(outcomes: Vec<Outcome>) -> Result<Vec<Outcome>> {
    let failed: Vec<u16> = outcomes
        .iter()
        .filter(|outcome| !outcome.is_good())
        .map(|outcome| outcome.status)
        .collect();
    ensure!(failed.is_empty(), "small requests failed: {failed:?}");
    Ok(outcomes)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
