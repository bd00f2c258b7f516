//! Generated files, `cargo xtask docs`: writes them anew. `linked.rs` comes first, because only a binary that holds a
//! plugin can render its page.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::linked;

pub(crate) fn run() -> Result<()> {
    linked::write()?;
    command::run(cargo("test --workspace --locked --test it -- docs").env("UPDATE_DOCS", "1"))
}
