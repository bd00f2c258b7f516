//! Places in the tree: the root, the folder where cargo builds, the folders of plugins.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::manifests;

/// The folder of the workspace's `Cargo.toml`: the parent of this crate's.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The members, from `cargo metadata`.
pub fn metadata() -> Result<Metadata> {
    let mut command = MetadataCommand::new();
    command
        .current_dir(root())
        .no_deps()
        .other_options(["--locked".to_owned()]);
    command.exec().context("`cargo metadata` failed")
}

/// Where cargo builds.
pub fn target() -> Result<PathBuf> {
    Ok(metadata()?.target_directory.into_std_path_buf())
}

/// The names of all plugins: the folders in `crates/plugins` that hold a crate, in order.
pub fn plugins() -> Result<Vec<String>> {
    manifests::plugins(root()).context("`crates/plugins` cannot be read")
}
