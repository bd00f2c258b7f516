//! Crash: a process that is killed while it writes leaves whole originals, and nothing else that stays.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::opened::{Folder, Opened, contents, disk_usage, files, key, original};

/// Set in the process that is to be killed.
const FOLDER: &str = "SOURCE_CACHE_TEST_WRITES_INTO";
const SETTINGS: &str = "max_size = '16MiB'";

fn length(number: usize) -> usize {
    [1_000, 100_000, 700_000, 3_000_000][number % 4]
}

/// Some keys share a content, so that contents are replaced and let go too.
fn content(number: usize) -> Vec<u8> {
    original(number / 8, length(number))
}

/// Not a test of its own: the process that the other one kills. It never ends by itself.
#[tokio::test(flavor = "multi_thread")]
async fn writes_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let cache = Opened::start(Path::new(&folder), SETTINGS).await;
    let all: Vec<Vec<u8>> = (0..60).map(content).collect();
    println!("writing");
    for number in (0..60).cycle() {
        cache.put(&key(number), all[number].clone()).await;
    }
}

fn writer(folder: &Path) -> Child {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(
        lines.any(|line| line.unwrap().ends_with("writing")),
        "the writer begins"
    );
    child
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_writer_leaves_whole_originals_and_nothing_else() {
    let folder = Folder::new();
    let path = folder.path();
    let mut found = 0;
    for round in 0..12_u64 {
        let mut child = writer(&path);
        // At another instant each time; which one does not matter.
        thread::sleep(Duration::from_micros(round * round * 1_500 + 500));
        child.kill().unwrap();
        child.wait().unwrap();

        let cache = Opened::start(&path, SETTINGS).await;
        assert!(
            files(&path.join("content/tmp")).is_empty(),
            "what was half written is gone"
        );
        let (used, counted) = (disk_usage(&path), cache.metric("resizer_sourcediskcache_bytes") as u64);
        assert!(
            used <= counted && counted <= 16 << 20,
            "du counts {used}, the cache {counted}"
        );
        let mut named = std::collections::HashSet::new();
        found = 0;
        for number in 0..60 {
            if let Some(bytes) = cache.get(&key(number)).await {
                assert!(bytes == content(number), "original {number}");
                named.insert(bytes);
                found += 1;
            }
        }
        assert_eq!(
            contents(&path).len(),
            named.len(),
            "round {round}: what nobody names is gone"
        );
        assert_eq!(cache.metric("resizer_sourcediskcache_entries"), found);
        assert_eq!(cache.metric("resizer_sourcediskcache_damaged_total"), 0);
    }
    assert!(found > 0, "the writers had time to write something");
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_no_key_names_is_removed_at_start() {
    let folder = Folder::new();
    let first = Opened::start(&folder.path(), SETTINGS).await;
    first.put(&key(1), original(1, 1000)).await;
    first.put(&key(2), original(2, 1000)).await;
    drop(first);
    let file = contents(&folder.path())[0].clone();
    let orphan = file.with_file_name("0".repeat(60));
    fs::copy(&file, &orphan).unwrap();
    let half = folder.path().join("content/tmp/.tmpAbCdEf");
    fs::write(&half, b"half").unwrap();
    let foreign = file.with_file_name("notes.txt");
    fs::write(&foreign, b"none of the cache's").unwrap();

    let second = Opened::start(&folder.path(), SETTINGS).await;
    assert!(!orphan.exists() && !half.exists());
    assert!(foreign.exists(), "files of other origin are left alone");
    assert!(second.get(&key(1)).await.is_some() && second.get(&key(2)).await.is_some());
}
