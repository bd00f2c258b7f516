//! What every [`Source`] does, whatever store is behind it. A plugin's `tests/contract.rs` gives the suite a store that
//! it can write to by other means than the source; the suite writes, reads through the source, and compares.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use resizer_plugin_api::{ByteRange, Download, Error, ErrorKind, Fetch, Source, SourcePath, Stat, Validator, Want};

use super::{fail, pattern, read_all, same_bytes};

/// A store under test, as somebody sees it who uploads images there.
#[async_trait]
pub trait SourceStore: Send + Sync {
    /// The source that reads this store.
    fn source(&self) -> Arc<dyn Source>;
    /// Creates an object or replaces it.
    async fn put(&self, path: &str, bytes: &[u8]);
    /// Removes an object.
    async fn remove(&self, path: &str);
    /// Whether the store can hold an object of this name; the suite leaves out the names that it cannot.
    fn can_hold(&self, path: &str) -> bool;
}

/// Names that stores, URL libraries and shells treat in ways of their own. Each is one object, and no two are the same.
const NAMES: &[&str] = &[
    "plain.jpg",
    "PLAIN.jpg",
    "with space.jpg",
    " space first.jpg",
    "space last.jpg ",
    "plus+sign.jpg",
    "percent%.jpg",
    "escaped%20space.jpg",
    "escaped%2Fslash.jpg",
    "escaped%252Fslash.jpg",
    "%2e%2e",
    "question?mark.jpg",
    "question?width=100",
    "hash#mark.jpg",
    "ampersand&equals=.jpg",
    "semi;colon.jpg",
    "comma,.jpg",
    "colon:.jpg",
    "C:",
    "at@sign.jpg",
    "exclamation!.jpg",
    "single'quote.jpg",
    "double\"quote.jpg",
    "<angles>.jpg",
    "(round).jpg",
    "[square].jpg",
    "{curly}.jpg",
    "star*.jpg",
    "pipe|.jpg",
    "tilde~.jpg",
    "~",
    "$(dollar).jpg",
    "`backtick`.jpg",
    "caret^.jpg",
    "-leading-dash.jpg",
    "--",
    ".hidden.jpg",
    "...",
    "trailing dot.",
    "trailing dots...",
    "two..dots.jpg",
    "no-extension",
    "CON",
    "nul.jpg",
    "caf\u{e9}.jpg",
    "cafe\u{301}.jpg",
    "Stra\u{df}e \u{130}\u{131}.jpg",
    "\u{65e5}\u{672c}\u{8a9e}.jpg",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.jpg",
    "\u{1f431}.jpg",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.jpg",
    "zero\u{200b}width.jpg",
    "\u{feff}mark.jpg",
    "full\u{ff0e}\u{ff0e}width\u{ff0f}.jpg",
    "deep/er/and/deep er/plain.jpg",
    "folder.jpg/inside.jpg",
];

/// Runs the whole suite. Fails, by panicking, with a sentence that says what was expected.
pub async fn source_contract(store: &dyn SourceStore) {
    whole_and_parts(store).await;
    versions(store).await;
    what_is_not_there(store).await;
    empty_object(store).await;
    names(store).await;
    large_object(store).await;
    at_once(store).await;
    left_downloads(store).await;
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
        let want = Want {
            range: Some(range.clone()),
            unless: None,
        };
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
        let behind = fetch(
            &*source,
            path,
            Want {
                range: Some(range.clone()),
                unless: None,
            },
        )
        .await;
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
    if asked != Stat::unknown() {
        assert_eq!(asked, before, "`stat` says what comes with the bytes");
    }
    let known = validator(&before);
    for range in [None, Some(0..=9)] {
        let want = Want {
            range,
            unless: Some(known.clone()),
        };
        match fetch(&*source, path, want.clone()).await {
            Ok(Fetch::Unchanged) => {}
            other => fail(&format!(
                "{want:?} of an unchanged object is `Unchanged`, not {other:?}"
            )),
        }
    }
    let other = Want {
        range: None,
        unless: Some(Validator::new("another version")),
    };
    same_bytes(
        &received(download(&*source, path, other).await, path).await,
        &old,
        "what is not the known version",
    );

    store.put(path, &new).await;
    let after = download(
        &*source,
        path,
        Want {
            range: None,
            unless: Some(known.clone()),
        },
    )
    .await;
    assert_ne!(
        validator(&after.stat),
        known,
        "an object replaced by another of the same length has another validator"
    );
    same_bytes(&received(after, path).await, &new, "the object after it was replaced");
    assert_eq!(
        source.identity(&source_path(path)),
        identity,
        "a replaced object keeps its identity"
    );

    store.remove(path).await;
    is_absent(&*source, path, "an object that was removed").await;
}

async fn what_is_not_there(store: &dyn SourceStore) {
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
    let want = Want {
        range: Some(0..=9),
        unless: None,
    };
    fails_with(
        fetch(&*source, path, want).await,
        ErrorKind::BadRequest,
        "any range of an empty object",
    );
}

/// Every object holds its own name, so that two names that fall together show.
async fn names(store: &dyn SourceStore) {
    let long = format!("{}.jpg", "n".repeat(196));
    let long_in_bytes = format!("{}.jpg", "\u{20ac}".repeat(65));
    let names = NAMES.iter().copied().chain([long.as_str(), long_in_bytes.as_str()]);
    let paths: Vec<String> = names
        .map(|name| format!("names/{name}"))
        .filter(|path| store.can_hold(path))
        .collect();
    assert!(
        paths.iter().any(|path| path == "names/plain.jpg"),
        "every store can hold `names/plain.jpg`"
    );
    for path in &paths {
        store.put(path, path.as_bytes()).await;
    }
    let source = store.source();
    let mut identities = std::collections::HashSet::new();
    for path in &paths {
        same_bytes(
            &whole(&*source, path).await,
            path.as_bytes(),
            &format!("the object named {path:?}"),
        );
        assert!(
            identities.insert(source.identity(&source_path(path))),
            "{path:?} has an identity of its own"
        );
    }
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
    let want = Want {
        range: Some(300_001..=4_000_000),
        unless: None,
    };
    let part = received(self::download(&*source, path, want).await, path).await;
    same_bytes(&part, &bytes[300_001..=4_000_000], "the middle of a large object");
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

/// A source that does not ask its store for a stat may know nothing; a fetch always says that nothing is there.
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
