//! Contract of caches for `sourcememcache`, the originals that it accepts, its life across reloads, and its settings.
//! Its bound and its evictions are tested with the memory store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use resizer_engine::testing::{Installer, OpenedCache, cache_contract, numbered_key};
use resizer_plugin_api::imaging::Instructions;
use resizer_plugin_api::{ImageRequest, Query, RequestHead};
use resizer_sourcememcache::SourceMemCache;

fn install(installer: &Arc<Installer>, settings: &str) -> OpenedCache {
    OpenedCache::install::<SourceMemCache>(installer, settings).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_contract_holds() {
    cache_contract(async || install(&Arc::default(), "").cache).await;
}

#[test]
fn plugin_keeps_originals_and_no_results() {
    let table = Installer::default().install::<SourceMemCache>("").unwrap();
    assert_eq!((table.source_caches.len(), table.result_caches.len()), (1, 0));
}

#[test]
fn original_is_accepted_where_the_url_or_a_prefix_says_so() {
    let check = |settings: &str, url: &str, expected: bool| {
        let cache = install(&Arc::default(), settings).cache;
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

#[tokio::test]
async fn new_original_gets_in_however_often_others_were_used() {
    let cache = install(&Arc::default(), "max_size = '1MB'");
    for number in 0..4 {
        cache.put(&numbered_key(number), vec![1; 240_000]).await;
    }
    for _ in 0..100 {
        for number in 0..4 {
            assert!(cache.get(&numbered_key(number)).await.is_some(), "{number}");
        }
    }
    cache.put(&numbered_key(4), vec![1; 240_000]).await;
    assert!(cache.get(&numbered_key(4)).await.is_some());
    assert!(
        cache.get(&numbered_key(0)).await.is_none(),
        "the least recently used one"
    );
    assert_eq!(cache.metric("resizer_sourcememcache_evictions_total"), 1);
}

#[tokio::test]
async fn reload_with_the_same_size_keeps_the_originals() {
    let (installer, key) = (Arc::default(), numbered_key(1));
    let first = install(&installer, "max_size = '10MB'");
    first.put(&key, vec![1; 1000]).await;
    let second = install(&installer, "max_size = '10MB'\nprefixes = ['/']");
    let other = install(&installer, "max_size = '20MB'");
    drop(first);
    assert!(second.get(&key).await.is_some(), "the same size, the same originals");
    assert!(other.get(&key).await.is_none(), "another size, an empty cache");
    assert!(installer.metric("resizer_sourcememcache_bytes") > 1000);
    drop(second);
    assert_eq!(
        installer.metric("resizer_sourcememcache_bytes"),
        0,
        "a closed cache shows nothing"
    );
}

#[test]
fn settings_that_are_wrong_are_refused_with_a_hint() {
    let check = |settings: &str, part: &str| {
        let refused = Installer::default().install::<SourceMemCache>(settings);
        let message = refused.map(drop).unwrap_err().to_string();
        assert!(message.contains(part), "{settings}: {message}");
    };
    check("max_size = 'lots'", "as in \"512MB\"");
    check("prefixes = ['s3']", "a prefix begins with \"/\"");
    check("prefix = '/s3/'", "prefix");
}
