//! Contract of caches for `memcache`, its life across reloads, and its settings. Its bound and its evictions are tested
//! with the memory store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use resizer_engine::testing::{Installer, OpenedCache, cache_contract, numbered_key};
use resizer_memcache::MemCache;

fn install(installer: &Arc<Installer>, settings: &str) -> OpenedCache {
    OpenedCache::install::<MemCache>(installer, settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_holds() {
    cache_contract(async || install(&Arc::default(), "").cache).await;
}

#[test]
fn plugin_keeps_results_and_no_originals() {
    let table = Installer::default().install::<MemCache>("").unwrap();
    assert_eq!((table.result_caches.len(), table.source_caches.len()), (1, 0));
}

#[tokio::test]
async fn reload_with_the_same_size_keeps_the_entries() {
    let (installer, key) = (Arc::default(), numbered_key(1));
    let first = install(&installer, "max_size = '10MB'");
    first.put(&key, vec![1; 1000]).await;
    let second = install(&installer, "max_size = '10MB'");
    let other = install(&installer, "max_size = '20MB'");
    drop(first);
    assert!(second.get(&key).await.is_some(), "the same size, the same entries");
    assert!(other.get(&key).await.is_none(), "another size, an empty cache");
    assert!(installer.metric("resizer_memcache_bytes") > 1000);
    assert_eq!(installer.metric("resizer_memcache_evictions_total"), 0);
    drop(second);
    assert_eq!(
        installer.metric("resizer_memcache_bytes"),
        0,
        "a closed cache shows nothing"
    );
}

#[tokio::test]
async fn result_above_a_quarter_of_max_size_is_not_kept() {
    let cache = install(&Arc::default(), "max_size = '1MB'");
    for (number, length, kept) in [(1, 240_000, true), (2, 250_000, false)] {
        let key = numbered_key(number);
        cache.put(&key, vec![1; length]).await;
        assert_eq!(cache.get(&key).await.is_some(), kept, "{length} bytes");
    }
}

#[test]
fn settings_that_are_wrong_are_refused_with_a_hint() {
    let check = |settings: &str, part: &str| {
        let refused = Installer::default().install::<MemCache>(settings);
        let message = refused.map(drop).unwrap_err().to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("max_size = 'lots'", "as in \"512MB\"");
    check("max_sise = '1MB'", "max_sise");
}
