//! Folder of the disk cache: restarts, damaged files, a disk that takes nothing, and the bounds on disk and in memory.

use std::fs;

use resizer_plugin_api::Body;

use crate::opened::{Folder, NO_MEMORY, Opened, files, key};

#[tokio::test(flavor = "multi_thread")]
async fn restarted_server_answers_earlier_results() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), "").await;
    for number in 0..50 {
        first.put(&key(number), vec![number as u8; 10_000]).await;
    }
    first.written().await;
    assert_eq!(files(&folder.path()).len(), 50);
    drop(first);
    let second = Opened::start(&folder.path(), "").await;
    for number in 0..50 {
        assert_eq!(
            second.get(&key(number)).await,
            Some(vec![number as u8; 10_000]),
            "{number}"
        );
    }
    assert_eq!(second.get(&key(50)).await, None);
    second
        .until("the folder is known", |cache| {
            cache.metric("resizer_diskcache_entries") == 50
        })
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_file_is_a_miss() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), NO_MEMORY).await;
    let damages: [fn(&mut Vec<u8>); 4] = [
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.clear(),
        |bytes| bytes[5_000] ^= 1,
        |bytes| bytes[20] ^= 128,
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        cache.put(&key(number), vec![7; 10_000]).await;
        cache.written().await;
        let [file] = &files(&folder.path())[..] else {
            panic!("one result, one file")
        };
        let mut bytes = fs::read(file).unwrap();
        damage(&mut bytes);
        fs::write(file, bytes).unwrap();
        assert_eq!(cache.get(&key(number)).await, None, "damage {number}");
        assert_eq!(cache.metric("resizer_diskcache_damaged_total"), number as i64 + 1);
        assert!(files(&folder.path()).is_empty(), "damage {number}: the file is removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_result_comes_in_pieces() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), NO_MEMORY).await;
    let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_be_bytes).take(3_000_000).collect();
    cache.put(&key(1), bytes.clone()).await;
    cache.written().await;
    let hit = cache.cache.get(&key(1)).await.unwrap().unwrap();
    assert!(
        matches!(
            hit.body,
            Body::Stream {
                length: Some(3_000_000),
                ..
            }
        ),
        "{:?}",
        hit.body
    );
    assert!(cache.get(&key(1)).await == Some(bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_tier_answers_without_the_disk() {
    let folder = Folder::new();
    let settings = "max_size = '64MiB'\nmemory_tier = '1MiB'";
    let first = Opened::start(&folder.path(), settings).await;
    first.put(&key(1), vec![1; 10_000]).await;
    first.written().await;
    drop(first);
    let second = Opened::start(&folder.path(), settings).await;
    assert_eq!(second.metric("resizer_diskcache_memory_bytes"), 0);
    assert!(second.get(&key(1)).await.is_some(), "from the disk");
    assert!((10_000..12_000).contains(&second.metric("resizer_diskcache_memory_bytes")));
    second
        .until("the folder is known", |cache| {
            cache.metric("resizer_diskcache_entries") == 1
        })
        .await;
    fs::remove_file(&files(&folder.path())[0]).unwrap();
    assert!(second.get(&key(1)).await.is_some(), "from memory");
    for tier in ["disk", "memory"] {
        let hits = format!("resizer_diskcache_hits_total{{tier=\"{tier}\"}}");
        assert_eq!(second.metric(&hits), 1, "{tier}");
    }
    for number in 0..200 {
        second.put(&key(number), vec![1; 10_000]).await;
        assert!(second.metric("resizer_diskcache_memory_bytes") <= 1 << 20);
    }
    second.put(&key(1000), vec![1; 270_000]).await;
    second.written().await;
    assert!(
        second.metric("resizer_diskcache_memory_bytes") <= 1 << 20,
        "a quarter is the most for one"
    );
    // Of 200 there is room for about a hundred.
    assert!((50..200).contains(&second.metric("resizer_diskcache_memory_evictions_total")));
    assert!(second.get(&key(1000)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_after_each_write_is_within_its_bound() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), "max_size = '16MiB'\nmemory_tier = '0B'").await;
    for number in 0..300 {
        cache.put(&key(number), vec![1; 100_000]).await;
        if number % 20 == 0 {
            cache.written().await;
        }
    }
    cache.written().await;
    let bytes: u64 = files(&folder.path())
        .iter()
        .map(|file| fs::metadata(file).unwrap().len())
        .sum();
    assert!((10 << 20..16 << 20).contains(&bytes), "{bytes} bytes in the folder");
    assert!(cache.metric("resizer_diskcache_bytes") <= 16 << 20);
    assert_eq!(cache.metric("resizer_diskcache_max_bytes"), 16 << 20);
    assert_eq!(
        cache.metric("resizer_diskcache_entries") as usize,
        files(&folder.path()).len()
    );
    assert_eq!(
        300 - cache.metric("resizer_diskcache_evictions_total"),
        cache.metric("resizer_diskcache_entries")
    );
    assert!(cache.get(&key(299)).await.is_some() && cache.get(&key(0)).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn result_without_room_in_the_queue_is_dropped_and_counted() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), &format!("{NO_MEMORY}\nwrite_behind = '1MiB'")).await;
    cache.put(&key(1), vec![1; 2 << 20]).await;
    cache.put(&key(2), vec![1; 1000]).await;
    cache.written().await;
    assert_eq!(cache.metric("resizer_diskcache_dropped_writes_total"), 1);
    assert_eq!(cache.metric("resizer_diskcache_write_behind_bytes"), 0);
    assert!(cache.get(&key(1)).await.is_none() && cache.get(&key(2)).await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_that_takes_nothing_is_no_error() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), NO_MEMORY).await;
    cache.put(&key(1), vec![1; 1000]).await;
    cache.written().await;
    let temporary = folder.path().join("tmp");
    fs::remove_dir(&temporary).unwrap();
    fs::write(&temporary, b"in the way").unwrap();
    cache.put(&key(2), vec![2; 1000]).await;
    cache.written().await;
    assert_eq!(cache.metric("resizer_diskcache_failed_writes_total"), 1);
    assert!(cache.get(&key(1)).await.is_some(), "what is there is answered");
    assert!(cache.get(&key(2)).await.is_none());
    fs::remove_file(&temporary).unwrap();
    cache.put(&key(2), vec![2; 1000]).await;
    cache.written().await;
    assert!(cache.get(&key(2)).await.is_some(), "it recovers by itself");
}
