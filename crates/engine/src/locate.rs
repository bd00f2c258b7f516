//! The fourth step of a walk: which source has the image, under which lasting name, and what its store says of it. A
//! missing image is offered to plugins, which may redirect or name another path, once.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use foldhash::quality::RandomState;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;
use parking_lot::Mutex;
use resizer_plugin_api::engine::{Given, MountedSource};
use resizer_plugin_api::{
    Error, ErrorKind, ImageRequest, MissingEvent, Seconds, SourceKey, SourcePath, Stat, UrlPrefix, Validator,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::Shared;
use crate::fire::fire;
use crate::generation::Generation;
use crate::relay::slow;
use crate::site::{Site, below};
use crate::stop::Stop;

/// Where the image is.
#[derive(Clone)]
pub(crate) struct Located {
    pub(crate) plugin: &'static str,
    pub(crate) mount: Arc<MountedSource>,
    pub(crate) path: SourcePath,
    pub(crate) key: SourceKey,
    pub(crate) stat: Stat,
    /// From before anything was asked about the image.
    pub(crate) generation: Generation,
    /// Whether a plugin named it in place of an image that is missing.
    pub(crate) substituted: bool,
}

/// A stat, when it was asked for, and when the store was last asked for more that it has not said yet.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    stat: Stat,
    at: Instant,
    tried: Option<Instant>,
}

/// What stores have said.
pub(crate) type Stats = Cache<SourceKey, Asked, RandomState>;

/// Room for so many.
pub(crate) fn stats_of(entries: u64) -> Stats {
    Cache::builder()
        .max_capacity(entries)
        .build_with_hasher(RandomState::default())
}

/// How long a store that failed, or is being asked, is left alone before it is asked about the same image again.
const LEFT_ALONE: Duration = Duration::from_secs(2);
/// How many images of one prefix are asked about in the background at once: nobody waits for these answers, so nothing
/// else bounds how many a store that is silent would owe.
const AGAIN_AT_ONCE: usize = 64;
/// A stat ends by its own time, and is logged as its store's, before its flight would end it.
const LEEWAY: Duration = Duration::from_secs(1);

/// Places for questions in the background, by prefix: a store that is silent holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Again(Mutex<HashMap<UrlPrefix, Arc<Semaphore>>>);

impl Again {
    fn place(&self, prefix: &UrlPrefix) -> Option<OwnedSemaphorePermit> {
        let mut places = self.0.lock();
        let new = || Arc::new(Semaphore::new(AGAIN_AT_ONCE));
        let places = places.entry(prefix.clone()).or_insert_with(new);
        Arc::clone(places).try_acquire_owned().ok()
    }
}

/// Finds the source of a request, or of the path that a plugin names in its place.
pub(crate) async fn locate(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &ImageRequest,
    now: Instant,
) -> Result<Located, Stop> {
    match find(engine, site, &request.path, now).await {
        Err(error) if error.kind() == ErrorKind::NotFound => substitute(engine, site, request, error).await,
        found => Ok(found?),
    }
}

/// Asks the plugins what to serve in place of an image that no source has; without an answer, `missing` stands.
pub(crate) async fn substitute(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &ImageRequest,
    missing: Error,
) -> Result<Located, Stop> {
    let mut substitute = None;
    let mut now = Instant::now();
    fire("on_image_missing", &site.table.on_image_missing, &mut now, |handler| {
        handler(&mut MissingEvent::new(request, &mut substitute))
    })?;
    match substitute {
        Some(path) => Ok(Located {
            substituted: true,
            ..find(engine, site, &path, now).await?
        }),
        None => Err(Stop::Error(missing)),
    }
}

async fn find(engine: &Arc<Shared>, site: &Arc<Site>, path: &str, now: Instant) -> Result<Located, Error> {
    let Some(mount) = site.mount(path) else {
        return Err(Error::not_found().because("no source is mounted at a prefix of this path"));
    };
    let path = below(&mount.value, path).map_err(|cause| Error::not_found().because(cause))?;
    let key = mount.value.source.identity(&path);
    let generation = engine.purges.generation(&key);
    let stat = stat(engine, site, mount, &path, &key, &generation, now).await?;
    Ok(Located {
        plugin: mount.plugin,
        mount: Arc::clone(&mount.value),
        path,
        key,
        stat,
        generation,
        substituted: false,
    })
}

/// What the store says, asked at most once at a time, and believed for as long as the source's settings say; nothing
/// where they say that objects never change. For a while after, if the server's settings say so, what it said is believed
/// on while it is asked once in the background. While the store fails, too; only the first to find it failing waits for
/// that, and not so long that it misses its own deadline.
async fn stat(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    given: &Given<Arc<MountedSource>>,
    path: &SourcePath,
    key: &SourceKey,
    generation: &Generation,
    now: Instant,
) -> Result<Stat, Error> {
    let (plugin, mount) = (given.plugin, &given.value);
    if mount.policy.fast {
        return Ok(Stat::unknown());
    }
    let Some(asked) = engine.stats.get(key) else {
        return match engine.missing.known(site, mount, key) {
            Some(error) => Err(error),
            None => Box::pin(ask(engine, site, plugin, mount, path, key, generation)).await,
        };
    };
    // Negative where another request has asked since this one came: that is no age.
    let (age, life) = (now.saturating_duration_since(asked.at), mount.policy.check_modified);
    if age < life {
        return Ok(asked.stat);
    }
    let server = site.server();
    let stale_for = |time: Seconds| age < life.saturating_add(time.0);
    let revalidating = !life.is_zero() && stale_for(server.stale_while_revalidate);
    let failing = asked.tried.is_some() && stale_for(server.stale_if_error);
    if revalidating || failing {
        if asked.tried.is_none_or(|tried| tried.elapsed() >= LEFT_ALONE)
            && let Some(place) = engine.again.place(&mount.prefix)
            && note_try(&engine.stats, key, &asked)
        {
            let again = ask(engine, site, plugin, mount, path, key, generation);
            engine.runtime.spawn(async move {
                again.await.ok();
                drop(place);
            });
        }
        return Ok(asked.stat);
    }
    let mut asking = Box::pin(ask(engine, site, plugin, mount, path, key, generation));
    if !stale_for(server.stale_if_error) {
        return asking.await;
    }
    match tokio::time::timeout(server.deadline.0 / 2, &mut asking).await {
        Ok(Err(error)) if is_away(&error) => {}
        Ok(answer) => return answer,
        // Whatever it says in the end is heard.
        Err(_) => drop(engine.runtime.spawn(asking)),
    }
    note_try(&engine.stats, key, &asked);
    Ok(asked.stat)
}

/// Asks the store, or waits with those who have asked already.
fn ask(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    plugin: &'static str,
    mount: &Arc<MountedSource>,
    path: &SourcePath,
    key: &SourceKey,
    generation: &Generation,
) -> impl Future<Output = Result<Stat, Error>> + Send + use<> {
    let (engine, site, mount) = (Arc::clone(engine), Arc::clone(site), Arc::clone(mount));
    let (path, key, generation) = (path.clone(), key.clone(), generation.clone());
    async move {
        let cap = mount.policy.fetch_timeout;
        let flight = (key.clone(), generation.number());
        let work = {
            let engine = Arc::clone(&engine);
            move |_, _| async move {
                let at = Instant::now();
                let stat = tokio::time::timeout(cap, mount.source.stat(&path)).await;
                let stat = stat.unwrap_or_else(|_| Err(slow())).inspect_err(|error| {
                    log(plugin, &key, error);
                    if !is_away(error) {
                        engine.stats.invalidate(&key);
                    }
                    engine.missing.note(&site, &mount, &generation, &key, error);
                })?;
                engine.note(&generation, key, stat.clone(), at);
                Ok(stat)
            }
        };
        let cap = cap.saturating_add(LEEWAY);
        engine.stat_flights.join(flight, cap, work).await.result
    }
}

impl Shared {
    /// Believes what came with a source's bytes in place of what its store said before. Of a store that names no version
    /// when it is asked, none is remembered: its results are looked for without one, now and later.
    pub(crate) fn believe(&self, located: &Located, stat: Stat) {
        if located.stat.validator.is_some() && stat.validator.is_some() {
            self.note(&located.generation, located.key.clone(), stat, Instant::now());
        }
    }

    /// The version that is believed to be the current one.
    pub(crate) fn believed(&self, key: &SourceKey) -> Option<Validator> {
        self.stats.get(key)?.stat.validator
    }

    /// Forgets what a store said of an image that it then did not give.
    pub(crate) fn disbelieve(&self, site: &Site, located: &Located, error: &Error) {
        if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) {
            let Located {
                mount, key, generation, ..
            } = located;
            self.stats.invalidate(key);
            self.missing.note(site, mount, generation, key, error);
        }
    }

    /// Keeps what a store says, if it says anything.
    fn note(&self, generation: &Generation, key: SourceKey, stat: Stat, at: Instant) {
        if stat != Stat::unknown() {
            let tried = None;
            let source = key.clone();
            generation.remember(&source, || self.stats.insert(key, Asked { stat, at, tried }));
        }
    }
}

/// Notes that the store is asked, or was, and has not said more than it did before; `false` if another has noted that, or
/// heard more: what is out of date, or gone, is not brought back.
fn note_try(stats: &Stats, key: &SourceKey, before: &Asked) -> bool {
    let noted = stats.entry_by_ref(key).and_compute_with(|now| match now {
        Some(now) if now.value().at == before.at && now.value().tried == before.tried => Op::Put(Asked {
            tried: Some(Instant::now()),
            ..before.clone()
        }),
        _ => Op::Nop,
    });
    matches!(noted, CompResult::ReplacedWith(_))
}

/// Whether a store failed, rather than said no.
fn is_away(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Upstream | ErrorKind::Timeout)
}

/// A store's failure is logged where it happens, once, however many requests wait for it.
pub(crate) fn log(plugin: &'static str, key: &SourceKey, error: &Error) {
    let (kind, cause) = (error.kind().name(), error.cause());
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Cancelled) {
        tracing::debug!(plugin, source = %key, kind, cause, "{error}");
    } else {
        tracing::warn!(plugin, source = %key, kind, cause, "{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_brings_nothing_back() {
        let (stats, key) = (stats_of(9), SourceKey::new("a"));
        let asked = |version: &'static str| Asked {
            stat: Stat::known(Validator::new(version), 1, None),
            at: Instant::now(),
            tried: None,
        };
        let now = || {
            stats
                .get(&key)
                .map(|asked| (asked.stat.validator, asked.tried.is_some()))
        };
        let old = asked("old");
        stats.insert(key.clone(), old.clone());
        assert!(note_try(&stats, &key, &old));
        assert_eq!(now(), Some((Some(Validator::new("old")), true)));
        assert!(!note_try(&stats, &key, &old), "another is asking");
        stats.insert(key.clone(), asked("new"));
        assert!(!note_try(&stats, &key, &old));
        assert_eq!(now(), Some((Some(Validator::new("new")), false)), "another heard more");
        stats.invalidate(&key);
        assert!(!note_try(&stats, &key, &old));
        assert_eq!(now(), None, "another heard that it is gone");
    }
}
