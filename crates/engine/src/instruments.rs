//! What is counted and timed of every request, and of the work done for it. Each instrument is looked up in the metrics
//! once and kept: a hit shall neither format a label nor wait for a lock. Fed by `respond` and `produce`.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use resizer_plugin_api::{Counter, Histogram, Metrics, Registration};

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
    answers: Vec<Answers>,
}

/// Answers about images of one plugin's source.
struct Answers {
    plugin: &'static str,
    ok: OnceLock<Counter>,
    not_modified: OnceLock<Counter>,
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
            answers: plugins
                .chain([NO_SOURCE])
                .map(|plugin| Answers {
                    plugin,
                    ok: OnceLock::new(),
                    not_modified: OnceLock::new(),
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
        let known = self.answers.iter().find(|answers| answers.plugin == plugin);
        let kept = known.and_then(|answers| match status {
            StatusCode::OK => Some(&answers.ok),
            StatusCode::NOT_MODIFIED => Some(&answers.not_modified),
            _ => None,
        });
        match kept {
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
