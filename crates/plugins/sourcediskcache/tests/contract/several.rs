//! Concurrency: several servers on one folder, several readings of the settings in one server, and purges while others
//! write.

use std::sync::Arc;

use resizer_engine::testing::Installer;
use resizer_plugin_api::Purge;

use crate::opened::{Folder, Opened, ROOM, contents, key, original};

#[tokio::test(flavor = "multi_thread")]
async fn second_server_only_reads_until_the_first_is_gone() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), ROOM).await;
    let second = Opened::begin(&folder.path(), ROOM).await;
    first.put(&key(1), original(1, 1000)).await;
    assert!(second.get(&key(1)).await.is_some());
    second.put(&key(2), original(2, 1000)).await;
    assert_eq!(contents(&folder.path()).len(), 1, "it writes nothing");
    assert_eq!(second.purge(Purge::Key(key(1))).await, 1, "but it purges");
    assert_eq!((first.get(&key(1)).await, second.get(&key(1)).await), (None, None));
    assert!(contents(&folder.path()).is_empty(), "the first has found out");
    drop(first);
    second.ready().await;
    second.put(&key(2), original(2, 1000)).await;
    assert_eq!(contents(&folder.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_with_the_same_size_keeps_the_cache_open() {
    let folder = Folder::new();
    let installer = Arc::new(Installer::default());
    let open = async |settings: &str| Opened::reload(&installer, &folder.path(), settings).await.unwrap();
    let first = open(ROOM).await;
    first.ready().await;
    let second = open(&format!("{ROOM}\nprefixes = ['/s3/']")).await;
    second.put(&key(1), original(1, 1000)).await;
    assert!(first.get(&key(1)).await.is_some(), "other prefixes, the same cache");
    drop(first);

    let third = open("max_size = '32MiB'").await;
    assert!(third.get(&key(1)).await.is_some(), "another size, the same folder");
    drop(second);
    third
        .until("only the new cache is open", |cache| {
            cache.metric("resizer_sourcediskcache_max_bytes") == 32 << 20
        })
        .await;
    third.put(&key(2), original(2, 1000)).await;
    assert_eq!(contents(&folder.path()).len(), 2);
    assert_eq!(
        third.metric("resizer_sourcediskcache_entries"),
        2,
        "what is closed is shown no more"
    );
}

/// Keys that share contents are put and purged at once: what is found is what was put there, and in the end nothing is
/// left that nobody names.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn content_shared_by_keys_survives_their_purges() {
    let folder = Folder::new();
    let cache = Arc::new(Opened::start(&folder.path(), ROOM).await);
    let tasks = (0..6_usize).map(|task| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            let key = key(task);
            for round in 0..100 {
                let content = (task + round) % 3;
                cache.put(&key, original(content, 2_000 + content)).await;
                // Another key may have taken the content along at the very moment: a miss, never something else.
                if let Some(found) = cache.get(&key).await {
                    assert!(found == original(content, 2_000 + content), "round {round}");
                }
                if round % 2 == 0 {
                    cache.purge(Purge::Key(key.clone())).await;
                    assert_eq!(cache.get(&key).await, None, "round {round}");
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(contents(&folder.path()).len() <= 3);
    cache.purge(Purge::All).await;
    assert!(contents(&folder.path()).is_empty());
    cache.put(&key(1), original(1, 1000)).await;
    assert!(cache.get(&key(1)).await.is_some());
}
