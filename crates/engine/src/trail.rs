//! Request trail: the clock of one request, how long each stage took, and how the result came about. Becomes
//! `Server-Timing` and `X-Cache`.
//!
//! The clock is read at the end of each stage and of each handler, and the next one begins at that same reading.
//! Without this, an answer took some seventeen clock reads. The saving was measured only together with others (fewer
//! date strings, open files): see the rule on hidden state in `docs/architecture.md`.

use std::time::{Duration, Instant};

use http::HeaderValue;

use crate::changes::Change;
use crate::located::Located;

/// The trail of one request.
#[derive(Debug)]
pub(crate) struct Trail {
    begun: Instant,
    /// The last reading of the clock.
    now: Instant,
    stages: Vec<(&'static str, Duration)>,
    /// How the result came about, if there is one.
    pub(crate) cache: Option<CacheOutcome>,
    /// The plugin whose source has the image, or would have it.
    pub(crate) source: Option<&'static str>,
    /// The path of the image that stands in for a missing one.
    pub(crate) stand_in: Option<String>,
    /// The request headers that the response depends on, an error's too, as the values of `Vary`.
    pub(crate) vary: Vec<HeaderValue>,
    /// The changes of each handler, where they are recorded.
    pub(crate) changes: Option<Vec<Change>>,
}

/// How a result came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CacheOutcome {
    /// From this plugin's result cache.
    Hit(&'static str),
    /// Produced for this request.
    Miss,
    /// Produced for another request that wanted the same at the same time.
    Shared,
    /// The source, sent on unchanged.
    Relayed,
    /// Not sent: the client has this version.
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
    /// The trail of a request whose head came at this time, which is the first reading of the clock.
    pub(crate) fn begin(at: Instant) -> Self {
        Self {
            begun: at,
            now: at,
            stages: Vec::new(),
            cache: None,
            source: None,
            stand_in: None,
            vary: Vec::new(),
            changes: None,
        }
    }

    /// Whether the changes of handlers are recorded.
    pub(crate) fn records_changes(&self) -> bool {
        self.changes.is_some()
    }

    /// Records what a handler changed.
    pub(crate) fn changed(&mut self, event: &'static str, plugin: &'static str, changes: Vec<String>) {
        if let Some(all) = &mut self.changes {
            all.push(Change { event, plugin, changes });
        }
    }

    /// Notes which source has the image.
    pub(crate) fn located(&mut self, located: &Located) {
        self.source = Some(located.plugin);
        if located.substitute.is_some() {
            self.stand_in = Some(format!("{}{}", located.mount.prefix, located.path));
        }
    }

    /// The last reading of the clock.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Reads the clock; returns the time since the last reading.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now - std::mem::replace(&mut self.now, now)
    }

    /// Notes a stage that began at this reading of the clock and ends now.
    pub(crate) fn stage(&mut self, name: &'static str, begun: Instant) {
        self.lap();
        self.stages.push((name, self.now - begun));
    }

    /// Notes stages measured elsewhere.
    pub(crate) fn stages(&mut self, stages: &[(&'static str, Duration)]) {
        self.stages.extend_from_slice(stages);
    }

    /// How long each stage of this name took.
    pub(crate) fn named(&self, name: &str) -> impl Iterator<Item = Duration> {
        let stages = self.stages.iter().filter(move |(stage, _)| *stage == name);
        stages.map(|(_, took)| *took)
    }

    /// The time from the request's head to the last reading of the clock.
    pub(crate) fn elapsed(&self) -> Duration {
        self.now - self.begun
    }

    /// The value of `Server-Timing`, in milliseconds, for a request that took this long.
    pub(crate) fn server_timing(&self, total: Duration) -> String {
        let mut text = String::with_capacity(128);
        for (name, took) in &self.stages {
            text.push_str(name);
            milliseconds(&mut text, *took);
            text.push_str(", ");
        }
        if let Some(CacheOutcome::Hit(plugin)) = self.cache {
            text.push_str("cache;desc=");
            text.push_str(plugin);
            text.push_str(", ");
        }
        text.push_str("total");
        milliseconds(&mut text, total);
        text
    }
}

/// Appends a duration in milliseconds with two decimals.
fn milliseconds(text: &mut String, took: Duration) {
    let hundredths = (took.as_micros() / 10) as u64;
    let mut number = itoa::Buffer::new();
    text.push_str(";dur=");
    text.push_str(number.format(hundredths / 100));
    text.push('.');
    // 100 is added, and its digit cut off, to keep leading zeros.
    text.push_str(&number.format(100 + hundredths % 100)[1..]);
}
