//! Memory soak: the server in 256 MB, with three of the largest sources, each alone and then all at once, between
//! thumbnails of ordinary photographs. The kernel kills nobody, refusals have an honest status, and thumbnails do not
//! starve. At last the same mix beside thousands of idle and half-open connections.

mod crowd;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::group::Group;
use super::load::{Outcome, ask, closed, open, quantile};
use super::{at_most, is_short};
use crate::bench::server::{Server, build_resizer};
use crate::command::{self, cargo};
use crate::workspace;

const LIMIT: u64 = 256 << 20;
/// Of large jobs, the share that has to succeed under full load.
const LARGE_BAR: f64 = 0.9;
const FRAMES: usize = 1_000;

/// The requests and how their answers are recognised. `cache=no`, so that each is made anew.
const LARGE: [(&str, &str); 3] = [
    ("100 MP JPEG", "/poster.jpg?width=400&cache=no"),
    ("50 MP PNG", "/screen.png?width=400&cache=no"),
    ("1000-frame GIF", "/film.gif?width=200&format=gif&cache=no"),
];

pub(super) fn run() -> Result<()> {
    let folder = sources("ceiling")?;
    let mut met = true;
    for (name, target) in LARGE {
        met &= alone(&folder, name, target)?;
    }
    met &= mixed(&folder)?;
    met &= crowded(&folder)?;
    if !met {
        bail!("a bar is not met");
    }
    Ok(())
}

/// A folder with the shipped configuration as it is, and the sources that the example `soak_sources` makes.
pub(super) fn sources(name: &str) -> Result<PathBuf> {
    build_resizer()?;
    let folder = workspace::target()?.join("soak").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(folder.join("samples"))?;
    fs::copy(workspace::root().join("plugins.toml"), folder.join("plugins.toml"))?;
    let make = "run --release --locked -p resizer-imaging --example soak_sources --";
    command::run(cargo(make).arg(folder.join("samples")))?;
    Ok(folder)
}

/// A thumbnail that was not asked for before: of photographs in turn, in so many sizes and qualities.
pub(super) fn thumbnail(index: u64) -> String {
    let (photograph, width, quality) = (index % 6, 80 + index / 6 % 160, 60 + index / 960 % 30);
    format!("/photograph{photograph}.jpg?width={width}&quality={quality}")
}

fn alone(folder: &Path, name: &str, target: &str) -> Result<bool> {
    let group = Group::new(LIMIT)?;
    let mut server = group.start(folder)?;
    let outcome = ask(&server.address, target, Instant::now());
    let whole = match outcome.status {
        200 if target.contains("gif") => frames(&outcome.body) == Some(FRAMES),
        status => status == 200,
    };
    let passed = whole && server.runs() && group.kills()? == 0;
    println!(
        "{name:<44} {} in {:.1} s, {} KB, peak {} MB  {}",
        outcome.status,
        outcome.took.as_secs_f64(),
        outcome.body.len() / 1000,
        Group::peak(&server).map_or_else(|_| "?".to_owned(), |peak| (peak / 1_000_000).to_string()),
        if passed { "PASS" } else { "FAIL" }
    );
    if outcome.status != 200 {
        println!("    {}", String::from_utf8_lossy(&outcome.body).trim());
    }
    drop(server);
    Ok(passed)
}

fn mixed(folder: &Path) -> Result<bool> {
    let seconds = |long, short| Duration::from_secs(if is_short() { short } else { long });
    let group = Group::new(LIMIT)?;
    let mut server = group.start(folder)?;
    let address = server.address.clone();
    let fresh = Fresh::default();

    let measured = Mutex::new(Vec::new());
    let time = seconds(15, 5);
    closed(
        &address,
        4,
        time,
        |_| fresh.next(),
        |_, outcome| keep(&measured, outcome),
    );
    let capacity = good(&measured) as f64 / time.as_secs_f64();
    ensure!(capacity > 0.0, "no thumbnail could be made");
    let rate = capacity / 5.0;
    let idle = quantile(&open(&address, rate, seconds(60, 10), |_| fresh.next()), 0.99);
    println!(
        "thumbnails: {capacity:.0}/s at most; at {rate:.1}/s, with nothing else to do, p99 is {:.0} ms",
        milliseconds(idle)
    );

    let (large, thumbnails) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    let with_large = |time, work: &(dyn Fn() + Sync)| {
        scope(|scope| {
            for (_, target) in LARGE {
                let (address, large) = (&address, &large);
                scope.spawn(move || {
                    let note = |_: &str, outcome| keep(large, outcome);
                    closed(address, 1, time, |_| target.to_owned(), note);
                });
            }
            work();
        });
    };
    let half = seconds(150, 15);
    with_large(half, &|| {
        closed(
            &address,
            8,
            half,
            |_| fresh.next(),
            |_, outcome| keep(&thumbnails, outcome),
        );
    });
    let full = good(&thumbnails);
    let busy = Mutex::new(Vec::new());
    with_large(half, &|| {
        let outcomes = open(&address, rate, half, |_| fresh.next());
        if let Ok(mut busy) = busy.lock() {
            *busy = outcomes;
        }
    });
    let busy = busy.into_inner().unwrap_or_default();
    let p99 = quantile(&busy, 0.99);

    let kills = group.kills()? + u64::from(!server.runs());
    println!(
        "{full} thumbnails beside large jobs at full load; peak {}",
        peak(&server)
    );
    let mut met = at_most("ceiling, processes killed", kills as f64, 0.0);
    let large = large.into_inner().unwrap_or_default();
    let failed = large.iter().filter(|outcome| !outcome.is_good()).count() as f64 / large.len().max(1) as f64;
    println!("{} large jobs: {}", large.len(), statuses(&large));
    met &= at_most("ceiling, share of large jobs refused", failed, 1.0 - LARGE_BAR);
    let thumbnails = thumbnails.into_inner().unwrap_or_default();
    println!("thumbnails: {}; at 20 %: {}", statuses(&thumbnails), statuses(&busy));
    let all = large.iter().chain(&thumbnails).chain(&busy);
    let dishonest = all.filter(|outcome| !outcome.is_good() && !outcome.is_honest()).count();
    met &= at_most("ceiling, answers neither good nor honest", dishonest as f64, 0.0);
    let bar = 5.0 * milliseconds(idle) + 50.0;
    met &= at_most("ceiling, thumbnails' p99 at 20 %, ms", milliseconds(p99), bar);
    let not_made = busy.iter().filter(|outcome| !outcome.is_good()).count();
    met &= at_most("ceiling, thumbnails at 20 % not made", not_made as f64, 0.0);
    Ok(met)
}

/// The mix beside a crowd of connections that ask for nothing.
fn crowded(folder: &Path) -> Result<bool> {
    const CLIENTS: usize = 10;
    let time = Duration::from_secs(if is_short() { 20 } else { 120 });
    let group = Group::new(LIMIT)?;
    let mut server = group.start(folder)?;
    let address = server.address.clone();
    let (fresh, counts) = (Fresh::default(), crowd::Counts::default());
    let (large, thumbnails) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    crowd::beside(&address, &counts, || {
        scope(|scope| {
            for (_, target) in LARGE {
                let (address, large) = (&address, &large);
                scope.spawn(move || {
                    let note = |_: &str, outcome| keep(large, outcome);
                    closed(address, 1, time, |_| target.to_owned(), note);
                });
            }
            let note = |_: &str, outcome| keep(&thumbnails, outcome);
            closed(&address, CLIENTS, time, |_| fresh.next(), note);
        });
    })?;
    let kills = group.kills()? + u64::from(!server.runs());
    let (opened, failed) = (counts.opened.into_inner(), counts.failed.into_inner());
    println!(
        "beside {} idle connections and {} half heads ({opened} opened in all, {failed} not at once): peak {}",
        crowd::IDLE,
        crowd::HALF_HEADS,
        peak(&server)
    );
    let (large, thumbnails) = (
        large.into_inner().unwrap_or_default(),
        thumbnails.into_inner().unwrap_or_default(),
    );
    println!("{} large jobs: {}", large.len(), statuses(&large));
    println!(
        "thumbnails: {}; p99 {:.0} ms",
        statuses(&thumbnails),
        milliseconds(quantile(&thumbnails, 0.99))
    );
    let mut met = at_most("crowd, processes killed", kills as f64, 0.0);
    let lost = thumbnails
        .iter()
        .filter(|outcome| !outcome.is_good() && !outcome.is_honest());
    met &= at_most("crowd, thumbnails neither good nor honest", lost.count() as f64, 0.0);
    let share = good_of(&thumbnails) / thumbnails.len().max(1) as f64;
    met &= at_most("crowd, share of thumbnails not made", 1.0 - share, 0.01);
    sleep(Duration::from_secs(10));
    let left = Group::resident(&server).unwrap_or(u64::MAX) as f64 / 1e6;
    met &= at_most("crowd, resident 10 s after, MB", left, 160.0);
    Ok(met)
}

fn good_of(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().filter(|outcome| outcome.is_good()).count() as f64
}

/// Counts thumbnails over all phases, so that none is asked for twice.
#[derive(Default)]
struct Fresh(std::sync::atomic::AtomicU64);

impl Fresh {
    fn next(&self) -> String {
        thumbnail(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

fn keep(outcomes: &Mutex<Vec<Outcome>>, mut outcome: Outcome) {
    // Bodies are not compared, and thousands of them take memory.
    outcome.body = Vec::new();
    if let Ok(mut outcomes) = outcomes.lock() {
        outcomes.push(outcome);
    }
}

fn good(outcomes: &Mutex<Vec<Outcome>>) -> usize {
    outcomes.lock().map_or(0, |outcomes| {
        outcomes.iter().filter(|outcome| outcome.is_good()).count()
    })
}

/// How often each status came.
fn statuses(outcomes: &[Outcome]) -> String {
    let mut counts = std::collections::BTreeMap::new();
    for outcome in outcomes {
        *counts.entry(outcome.status).or_insert(0) += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(status, count)| format!("{status} x {count}"))
        .collect();
    counts.join(", ")
}

fn peak(server: &Server) -> String {
    Group::peak(server).map_or_else(|_| "?".to_owned(), |peak| format!("{} MB", peak / 1_000_000))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// How many pictures a GIF has, by its blocks (GIF89a, sections 18 to 27).
fn frames(bytes: &[u8]) -> Option<usize> {
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let after_blocks = |mut at: usize| {
        while *bytes.get(at)? != 0 {
            at += 1 + usize::from(bytes[at]);
        }
        Some(at + 1)
    };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut count = 0;
    loop {
        match bytes.get(at)? {
            0x3b => return Some(count),
            0x21 => at = after_blocks(at + 2)?,
            0x2c => {
                count += 1;
                at = after_blocks(at + 11 + table(*bytes.get(at + 9)?))?;
            }
            _ => return None,
        }
    }
}
