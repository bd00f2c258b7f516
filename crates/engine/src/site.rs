//! Site: one reading of `plugins.toml`, its settings and the hooks of its plugins. Built by [`crate::Engine::start`],
//! swapped whole on reload, and held by every request until that request ends.

use std::fmt;
use std::sync::Arc;

use resizer_imaging::Limits;
use resizer_plugin_api::engine::{Given, HookTable, MountedSource};
use resizer_plugin_api::{Damaged, SourcePath, SourcePathError};

use crate::config::{ConfigFile, Loaded};
use crate::plan::plan_of;
use crate::server_settings::EngineSettings;

/// The configuration in force.
pub struct Site {
    server: EngineSettings,
    limits: Limits,
    /// Longest prefix first.
    mounts: Vec<Given<Arc<MountedSource>>>,
    pub(crate) table: HookTable,
    file: ConfigFile,
}

impl Site {
    pub(crate) fn new(loaded: Loaded) -> Self {
        let Loaded { server, table, file } = loaded;
        let shared = |source: &Given<MountedSource>| Given {
            plugin: source.plugin,
            entry: source.entry,
            value: Arc::new(source.value.clone()),
        };
        let mut mounts: Vec<_> = table.sources.iter().map(shared).collect();
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.value.prefix.as_str().len()));
        let limits = Limits {
            max_source_pixels: server.max_source_pixels,
            max_source_side: server.max_source_side,
            max_output_pixels: server.max_output_pixels,
            max_output_side: server.max_output_side,
            max_frames: server.max_frames,
            max_total_pixels: server.max_total_pixels,
            show_damaged: server.damaged == Damaged::Show,
        };
        Self {
            server,
            limits,
            mounts,
            table,
            file,
        }
    }

    /// The engine's settings of `[server]`.
    #[must_use]
    pub fn server(&self) -> &EngineSettings {
        &self.server
    }

    /// The file that this site was read from.
    #[must_use]
    pub fn file(&self) -> &ConfigFile {
        &self.file
    }

    /// Which plugin acts at which event, as a table for people.
    #[must_use]
    pub fn plan(&self) -> String {
        plan_of(&self.table)
    }

    /// The limits of images of this source.
    pub(crate) fn limits(&self, mount: &MountedSource) -> Limits {
        let damaged = mount.policy.damaged.unwrap_or(self.server.damaged);
        Limits {
            show_damaged: damaged == Damaged::Show,
            ..self.limits.clone()
        }
    }

    /// Whether a key of the query makes the engine process an image: a key of imaging, or of an enabled plugin.
    pub(crate) fn is_directive(&self, key: &str) -> bool {
        resizer_imaging::is_trigger(key) || self.is_plugin_key(key)
    }

    /// Whether an enabled plugin reads this key of the query.
    pub(crate) fn is_plugin_key(&self, key: &str) -> bool {
        let mut known = self.table.query_keys.iter();
        known.any(|known| known.eq_ignore_ascii_case(key))
    }

    /// How many jobs may wait for one store: [`crate::admission::Admission::store_wait`].
    pub(crate) fn queue_per_store(&self) -> Option<usize> {
        let alone = (!self.has_other_stores()).then_some(usize::MAX);
        self.server.queue_per_store.or(alone)
    }

    /// Whether more than one prefix is served, so that the images of one can starve those of another.
    pub(crate) fn has_other_stores(&self) -> bool {
        self.mounts.len() > 1
    }

    /// The source with the longest prefix of this path.
    pub(crate) fn mount(&self, path: &str) -> Option<&Given<Arc<MountedSource>>> {
        self.mounts
            .iter()
            .find(|mount| path.starts_with(mount.value.prefix.as_str()))
    }
}

/// The part of a decoded path below a mount's prefix.
pub(crate) fn below(mount: &MountedSource, path: &str) -> Result<SourcePath, SourcePathError> {
    SourcePath::parse(path.strip_prefix(mount.prefix.as_str()).unwrap_or_default())
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
