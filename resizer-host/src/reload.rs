//! Watches `plugins.toml` and puts every saved version without a problem in force.
//!
//! It looks at the file five times a second instead of asking the system for events. Whether the file was rewritten in
//! place, renamed over, or reached through a symlink that now points elsewhere (as Kubernetes swaps a mounted ConfigMap)
//! then makes no difference, and it also works on network and container mounts, where events get lost.
//!
//! A version counts once it has been read twice the same, so that a half-written one is passed over. Running requests
//! keep the configuration they began with. Files that values refer to by `${file:…}` are not watched: they are read again
//! when `plugins.toml` itself changes.

use std::os::unix::fs::MetadataExt as _;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use resizer_engine::{Environment, ServerSettings};
use resizer_plugin_api::{Counter, Gauge};

use crate::front::Front;
use crate::linked::KNOWN_PLUGINS;
use crate::logging::Logging;

/// Time between two looks at the file. A change is seen within one, believed within two, and in force well within a
/// second.
const INTERVAL: Duration = Duration::from_millis(200);
/// A file that changed this recently is read even if it looks the same: two writes of one length within one tick of the
/// file system's clock leave the same metadata behind. The coarsest clock in use ticks every two seconds.
const FRESH: Duration = Duration::from_secs(3);

/// What is watched, and what a new version takes effect on.
pub(crate) struct Reload {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its text as the server started with it.
    pub(crate) text: String,
    /// The settings the server started with, some of which it cannot change while it runs.
    pub(crate) started: ServerSettings,
    /// Serves the configuration.
    pub(crate) front: Arc<Front>,
    /// Follows its log filter.
    pub(crate) logging: Logging,
}

impl Reload {
    /// Watches until the process ends, on a thread of its own: a network mount may let it wait for long.
    pub(crate) fn spawn(self) -> std::io::Result<()> {
        std::thread::Builder::new().name("reload".to_owned()).spawn(move || self.watch()).map(drop)
    }

    fn watch(self) {
        let metrics = self.front.engine.metrics();
        let help = "Saved versions of the configuration, by whether they were put in force.";
        let instruments = Instruments {
            ok: metrics.counter("resizer_reloads_total", help, &[("result", "ok")]),
            failed: metrics.counter("resizer_reloads_total", help, &[("result", "failed")]),
            generation: metrics.gauge("resizer_config_generation", "Counts configurations put in force, from 1.", &[]),
        };
        instruments.generation.set(1);

        let mut settled = self.text.clone();
        let mut candidate: Option<String> = None;
        let mut seen: Option<Stamp> = None;
        let mut complained = false;
        loop {
            std::thread::park_timeout(INTERVAL);
            let stamp = Stamp::of(&self.path);
            let quiet = stamp.is_ok() && seen.as_ref() == stamp.as_ref().ok();
            if quiet && candidate.is_none() && !stamp.as_ref().is_ok_and(Stamp::is_fresh) {
                continue;
            }
            let text = match stamp.and_then(|stamp| Ok((stamp, read(&self.path)?))) {
                Ok((stamp, text)) => {
                    seen = Some(stamp);
                    complained = false;
                    text
                }
                Err(error) => {
                    // While a file is being replaced it may be missing for a moment; only what lasts is worth a line.
                    let lasts = seen.take().is_none();
                    if lasts && !complained {
                        complained = true;
                        let path = self.path.display();
                        tracing::warn!("{path} cannot be read ({error}); the last configuration goes on serving");
                    }
                    continue;
                }
            };
            if text == settled {
                candidate = None;
            } else if candidate.as_ref() == Some(&text) {
                candidate = None;
                let attempt = AssertUnwindSafe(|| self.put_in_force(&text, &instruments));
                if std::panic::catch_unwind(attempt).is_err() {
                    self.refuse("a plugin panicked; the log tells where", &instruments);
                }
                settled = text;
            } else {
                candidate = Some(text);
            }
        }
    }

    fn put_in_force(&self, text: &str, instruments: &Instruments) {
        let engine = &self.front.engine;
        let (loaded, problems) = resizer_engine::load(
            &self.path,
            text,
            &Environment::process(),
            KNOWN_PLUGINS,
            engine.resources(),
            engine.metrics(),
        );
        let started = match loaded {
            Some(loaded) => engine.runtime().block_on(engine.start(loaded)),
            None => {
                self.refuse(&problems.render(&self.path, text), instruments);
                return;
            }
        };
        let site = match started {
            Ok(site) => site,
            Err(problems) => {
                self.refuse(&problems.render(&self.path, text), instruments);
                return;
            }
        };
        if !problems.is_empty() {
            tracing::warn!("{}", problems.render(&self.path, text));
        }
        let stuck = needs_restart(&self.started, site.server());
        if !stuck.is_empty() {
            tracing::warn!("a restart is needed for the new value of: {}", stuck.join(", "));
        }
        self.logging.follow(site.server());
        let plugins = site.file().entries().iter().filter(|entry| entry.enabled).count();
        self.front.swap(site);
        instruments.ok.increment();
        instruments.generation.add(1);
        let generation = instruments.generation.value();
        tracing::info!(generation, plugins, "configuration reloaded");
    }

    fn refuse(&self, report: &str, instruments: &Instruments) {
        instruments.failed.increment();
        tracing::error!("the new configuration is not used, the last one goes on serving:\n{report}");
    }
}

struct Instruments {
    ok: Counter,
    failed: Counter,
    generation: Gauge,
}

/// What of a file's metadata changes when its content does.
#[derive(PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    inode: (u64, u64),
    changed: (i64, i64),
}

impl Stamp {
    /// Follows symlinks, so that a link that points elsewhere is a change.
    #[expect(clippy::disallowed_methods, reason = "on the watcher's own thread")]
    fn of(path: &Path) -> std::io::Result<Self> {
            let metadata = std::fs::metadata(path)?;
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
                    inode: (metadata.dev(), metadata.ino()),
                    changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }

    /// Changed so recently, by this machine's clock, that another change may look the same.
    fn is_fresh(&self) -> bool {
        self.modified.is_none_or(|modified| modified.elapsed().is_ok_and(|age| age < FRESH))
    }
}

#[expect(clippy::disallowed_methods, reason = "on the watcher's own thread")]
fn read(path: &Path) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

/// The settings that differ and are read only at start.
fn needs_restart(started: &ServerSettings, now: &ServerSettings) -> Vec<&'static str> {
    macro_rules! changed {
        ($($name:ident),*) => {
            [$((stringify!($name), started.$name != now.$name)),*]
        };
    }
    let all = changed!(
        listen,
        admin_listen,
        workers,
        keep_alive,
        head_timeout,
        body_timeout,
        max_connections,
        log_format,
        work_threads,
        memory_limit
    );
    all.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
}
