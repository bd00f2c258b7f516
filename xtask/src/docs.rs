//! `cargo xtask docs`: writes what is generated. `linked.rs` comes first, because a plugin's page can be rendered only
//! by a binary that holds the plugin.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::linked;

pub(crate) fn run() -> Result<()> {
    linked::write()?;
    command::run(cargo("test --workspace --locked --test it -- docs").env("UPDATE_DOCS", "1"))
}
