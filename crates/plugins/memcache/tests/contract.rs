//! What every cache does, and what this one does beyond: its bound, its numbers, its life across reloads.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use resizer_engine::testing::{Installer, cache_contract};
use resizer_memcache::MemCache;
use resizer_plugin_api::{Cache, CacheKey, Entry, EntryMeta, Purge, SourceKey, Validator, Variant};

fn install(installer: &Installer, settings: &str) -> Arc<dyn Cache> {
    let table = installer.install::<MemCache>(settings).unwrap();
    assert_eq!(table.result_caches.len(), 1, "it keeps results");
    assert!(table.source_caches.is_empty(), "and no originals");
    Arc::clone(&table.result_caches[0].value)
}

fn key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["w=100"]),
    }
}

async fn put(cache: &dyn Cache, number: usize, length: usize) {
    let meta = EntryMeta::new("image/jpeg", Validator::new("1"));
    cache
        .put(&key(number), Entry::new(meta, Bytes::from(vec![1; length])))
        .await
        .unwrap();
}

async fn is_kept(cache: &dyn Cache, number: usize) -> bool {
    cache.get(&key(number)).await.unwrap().is_some()
}

/// The value of a metric as an operator reads it.
fn metric(installer: &Installer, name: &str) -> i64 {
    let text = installer.metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_a_cache() {
    cache_contract(async || install(&Installer::default(), "")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_never_grows_past_its_bound() {
    let installer = Installer::default();
    let cache = install(&installer, "max_size = '1MB'");
    let tasks = (0..4).map(|task| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            for number in 0..100 {
                put(&*cache, task * 100 + number, 50_000).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let mut kept = 0;
    for number in 0..400 {
        kept += usize::from(is_kept(&*cache, number).await);
    }
    assert!(
        (10..=19).contains(&kept),
        "1,000,000 bytes hold at most 19 entries of 50,000 and more, not {kept}"
    );
    let bytes = metric(&installer, "resizer_memcache_bytes");
    assert!(
        (kept as i64 * 50_000..=1_000_000).contains(&bytes),
        "{kept} entries in {bytes} bytes"
    );
    assert!(
        metric(&installer, "resizer_memcache_evictions_total") > 0,
        "what gave way is counted"
    );
}

#[tokio::test]
async fn many_small_entries_count_with_their_keys() {
    let installer = Installer::default();
    let cache = install(&installer, "max_size = '100KB'");
    for number in 0..1000 {
        put(&*cache, number, 0).await;
    }
    let mut kept = 0;
    for number in 0..1000 {
        kept += usize::from(is_kept(&*cache, number).await);
    }
    assert!(
        kept < 200,
        "an empty entry counts at least half a kilobyte, so 100 KB hold fewer than 200, not {kept}"
    );
}

#[tokio::test]
async fn one_image_does_not_empty_it() {
    let cache = install(&Installer::default(), "max_size = '1MB'");
    put(&*cache, 1, 240_000).await;
    put(&*cache, 2, 250_000).await;
    assert!(
        is_kept(&*cache, 1).await,
        "a result below a quarter of the whole is kept"
    );
    assert!(!is_kept(&*cache, 2).await, "a larger one is not");
    put(&*cache, 1, 250_000).await;
    assert!(!is_kept(&*cache, 1).await, "nor does the smaller one before it remain");
}

#[tokio::test]
async fn a_reload_keeps_the_entries_while_the_size_stays() {
    let installer = Installer::default();
    let first = install(&installer, "max_size = '10MB'");
    put(&*first, 1, 1000).await;
    let second = install(&installer, "max_size = '10MB'");
    let other = install(&installer, "max_size = '20MB'");
    drop(first);
    assert!(is_kept(&*second, 1).await, "the same size, the same entries");
    assert!(!is_kept(&*other, 1).await, "another size, an empty cache");
    assert!(
        metric(&installer, "resizer_memcache_bytes") > 1000,
        "the entries' bytes are shown"
    );
    drop(second);
    assert_eq!(
        metric(&installer, "resizer_memcache_bytes"),
        0,
        "what is closed is shown no more"
    );
}

#[tokio::test]
async fn a_purge_frees_the_bytes() {
    let installer = Installer::default();
    let cache = install(&installer, "max_size = '10MB'");
    for number in 0..100 {
        put(&*cache, number, 1000).await;
    }
    assert_eq!(cache.purge(&Purge::Prefix("file:/".to_owned())).await.unwrap(), 100);
    assert_eq!(metric(&installer, "resizer_memcache_bytes"), 0);
    assert_eq!(
        metric(&installer, "resizer_memcache_evictions_total"),
        0,
        "a purge is no eviction"
    );
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let wrong = |settings: &str| {
        Installer::default()
            .install::<MemCache>(settings)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert!(
        wrong("max_size = 'lots'").contains("as in \"512MB\""),
        "{}",
        wrong("max_size = 'lots'")
    );
    assert!(
        wrong("max_sise = '1MB'").contains("max_sise"),
        "{}",
        wrong("max_sise = '1MB'")
    );
}
