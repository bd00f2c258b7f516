//! Continuous integration, `cargo xtask ci`: every check of a reviewer that a machine can do. All steps run, also after
//! a failure, and a table at the end gives result and duration of each.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::command::{self, cargo, program};
use crate::{linked, new_plugin, test, tools};

type Step = (&'static str, fn() -> Result<()>);

const STEPS: &[Step] = &[
    ("format", || command::run(&mut cargo("fmt --all --check"))),
    ("lints", || {
        command::run(&mut cargo("clippy --workspace --all-targets --locked -- -D warnings"))
    }),
    ("lints, types alone", types_alone),
    ("lints, default features", || {
        command::run(&mut cargo("clippy -p resizer-host --locked -- -D warnings"))
    }),
    ("rustdoc", || {
        command::run(cargo("doc --workspace --no-deps --locked --quiet").env("RUSTDOCFLAGS", "-D warnings"))
    }),
    ("generated files", generated),
    ("a plugin's round", new_plugin::round),
    ("layers", || in_test_binary("tidy")),
    ("licences and bans", || deny("bans licenses sources")),
    ("advisories", advisories),
    ("spelling", || {
        command::run(&mut program(tools::typos()?, "--config _typos.toml"))
    }),
];

pub(crate) fn run(with_tests: bool) -> Result<()> {
    let tests: &[Step] = if with_tests { &[("tests", test::run)] } else { &[] };
    let mut table = Vec::new();
    for (name, step) in tests.iter().chain(STEPS) {
        eprintln!("\n== {name}");
        let start = Instant::now();
        let outcome = step();
        if let Err(error) = &outcome {
            eprintln!("{error:#}");
        }
        table.push((*name, outcome.is_ok(), start.elapsed()));
    }
    report(&table)
}

/// The part of imaging that a plugin author compiles: no codec. Everywhere else the workspace turns the codecs on for
/// everybody.
fn types_alone() -> Result<()> {
    command::run(&mut cargo(
        "clippy -p resizer-imaging --no-default-features --locked -- -D warnings",
    ))
}

fn generated() -> Result<()> {
    linked::check()?;
    in_test_binary("docs")
}

/// The tests of one module of the integration tests; built with the whole workspace, as `cargo xtask test` built it.
fn in_test_binary(module: &str) -> Result<()> {
    command::run(cargo("test --workspace --locked --test it --").arg(module))
}

fn deny(checks: &str) -> Result<()> {
    command::run(&mut program(
        tools::cargo_deny()?,
        &format!("--locked check --hide-inclusion-graph {checks}"),
    ))
}

/// Known weaknesses of dependencies. Their database is in a repository that not every machine can reach.
fn advisories() -> Result<()> {
    if let Err(error) = command::run(&mut program(tools::cargo_deny()?, "fetch db")) {
        eprintln!("NOT CHECKED: the advisory database cannot be fetched here: {error:#}");
        return Ok(());
    }
    deny("--disable-fetch advisories")
}

fn report(table: &[(&str, bool, Duration)]) -> Result<()> {
    eprintln!();
    for (name, passed, time) in table {
        eprintln!(
            "{:<6} {:>6.1} s  {name}",
            if *passed { "ok" } else { "FAILED" },
            time.as_secs_f64()
        );
    }
    let failed = table.iter().filter(|row| !row.1).count();
    if failed > 0 {
        bail!("{failed} of {} steps failed", table.len());
    }
    Ok(())
}
