//! sharp, the alternative that `bench pixels` measures: installs one version and starts the script that drives it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::installed::{node, npm};
use crate::command::read;

const PACKAGE: &str = "sharp@0.35.5";

pub(super) struct Sharp {
    modules: PathBuf,
}

impl Sharp {
    /// Installed below this folder.
    pub(super) fn install(folder: &Path) -> Result<Self> {
        let modules = npm(PACKAGE, &folder.join("sharp"))?;
        Ok(Self { modules })
    }

    /// A command of `sharp.cjs`, to which its arguments are to be added.
    pub(super) fn command(&self, name: &str) -> Command {
        let mut command = node(&self.modules, "sharp.cjs");
        command.arg(name);
        command
    }

    /// The versions of sharp, libvips and Node.
    pub(super) fn versions(&self) -> Result<String> {
        Ok(read(&mut self.command("versions"))?.trim().to_owned())
    }
}
