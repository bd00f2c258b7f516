//! Server start, `cargo xtask run`: builds the server with exactly the plugins that a `plugins.toml` enables, and
//! starts it.

use std::path::Path;

use anyhow::Result;

use crate::command::{self, cargo};
use crate::enabled;

/// Ends with the server. Its relative paths count from the folder of the workspace, as with `cargo run`.
pub(crate) fn run(config: &Path) -> Result<()> {
    let features = enabled::features(&enabled::read(config)?);
    let build = format!("run --release --locked -p resizer-host {features} --");
    command::become_it(cargo(&build).arg("serve").arg("--config").arg(config.canonicalize()?))
}
