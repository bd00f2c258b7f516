//! What the chores know of the tree: where it is, where cargo builds, which plugins there are.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The folder of the workspace's `Cargo.toml`: the parent of this crate's.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// What `cargo metadata` says of the members.
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

/// The names of all plugins: the folders in `crates/plugins` that hold a crate, in order.
pub(crate) fn plugins() -> Result<Vec<String>> {
    let folder = root().join("crates/plugins");
    let mut names = Vec::new();
    for entry in folder
        .read_dir()
        .with_context(|| format!("{} cannot be read", folder.display()))?
    {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
