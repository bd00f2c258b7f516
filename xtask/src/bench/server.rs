//! Servers that are measured, each on a core of its own and only for as long as it is measured.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::command::program;
use crate::workspace;

/// A running server; ends with this value.
pub(super) struct Server {
    child: Child,
    pub(super) address: String,
}

impl Server {
    /// One whose address is not known yet.
    pub(super) fn of(child: Child) -> Self {
        Self {
            child,
            address: String::new(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server as `cargo build --release` makes it, on core 0, with the `plugins.toml` of this folder. Its access log is on
/// by default and goes to a file.
pub(super) fn start_resizer(folder: &Path) -> Result<Server> {
    let log = folder.join("resizer.log");
    let child = on_core(0)
        .arg(workspace::target()?.join("release/resizer-host"))
        .current_dir(folder)
        .env("RESIZER__SERVER__LISTEN", "127.0.0.1:0")
        .env("RESIZER__SERVER__ADMIN_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::null())
        .stderr(fs::File::create(&log)?)
        .spawn()?;
    let mut server = Server::of(child);
    for _ in 0..200 {
        let said = fs::read_to_string(&log)?;
        let address = said.lines().find_map(|line| line.split_once("listening on http://"));
        if let Some((_, address)) = address {
            server.address = address.trim().to_owned();
            return Ok(server);
        }
        sleep(Duration::from_millis(50));
    }
    bail!("the server does not listen; see {}", log.display())
}

/// A command line to which a program is to be added, and which runs it on this core.
pub(super) fn on_core(core: u32) -> Command {
    program("/usr/bin/taskset", &format!("-c {core}"))
}
