//! What every cache does: with all that stands before the disk, without it, and with each result on the disk before it
//! is asked for. What this one does beyond is in the modules.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

mod folder;
mod full_disk;
mod opened;
mod refusals;
mod several;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::cache_contract;
use resizer_plugin_api::{Cache, CacheKey, Entry, Error, Hit, ImageRequest, Purge};

use crate::opened::{Folder, Opened};

const ROOM: &str = "max_size = '256MiB'";
const NO_MEMORY: &str = "max_size = '256MiB'\nmemory_tier = '0B'";

/// Holds the folder for as long as the cache.
struct Whole {
    opened: Opened,
    _folder: Folder,
}

/// Answers a put when the result is on the disk.
struct AfterWriting(Whole);

async fn whole(settings: &str) -> Whole {
    let folder = Folder::new();
    Whole {
        opened: Opened::start(&folder.path(), settings).await,
        _folder: folder,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_cache() {
    cache_contract(async || Arc::new(whole(ROOM).await) as _).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_cache_without_the_memory_tier() {
    cache_contract(async || Arc::new(whole(NO_MEMORY).await) as _).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_cache_on_the_disk_alone() {
    cache_contract(async || Arc::new(AfterWriting(whole(NO_MEMORY).await)) as _).await;
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

#[async_trait]
impl Cache for AfterWriting {
    fn accepts(&self, request: &ImageRequest) -> bool {
        self.0.accepts(request)
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        self.0.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.0.put(key, entry).await?;
        self.0.opened.written().await;
        Ok(())
    }

    async fn purge(&self, what: &Purge) -> Result<u64, Error> {
        self.0.purge(what).await
    }
}
