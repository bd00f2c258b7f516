//! Located source: which source serves a request, the source's lasting key, and its last known stat. Made by `locate`.

use std::sync::Arc;

use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{SourceKey, SourcePath, Stat};

use crate::purge_epoch::PurgeEpoch;

/// The source of one request.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) plugin: &'static str,
    pub(crate) mount: Arc<MountedSource>,
    /// Below the mount's prefix.
    pub(crate) path: SourcePath,
    pub(crate) key: SourceKey,
    pub(crate) stat: Stat,
    /// Read before the store was asked anything.
    pub(crate) epoch: PurgeEpoch,
    /// Whether a plugin named this source in place of a missing image.
    pub(crate) substituted: bool,
}
