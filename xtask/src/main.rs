//! Chores of the project, one file for each; `cargo xtask help` lists them. They run cargo and a few tools as processes
//! and know nothing of images or requests.
#![allow(clippy::disallowed_methods, reason = "a chore may wait for a file")]

mod ci;
mod dist;
mod docs;
mod enabled;
mod fuzz;
mod linked;
mod new_plugin;
mod run;
mod stores;
mod test;

use std::num::NonZeroU32;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use xtask::{command, manifests, tools, workspace};

const HELP: &str = "\
The project's chores.

Usage: cargo xtask COMMAND

Commands:
  test                          run every test of the workspace; installs what they need
  stores                        only install the stores that tests read from
  ci [--no-test]                what a reviewer would ask for: format, lints, documentation,
                                layers, licences, spelling; and first the tests, unless told not to
  docs                          write what is generated: reference pages, schema, linked.rs, and the
                                plugin lines of the manifests
  new-plugin NAME --kind KIND   write a plugin's crate with tests into crates/plugins/NAME; KIND is
                                source, cache or event. With --check alone: try all of it in a copy
  run [--config FILE]           build the server with exactly the plugins that FILE (plugins.toml)
                                enables, and start it
  bench NAME [--write]          measure beside alternatives: build, bytes, cancel, fair, filters,
                                hits, http, pixels, predict, relay, stampede, watermark; bytes,
                                filters, http and pixels also into docs/benchmarks.md with --write;
                                hits with all plugins beside the shipped plugins.toml with --plugins
  soak NAME                     try for hours: attack, ceiling, crash, million, slope; for minutes with
                                SOAK_SHORT=1
  fuzz [TARGET] [--minutes N]   feed damaged input to a parser for N minutes (10); without
                                TARGET, to each parser in turn
  dist [--config FILE] [--out DIR]
                                build a binary with only the plugins that FILE (plugins.toml)
                                enables, prove it, and lay it with its papers into DIR (dist)
  help                          print this
";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["test"] => test::run(),
        ["stores"] => stores::run_alone(),
        ["ci"] => ci::run(true),
        ["ci", "--no-test"] => ci::run(false),
        ["docs"] => docs::run(),
        ["new-plugin", "--check"] => new_plugin::round(),
        ["new-plugin", name, "--kind", kind] | ["new-plugin", "--kind", kind, name] => new_plugin::run(name, kind),
        [kind @ ("bench" | "soak"), name, options @ ..] => command::run(
            command::cargo(&format!("run --quiet --locked -p resizer-bench -- {kind} {name}")).args(options),
        ),
        ["run", options @ ..] => {
            let [config] = values("run", options, [("--config", "plugins.toml")])?;
            run::run(config.as_ref())
        }
        ["fuzz", target, options @ ..] if !target.starts_with('-') => fuzz::run(Some(target), minutes(options)?),
        ["fuzz", options @ ..] => fuzz::run(None, minutes(options)?),
        ["dist", options @ ..] => {
            let [config, out] = values("dist", options, [("--config", "plugins.toml"), ("--out", "dist")])?;
            dist::run(config.as_ref(), out.as_ref())
        }
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("`{}` is not a chore; `cargo xtask help` lists them", other.join(" ")),
    }
}

/// The values of a chore's options, each given at most once or left at its default.
fn values<'a, const N: usize>(
    chore: &str,
    given: &[&'a str],
    known: [(&'static str, &'static str); N],
) -> Result<[&'a str; N]> {
    let mut values = known.map(|(_, default)| default);
    let mut given = given.iter();
    while let Some(option) = given.next() {
        let at = known.iter().position(|(name, _)| name == option);
        let at = at.with_context(|| format!("`{chore}` has no option `{option}`"))?;
        values[at] = given.next().with_context(|| format!("`{option}` takes a value"))?;
    }
    Ok(values)
}

fn minutes(options: &[&str]) -> Result<NonZeroU32> {
    let [minutes] = values("fuzz", options, [("--minutes", "10")])?;
    minutes
        .parse()
        .with_context(|| format!("`{minutes}` is no number of minutes"))
}
