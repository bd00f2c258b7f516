//! Metric instruments: the counters and histograms of requests and of the work for them. Each is looked up once and
//! kept, so that a hit formats no label. Fed by `respond`, `produce` and `chain`.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use resizer_plugin_api::engine::Registration;
use resizer_plugin_api::{Counter, ErrorKind, Histogram, Metrics};

use crate::trail::{CacheOutcome, Trail};

/// Stages of one request.
const OWN: [&str; 2] = ["locate", "cache"];
/// Stages of a flight, which works for several requests.
const SHARED: [&str; 6] = ["fetch", "memory", "queue", "decode", "scale", "encode"];
/// The values of `X-Cache`. The last one is for answers without a result.
const OUTCOMES: [&str; 6] = ["hit", "miss", "shared", "relay", "not-modified", "none"];
/// The label of answers without a source.
const NO_SOURCE: &str = "none";

/// The instruments, and the metrics that they belong to.
pub(crate) struct Instruments {
    metrics: Metrics,
    own: [Histogram; OWN.len()],
    shared: [Histogram; SHARED.len()],
    requests: [Histogram; OUTCOMES.len()],
    plugins: Vec<OfPlugin>,
}

/// Frequent counters of one plugin. Each appears in the metrics when it first counts.
struct OfPlugin {
    plugin: &'static str,
    /// Answers about images of the plugin's source.
    ok: OnceLock<Counter>,
    not_modified: OnceLock<Counter>,
    /// Look-ups in the plugin's cache.
    hits: OnceLock<Counter>,
    misses: OnceLock<Counter>,
}

/// The outcome of a look-up in a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Hit,
    Miss,
    Error,
}

impl Instruments {
    pub(crate) fn new(metrics: Metrics) -> Self {
        let stage = |name| {
            let help = "How long each stage took: of a request locate and cache, of the work for it the others.";
            metrics.histogram("resizer_stage_seconds", help, &[("stage", name)])
        };
        let request = |outcome| {
            let help = "From a request's head to the head of its answer, by X-Cache.";
            metrics.histogram("resizer_request_seconds", help, &[("cache", outcome)])
        };
        let plugins = Registration::linked().into_iter().map(|plugin| plugin.name);
        let (own, shared) = (OWN.map(stage), SHARED.map(stage));
        let requests = OUTCOMES.map(request);
        Self {
            metrics,
            own,
            shared,
            requests,
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

    /// All metrics of this process.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Notes an answer, and how long it took.
    pub(crate) fn answered(&self, trail: &Trail, status: StatusCode, took: Duration) {
        for (stage, histogram) in OWN.iter().zip(&self.own) {
            let took = trail.named(stage);
            took.for_each(|took| histogram.observe(took));
        }
        self.requests[outcome(trail.cache)].observe(took);
        self.count(trail.source, status);
    }

    /// Counts an answer about an image of this plugin's source.
    pub(crate) fn count(&self, source: Option<&'static str>, status: StatusCode) {
        let plugin = source.unwrap_or(NO_SOURCE);
        let counter = || {
            let help = "Answers to image requests, by status and by the plugin whose source they are about.";
            let labels = [("status", status.as_str()), ("plugin", plugin)];
            self.metrics.counter("resizer_responses_total", help, &labels)
        };
        self.increment(plugin, counter, |of_plugin| match status {
            StatusCode::OK => Some(&of_plugin.ok),
            StatusCode::NOT_MODIFIED => Some(&of_plugin.not_modified),
            _ => None,
        });
    }

    /// Counts a request that failed.
    pub(crate) fn failed(&self, kind: ErrorKind) {
        let help = "Requests that failed, by kind of error.";
        let labels = [("kind", kind.name())];
        self.metrics.counter("resizer_errors_total", help, &labels).increment();
    }

    /// Counts a look-up in this plugin's cache.
    pub(crate) fn looked_up(&self, plugin: &'static str, lookup: Lookup) {
        let counter = || {
            let outcome = match lookup {
                Lookup::Hit => "hit",
                Lookup::Miss => "miss",
                Lookup::Error => "error",
            };
            let help = "Look-ups in caches, by plugin and outcome.";
            let labels = [("plugin", plugin), ("outcome", outcome)];
            self.metrics.counter("resizer_cache_lookups_total", help, &labels)
        };
        self.increment(plugin, counter, |of_plugin| match lookup {
            Lookup::Hit => Some(&of_plugin.hits),
            Lookup::Miss => Some(&of_plugin.misses),
            Lookup::Error => None,
        });
    }

    /// Increments a counter. It is kept if `place` has a place for it, else looked up.
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

    /// Notes the stages of a flight once, however many requests wait for it.
    pub(crate) fn worked(&self, stages: &[(&'static str, Duration)]) {
        for (name, took) in stages {
            if let Some(at) = SHARED.iter().position(|known| known == name) {
                self.shared[at].observe(*took);
            }
        }
    }
}

/// The index in [`OUTCOMES`].
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
    fn label_of_each_outcome_is_its_x_cache_value() {
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
