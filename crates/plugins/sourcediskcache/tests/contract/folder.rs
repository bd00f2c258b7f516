//! Folder of the source cache: restarts, damaged files, a disk that takes nothing, the bound, and contents that several
//! keys share.

use std::fs;
use std::path::Path;
use std::time::Duration;

use resizer_engine::testing::read_body;
use resizer_plugin_api::{Body, Purge};
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::opened::{Folder, Opened, ROOM, contents, disk_usage, files, key, original};

#[tokio::test(flavor = "multi_thread")]
async fn restarted_server_answers_earlier_originals() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), ROOM).await;
    for number in 0..20 {
        first.put(&key(number), original(number, 100_000)).await;
    }
    assert_eq!(contents(&folder.path()).len(), 20);
    let bytes = first.metric("resizer_sourcediskcache_bytes");
    drop(first);
    let second = Opened::begin(&folder.path(), ROOM).await;
    for number in 0..20 {
        let found = second.get(&key(number)).await;
        assert!(
            found == Some(original(number, 100_000)),
            "{number}, before the folder is known"
        );
    }
    second.ready().await;
    for number in 0..20 {
        assert!(
            second.get(&key(number)).await == Some(original(number, 100_000)),
            "{number}"
        );
    }
    assert_eq!(second.get(&key(20)).await, None);
    assert_eq!(second.metric("resizer_sourcediskcache_entries"), 20);
    assert_eq!(second.metric("resizer_sourcediskcache_bytes"), bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_original_comes_in_pieces() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    // Around the lengths at which pieces begin and end.
    for (number, length) in [(1 << 20) + 1, 4 << 18, 5 << 18, (5 << 18) + 1, 3_000_000]
        .into_iter()
        .enumerate()
    {
        let bytes = original(number, length);
        cache.put(&key(number), bytes.clone()).await;
        let hit = cache.cache.get(&key(number)).await.unwrap().unwrap();
        assert_eq!(hit.body.length(), Some(length as u64));
        assert_eq!(
            matches!(hit.body, Body::Stream { .. }),
            length > 1 << 20,
            "{length} bytes are held in memory only as long as they are few"
        );
        assert!(read_body(hit.body).await.unwrap() == bytes, "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_original_is_a_miss() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    let damages: [fn(&mut Vec<u8>); 5] = [
        |bytes| bytes.truncate(bytes.len() - 1),
        |bytes| bytes.clear(),
        |bytes| bytes[5_000] ^= 1,
        |bytes| bytes.push(0),
        |bytes| bytes[0] ^= 128,
    ];
    let mut counted = 0;
    for length in [10_000, 1 << 20, (1 << 20) + 1, 2_000_000] {
        for (number, damage) in damages.into_iter().enumerate() {
            let what = format!("damage {number} of {length} bytes");
            let bytes = original(number, length);
            cache.put(&key(number), bytes.clone()).await;
            let [file] = &contents(&folder.path())[..] else {
                panic!("{what}: one original, one file")
            };
            let mut damaged = fs::read(file).unwrap();
            damage(&mut damaged);
            fs::write(file, damaged).unwrap();
            counted += 1;
            match cache.cache.get(&key(number)).await.unwrap() {
                None => {}
                // Said at the end, when the last bytes are withheld.
                Some(hit) => assert!(length > 1 << 20 && read_body(hit.body).await.is_err(), "{what}"),
            }
            assert_eq!(cache.get(&key(number)).await, None, "{what}: it is gone");
            cache
                .until("the damage is counted", |cache| {
                    cache.metric("resizer_sourcediskcache_damaged_total") == counted
                })
                .await;
            assert!(contents(&folder.path()).is_empty(), "{what}: the file is removed");
            assert_eq!(cache.metric("resizer_sourcediskcache_entries"), 0, "{what}");
            cache.put(&key(number), bytes.clone()).await;
            assert!(cache.get(&key(number)).await == Some(bytes), "{what}: written again");
            cache.purge(Purge::All).await;
        }
    }
}

/// Opening a pipe for reading would wait for a writer for ever.
#[tokio::test(flavor = "multi_thread")]
async fn pipe_in_place_of_a_content_is_a_miss() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    for (number, length) in [10_000, 2_000_000].into_iter().enumerate() {
        cache.put(&key(number), original(number, length)).await;
        let file = contents(&folder.path()).remove(0);
        fs::remove_file(&file).unwrap();
        mknodat(CWD, &file, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let found = tokio::time::timeout(Duration::from_secs(30), cache.get(&key(number))).await;
        assert_eq!(found, Ok(None), "{length} bytes");
        assert!(!file.exists(), "{length} bytes: the pipe is removed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_content_or_damaged_key_is_a_miss() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    let (first, second) = (key(1), key(2));
    cache.put(&first, original(1, 10_000)).await;
    fs::remove_file(&contents(&folder.path())[0]).unwrap();
    assert_eq!(cache.get(&first).await, None);
    assert_eq!(
        cache.metric("resizer_sourcediskcache_entries"),
        0,
        "what leads nowhere is dropped"
    );

    cache.put(&second, original(2, 10_000)).await;
    let of_keys = |path: &Path| path.parent().unwrap().file_name().unwrap().len() == 2;
    let keys: Vec<_> = files(&folder.path())
        .into_iter()
        .filter(|file| !file.starts_with(folder.path().join("content")) && of_keys(file))
        .collect();
    let [file] = &keys[..] else {
        panic!("one original, one key: {keys:?}")
    };
    let mut bytes = fs::read(file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(file, bytes).unwrap();
    assert_eq!(cache.get(&second).await, None);
    assert!(
        contents(&folder.path()).is_empty(),
        "a content goes with the only key that names it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn same_content_is_kept_once_and_goes_with_the_last_key() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    let bytes = original(1, 3_000_000);
    let before = cache.metric("resizer_sourcediskcache_bytes");
    for number in 0..3 {
        cache.put(&key(number), bytes.clone()).await;
    }
    assert_eq!(contents(&folder.path()).len(), 1);
    let counted = cache.metric("resizer_sourcediskcache_bytes") - before;
    assert!((3_000_000..3_100_000).contains(&counted), "{counted} bytes");
    // Put again: nothing of it is lost with what it replaces.
    cache.put(&key(0), bytes.clone()).await;

    for number in 0..3 {
        assert_eq!(contents(&folder.path()).len(), 1);
        assert!(cache.get(&key(2)).await.as_ref() == Some(&bytes));
        assert_eq!(cache.purge(Purge::Key(key(number))).await, 1);
    }
    assert!(contents(&folder.path()).is_empty());
    let left = cache.metric("resizer_sourcediskcache_bytes") - before;
    assert!(left < 50_000, "{left} bytes of directories");

    cache.put(&key(0), bytes.clone()).await;
    cache.put(&key(0), original(2, 10_000)).await;
    assert_eq!(
        contents(&folder.path()).len(),
        1,
        "what a key named before goes when it names another"
    );
    drop(cache);
    let cache = Opened::start(&folder.path(), ROOM).await;
    cache.put(&key(1), original(2, 10_000)).await;
    assert_eq!(cache.purge(Purge::Key(key(0))).await, 1);
    assert!(
        cache.get(&key(1)).await == Some(original(2, 10_000)),
        "shared with one from before the restart"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_after_each_write_is_within_its_bound() {
    let bound = 16 << 20;
    let folder = Folder::new();
    let mut cache = Opened::start(&folder.path(), "max_size = '16MiB'").await;
    for number in 0..150 {
        // From nothing to a quarter of the bound, and sometimes what was there before.
        let length = [0, 5_000, 300_000, 800_000, 4_000_000][number % 5];
        let content = if number % 7 == 0 { number / 2 } else { number };
        cache.put(&key(number), original(content, length)).await;
        let (used, counted) = (
            disk_usage(&folder.path()),
            cache.metric("resizer_sourcediskcache_bytes") as u64,
        );
        assert!(
            used <= counted && counted <= bound,
            "after {number}: du counts {used}, the cache {counted}"
        );
        if number == 100 {
            drop(cache);
            cache = Opened::start(&folder.path(), "max_size = '16MiB'").await;
        }
    }
    assert!(disk_usage(&folder.path()) > bound / 2, "it uses what it may");
    assert!(cache.metric("resizer_sourcediskcache_evictions_total") > 10);
    assert_eq!(cache.get(&key(3)).await, None, "the oldest gave way");
    assert!(cache.get(&key(148)).await == Some(original(148, 800_000)));

    cache.put(&key(1000), original(1000, 4_300_000)).await;
    assert_eq!(cache.get(&key(1000)).await, None, "a quarter is the most for one");
    drop(cache);
    let smaller = Opened::start(&folder.path(), "max_size = '20MiB'").await;
    assert!(smaller.get(&key(148)).await.is_some());
    cache_at_most(&folder.path(), 20 << 20);
}

fn cache_at_most(folder: &Path, bound: u64) {
    let used = disk_usage(folder);
    assert!(used <= bound, "du counts {used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn smaller_bound_holds_from_the_start() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), ROOM).await;
    for number in 0..50 {
        first.put(&key(number), original(number, 1_000_000)).await;
    }
    drop(first);
    let second = Opened::start(&folder.path(), "max_size = '16MiB'").await;
    second
        .until("it is small enough", |_| disk_usage(&folder.path()) <= 16 << 20)
        .await;
    assert!(
        second.get(&key(49)).await.is_some() && second.get(&key(0)).await.is_none(),
        "what was used last stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn disk_that_takes_nothing_is_no_error() {
    let folder = Folder::new();
    let cache = Opened::start(&folder.path(), ROOM).await;
    cache.put(&key(1), original(1, 1000)).await;
    for (number, place) in ["content/tmp", "tmp"].into_iter().enumerate() {
        let place = folder.path().join(place);
        fs::remove_dir(&place).unwrap();
        fs::write(&place, b"in the way").unwrap();
        cache.put(&key(2), original(2, 1000)).await;
        assert_eq!(
            cache.metric("resizer_sourcediskcache_failed_writes_total"),
            number as i64 + 1
        );
        assert!(cache.get(&key(1)).await.is_some(), "what is there is found");
        assert_eq!(cache.get(&key(2)).await, None);
        assert_eq!(
            contents(&folder.path()).len(),
            1,
            "nothing is left of what was not kept"
        );
        fs::remove_file(&place).unwrap();
    }
    cache.put(&key(2), original(2, 1000)).await;
    assert!(cache.get(&key(2)).await.is_some(), "it recovers by itself");
}
