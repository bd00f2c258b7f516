//! Located source: which source serves a request, the source's lasting key, and its last known stat. Made by `locate`.

use std::sync::Arc;

use http::StatusCode;
use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{SourceKey, SourcePath, Stat, Substitute};

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
    /// The word of a plugin that named this source in place of a missing image.
    pub(crate) substitute: Option<Substitute>,
}

impl Located {
    /// The substitute, if the response says that the image asked for is not there.
    pub(crate) fn stands_in(&self) -> Option<&Substitute> {
        self.substitute
            .as_ref()
            .filter(|substitute| substitute.status != StatusCode::OK)
    }
}
