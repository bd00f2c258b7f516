//! Contract of caches for the disk cache: with all that stands before the disk, without it, and with each result on the
//! disk before it is requested. The modules test what this cache does beyond.
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
use resizer_engine::testing::{TemporaryFolders, cache_contract};
use resizer_plugin_api::{Cache, CacheKey, Entry, Error, Hit, ImageRequest, Purge};

use crate::opened::Opened;

const ROOM: &str = "max_size = '256MiB'";
const NO_MEMORY: &str = "max_size = '256MiB'\nmemory_tier = '0B'";

/// Answers a put when the result is on the disk.
struct AfterWriting(Opened);

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_holds() {
    let folders = TemporaryFolders::default();
    cache_contract(async || Arc::clone(&Opened::start(&folders.next(), ROOM).await.cache)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_without_the_memory_tier_holds() {
    let folders = TemporaryFolders::default();
    cache_contract(async || Arc::clone(&Opened::start(&folders.next(), NO_MEMORY).await.cache)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_on_the_disk_alone_holds() {
    let folders = TemporaryFolders::default();
    cache_contract(async || Arc::new(AfterWriting(Opened::start(&folders.next(), NO_MEMORY).await)) as _).await;
}

#[async_trait]
impl Cache for AfterWriting {
    fn accepts(&self, request: &ImageRequest) -> bool {
        self.0.cache.accepts(request)
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Hit>, Error> {
        self.0.cache.get(key).await
    }

    async fn put(&self, key: &CacheKey, entry: Entry) -> Result<(), Error> {
        self.0.cache.put(key, entry).await?;
        self.0.written().await;
        Ok(())
    }

    async fn purge(&self, purge: &Purge) -> Result<u64, Error> {
        self.0.cache.purge(purge).await
    }
}
