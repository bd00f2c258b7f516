//! What is counted and timed of every request, and of the work done for it. Each instrument is looked up in the metrics
//! once and kept: a hit shall neither format a label nor wait for a lock. Fed by `respond`, `produce` and `chain`.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use resizer_plugin_api::engine::Registration;
use resizer_plugin_api::{Counter, Histogram, Metrics};

use crate::trail::{CacheOutcome, Trail};

/// Stages that each request has for itself.
const OWN: [&str; 2] = ["locate", "cache"];
/// Stages of the work that is done once for all who want the same.
const SHARED: [&str; 5] = ["fetch", "queue", "decode", "scale", "encode"];
/// How a result comes about, as `X-Cache` says it; the last is for answers without a result.
const OUTCOMES: [&str; 6] = ["hit", "miss", "shared", "relay", "not-modified", "none"];
/// Stands for the source of answers that none was involved in.
const NO_SOURCE: &str = "none";

/// The instruments.
pub(crate) struct Instruments {
    own: [Histogram; OWN.len()],
    shared: [Histogram; SHARED.len()],
    requests: [Histogram; OUTCOMES.len()],
    plugins: Vec<OfPlugin>,
}

/// What is counted often of one plugin, from its first time on.
struct OfPlugin {
    plugin: &'static str,
    /// Answers about images of its source.
    ok: OnceLock<Counter>,
    not_modified: OnceLock<Counter>,
    /// Looks into its cache.
    hits: OnceLock<Counter>,
    misses: OnceLock<Counter>,
}

/// What a look into a cache came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Hit,
    Miss,
    Error,
}

impl Instruments {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let stage = |name| {
            let help = "How long each stage took: of a request locate and cache, of the work for it the others.";
            metrics.histogram("resizer_stage_seconds", help, &[("stage", name)])
        };
        let request = |outcome| {
            let help = "From a request's head to the head of its answer, by X-Cache.";
            metrics.histogram("resizer_request_seconds", help, &[("cache", outcome)])
        };
        let plugins = Registration::linked().into_iter().map(|plugin| plugin.name);
        Self {
            own: OWN.map(stage),
            shared: SHARED.map(stage),
            requests: OUTCOMES.map(request),
            plugins: plugins
                .chain([NO_SOURCE])
                .map(|plugin| OfPlugin {
                    plugin,
                    ok: OnceLock::new(),
                    not_modified: OnceLock::new(),
                    hits: OnceLock::new(),
                    misses: OnceLock::new(),
                })
                .collect(),
        }
    }

    /// Notes an answer, and how long it took.
    pub(crate) fn answered(&self, metrics: &Metrics, trail: &Trail, status: StatusCode, took: Duration) {
        for (stage, histogram) in OWN.iter().zip(&self.own) {
            let took = trail.named(stage);
            took.for_each(|took| histogram.observe(took));
        }
        self.requests[outcome(trail.cache)].observe(took);
        self.count(metrics, trail.source, status);
    }

    /// Counts an answer about an image of this plugin's source.
    pub(crate) fn count(&self, metrics: &Metrics, source: Option<&'static str>, status: StatusCode) {
        let plugin = source.unwrap_or(NO_SOURCE);
        let counter = || {
            let help = "Answers to image requests, by status and by the plugin whose source they are about.";
            let labels = [("status", status.as_str()), ("plugin", plugin)];
            metrics.counter("resizer_responses_total", help, &labels)
        };
        self.increment(plugin, counter, |of_plugin| match status {
            StatusCode::OK => Some(&of_plugin.ok),
            StatusCode::NOT_MODIFIED => Some(&of_plugin.not_modified),
            _ => None,
        });
    }

    /// Counts a look into this plugin's cache.
    pub(crate) fn looked_up(&self, metrics: &Metrics, plugin: &'static str, lookup: Lookup) {
        let counter = || {
            let outcome = match lookup {
                Lookup::Hit => "hit",
                Lookup::Miss => "miss",
                Lookup::Error => "error",
            };
            let help = "Look-ups in caches, by plugin and outcome.";
            let labels = [("plugin", plugin), ("outcome", outcome)];
            metrics.counter("resizer_cache_lookups_total", help, &labels)
        };
        self.increment(plugin, counter, |of_plugin| match lookup {
            Lookup::Hit => Some(&of_plugin.hits),
            Lookup::Miss => Some(&of_plugin.misses),
            Lookup::Error => None,
        });
    }

    /// Increments a counter, which is kept if there is a place for it.
    fn increment(
        &self,
        plugin: &'static str,
        counter: impl Fn() -> Counter,
        place: impl FnOnce(&OfPlugin) -> Option<&OnceLock<Counter>>,
    ) {
        let known = self.plugins.iter().find(|of_plugin| of_plugin.plugin == plugin);
        match known.and_then(place) {
            Some(kept) => kept.get_or_init(counter).increment(),
            None => counter().increment(),
        }
    }

    /// Notes the stages of a piece of work, however many wait for it.
    pub(crate) fn worked(&self, stages: &[(&'static str, Duration)]) {
        for (name, took) in stages {
            if let Some(at) = SHARED.iter().position(|known| known == name) {
                self.shared[at].observe(*took);
            }
        }
    }
}

/// The place in [`OUTCOMES`].
fn outcome(cache: Option<CacheOutcome>) -> usize {
    match cache {
        Some(CacheOutcome::Hit(_)) => 0,
        Some(CacheOutcome::Miss) => 1,
        Some(CacheOutcome::Shared) => 2,
        Some(CacheOutcome::Relayed) => 3,
        Some(CacheOutcome::NotModified) => 4,
        None => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_named_as_x_cache_names_them() {
        for cache in [
            CacheOutcome::Hit("a"),
            CacheOutcome::Miss,
            CacheOutcome::Shared,
            CacheOutcome::Relayed,
            CacheOutcome::NotModified,
        ] {
            assert_eq!(OUTCOMES[outcome(Some(cache))], cache.word());
        }
        assert_eq!(OUTCOMES[outcome(None)], "none");
    }
}
