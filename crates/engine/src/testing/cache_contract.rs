//! Cache contract: the behaviour of every [`Cache`], wherever its entries are. A plugin's `tests/contract.rs` passes a
//! function that opens an empty cache with room for at least 32 MiB.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::future::join_all;
use resizer_plugin_api::{Cache, CacheKey, Entry, EntryMeta, Purge, SourceKey, Validator, Variant};

use super::{fail, pattern, read_body, same_bytes};

/// Runs the whole suite, each part with a new cache. A failure panics with a sentence about what was expected.
pub async fn cache_contract(open: impl AsyncFn() -> Arc<dyn Cache>) {
    put_entry_is_got(&*open().await).await;
    each_part_of_a_key_counts(&*open().await).await;
    the_last_put_wins(&*open().await).await;
    odd_sizes(&*open().await).await;
    purges(&open).await;
    a_purge_forbids_nothing(&*open().await).await;
    nothing_is_mixed(&open().await).await;
}

async fn put_entry_is_got(cache: &dyn Cache) {
    let key = key("file:/a.jpg", "1", "w=100");
    is_missing(cache, &key, "an empty cache").await;
    let changed = SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
    for modified in [Some(changed), None] {
        let meta = EntryMeta::new("image/jpeg", Validator::new("not the key's")).with_modified(modified);
        let bytes = pattern(1, 40_000);
        put(cache, &key, Entry::new(meta.clone(), bytes.clone().into())).await;
        let (found, body) = got(cache, &key)
            .await
            .unwrap_or_else(|| fail("a cache with room keeps what is put"));
        assert_eq!(found, meta, "what is kept beside the bytes");
        same_bytes(&body, &bytes, "what was put");
        let again = got(cache, &key).await.map(|(_, body)| body);
        same_bytes(&again.unwrap_or_default(), &bytes, "the same entry, got a second time");
    }
}

async fn each_part_of_a_key_counts(cache: &dyn Cache) {
    put(cache, &key("file:/a.jpg", "1", "w=100"), entry(b"kept")).await;
    let others = [
        ("file:/A.jpg", "1", "w=100"),
        ("file:/a.jpg", "2", "w=100"),
        ("file:/a.jpg", "1", "w=200"),
    ];
    for (source, validator, variant) in others {
        let what =
            format!("a cache that holds only (file:/a.jpg, 1, w=100), asked for ({source}, {validator}, {variant})");
        is_missing(cache, &key(source, validator, variant), &what).await;
    }
}

async fn the_last_put_wins(cache: &dyn Cache) {
    let key = key("file:/a.jpg", "1", "w=100");
    for bytes in [pattern(1, 9000), pattern(2, 9000), pattern(3, 10), pattern(4, 20_000)] {
        put(cache, &key, entry(&bytes)).await;
        holds(cache, &key, &bytes, "an entry that was put again").await;
    }
}

async fn odd_sizes(cache: &dyn Cache) {
    let empty = key("file:/empty.jpg", "1", "w=100");
    put(cache, &empty, entry(b"")).await;
    holds(cache, &empty, b"", "an empty entry").await;
    let large = key("file:/large.jpg", "1", "w=100");
    let bytes = pattern(7, 24 * 1024 * 1024 + 1);
    put(cache, &large, entry(&bytes)).await;
    // A cache may refuse a large entry, but never return a part of one.
    if let Some((_, body)) = got(cache, &large).await {
        same_bytes(&body, &bytes, "a large entry, if it is kept");
    }
    put(cache, &empty, entry(b"small")).await;
    holds(cache, &empty, b"small", "a small entry after a large one").await;
}

/// Entries, of which each purge drops some.
const ENTRIES: [(&str, &str, &str); 6] = [
    ("file:/photos/a.jpg", "1", "w=100"),
    ("file:/photos/a.jpg", "1", "w=200"),
    ("file:/photos/a.jpg", "2", "w=100"),
    ("file:/photos/a.jpg2", "1", "w=100"),
    ("file:/photos/b/c.jpg", "1", "w=100"),
    ("s3:bucket/photos/a.jpg", "1", "w=100"),
];

async fn purges(open: &impl AsyncFn() -> Arc<dyn Cache>) {
    let source = |text: &str| Purge::Source(SourceKey::new(text));
    let prefix = |text: &str| Purge::Prefix(text.to_owned());
    let rows: [(Purge, &[usize]); 10] = [
        (Purge::Key(key("file:/photos/a.jpg", "1", "w=200")), &[1]),
        (Purge::Key(key("file:/photos/a.jpg", "3", "w=200")), &[]),
        (source("file:/photos/a.jpg"), &[0, 1, 2]),
        (source("file:/photos/a"), &[]),
        (prefix("file:/photos/a.jpg"), &[0, 1, 2, 3]),
        (prefix("file:/photos/"), &[0, 1, 2, 3, 4]),
        (prefix("file:/photos/b"), &[4]),
        (prefix("photos"), &[]),
        (prefix(""), &[0, 1, 2, 3, 4, 5]),
        (Purge::All, &[0, 1, 2, 3, 4, 5]),
    ];
    for (what, dropped) in rows {
        let cache = open().await;
        for (source, validator, variant) in ENTRIES {
            put(&*cache, &key(source, validator, variant), entry(variant.as_bytes())).await;
        }
        let count = cache
            .purge(&what)
            .await
            .unwrap_or_else(|error| fail(&format!("{what:?} succeeds: {error:?}")));
        assert_eq!(count, dropped.len() as u64, "how many entries {what:?} drops");
        for (index, (source, validator, variant)) in ENTRIES.into_iter().enumerate() {
            let key = key(source, validator, variant);
            let after = format!("after {what:?}");
            if dropped.contains(&index) {
                is_missing(&*cache, &key, &after).await;
            } else {
                holds(&*cache, &key, variant.as_bytes(), &after).await;
            }
        }
    }
}

async fn a_purge_forbids_nothing(cache: &dyn Cache) {
    let key = key("file:/a.jpg", "1", "w=100");
    let purges = [
        Purge::Key(key.clone()),
        Purge::Source(key.source.clone()),
        Purge::Prefix("file:".to_owned()),
        Purge::All,
    ];
    for what in purges {
        put(cache, &key, entry(b"before")).await;
        let purged = cache.purge(&what).await;
        assert!(matches!(purged, Ok(1)), "{what:?} drops one entry, not {purged:?}");
        put(cache, &key, entry(b"after")).await;
        holds(cache, &key, b"after", &format!("what is put after {what:?}")).await;
    }
}

/// Eight writers and eight readers on four keys. Every entry is one byte repeated, as often as its media type says.
async fn nothing_is_mixed(cache: &Arc<dyn Cache>) {
    let keys: Arc<Vec<CacheKey>> = Arc::new((0..4).map(|n| key(&format!("file:/{n}.jpg"), "1", "w=100")).collect());
    let mut tasks = Vec::new();
    for worker in 0..8_usize {
        let (writer, writers_keys) = (Arc::clone(cache), Arc::clone(&keys));
        tasks.push(tokio::spawn(async move {
            for round in 0..50 {
                let length = 1000 + worker * 7919 + round * 131;
                let meta = meta_of(&format!("image/{length}"));
                let bytes = Bytes::from(vec![worker as u8; length]);
                put(&*writer, &writers_keys[(worker + round) % 4], Entry::new(meta, bytes)).await;
                tokio::task::yield_now().await;
            }
        }));
        let (reader, readers_keys) = (Arc::clone(cache), Arc::clone(&keys));
        tasks.push(tokio::spawn(async move {
            for round in 0..200 {
                if let Some((meta, body)) = got(&*reader, &readers_keys[round % 4]).await {
                    let uniform = body.windows(2).all(|pair| pair[0] == pair[1]);
                    assert!(uniform, "an entry holds the bytes of one put, not of several");
                    let length = format!("image/{}", body.len());
                    assert_eq!(
                        meta.content_type, length,
                        "what is kept beside the bytes came with them"
                    );
                }
                tokio::task::yield_now().await;
            }
        }));
    }
    for ended in join_all(tasks).await {
        ended.unwrap_or_else(|error| fail(&format!("readers and writers at once all succeed: {error}")));
    }
}

fn key(source: &str, validator: &str, variant: &str) -> CacheKey {
    CacheKey {
        source: SourceKey::new(source),
        validator: Validator::new(validator),
        variant: Variant::of([variant]),
    }
}

fn entry(bytes: &[u8]) -> Entry {
    Entry::new(meta_of("image/png"), Bytes::copy_from_slice(bytes))
}

fn meta_of(content_type: &str) -> EntryMeta {
    EntryMeta::new(content_type, Validator::new("1"))
}

async fn put(cache: &dyn Cache, key: &CacheKey, entry: Entry) {
    cache
        .put(key, entry)
        .await
        .unwrap_or_else(|error| fail(&format!("a put of {key:?} succeeds: {error:?}")));
}

async fn got(cache: &dyn Cache, key: &CacheKey) -> Option<(EntryMeta, Vec<u8>)> {
    let hit = cache
        .get(key)
        .await
        .unwrap_or_else(|error| fail(&format!("a get of {key:?} succeeds: {error:?}")))?;
    let length = hit.body.length();
    let body = read_body(hit.body)
        .await
        .unwrap_or_else(|error| fail(&format!("the body of {key:?}: {error:?}")));
    if let Some(length) = length {
        assert_eq!(body.len() as u64, length, "a body is as long as it says");
    }
    Some((hit.meta, body))
}

async fn holds(cache: &dyn Cache, key: &CacheKey, bytes: &[u8], what: &str) {
    match got(cache, key).await {
        Some((_, body)) => same_bytes(&body, bytes, what),
        None => fail(&format!("{what}: {key:?} is kept")),
    }
}

async fn is_missing(cache: &dyn Cache, key: &CacheKey, what: &str) {
    if let Some((_, body)) = got(cache, key).await {
        fail(&format!(
            "{what}: there is no entry {key:?}, yet {} bytes came",
            body.len()
        ));
    }
}
