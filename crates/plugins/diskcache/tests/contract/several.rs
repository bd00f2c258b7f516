//! Concurrency: several servers on one folder, several readings of the settings in one server, and purges while others
//! read.

use std::sync::Arc;

use resizer_engine::testing::Installer;
use resizer_plugin_api::Purge;

use crate::opened::{Folder, NO_MEMORY, Opened, files, key};

#[tokio::test(flavor = "multi_thread")]
async fn second_server_only_reads_until_the_first_is_gone() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), NO_MEMORY).await;
    let second = Opened::start(&folder.path(), NO_MEMORY).await;
    first.put(&key(1), vec![1; 1000]).await;
    first.written().await;
    assert!(second.get(&key(1)).await.is_some());
    second.put(&key(2), vec![2; 1000]).await;
    second.written().await;
    assert_eq!(files(&folder.path()).len(), 1, "it writes nothing");
    drop(first);
    second
        .until("the folder is taken over", |cache| {
            cache.metric("resizer_diskcache_entries") == 1
        })
        .await;
    second.put(&key(2), vec![2; 1000]).await;
    second.written().await;
    assert_eq!(files(&folder.path()).len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_with_the_same_settings_keeps_the_cache_open() {
    let folder = Folder::new();
    let installer = Arc::new(Installer::default());
    let open = async |settings: &str| Opened::reload(&installer, &folder.path(), settings).await.unwrap();
    let first = open("max_size = '64MiB'").await;
    first.put(&key(1), vec![1; 1000]).await;
    let second = open("max_size = '64MiB'").await;
    drop(first);
    assert!(
        second.metric("resizer_diskcache_memory_bytes") > 1000,
        "the same memory"
    );
    second.put(&key(2), vec![2; 1000]).await;
    second.written().await;
    assert_eq!(files(&folder.path()).len(), 2, "the same lock");

    let third = open("max_size = '32MiB'").await;
    assert!(third.get(&key(1)).await.is_some(), "other settings, the same folder");
    drop(second);
    third
        .until("only the new cache is open", |cache| {
            cache.metric("resizer_diskcache_max_bytes") == 32 << 20
        })
        .await;
    third.put(&key(3), vec![3; 1000]).await;
    third.written().await;
    assert_eq!(files(&folder.path()).len(), 3);
    assert_eq!(
        third.metric("resizer_diskcache_entries"),
        3,
        "what is closed is shown no more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_cache_still_writes_its_queue() {
    let folder = Folder::new();
    let installer = Arc::new(Installer::default());
    let first = Opened::reload(&installer, &folder.path(), NO_MEMORY).await.unwrap();
    for number in 0..100 {
        first.put(&key(number), vec![1; 10_000]).await;
    }
    drop(first);
    let second = Opened::start(&folder.path(), NO_MEMORY).await;
    second
        .until("the folder is taken over", |cache| {
            cache.metric("resizer_diskcache_entries") == 100
        })
        .await;
    assert_eq!(installer.metric("resizer_diskcache_entries"), 0);
}

/// A purge that has returned is never undone: not by a result that was being written, nor by one that was being read
/// into memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn purged_result_never_comes_back() {
    let folder = Folder::new();
    let cache = Arc::new(Opened::start(&folder.path(), "max_size = '64MiB'\nmemory_tier = '1MiB'").await);
    let readers = (0..4).map(|reader| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            loop {
                for number in 0..4 {
                    cache.get(&key((number + reader) % 4)).await;
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    let purgers = (0..4).map(|number| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            let key = key(number);
            for round in 0..100 {
                cache.put(&key, vec![1; 2_000 + round]).await;
                if round % 2 == 0 {
                    cache.written().await;
                }
                let what = match round % 3 {
                    0 => Purge::Key(key.clone()),
                    1 => Purge::Source(key.source.clone()),
                    _ => Purge::Prefix(key.source.to_string()),
                };
                assert_eq!(cache.purge(what).await, 1, "round {round}");
                for _ in 0..3 {
                    assert_eq!(cache.get(&key).await, None, "round {round}");
                    tokio::task::yield_now().await;
                }
            }
        })
    });
    for purger in purgers.collect::<Vec<_>>() {
        purger.await.unwrap();
    }
    readers.iter().for_each(tokio::task::JoinHandle::abort);
    cache.written().await;
    assert!(files(&folder.path()).is_empty());
}
