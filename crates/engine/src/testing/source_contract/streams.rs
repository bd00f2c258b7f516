//! Downloads in many pieces: large, replaced while they are read, many at once, and dropped before their end.

use futures_util::StreamExt as _;
use futures_util::future::join_all;
use resizer_plugin_api::Want;

use super::{SourceStore, download, received, whole};
use crate::testing::{fail, pattern, pattern_from, read_all, same_bytes};

pub(super) async fn streams(store: &dyn SourceStore) {
    large_object(store).await;
    very_large_object(store).await;
    replaced_while_it_is_read(store).await;
    at_once(store).await;
    left_downloads(store).await;
}

async fn large_object(store: &dyn SourceStore) {
    let (path, bytes) = ("contract/large.jpg", pattern(4, 5 * 1024 * 1024 + 3));
    store.put(path, &bytes).await;
    let source = store.source();
    let download = download(&*source, path, Want::whole()).await;
    assert_eq!(
        download.stat.length,
        Some(bytes.len() as u64),
        "the length of a large object"
    );
    same_bytes(&received(download, path).await, &bytes, "a large object");
    let want = Want::whole().with_range(300_001..=4_000_000);
    let part = received(super::download(&*source, path, want).await, path).await;
    same_bytes(&part, &bytes[300_001..=4_000_000], "the middle of a large object");
}

/// Compared piece by piece, as a relay reads it, so that the test never holds the whole.
async fn very_large_object(store: &dyn SourceStore) {
    const LENGTH: usize = 50 * 1024 * 1024;
    let path = "contract/very-large.jpg";
    store.put(path, &pattern(8, LENGTH)).await;
    let mut download = download(&*store.source(), path, Want::whole()).await;
    let mut arrived = 0;
    while let Some(piece) = download.bytes.next().await {
        let piece = piece.unwrap_or_else(|error| fail(&format!("50 MiB arrive whole: {error:?} after {arrived}")));
        let what = format!("50 MiB from {arrived} on");
        same_bytes(&piece, &pattern_from(8, arrived, piece.len()), &what);
        arrived += piece.len();
    }
    assert_eq!(arrived, LENGTH, "how many bytes of 50 MiB arrive");
    store.remove(path).await;
}

/// A source may notice and fail. It never gives the beginning of one version and the end of another.
async fn replaced_while_it_is_read(store: &dyn SourceStore) {
    let path = "contract/replaced.jpg";
    let (old, new) = (pattern(9, 8_000_000), pattern(10, 8_000_000));
    store.put(path, &old).await;
    let mut download = download(&*store.source(), path, Want::whole()).await;
    let first = match download.bytes.next().await {
        Some(Ok(first)) => first,
        other => fail(&format!("the first piece of a large object, not {other:?}")),
    };
    store.put(path, &new).await;
    if let Ok(rest) = read_all(download.bytes).await {
        let all = [&first[..], &rest].concat();
        same_bytes(&all, &old, "an object that was replaced while it was read");
    }
    same_bytes(
        &whole(&*store.source(), path).await,
        &new,
        "the object that replaced it",
    );
}

async fn at_once(store: &dyn SourceStore) {
    let objects: Vec<(String, Vec<u8>)> = (0..8)
        .map(|seed| (format!("contract/at-once/{seed}.jpg"), pattern(100 + seed, 600_000)))
        .collect();
    for (path, bytes) in &objects {
        store.put(path, bytes).await;
    }
    let tasks = objects.iter().cycle().take(32).map(|(path, bytes)| {
        let (source, path, bytes) = (store.source(), path.clone(), bytes.clone());
        tokio::spawn(async move { same_bytes(&whole(&*source, &path).await, &bytes, "an object among 32 at once") })
    });
    for ended in join_all(tasks).await {
        ended.unwrap_or_else(|error| fail(&format!("32 downloads at once all succeed: {error}")));
    }
}

async fn left_downloads(store: &dyn SourceStore) {
    let (path, bytes) = ("contract/left.jpg", pattern(5, 3_000_000));
    store.put(path, &bytes).await;
    let source = store.source();
    for round in 0..40 {
        let mut download = download(&*source, path, Want::whole()).await;
        if round % 2 == 0 {
            let piece = download.bytes.next().await;
            assert!(
                matches!(piece, Some(Ok(_))),
                "the first piece of a large object, not {piece:?}"
            );
        }
        drop(download);
    }
    same_bytes(
        &whole(&*source, path).await,
        &bytes,
        "an object after 40 downloads of it were left",
    );
}
