//! How long each stage of one request took and how the caches fared: becomes `Server-Timing` and `X-Cache`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// What happened to a request on its way.
#[derive(Debug)]
pub(crate) struct Trail {
    begun: Instant,
    stages: Vec<(&'static str, Duration)>,
    /// How the result came about, if it came that far.
    pub(crate) cache: Option<CacheOutcome>,
}

/// How a result came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheOutcome {
    /// From this plugin's result cache.
    Hit(&'static str),
    /// Made for this request.
    Miss,
    /// Made for another request that wanted the same at the same time.
    Shared,
    /// The source as it is.
    Relayed,
    /// Not sent: the client has it.
    NotModified,
}

impl CacheOutcome {
    /// The word in `X-Cache`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Hit(_) => "hit",
            Self::Miss => "miss",
            Self::Shared => "shared",
            Self::Relayed => "relay",
            Self::NotModified => "not-modified",
        }
    }
}

impl Trail {
    /// A trail that begins now.
    pub(crate) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            stages: Vec::new(),
            cache: None,
        }
    }

    /// Notes a stage that began at `since` and ends now.
    pub(crate) fn stage(&mut self, name: &'static str, since: Instant) {
        self.stages.push((name, since.elapsed()));
    }

    /// Notes stages measured elsewhere.
    pub(crate) fn stages(&mut self, stages: &[(&'static str, Duration)]) {
        self.stages.extend_from_slice(stages);
    }

    /// The value of `Server-Timing`, in milliseconds.
    pub(crate) fn server_timing(&self) -> String {
        let mut text = String::new();
        for (name, took) in &self.stages {
            text.push_str(name);
            milliseconds(&mut text, *took);
            text.push_str(", ");
        }
        if let Some(CacheOutcome::Hit(plugin)) = self.cache {
            let _ = write!(text, "cache;desc={plugin}, ");
        }
        text.push_str("total");
        milliseconds(&mut text, self.begun.elapsed());
        text
    }
}

/// With two decimals, without the cost of formatting a fraction: this is done for every hit.
fn milliseconds(text: &mut String, took: Duration) {
    let hundredths = took.as_micros() / 10;
    let _ = write!(text, ";dur={}.{:02}", hundredths / 100, hundredths % 100);
}
