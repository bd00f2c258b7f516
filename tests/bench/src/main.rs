//! Benches and soaks, started by `cargo xtask bench NAME` and `cargo xtask soak NAME`. They drive cargo and the server
//! as processes; `bench/` compares speed, `soak/` tries what must hold for hours.
#![allow(clippy::disallowed_methods, reason = "a measurement may wait for a file")]

mod bench;
mod soak;

use std::process::ExitCode;

use anyhow::{Result, bail};
use xtask::{command, tools, workspace};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("resizer-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["bench", name, options @ ..] => bench::run(name, options),
        ["soak", name] => soak::run(name),
        _ => bail!(
            "usage: `cargo xtask bench NAME [--write]`, `cargo xtask bench hits --plugins` or `cargo xtask soak NAME`"
        ),
    }
}
