//! The fourth step of a walk: which source has the image, under which lasting name, and what its store says of it. A
//! missing image is offered to plugins, which may redirect or name another path, once.

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
    pub(crate) mount: MountedSource,
    pub(crate) path: SourcePath,
    pub(crate) key: SourceKey,
    pub(crate) stat: Stat,
}

/// A stat and when it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    stat: Stat,
    at: Instant,
}

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
    let (plugin, mount) = (mount.plugin, mount.value.clone());
    let path = below(&mount, path).map_err(|cause| Error::not_found().because(cause))?;
    let key = mount.source.identity(&path);
    let stat = stat(engine, plugin, &mount, &path, &key).await?;
    Ok(Located {
        plugin,
        mount,
        path,
        key,
        stat,
    })
}

/// What the store says, asked at most once at a time, and believed for as long as the source's settings say.
async fn stat(
    engine: &Arc<Shared>,
    plugin: &'static str,
    mount: &MountedSource,
    path: &SourcePath,
    key: &SourceKey,
) -> Result<Stat, Error> {
    let life = mount.policy.check_modified;
    if life > Duration::ZERO
        && let Some(asked) = engine.stats.get(key)
        && asked.at.elapsed() < life
    {
        return Ok(asked.stat);
    }
    let work = {
        let (engine, mount, path, key) = (Arc::clone(engine), mount.clone(), path.clone(), key.clone());
        move |_, _| async move {
            let at = Instant::now();
            let stat = mount
                .source
                .stat(&path)
                .await
                .inspect_err(|error| log(plugin, &key, error))?;
            engine.note(life, key, Asked { stat: stat.clone(), at });
            Ok(stat)
        }
    };
    engine
        .stat_flights
        .join(key.clone(), mount.policy.fetch_timeout, work)
        .await
        .result
}

impl Shared {
    /// Believes what came with a source's bytes in place of what its store said before.
    pub(crate) fn believe(&self, located: &Located, stat: Stat) {
        let asked = Asked {
            stat,
            at: Instant::now(),
        };
        self.note(located.mount.policy.check_modified, located.key.clone(), asked);
    }

    /// Keeps a stat for its life, if it says anything.
    fn note(&self, life: Duration, key: SourceKey, asked: Asked) {
        if life > Duration::ZERO && asked.stat.validator.is_some() {
            self.stats.insert(key, asked);
        }
    }
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
