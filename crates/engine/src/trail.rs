//! How long each stage of one request took and how the caches fared: becomes `Server-Timing` and `X-Cache`.

use std::time::{Duration, Instant};

use crate::locate::Located;

/// What happened to a request on its way.
#[derive(Debug)]
pub(crate) struct Trail {
    begun: Instant,
    /// When the clock was last looked at: a stage begins where what was timed before it ended.
    pub(crate) now: Instant,
    stages: Vec<(&'static str, Duration)>,
    /// How the result came about, if it came that far.
    pub(crate) cache: Option<CacheOutcome>,
    /// The plugin whose source has the image, or would have it, if it came that far.
    pub(crate) source: Option<&'static str>,
    /// The path of the image that stands in for a missing one.
    pub(crate) stand_in: Option<String>,
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
    /// The trail of a request whose head came at this time.
    pub(crate) fn begin(at: Instant) -> Self {
        Self {
            begun: at,
            now: at,
            stages: Vec::new(),
            cache: None,
            source: None,
            stand_in: None,
        }
    }

    /// Notes where the image was found.
    pub(crate) fn located(&mut self, located: &Located) {
        self.source = Some(located.plugin);
        if located.substituted {
            self.stand_in = Some(format!("{}{}", located.mount.prefix, located.path));
        }
    }

    /// Looks at the clock.
    pub(crate) fn look(&mut self) {
        self.now = Instant::now();
    }

    /// Notes a stage that ends now and began when the clock was last looked at.
    pub(crate) fn stage(&mut self, name: &'static str) {
        let begun = self.now;
        self.look();
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

    /// How long after the request's head the clock was last looked at.
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

/// With two decimals.
fn milliseconds(text: &mut String, took: Duration) {
    let hundredths = (took.as_micros() / 10) as u64;
    let mut number = itoa::Buffer::new();
    text.push_str(";dur=");
    text.push_str(number.format(hundredths / 100));
    text.push('.');
    // A leading one keeps the zeros.
    text.push_str(&number.format(100 + hundredths % 100)[1..]);
}
