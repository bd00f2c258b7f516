//! Workspace: the tree's root, where cargo builds, and the names of the plugins.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::manifests;

/// The folder of the workspace's `Cargo.toml`: the parent of this crate's.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The members, as `cargo metadata` lists them.
pub(crate) fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command
        .current_dir(root())
        .no_deps()
        .other_options(["--locked".to_owned()]);
    command.exec().context("`cargo metadata` failed")
}

/// Where cargo builds.
pub(crate) fn target() -> Result<PathBuf> {
    Ok(metadata()?.target_directory.into_std_path_buf())
}

/// The names of all plugins: the folders in `crates/plugins` that hold a crate, sorted.
pub(crate) fn plugins() -> Result<Vec<String>> {
    manifests::plugins(root()).context("`crates/plugins` cannot be read")
}
