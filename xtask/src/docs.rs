//! Generated files: `cargo xtask docs` writes the plugin lines of the manifests, `linked.rs`, the reference pages and
//! the schema. Manifests and `linked.rs` come first, because only a binary that holds a plugin can render its page. The
//! launcher in `xtask/start` has written the manifests already, and cargo then the lock file.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::{linked, manifests, workspace};

pub(crate) fn run() -> Result<()> {
    manifests::write(workspace::root())?;
    linked::write()?;
    command::run(cargo("test --workspace --locked --test it -- docs").env("UPDATE_DOCS", "1"))
}
