//! Folder plugin: serves images from a local folder. This file has its settings; the source is the one of
//! `resizer-folder-source`, which `virtualfolder` mounts too. The page for operators is `docs.md`.

use std::path::PathBuf;

use resizer_folder_source::FolderSource;
use resizer_plugin_api::{Hooks, InstallError, Plugin, reader_settings, register};

register!(FileReader, docs = "../docs.md");

reader_settings! {
    prefix = "/", check_modified = "0s", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The folder with the images: with the prefix `/photos/`, the URL `/photos/a/b.jpg` is the file `a/b.jpg` in
        /// it. A relative path starts at the working directory of the server.
        pub folder: PathBuf,
    }
}

/// Serves one folder.
#[derive(Debug)]
pub struct FileReader;

impl Plugin for FileReader {
    const NAME: &'static str = "filereader";
    const SUMMARY: &'static str = "Serves images from a local folder.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        FolderSource::mount(hooks, Self::NAME, &config.folder, config.prefix, policy)
    }
}
