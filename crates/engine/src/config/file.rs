//! The configuration file after it was read: its text, its entries, and the positions of settings. A later error, such
//! as a missing folder or a store that refuses, is so shown at its line.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use resizer_plugin_api::InstallError;

use super::explain::Section;
use crate::diagnostic::{Place, Problem};

/// A file that was read.
pub struct ConfigFile {
    /// Its path, as it was given.
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) entries: Vec<EntryName>,
    /// One for each entry.
    pub(super) sections: Vec<Section>,
    pub(super) server: Section,
    /// Bytes that are never shown.
    pub(super) secrets: Vec<Range<usize>>,
}

/// One `[[plugin]]` of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryName {
    /// The plugin.
    pub name: String,
    /// Whether it is used.
    pub enabled: bool,
    /// The line of its header, counted from 1.
    pub line: usize,
}

impl ConfigFile {
    /// The path of the file, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every `[[plugin]]`, in the order of the file; the place in this list is the number of an entry.
    #[must_use]
    pub fn entries(&self) -> &[EntryName] {
        &self.entries
    }

    /// Shows an error of one entry at its place in the file.
    #[must_use]
    pub fn problem(&self, entry: usize, error: &InstallError) -> Problem {
        match self.sections.get(entry) {
            Some(section) => self.masked(section.explain(error).problem),
            None => Problem::error(Place::File, error.to_string()),
        }
    }

    /// Shows an error of a setting of `[server]` at its place in the file.
    #[must_use]
    pub fn server_problem(&self, setting: &'static str, message: impl Into<String>) -> Problem {
        self.masked(self.server.explain(&InstallError::setting(setting, message)).problem)
    }

    fn masked(&self, problem: Problem) -> Problem {
        Problem {
            secrets: self.secrets.clone(),
            ..problem
        }
    }
}

impl fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigFile")
            .field("path", &self.path)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}
