//! Contract of caches for the source cache on disk; the modules test what this cache does beyond.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

mod crash;
mod folder;
mod opened;
mod refusals;
mod several;

use std::sync::Arc;

use resizer_engine::testing::{TemporaryFolders, cache_contract};

use crate::opened::Opened;

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_holds() {
    let folders = TemporaryFolders::default();
    cache_contract(async || Arc::clone(&Opened::start(&folders.next(), "max_size = '256MiB'").await.cache)).await;
}
