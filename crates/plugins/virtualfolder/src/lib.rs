//! Virtual folder plugin: serves a folder from elsewhere below a path of its own, beside the images of `filereader`. It
//! mirrors ImageResizer's VirtualFolder. The page for operators is `docs.md`.
//!
//! The source is the one of `resizer-folder-source`, which `filereader` mounts too.

use std::path::PathBuf;

use resizer_folder_source::FolderSource;
use resizer_plugin_api::{Hooks, InstallError, Plugin, reader_settings, register};

register!(VirtualFolder, docs = "../docs.md");

reader_settings! {
    prefix = "/virtual/", check_modified = "0s", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The folder with the images: with the prefix `/virtual/`, the URL `/virtual/a/b.jpg` is the file `a/b.jpg` in
        /// it. A relative path starts at the working directory of the server, and may lead out of it.
        pub folder: PathBuf,
    }
}

/// Serves one folder.
#[derive(Debug)]
pub struct VirtualFolder;

impl Plugin for VirtualFolder {
    const NAME: &'static str = "virtualfolder";
    const SUMMARY: &'static str = "Serves a folder from elsewhere below a path of its own.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        FolderSource::mount(hooks, Self::NAME, &config.folder, config.prefix, policy)
    }
}
