//! The fourth step of a walk: which source has the image, under which lasting name, and what its store says of it. A
//! missing image is offered to plugins, which may redirect or name another path, once.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_plugin_api::hooks::MountedSource;
use resizer_plugin_api::{Error, ErrorKind, ImageRequest, MissingEvent, SourceKey, SourcePath, Stat};

use crate::engine::Shared;
use crate::fire::fire;
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
}

/// A stat, when it was asked for, and when the store last failed to say more.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    stat: Stat,
    at: Instant,
    failed: Option<Instant>,
}

/// How long a store that failed is left alone before it is asked about the same image again.
const LEFT_ALONE: Duration = Duration::from_secs(2);

/// Finds the source of a request, or of the path that a plugin names in its place.
pub(crate) async fn locate(engine: &Arc<Shared>, site: &Arc<Site>, request: &ImageRequest) -> Result<Located, Stop> {
    match find(engine, site, &request.path).await {
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
    fire("on_image_missing", &site.table.on_image_missing, |handler| {
        handler(&mut MissingEvent::new(request, &mut substitute))
    })?;
    match substitute {
        Some(path) => Ok(find(engine, site, &path).await?),
        None => Err(Stop::Error(missing)),
    }
}

async fn find(engine: &Arc<Shared>, site: &Arc<Site>, path: &str) -> Result<Located, Error> {
    let Some(mount) = site.mount(path) else {
        return Err(Error::not_found().because("no source is mounted at a prefix of this path"));
    };
    let (plugin, mount) = (mount.plugin, Arc::clone(&mount.value));
    let path = below(&mount, path).map_err(|cause| Error::not_found().because(cause))?;
    let key = mount.source.identity(&path);
    let stat = stat(engine, site, plugin, &mount, &path, &key).await?;
    Ok(Located {
        plugin,
        mount,
        path,
        key,
        stat,
    })
}

/// What the store says, asked at most once at a time, and believed for as long as the source's settings say; nothing
/// where they say that objects never change. While the store fails, what it said before is believed on, for as long as
/// the server's settings say; only the first to find it failing waits for that.
async fn stat(
    engine: &Arc<Shared>,
    site: &Site,
    plugin: &'static str,
    mount: &Arc<MountedSource>,
    path: &SourcePath,
    key: &SourceKey,
) -> Result<Stat, Error> {
    if mount.policy.fast {
        return Ok(Stat::unknown());
    }
    let life = mount.policy.check_modified;
    let stale = life.saturating_add(site.server().stale_if_error.0);
    let remembered = engine.stats.get(key).filter(|asked| asked.at.elapsed() < stale);
    if let Some(asked) = &remembered {
        if asked.at.elapsed() < life {
            return Ok(asked.stat.clone());
        }
        if let Some(failed) = asked.failed {
            if failed.elapsed() >= LEFT_ALONE {
                engine.note_failure(key, asked);
                let again = ask(engine, plugin, mount, path, key);
                engine.runtime.spawn(async move { drop(again.await) });
            }
            return Ok(asked.stat.clone());
        }
    }
    match (Box::pin(ask(engine, plugin, mount, path, key)).await, remembered) {
        (Err(error), Some(asked)) if is_away(&error) => {
            engine.note_failure(key, &asked);
            Ok(asked.stat)
        }
        (answer, _) => answer,
    }
}

/// Asks the store, or waits with those who have asked already.
fn ask(
    engine: &Arc<Shared>,
    plugin: &'static str,
    mount: &Arc<MountedSource>,
    path: &SourcePath,
    key: &SourceKey,
) -> impl Future<Output = Result<Stat, Error>> + Send + use<> {
    let (engine, mount, path, key) = (Arc::clone(engine), Arc::clone(mount), path.clone(), key.clone());
    async move {
        let cap = mount.policy.fetch_timeout;
        let work = {
            let (engine, key) = (Arc::clone(&engine), key.clone());
            move |_, _| async move {
                let at = Instant::now();
                let stat = mount.source.stat(&path).await;
                let stat = stat.inspect_err(|error| {
                    log(plugin, &key, error);
                    if !is_away(error) {
                        engine.stats.invalidate(&key);
                    }
                })?;
                engine.note(key, stat.clone(), at);
                Ok(stat)
            }
        };
        engine.stat_flights.join(key, cap, work).await.result
    }
}

impl Shared {
    /// Believes what came with a source's bytes in place of what its store said before.
    pub(crate) fn believe(&self, located: &Located, stat: Stat) {
        self.note(located.key.clone(), stat, Instant::now());
    }

    /// Keeps what a store says, if it says anything.
    fn note(&self, key: SourceKey, stat: Stat, at: Instant) {
        if stat.validator.is_some() {
            let failed = None;
            self.stats.insert(key, Asked { stat, at, failed });
        }
    }

    /// Notes that the store has just failed to say more than it did before.
    fn note_failure(&self, key: &SourceKey, before: &Asked) {
        let asked = Asked {
            failed: Some(Instant::now()),
            ..before.clone()
        };
        self.stats.insert(key.clone(), asked);
    }
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
