//! Leak soak: resident bytes each second during an hour of random mixed sizes, and the slope of a straight line through
//! them.
//!
//! The first ten minutes do not count. The line goes through the means of blocks of a minute, so that the variation
//! within a minute (one poster more or less) does not count as many measurements. The slope passes if zero lies within
//! its confidence interval of 95 %, or below. `SOAK_MINUTES=n` sets the length, `SOAK_SHORT=1` three minutes of blocks
//! of six seconds.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::ceiling::sources;
use super::group::Group;
use super::load::closed;
use super::{at_most, is_short};
use crate::bench::http::get;

/// More bytes than are ever needed: this soak does not try the ceiling.
const LIMIT: u64 = 2 << 30;
const CLIENTS: usize = 6;
/// Bytes that each work thread may keep 10 s after the peak.
const PER_WORKER: f64 = 8.0;

pub(super) fn run() -> Result<()> {
    let minutes = std::env::var("SOAK_MINUTES")
        .ok()
        .and_then(|minutes| minutes.parse::<u64>().ok());
    let (time, warm_up, block) = match (minutes, is_short()) {
        (Some(minutes), _) => (60 * minutes, 10 * minutes, minutes.max(6)),
        (None, true) => (180, 60, 6),
        (None, false) => (3_600, 600, 60),
    };
    let folder = sources("slope")?;
    let group = Group::new(LIMIT)?;
    let mut server = group.start(&folder)?;
    // One request of each kind, so that tables that are built once exist.
    for target in ["/photograph0.jpg?width=100", "/photograph0.jpg?width=100&format=png"] {
        get(&server.address, target)?;
    }
    sleep(Duration::from_secs(2));
    let idle = megabytes(Group::resident(&server)?);

    let (measured, over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let failed = Mutex::new(0);
    scope(|scope| {
        let (server, measured, over) = (&server, &measured, &over);
        scope.spawn(move || {
            let begun = Instant::now();
            for second in 1.. {
                sleep(Duration::from_secs(second).saturating_sub(begun.elapsed()));
                let resident = Group::resident(server).unwrap_or_default();
                if over.load(Ordering::Relaxed) {
                    return;
                }
                if let Ok(mut measured) = measured.lock() {
                    measured.push(megabytes(resident));
                }
            }
        });
        closed(
            &server.address,
            CLIENTS,
            Duration::from_secs(time),
            any,
            |_, outcome| {
                if let Ok(mut failed) = failed.lock()
                    && !outcome.is_good()
                    && !outcome.is_honest()
                {
                    *failed += 1;
                }
            },
        );
        over.store(true, Ordering::Relaxed);
    });
    sleep(Duration::from_secs(10));
    let rest = megabytes(Group::resident(&server)?);
    let failed: u64 = failed.into_inner().unwrap_or_default();
    let measured = measured.into_inner().unwrap_or_default();
    let peak = measured.iter().copied().fold(0.0, f64::max);
    println!("idle {idle:.1} MB, peak {peak:.1} MB, 10 s after the load {rest:.1} MB");

    let settled = measured.get(warm_up as usize..).unwrap_or_default();
    let means: Vec<f64> = settled
        .chunks_exact(block as usize)
        .map(|block| block.iter().sum::<f64>() / block.len() as f64)
        .collect();
    let (slope, error) = line(&means).context("too short to lay a line through")?;
    let an_hour = 3_600.0 / block as f64;
    println!(
        "slope over {} blocks of {block} s: {:.2} MB an hour, within ±{:.2} with 95 %",
        means.len(),
        slope * an_hour,
        error * an_hour
    );
    let mut met = at_most("slope, MB an hour beyond its own error", (slope - error) * an_hour, 0.0);
    let claimed = megabytes(claimed(&server.admin)?);
    let workers = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let bar = idle + claimed + PER_WORKER * workers;
    met &= at_most("MB 10 s after the load", rest, bar);
    met &= at_most("answers neither good nor honest", failed as f64, 0.0);
    if !met || !server.runs() {
        bail!("a bar is not met");
    }
    Ok(())
}

/// A request of random size and format, the same in every run.
fn any(index: u64) -> String {
    // Knuth's multiplicative hashing: neighbours get far apart.
    let random = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let pick = |shift: u32, most: u64| (random >> shift) % most;
    let format = ["jpg", "png", "webp", "jpg"][pick(5, 4) as usize];
    let source = match pick(11, 40) {
        0 => "screen.png",
        1 => "poster.jpg",
        _ => ["photograph0.jpg", "photograph1.jpg", "photograph2.jpg"][pick(17, 3) as usize],
    };
    let width = [60, 240, 800, 2_000][pick(23, 4) as usize] + pick(29, 400);
    format!("/{source}?width={width}&format={format}")
}

/// The slope of the least squares' line through values at even distances, and the half of its confidence interval of
/// 95 %: Student's quantile times the standard error.
fn line(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    let freedom = count - 2.0;
    if freedom < 3.0 {
        return None;
    }
    let (middle, mean) = ((count - 1.0) / 2.0, values.iter().sum::<f64>() / count);
    let offsets = || {
        values
            .iter()
            .enumerate()
            .map(|(index, value)| (index as f64 - middle, value - mean))
    };
    let spread: f64 = offsets().map(|(x, _)| x * x).sum();
    let slope = offsets().map(|(x, y)| x * y).sum::<f64>() / spread;
    let rest: f64 = offsets().map(|(x, y)| (y - slope * x).powi(2)).sum();
    // Within 2 % of the tables from three degrees of freedom on (Cornish and Fisher's expansion).
    let normal = 1.959_964_f64;
    let student = normal
        + (normal.powi(3) + normal) / (4.0 * freedom)
        + (5.0 * normal.powi(5) + 16.0 * normal.powi(3) + 3.0 * normal) / (96.0 * freedom * freedom);
    Some((slope, student * (rest / freedom / spread).sqrt()))
}

/// Bytes that caches have claimed, by the server's own metrics.
fn claimed(admin: &str) -> Result<u64> {
    let metrics = get(admin, "/metrics")?.body;
    let metrics = String::from_utf8_lossy(&metrics).into_owned();
    let values = metrics
        .lines()
        .filter(|line| line.starts_with("resizer_memory_claimed_bytes{"));
    Ok(values
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok())
        .sum())
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
