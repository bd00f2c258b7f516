//! Child processes: each prints its command line, and its output passes through untouched.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// The cargo that runs this, in the folder of the workspace; arguments are split at spaces. With `CI` set nothing is
/// kept for a next build, as there is none: that takes gigabytes.
pub fn cargo(arguments: &str) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), arguments);
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Any program, in the folder of the workspace; arguments are split at spaces.
pub fn program(name: impl AsRef<OsStr>, arguments: &str) -> Command {
    let mut command = Command::new(name);
    command
        .args(arguments.split_whitespace())
        .current_dir(workspace::root());
    command
}

/// Runs it to its end; an exit code other than zero is an error that names the command.
pub fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    eprintln!("$ {line}");
    let status = command.status().with_context(|| format!("`{line}` does not start"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Goes on as this command, so that signals reach it; as [`run`] where a process cannot become another program.
pub fn become_it(command: &mut Command) -> Result<()> {
    #[cfg(unix)]
    {
        let line = line(command);
        eprintln!("$ {line}");
        Err(std::os::unix::process::CommandExt::exec(command)).with_context(|| format!("`{line}` does not start"))
    }
    #[cfg(not(unix))]
    run(command)
}

/// Runs it to its end and gives what it wrote to standard output; the rest as [`run`].
pub fn read(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("`{line}` does not start"))?;
    if !output.status.success() {
        bail!("`{line}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote something other than text"))
}

/// The command as one would type it, near enough.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
