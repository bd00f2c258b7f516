//! What every cache does, and what this one does beyond, in the modules.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

mod crash;
mod folder;
mod opened;
mod refusals;
mod several;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::cache_contract;
use resizer_plugin_api::{Cache, CacheKey, Entry, Error, Hit, ImageRequest, Purge};

use crate::opened::{Folder, Opened};

/// Holds the folder for as long as the cache.
struct Whole {
    opened: Opened,
    _folder: Folder,
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_cache() {
    let whole = async || {
        let folder = Folder::new();
        let opened = Opened::start(&folder.path(), "max_size = '256MiB'").await;
        Arc::new(Whole {
            opened,
            _folder: folder,
        }) as _
    };
    cache_contract(whole).await;
}

#[async_trait]
impl Cache for Whole {
    fn accepts(&self, request: &ImageRequest) -> bool {
        self.opened.cache.accepts(request)
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        self.opened.cache.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.opened.cache.put(key, entry).await
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        self.opened.cache.purge(what).await
    }
}
