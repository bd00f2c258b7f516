//! Generated files, `cargo xtask docs`: writes them anew. The plugin lines of the manifests and `linked.rs` come first,
//! because only a binary that holds a plugin can render its page. The launcher in `xtask/start` has written the
//! manifests already, and cargo then the lock file.

use anyhow::Result;

use crate::command::{self, cargo};
use crate::{linked, manifests, workspace};

pub(crate) fn run() -> Result<()> {
    manifests::write(workspace::root())?;
    linked::write()?;
    command::run(cargo("test --workspace --locked --test it -- docs").env("UPDATE_DOCS", "1"))
}
