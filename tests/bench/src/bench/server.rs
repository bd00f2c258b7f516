//! Measured servers: starts each on a core of its own and ends it with its measurement.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo, program};
use crate::workspace;

/// A running server; ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    /// Of the admin listener, where there is one.
    pub(crate) admin: String,
}

impl Server {
    /// One whose address is not known yet.
    pub(crate) fn of(child: Child) -> Self {
        Self {
            child,
            address: String::new(),
            admin: String::new(),
        }
    }

    /// The bytes that a line of its status in `/proc` names, `VmRSS:` or `VmHWM:`.
    pub(crate) fn status_bytes(&self, line: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).context("the server is gone")?;
        let kib = status
            .lines()
            .find_map(|text| text.strip_prefix(line)?.trim().strip_suffix("kB"));
        let kib: u64 = kib
            .with_context(|| format!("no {line} in its status"))?
            .trim()
            .parse()?;
        Ok(kib * 1024)
    }

    /// Whether it is still there.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds the server in the form that `cargo xtask dist` ships, with every plugin.
pub(crate) fn build_resizer() -> Result<()> {
    command::run(&mut cargo(
        "build --profile dist --locked -p resizer-host --features all",
    ))
}

/// The server that [`build_resizer`] made, on core 0, with the `plugins.toml` of this folder.
pub(crate) fn start_resizer(folder: &Path) -> Result<Server> {
    let mut command = on_core(0);
    command.arg(resizer()?);
    start(command, folder)
}

/// The path of the measured server.
pub(crate) fn resizer() -> Result<PathBuf> {
    Ok(workspace::target()?.join("dist/resizer-host"))
}

/// The same on all cores, for what depends on how the server divides them.
pub(crate) fn start_resizer_on_all_cores(folder: &Path) -> Result<Server> {
    start(Command::new(resizer()?), folder)
}

/// Runs a command that starts the measured server, and waits until the server listens. The server works in this folder.
/// Its access log is on by default and goes to a file.
pub(crate) fn start(mut command: Command, folder: &Path) -> Result<Server> {
    let log = folder.join("resizer.log");
    let child = command
        .current_dir(folder)
        .env("RESIZER__SERVER__LISTEN", "127.0.0.1:0")
        .env("RESIZER__SERVER__ADMIN_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .spawn()?;
    let mut server = Server::of(child);
    for _ in 0..200 {
        let said = fs::read_to_string(&log)?;
        let after = |words: &str| {
            said.lines()
                .find_map(|line| Some(line.split_once(words)?.1.trim().to_owned()))
        };
        if let (Some(address), Some(admin)) = (after("listening on http://"), after("admin on http://")) {
            (server.address, server.admin) = (address, admin);
            return Ok(server);
        }
        sleep(Duration::from_millis(50));
    }
    bail!("the server does not listen; see {}", log.display())
}

/// A command line to which a program is to be added, and which runs it on this core.
pub(crate) fn on_core(core: u32) -> Command {
    program("/usr/bin/taskset", &format!("-c {core}"))
}
