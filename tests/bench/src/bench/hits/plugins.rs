//! Hits with plugins: the cost of a cached image with all plugins that look at requests, beside the shipped
//! `plugins.toml`. The entries are in `tests/bench/plugins.toml`.
//!
//! Both servers answer from the disk cache's memory tier, in turn on core 0. A third target goes through a rule and a
//! preset; it is measured for information, as what it costs depends on the rules.

use std::fs::{self, OpenOptions};
use std::io::Write as _;

use anyhow::{Result, bail};

use super::{CONNECTIONS, ROUNDS, SECONDS, image_of_weight, kept, rate, shipped};
use crate::bench::server::start_resizer;
use crate::bench::{median, verdict};
use crate::workspace;

/// The least share of the shipped configuration's requests per second: a hit costs at most 15 % more.
const BAR: f64 = 1.0 / 1.15;

pub(super) fn run() -> Result<()> {
    let folder = workspace::target()?.join("bench/hits-plugins");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let plain = start_resizer(&shipped(&folder.join("shipped"), "")?)?;
    let with_plugins = shipped(&folder.join("plugins"), "")?;
    let entries = fs::read_to_string(workspace::root().join("tests/bench/plugins.toml"))?;
    let mut configuration = OpenOptions::new()
        .append(true)
        .open(with_plugins.join("plugins.toml"))?;
    write!(configuration, "\n{entries}")?;
    let full = start_resizer(&with_plugins)?;

    let (target, bytes) = image_of_weight(&plain.address)?;
    let ruled = format!("/photos{target}&preset=article&utm_source=bench");
    println!(
        "{target}: {} bytes, {CONNECTIONS} connections, medians of {ROUNDS} rounds of {SECONDS} s",
        bytes.len()
    );
    let measured = [(&plain, &target), (&full, &target), (&full, &ruled)];
    for (server, target) in measured {
        kept(server, target)?;
    }
    let mut rates = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        for ((server, target), rates) in measured.iter().zip(&mut rates) {
            rates.push(rate(server, target, None)?);
        }
    }
    let share = |index: usize| {
        let rates = rates[index].iter().zip(&rates[0]);
        median(rates.map(|(full, plain)| full / plain).collect())
    };
    println!(
        "shipped {:.0} requests/s, with plugins {:.0}",
        median(rates[0].clone()),
        median(rates[1].clone())
    );
    println!(
        "through a rule and a preset: share of shipped {:.2}, without a bar",
        share(2)
    );
    if !verdict("hits with all plugins, share of shipped", share(1), BAR) {
        bail!("the bar is not met");
    }
    Ok(())
}
