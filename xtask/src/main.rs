//! The project's own chores, one file for each: `cargo xtask help` lists them. They drive cargo and a few tools as
//! processes and hold no knowledge of images or requests.
#![allow(
    clippy::disallowed_methods,
    reason = "a chore may wait for a file: nobody is served here"
)]

mod bench;
mod ci;
mod command;
mod dist;
mod docs;
mod linked;
mod manifests;
mod new_plugin;
mod soak;
mod stores;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

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
  bench NAME                    measure beside what one would pick instead: cancel, hits, jpeg,
                                predict, relay, stampede
  soak NAME                     try for long what must never happen: ceiling, crash,
                                million, slope; short with SOAK_SHORT=1
  dist [--config FILE] [--out DIR]
                                build a binary with only the plugins that FILE (plugins.toml)
                                enables, prove it, and lay it with its papers into DIR (dist)
  help                          print this
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
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
        ["bench", name] => bench::run(name),
        ["soak", name] => soak::run(name),
        ["dist", options @ ..] => {
            let (mut config, mut out) = ("plugins.toml", "dist");
            let mut options = options.iter();
            while let Some(option) = options.next() {
                let value = match *option {
                    "--config" => &mut config,
                    "--out" => &mut out,
                    other => bail!("`dist` has no option `{other}`"),
                };
                *value = options.next().with_context(|| format!("`{option}` takes a value"))?;
            }
            dist::run(config.as_ref(), out.as_ref())
        }
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("`{}` is not a chore; `cargo xtask help` lists them", other.join(" ")),
    }
}
