//! Source contract: the behaviour of every [`Source`], whatever its store. A plugin's `tests/contract.rs` passes a
//! store that can be written to without the source. The suite writes, reads through the source, and compares.

mod names;
mod streams;

use std::sync::Arc;

use async_trait::async_trait;
use resizer_plugin_api::{ByteRange, Download, Error, ErrorKind, Fetch, Source, SourcePath, Stat, Validator, Want};

use super::{fail, pattern, read_all, same_bytes};

/// A store under test, as it appears to a person who uploads images.
#[async_trait]
pub trait SourceStore: Send + Sync {
    /// The source that reads this store.
    fn source(&self) -> Arc<dyn Source>;
    /// Creates an object or replaces it.
    async fn put(&self, path: &str, bytes: &[u8]);
    /// Removes an object.
    async fn remove(&self, path: &str);
    /// Whether the store can hold an object of this name, and the source can ask for it. If not, the suite expects 404
    /// for this name.
    fn can_hold(&self, path: &str) -> bool;
}

/// Runs the whole suite. A failure panics with a sentence about what was expected.
pub async fn source_contract(store: &dyn SourceStore) {
    whole_and_parts(store).await;
    versions(store).await;
    absent_objects(store).await;
    empty_object(store).await;
    names::names(store).await;
    streams::streams(store).await;
}

async fn whole_and_parts(store: &dyn SourceStore) {
    let (path, bytes) = ("contract/parts.jpg", pattern(1, 1000));
    store.put(path, &bytes).await;
    let source = store.source();
    same_bytes(&whole(&*source, path).await, &bytes, "the whole object");
    let parts: &[(ByteRange, &[u8])] = &[
        (0..=0, &bytes[..1]),
        (0..=15, &bytes[..16]),
        (499..=500, &bytes[499..501]),
        (999..=999, &bytes[999..]),
        (990..=5000, &bytes[990..]),
        (0..=999, &bytes),
        (0..=u64::MAX, &bytes),
    ];
    for (range, expected) in parts {
        let want = Want::whole().with_range(range.clone());
        let download = download(&*source, path, want).await;
        assert_eq!(
            download.stat.length,
            Some(1000),
            "the length is that of the whole object, also for {range:?}"
        );
        same_bytes(
            &received(download, path).await,
            expected,
            &format!("the range {range:?} of 1000 bytes"),
        );
    }
    for range in [1000..=1000, 1000..=u64::MAX, u64::MAX..=u64::MAX] {
        let behind = fetch(&*source, path, Want::whole().with_range(range.clone())).await;
        fails_with(
            behind,
            ErrorKind::BadRequest,
            &format!("the range {range:?}, behind the end of 1000 bytes"),
        );
    }
}

async fn versions(store: &dyn SourceStore) {
    let path = "contract/versions.jpg";
    let (old, new) = (pattern(2, 2000), pattern(3, 2000));
    store.put(path, &old).await;
    let source = store.source();
    let identity = source.identity(&source_path(path));
    let before = stat_of_download(&*source, path).await;
    assert_eq!(
        before,
        stat_of_download(&*source, path).await,
        "what is not touched keeps its stat"
    );
    let asked = stat(&*source, path)
        .await
        .unwrap_or_else(|error| fail(&format!("a stat of {path}, not {error:?}")));
    if asked.length.is_some() {
        assert_eq!(asked, before, "`stat` says what comes with the bytes");
    } else if asked != Stat::unknown() {
        assert_eq!(asked.validator, before.validator, "`stat` says which bytes would come");
    }
    let known = validator(&before);
    for range in [None, Some(0..=9)] {
        let want = Want::whole().with_range(range).with_unless(known.clone());
        match fetch(&*source, path, want.clone()).await {
            Ok(Fetch::Unchanged) => {}
            other => fail(&format!(
                "{want:?} of an unchanged object is `Unchanged`, not {other:?}"
            )),
        }
    }
    let other = Want::whole().with_unless(Validator::new("another version"));
    same_bytes(
        &received(download(&*source, path, other).await, path).await,
        &old,
        "what is not the known version",
    );

    store.put(path, &new).await;
    let after = download(&*source, path, Want::whole().with_unless(known.clone())).await;
    assert_ne!(
        validator(&after.stat),
        known,
        "an object replaced by another of the same length has another validator"
    );
    same_bytes(&received(after, path).await, &new, "the object after it was replaced");
    let part = Want::whole().with_range(10..=19).with_unless(known.clone());
    let part = download(&*source, path, part).await;
    assert_ne!(
        validator(&part.stat),
        known,
        "a part of a replaced object is of the new one"
    );
    same_bytes(
        &received(part, path).await,
        &new[10..=19],
        "a part of the object after it was replaced",
    );
    assert_eq!(
        source.identity(&source_path(path)),
        identity,
        "a replaced object keeps its identity"
    );

    store.remove(path).await;
    is_absent(&*source, path, "an object that was removed").await;
}

async fn absent_objects(store: &dyn SourceStore) {
    store.put("contract/there/is.jpg", b"there").await;
    let source = store.source();
    let absent = [
        ("contract/there/is not.jpg", "an object that never was"),
        ("contract/nowhere/is.jpg", "an object in a folder that never was"),
        ("contract/there/is.jp", "the beginning of a name"),
        ("contract/there/is.jpg.", "a name with a dot more"),
        ("contract/there/is.jpg/below.jpg", "something below an object"),
        ("contract/there/is.jpg/", "an object with a slash behind"),
        ("contract/there", "a folder"),
        ("contract/there/", "a folder with a slash behind"),
        ("/contract/there/is.jpg", "an object with a slash before"),
        ("contract//there/is.jpg", "an object with a slash doubled"),
    ];
    for (path, what) in absent {
        is_absent(&*source, path, what).await;
    }
    let endless = "x".repeat(5000);
    is_absent(&*source, &endless, "a name longer than any store allows").await;
    same_bytes(
        &whole(&*source, "contract/there/is.jpg").await,
        b"there",
        "what is there",
    );
}

async fn empty_object(store: &dyn SourceStore) {
    let path = "contract/empty.jpg";
    store.put(path, b"").await;
    let source = store.source();
    let download = download(&*source, path, Want::whole()).await;
    assert_eq!(download.stat.length, Some(0), "the length of an empty object");
    same_bytes(&received(download, path).await, b"", "an empty object");
    let want = Want::whole().with_range(0..=9);
    fails_with(
        fetch(&*source, path, want).await,
        ErrorKind::BadRequest,
        "any range of an empty object",
    );
}

fn source_path(path: &str) -> SourcePath {
    SourcePath::parse(path).unwrap_or_else(|error| fail(&format!("{path:?} is a source path: {error}")))
}

async fn stat(source: &dyn Source, path: &str) -> Result<Stat, Error> {
    source.stat(&source_path(path)).await
}

async fn fetch(source: &dyn Source, path: &str, want: Want) -> Result<Fetch, Error> {
    source.fetch(&source_path(path), want).await
}

async fn download(source: &dyn Source, path: &str, want: Want) -> Download {
    match fetch(source, path, want.clone()).await {
        Ok(Fetch::Download(download)) => download,
        other => fail(&format!("{path:?} with {want:?} is a download, not {other:?}")),
    }
}

async fn received(download: Download, path: &str) -> Vec<u8> {
    read_all(download.bytes)
        .await
        .unwrap_or_else(|error| fail(&format!("{path:?} arrives whole: {error:?}")))
}

async fn whole(source: &dyn Source, path: &str) -> Vec<u8> {
    received(download(source, path, Want::whole()).await, path).await
}

async fn stat_of_download(source: &dyn Source, path: &str) -> Stat {
    download(source, path, Want::whole()).await.stat
}

fn validator(stat: &Stat) -> Validator {
    stat.validator
        .clone()
        .unwrap_or_else(|| fail("a download comes with a validator"))
}

/// Expects 404. A source that does not ask its store for stats may answer a stat with "unknown", but never a fetch.
async fn is_absent(source: &dyn Source, path: &str, what: &str) {
    match stat(source, path).await {
        Ok(stat) if stat == Stat::unknown() => {}
        other => fails_with(other, ErrorKind::NotFound, &format!("a stat of {what}")),
    }
    fails_with(
        fetch(source, path, Want::whole()).await,
        ErrorKind::NotFound,
        &format!("a fetch of {what}"),
    );
}

fn fails_with<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, what: &str) {
    match result {
        Err(error) if error.kind() == kind => {}
        other => fail(&format!("{what} fails with {kind:?}, not {other:?}")),
    }
}
