//! Launcher of the chores: before `docs` it mends the plugin lines of the manifests, so that `xtask` can be built after
//! a plugin's folder was added or deleted; then it runs `xtask`.
#![forbid(unsafe_code)]

#[path = "../../src/manifests.rs"]
#[allow(dead_code, reason = "xtask uses the rest")]
mod manifests;

use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().nth(2).unwrap_or(here);
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    if arguments.first().is_some_and(|chore| chore == "docs")
        && let Err(error) = manifests::write(root)
    {
        eprintln!("xtask: the plugin lines of the manifests cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    let mut xtask = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    xtask.args(["run", "--quiet", "--package", "xtask", "--manifest-path"]);
    xtask.arg(root.join("Cargo.toml")).arg("--").args(arguments);
    match run(&mut xtask) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: cargo does not start: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Becomes this command, so that signals reach it.
#[cfg(unix)]
fn run(command: &mut Command) -> std::io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> std::io::Result<ExitCode> {
    let status = command.status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
