//! What every cache does, and what this one does beyond: whose originals it keeps, its bound, its numbers, its life
//! across reloads.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use bytes::Bytes;
use resizer_engine::testing::{Installer, cache_contract};
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{
    Cache, CacheKey, Entry, EntryMeta, ImageRequest, Purge, Query, RequestHead, SourceKey, Validator, Variant,
};
use resizer_sourcememcache::SourceMemCache;

fn install(installer: &Installer, settings: &str) -> Arc<dyn Cache> {
    let table = installer.install::<SourceMemCache>(settings).unwrap();
    assert_eq!(table.source_caches.len(), 1, "it keeps originals");
    assert!(table.result_caches.is_empty(), "and no results");
    Arc::clone(&table.source_caches[0].value)
}

fn key(number: usize) -> CacheKey {
    CacheKey {
        source: SourceKey::new(format!("file:/{number}.jpg")),
        validator: Validator::new("1"),
        variant: Variant::of(["relay"]),
    }
}

async fn put(cache: &dyn Cache, number: usize, length: usize) {
    let meta = EntryMeta::new("application/octet-stream", Validator::new("1"));
    let bytes = Bytes::from(vec![1; length]);
    cache.put(&key(number), Entry::new(meta, bytes)).await.unwrap();
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

#[test]
fn originals_are_kept_where_the_url_or_the_prefix_says_so() {
    let check = |settings: &str, url: &str, expected: bool| {
        let cache = install(&Installer::default(), settings);
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let request = ImageRequest::new(
            Arc::new(RequestHead::get(path, query)),
            path.to_owned(),
            Query::parse(query),
            Instructions::default(),
            Default::default(),
        );
        assert_eq!(cache.accepts(&request), expected, "{settings} {url}");
    };
    check("", "/s3/a.jpg?w=100", false);
    check("", "/s3/a.jpg?scache=mem", true);
    check("", "/s3/a.jpg?w=100&SCache=Mem", true);
    check("", "/s3/a.jpg?scache=disk", false);
    let prefixes = "prefixes = ['/s3/', '/photos']";
    check(prefixes, "/s3/a.jpg", true);
    check(prefixes, "/photos/a/b.jpg?w=100", true);
    check(prefixes, "/photos2/a.jpg", false);
    check(prefixes, "/a/s3/a.jpg", false);
    check(prefixes, "/s3/a.jpg?scache=no", false);
    check(prefixes, "/s3/a.jpg?scache=disk", false);
    check(prefixes, "/s3/a.jpg?scache=", true);
    check(prefixes, "/s3/a.jpg?scache=tape", true);
    check("prefixes = ['/']", "/a.jpg", true);
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
        "1,000,000 bytes hold at most 19 originals of 50,000 and more, not {kept}"
    );
    let bytes = metric(&installer, "resizer_sourcememcache_bytes");
    assert!(
        (kept as i64 * 50_000..=1_000_000).contains(&bytes),
        "{kept} originals in {bytes} bytes"
    );
    assert_eq!(
        metric(&installer, "resizer_sourcememcache_evictions_total"),
        400 - kept as i64,
        "what gave way is counted"
    );
}

#[tokio::test]
async fn a_new_original_gets_in_whatever_was_asked_for_often() {
    let cache = install(&Installer::default(), "max_size = '1MB'");
    for number in 0..4 {
        put(&*cache, number, 240_000).await;
    }
    for _ in 0..100 {
        for number in 0..4 {
            assert!(is_kept(&*cache, number).await, "{number}");
        }
    }
    put(&*cache, 4, 240_000).await;
    assert!(is_kept(&*cache, 4).await);
    assert!(!is_kept(&*cache, 0).await, "the one not used for the longest time");
}

#[tokio::test]
async fn one_original_does_not_empty_it() {
    let cache = install(&Installer::default(), "max_size = '1MB'");
    put(&*cache, 1, 240_000).await;
    put(&*cache, 2, 250_000).await;
    assert!(
        is_kept(&*cache, 1).await,
        "an original below a quarter of the whole is kept"
    );
    assert!(!is_kept(&*cache, 2).await, "a larger one is not");
    put(&*cache, 1, 250_000).await;
    assert!(!is_kept(&*cache, 1).await, "nor does the smaller one before it remain");
}

#[tokio::test]
async fn a_reload_keeps_the_originals_while_the_size_stays() {
    let installer = Installer::default();
    let first = install(&installer, "max_size = '10MB'");
    put(&*first, 1, 1000).await;
    let second = install(&installer, "max_size = '10MB'\nprefixes = ['/']");
    let other = install(&installer, "max_size = '20MB'");
    drop(first);
    assert!(is_kept(&*second, 1).await, "the same size, the same originals");
    assert!(!is_kept(&*other, 1).await, "another size, an empty cache");
    assert!(metric(&installer, "resizer_sourcememcache_bytes") > 1000);
    drop(second);
    assert_eq!(
        metric(&installer, "resizer_sourcememcache_bytes"),
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
    assert_eq!(metric(&installer, "resizer_sourcememcache_bytes"), 0);
    assert_eq!(
        metric(&installer, "resizer_sourcememcache_evictions_total"),
        0,
        "a purge is no eviction"
    );
}

#[test]
fn settings_say_what_is_wrong_with_them() {
    let check = |settings: &str, part: &str| {
        let refused = Installer::default().install::<SourceMemCache>(settings);
        let message = refused.map(drop).unwrap_err().to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("max_size = 'lots'", "as in \"512MB\"");
    check("prefixes = ['s3']", "a prefix begins with \"/\"");
    check("prefix = '/s3/'", "prefix");
}
