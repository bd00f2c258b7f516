//! Tests of the plugin: the suite that every cache passes, and its bound.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use resizer_engine::testing::{Installer, cache_contract};
use resizer_plugin_api::bytes::Bytes;
use resizer_plugin_api::{Cache, CacheKey, Entry, EntryMeta, SourceKey, Validator, Variant};

use crate::cache::RecentCache;

fn open(settings: &str) -> Arc<dyn Cache> {
    let table = Installer::default().install::<RecentCache>(settings).unwrap();
    Arc::clone(&table.result_caches[0].value)
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_passes_the_contract() {
    cache_contract(async || open("max_size = '64MiB'")).await;
}

#[tokio::test]
async fn entry_beyond_the_bound_drops_the_oldest() {
    let cache = open("max_size = '10B'");
    let key = |name: &str| CacheKey {
        source: SourceKey::new(name),
        validator: Validator::new("1"),
        variant: Variant::of(["width=1"]),
    };
    for name in ["first", "second"] {
        let meta = EntryMeta::new("image/png", Validator::new("1"));
        cache
            .put(&key(name), Entry::new(meta, Bytes::from_static(b"6bytes")))
            .await
            .unwrap();
    }
    assert!(cache.get(&key("first")).await.unwrap().is_none());
    assert!(cache.get(&key("second")).await.unwrap().is_some());
}
