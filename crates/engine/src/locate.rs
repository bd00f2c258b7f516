//! Locate, the fourth step of a walk: which source has the image, under which lasting key, and the stat of its store. A
//! missing image is offered once to plugins, which may redirect or name another image.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_plugin_api::engine::{Given, MountedSource};
use resizer_plugin_api::{
    Error, ErrorKind, ImageRequest, MissingEvent, OverlayContent, Seconds, SourceKey, SourcePath, Stat,
};

use crate::fire::fire;
use crate::located::{Located, LocatedOverlay};
use crate::purge_epoch::PurgeEpoch;
use crate::shared::Shared;
use crate::site::{Site, below};
use crate::stop::Stop;
use crate::store_error::{self, is_unavailable};
use crate::trail::Trail;

/// The pause before a store that failed, or is being asked, is asked about the same source again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);
/// The flight's cap is so much longer than the stat's own timeout. So the timeout comes first, and the log blames the
/// store.
const LEEWAY: Duration = Duration::from_secs(1);

/// Locates the source of a request, or of the image that a plugin names in its place.
pub(crate) async fn locate(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &ImageRequest,
    trail: &mut Trail,
) -> Result<Located, Stop> {
    match find(engine, site, &request.path, trail.now()).await {
        Err(error) if error.kind() == ErrorKind::NotFound => substitute(engine, site, request, error, trail).await,
        found => Ok(with_overlays(engine, site, request, found?, trail.now()).await?),
    }
}

/// Locates the files of the request's overlays. Authorizers are not asked about them.
///
/// # Errors
/// `Internal` if no source has a file that is not optional, and the failures of stores.
async fn with_overlays(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &ImageRequest,
    mut located: Located,
    now: Instant,
) -> Result<Located, Error> {
    for overlay in &request.overlays {
        let overlay = overlay.clone();
        let file = match &overlay.content {
            OverlayContent::Image { path, .. } => match Box::pin(find(engine, site, path, now)).await {
                Ok(file) => Some(Arc::new(file)),
                Err(error) if error.kind() == ErrorKind::NotFound && overlay.optional => continue,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let cause = format!("no source has the overlay {path}");
                    return Err(Error::new(ErrorKind::Internal, "An overlay is missing.").because(cause));
                }
                Err(error) => return Err(error),
            },
            _ => None,
        };
        located.overlays.push(LocatedOverlay { overlay, file });
    }
    Ok(located)
}

/// Asks the plugins for a substitute of an image that no source has, or whose file cannot be decoded. Without one,
/// fails with `missing`.
pub(crate) async fn substitute(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    request: &ImageRequest,
    missing: Error,
    trail: &mut Trail,
) -> Result<Located, Stop> {
    let mut substitute = None;
    // The handlers begin now, and not before the store was asked.
    trail.lap();
    fire("on_image_missing", &site.table.on_image_missing, trail, |handler| {
        handler(&mut MissingEvent::new(request, &missing, &mut substitute))
    })?;
    match substitute {
        Some(substitute) => {
            let found = find(engine, site, &substitute.path, trail.now()).await?;
            let located = with_overlays(engine, site, request, found, trail.now()).await?;
            Ok(Located {
                substitute: Some(substitute),
                ..located
            })
        }
        None => Err(Stop::Error(missing)),
    }
}

async fn find(engine: &Arc<Shared>, site: &Arc<Site>, path: &str, now: Instant) -> Result<Located, Error> {
    let Some(mount) = site.mount(path) else {
        return Err(Error::not_found().because("no source is mounted at a prefix of this path"));
    };
    let path = below(&mount.value, path).map_err(|cause| Error::not_found().because(cause))?;
    let key = mount.value.source.identity(&path);
    let epoch = engine.purge_epochs.current(&key);
    let stat = stat(engine, site, mount, &path, &key, &epoch, now).await?;
    Ok(Located {
        plugin: mount.plugin,
        mount: Arc::clone(&mount.value),
        path,
        key,
        stat,
        epoch,
        substitute: None,
        overlays: Vec::new(),
    })
}

/// The stat of a source: cached within `check_modified`, else asked of the store, at most once at a time. Unknown where
/// the policy is `fast`.
///
/// A stale stat is used on within `stale_while_revalidate`, while the store is asked once in the background. It is also
/// used within `stale_if_error` of a failing store. Only the first request that finds the store failing waits for that,
/// for half of its deadline at most.
async fn stat(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    given: &Given<Arc<MountedSource>>,
    path: &SourcePath,
    key: &SourceKey,
    epoch: &PurgeEpoch,
    now: Instant,
) -> Result<Stat, Error> {
    let (plugin, mount) = (given.plugin, &given.value);
    if mount.policy.fast {
        return Ok(Stat::unknown());
    }
    let Some(cached) = engine.stat_cache.get(key) else {
        return match engine.negative_cache.known(site, mount, key) {
            Some(error) => Err(error),
            None => Box::pin(ask(engine, site, plugin, mount, path, key, epoch)).await,
        };
    };
    // Zero where another request has asked since this one came.
    let age = now.saturating_duration_since(cached.asked);
    let time_to_live = mount.policy.check_modified;
    if age < time_to_live {
        return Ok(cached.stat);
    }
    let server = site.server();
    let stale_for = |time: Seconds| age < time_to_live.saturating_add(time.0);
    let revalidating = !time_to_live.is_zero() && stale_for(server.stale_while_revalidate);
    let failing = cached.retried.is_some() && stale_for(server.stale_if_error);
    if revalidating || failing {
        if cached.retried.is_none_or(|retried| retried.elapsed() >= RETRY_PAUSE)
            && let Some(permit) = engine.stat_cache.revalidation_permit(&mount.prefix)
            && engine.stat_cache.note_retry(key, &cached)
        {
            let revalidation = ask(engine, site, plugin, mount, path, key, epoch);
            engine.runtime.spawn(async move {
                revalidation.await.ok();
                drop(permit);
            });
        }
        return Ok(cached.stat);
    }
    let mut asking = Box::pin(ask(engine, site, plugin, mount, path, key, epoch));
    if !stale_for(server.stale_if_error) {
        return asking.await;
    }
    match tokio::time::timeout(server.deadline.0 / 2, &mut asking).await {
        Ok(Err(error)) if is_unavailable(&error) => {}
        Ok(answer) => return answer,
        // The question goes on in the background, so that its answer reaches the cache.
        Err(_) => drop(engine.runtime.spawn(asking)),
    }
    engine.stat_cache.note_retry(key, &cached);
    Ok(cached.stat)
}

/// Asks the store, or joins the flight of a request that asks already.
fn ask(
    engine: &Arc<Shared>,
    site: &Arc<Site>,
    plugin: &'static str,
    mount: &Arc<MountedSource>,
    path: &SourcePath,
    key: &SourceKey,
    epoch: &PurgeEpoch,
) -> impl Future<Output = Result<Stat, Error>> + Send + use<> {
    let (engine, site, mount) = (Arc::clone(engine), Arc::clone(site), Arc::clone(mount));
    let (path, key, epoch) = (path.clone(), key.clone(), epoch.clone());
    async move {
        let timeout = mount.policy.fetch_timeout;
        let flight = (key.clone(), epoch.number());
        let work = {
            let engine = Arc::clone(&engine);
            move |_, _| async move {
                let asked = Instant::now();
                let stat = tokio::time::timeout(timeout, mount.source.stat(&path)).await;
                let stat = stat.unwrap_or_else(|_| Err(store_error::timed_out()));
                let stat = stat.inspect_err(|error| {
                    store_error::log(plugin, &key, error);
                    if !is_unavailable(error) {
                        engine.stat_cache.remove(&key);
                    }
                    engine.negative_cache.note(&site, &mount, &epoch, &key, error);
                })?;
                engine.stat_cache.insert(&epoch, key, stat.clone(), asked);
                Ok(stat)
            }
        };
        let cap = timeout.saturating_add(LEEWAY);
        engine.stat_flights.join(flight, cap, work).await.result
    }
}

/// Removes the stat of a source whose bytes the store then refused with 404 or 403, and notes the refusal.
pub(crate) fn forget_refused(engine: &Shared, site: &Site, located: &Located, error: &Error) {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) {
        let Located { mount, key, epoch, .. } = located;
        engine.stat_cache.remove(key);
        engine.negative_cache.note(site, mount, epoch, key, error);
    }
}
