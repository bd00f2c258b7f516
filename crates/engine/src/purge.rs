//! Purge: removes the entries of some sources from every cache of a site and from the engine's short memories. Called
//! by the host's admin listener. `purge_epoch` ensures that work begun before the purge puts no old bytes back.

use std::collections::HashSet;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::VARY;
use resizer_plugin_api::engine::{Given, MountedSource};
use resizer_plugin_api::{Cache, CacheKey, Error, ErrorKind, Purge, RequestHead, SourceKey, SourcePath};

use crate::cache_tags::{tag_of_prefix, tag_of_source};
use crate::engine::Engine;
use crate::flight::panicked;
use crate::locate::locate;
use crate::prepare::prepare;
use crate::purge_epoch::PurgeEpochs;
use crate::rewrite::rewrite;
use crate::shared::Shared;
use crate::site::{Site, below};
use crate::stop::Stop;
use crate::trail::Trail;
use crate::walk::{begin, decode_path};

/// The timeout of one cache. Long, because a large folder takes minutes to clear.
const CACHE_TIMEOUT: Duration = Duration::from_secs(300);
/// Names that every kind of source accepts as names of images. They show how a source makes keys of paths.
const MARKERS: [&str; 4] = ["0", "a", "a-b", "00000000-0000-0000-0000-000000000000"];

/// The images to purge. Paths are percent-encoded as in URLs, and begin with `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PurgeRequest {
    /// The result at this path and query, read as a request would be, and the originals behind it. All results of its
    /// source if the result cannot be told, because the store does not answer or the answer depends on the client.
    Url(String),
    /// The source at this path: all its results and originals.
    Source(String),
    /// All sources whose path begins so.
    Prefix(String),
    /// Everything.
    All,
}

/// The outcome of a purge.
#[derive(Debug)]
pub struct Purged {
    /// Each cache of the site, in file order, originals first.
    pub caches: Vec<PurgedCache>,
    /// The tag to purge at a CDN, if answers carry tags. All purged images carry it, and perhaps others.
    pub tag: Option<String>,
}

/// The outcome in one cache.
#[derive(Debug)]
pub struct PurgedCache {
    /// The plugin whose cache it is.
    pub plugin: &'static str,
    /// How many entries the cache dropped, or why it may still have some.
    pub dropped: Result<u64, Error>,
}

/// Why nothing was purged.
#[derive(Debug, thiserror::Error)]
pub enum PurgeError {
    /// The path does not begin with a slash, is not an image's, or cannot be decoded.
    #[error("`{text}` is no path of an image: {reason}")]
    Path {
        /// The given text.
        text: String,
        /// The fault of the text.
        reason: String,
    },
    /// A hook answers the request, so that no image is involved.
    #[error("a plugin answers requests for `{0}` by itself; purge by source, with the path of the image")]
    Answered(String),
    /// No source is mounted there.
    #[error("no source is mounted at `{0}`; `resizer-host plan` shows where sources are")]
    NoSource(String),
    /// The names of a source's images do not begin as their paths do.
    #[error(
        "the images of {plugin} at `{mount}` cannot be purged by prefix, because their names do not begin as their paths \
         do; purge each by source, or all"
    )]
    NoPrefix {
        /// The plugin.
        plugin: &'static str,
        /// Where its source is mounted.
        mount: String,
    },
    /// The engine is stopping, or something panicked.
    #[error("the purge broke off, because the server is stopping or has failed; purge again")]
    BrokenOff,
}

/// The entries that a purge removes.
struct Meant {
    /// Closed during the purge, and removed from source caches and short memories.
    sources: Vec<Purge>,
    /// Removed from result caches.
    results: Vec<Purge>,
    /// To be purged at CDNs.
    tag: Option<String>,
}

impl Meant {
    fn everything_of(sources: Vec<Purge>, tag: Option<String>) -> Self {
        let results = sources.clone();
        Self { sources, results, tag }
    }
}

impl Engine {
    /// Purges every cache of the site and the engine's memories. Runs to its end even if its future is dropped. A
    /// request that begins after the purge gets nothing that was cached before the purge began.
    ///
    /// # Errors
    /// The request cannot be carried out, and nothing was purged. A cache that fails is in [`Purged`] instead.
    pub async fn purge(&self, site: &Arc<Site>, what: PurgeRequest) -> Result<Purged, PurgeError> {
        let (engine, site) = (Arc::clone(self.shared()), Arc::clone(site));
        let task = self.runtime().spawn(async move {
            let meant = match &what {
                PurgeRequest::Url(url) => of_url(&engine, &site, url).await?,
                PurgeRequest::Source(path) => {
                    let path = path_of(path)?;
                    let source = Purge::Source(source_at(&site, &path)?);
                    Meant::everything_of(vec![source], tag_of_source(&path))
                }
                PurgeRequest::Prefix(prefix) => {
                    let prefix = path_of(prefix)?;
                    Meant::everything_of(of_prefix(&site, &prefix)?, tag_of_prefix(&prefix))
                }
                PurgeRequest::All => Meant::everything_of(vec![Purge::All], tag_of_prefix("/")),
            };
            Ok(carry_out(&engine, &site, meant).await)
        });
        task.await.unwrap_or(Err(PurgeError::BrokenOff))
    }
}

async fn carry_out(engine: &Shared, site: &Site, meant: Meant) -> Purged {
    let closed = PurgeEpochs::close(&engine.purge_epochs, meant.sources.clone()).await;
    forget(engine, &meant.sources);
    let mut caches = Vec::new();
    for (list, what) in [
        (&site.table.source_caches, &meant.sources),
        (&site.table.layer_caches, &meant.sources),
        (&site.table.result_caches, &meant.results),
    ] {
        for cache in list {
            let dropped = drop_from(cache, what).await;
            caches.push(PurgedCache {
                plugin: cache.plugin,
                dropped,
            });
        }
    }
    drop(closed);
    let tag = meant.tag.filter(|_| !site.server().cache_tags.is_empty());
    let purged = Purged { caches, tag };
    tracing::info!(what = ?meant.results, entries = purged.entries(), "purged");
    purged
}

async fn drop_from(cache: &Given<Arc<dyn Cache>>, what: &[Purge]) -> Result<u64, Error> {
    let work = AssertUnwindSafe(async {
        let mut dropped = 0;
        for what in what {
            dropped += cache.value.purge(what).await?;
        }
        Ok(dropped)
    });
    let done = match tokio::time::timeout(CACHE_TIMEOUT, work.catch_unwind()).await {
        Ok(Ok(done)) => done,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => Err(Error::new(ErrorKind::Timeout, "The cache took too long.")),
    };
    done.inspect_err(|error| {
        let plugin = cache.plugin;
        tracing::error!(plugin, cause = error.cause(), "a cache could not be purged: {error}");
    })
}

impl Purged {
    /// How many entries were dropped, in all caches.
    #[must_use]
    pub fn entries(&self) -> u64 {
        let dropped = self.caches.iter().map(|cache| cache.dropped.as_ref().unwrap_or(&0));
        dropped.sum()
    }
}

/// The results that a request for this URL gets: of the version in the stat cache, and of the version that the store
/// has now.
async fn of_url(engine: &Arc<Shared>, site: &Arc<Site>, url: &str) -> Result<Meant, PurgeError> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    path_of(path)?;
    let head = Arc::new(RequestHead::get(path, query));
    let trail = &mut Trail::begin(head.arrived);
    let draft = begin(site, &head, trail);
    let request = draft.and_then(|draft| rewrite(site, draft, trail));
    let request = request.map_err(|stop| match stop {
        Stop::Answer(_) => PurgeError::Answered(url.to_owned()),
        Stop::Error(error) => bad(url, error),
    })?;
    let (source, tag) = (source_at(site, &request.path)?, tag_of_source(&request.path));
    let before = engine.stat_cache.version(&source);
    engine.stat_cache.remove(&source);
    let all = Purge::Source(source);
    let Ok(located) = locate(engine, site, &request, trail).await else {
        return Ok(Meant::everything_of(vec![all], tag));
    };
    let served = Purge::Source(located.key.clone());
    // They differ for a stand-in. The missing image may come back, so both are purged.
    let sources: Vec<_> = if served == all { vec![all] } else { vec![all, served] };
    let key = match prepare(site, &request, located, trail) {
        Ok(prepared) if !prepared.headers.contains_key(VARY) => prepared.key,
        _ => return Ok(Meant::everything_of(sources, tag)),
    };
    let before = before.map(|validator| CacheKey {
        validator,
        ..key.clone()
    });
    let keys: HashSet<CacheKey> = before.into_iter().chain([key]).collect();
    let results = keys.into_iter().map(Purge::Key).collect();
    Ok(Meant { sources, results, tag })
}

/// The common beginnings of the keys of all sources whose path begins with `prefix`.
fn of_prefix(site: &Site, prefix: &str) -> Result<Vec<Purge>, PurgeError> {
    let around = site.mount(prefix).map(|mount| (mount.plugin, &*mount.value));
    let mounts = site.table.sources.iter().map(|mount| (mount.plugin, &mount.value));
    let inside = mounts.filter(|(_, mount)| mount.prefix.as_str().starts_with(prefix));
    let beginnings: Result<HashSet<String>, PurgeError> = around
        .into_iter()
        .chain(inside)
        .map(|(plugin, mount)| {
            let rest = prefix.strip_prefix(mount.prefix.as_str()).unwrap_or_default();
            beginning(mount, rest).ok_or_else(|| PurgeError::NoPrefix {
                plugin,
                mount: mount.prefix.as_str().to_owned(),
            })
        })
        .collect();
    let beginnings = beginnings?;
    if beginnings.is_empty() {
        return Err(PurgeError::NoSource(prefix.to_owned()));
    }
    Ok(beginnings.into_iter().map(Purge::Prefix).collect())
}

/// The common beginning of the keys of all sources below a mount whose path begins with `rest`. `None` unless each key
/// of the mount is a fixed text followed by the path.
fn beginning(mount: &MountedSource, rest: &str) -> Option<String> {
    let key = |path: String| Some(mount.source.identity(&SourcePath::parse(&path).ok()?));
    let [first, ..] = MARKERS;
    let store = key(first.to_owned())?.as_str().strip_suffix(first)?.to_owned();
    // A key without the name of a store is that of a path that the source refuses.
    store.split_once(':').filter(|(_, name)| !name.is_empty())?;
    let beginning = format!("{store}{rest}");
    let is_so = |path: &str, marker: &str| {
        key(format!("{path}{marker}")).is_some_and(|key| key.as_str() == format!("{store}{path}{marker}"))
    };
    MARKERS
        .iter()
        .all(|marker| is_so("", marker) && is_so(rest, marker))
        .then_some(beginning)
}

/// The key of the source that a decoded path leads to.
fn source_at(site: &Site, path: &str) -> Result<SourceKey, PurgeError> {
    let mount = site.mount(path).ok_or_else(|| PurgeError::NoSource(path.to_owned()))?;
    let below = below(&mount.value, path).map_err(|error| bad(path, error))?;
    Ok(mount.value.source.identity(&below))
}

fn path_of(text: &str) -> Result<String, PurgeError> {
    if !text.starts_with('/') {
        return Err(bad(
            text,
            "it has to begin with a slash, and stands without scheme and host",
        ));
    }
    if text.contains('?') {
        return Err(bad(
            text,
            "a path has no query; purge by URL, or write a plain ? as %3F",
        ));
    }
    decode_path(text).map_err(|stop| match stop {
        Stop::Error(error) => bad(text, error),
        Stop::Answer(_) => PurgeError::Answered(text.to_owned()),
    })
}

fn bad(text: &str, reason: impl fmt::Display) -> PurgeError {
    PurgeError::Path {
        text: text.to_owned(),
        reason: reason.to_string(),
    }
}

/// Removes these sources from the short memories.
fn forget(engine: &Shared, sources: &[Purge]) {
    for what in sources {
        match what {
            Purge::Source(source) => engine.stat_cache.remove(source),
            _ => engine.stat_cache.remove_all(|source| what.covers_source(source)),
        }
    }
    let is_meant = |source: &SourceKey| sources.iter().any(|what| what.covers_source(source));
    engine.failure_memory.remove_all(is_meant);
    engine.negative_cache.remove_all(is_meant);
}

#[cfg(test)]
mod tests {
    use resizer_plugin_api::{Fetch, Source, SourcePolicy, Stat, Want, async_trait};

    use super::*;

    struct Names(fn(&str) -> String);

    #[async_trait]
    impl Source for Names {
        fn identity(&self, path: &SourcePath) -> SourceKey {
            SourceKey::new((self.0)(path.as_str()))
        }

        async fn stat(&self, _: &SourcePath) -> Result<Stat, Error> {
            Err(Error::not_found())
        }

        async fn fetch(&self, _: &SourcePath, _: Want) -> Result<Fetch, Error> {
            Err(Error::not_found())
        }
    }

    #[test]
    fn prefix_of_keys_that_do_not_begin_as_their_paths_is_refused() {
        let check = |names: fn(&str) -> String, rest: &str, expected: Option<&str>| {
            let mount = MountedSource {
                prefix: "/a/".parse().unwrap(),
                source: Arc::new(Names(names)),
                policy: SourcePolicy::default(),
            };
            assert_eq!(beginning(&mount, rest).as_deref(), expected, "{rest:?}");
        };
        let folder = |path: &str| format!("file:/images/{path}");
        check(folder, "", Some("file:/images/"));
        check(folder, "al", Some("file:/images/al"));
        check(folder, "album/0 ü/", Some("file:/images/album/0 ü/"));
        check(folder, "../", None);
        // A source that accepts whole numbers only.
        let number = |path: &str| match path.parse::<u64>() {
            Ok(number) => format!("sql:db/{number}"),
            Err(_) => format!("sql:db?{path}"),
        };
        check(number, "", None);
        check(number, "12", None);
        // A source that reads from one server only.
        let remote = |path: &str| match path.strip_prefix("known.example/") {
            Some(path) => format!("https://known.example/{path}"),
            None => format!("refused:{path}"),
        };
        check(remote, "", None);
        check(remote, "known.example/", None);
        check(|path: &str| format!("hash:{:x}", path.len()), "", None);
        check(|path: &str| format!("lower:x/{}", path.to_lowercase()), "Album", None);
    }
}
