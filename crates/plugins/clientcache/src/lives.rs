//! Freshness lifetimes: the headers for each kind of response, made once when the settings are read.

use std::time::{Duration, SystemTime};

use http::header::{CACHE_CONTROL, EXPIRES, HeaderMap, HeaderValue};
use resizer_plugin_api::{Seconds, http_date};

use crate::{Config, Rule, Visibility};

/// The longest lifetime that every cache can count, in seconds (RFC 9111, section 1.2.2).
const LONGEST: u64 = 1 << 31;

/// The lifetime of each kind of response.
#[derive(Debug)]
pub(crate) struct Lives {
    pub(crate) image: Life,
    pub(crate) redirect: Life,
    pub(crate) not_found: Life,
    pub(crate) client_error: Life,
}

/// The lifetime of a response, as headers.
#[derive(Debug)]
pub(crate) struct Life {
    cache_control: HeaderValue,
    /// For caches that know only `Expires`.
    expires_after: Option<Duration>,
}

impl Lives {
    /// The settings of a rule, and those of the entry where the rule has none.
    pub(crate) fn of(config: &Config, rule: Option<&Rule>) -> Self {
        fn or<T>(own: Option<T>, general: T) -> T {
            own.unwrap_or(general)
        }
        let rule_s = |seconds: fn(&Rule) -> Option<Seconds>| rule.and_then(seconds);
        let visibility = or(rule.and_then(|rule| rule.visibility), config.visibility);
        let brief = |own, general| Life::brief(visibility, or(own, general));
        let image = Image {
            visibility,
            minutes: or(rule.and_then(|rule| rule.minutes), config.minutes),
            shared_minutes: rule.and_then(|rule| rule.shared_minutes).or(config.shared_minutes),
            stale_while_revalidate: or(
                rule_s(|rule| rule.stale_while_revalidate),
                config.stale_while_revalidate,
            ),
            stale_if_error: or(rule_s(|rule| rule.stale_if_error), config.stale_if_error),
            immutable: or(rule.and_then(|rule| rule.immutable), config.immutable),
        };
        Self {
            image: image.life(),
            redirect: brief(rule_s(|rule| rule.redirects), config.redirects),
            not_found: brief(rule_s(|rule| rule.not_found), config.not_found),
            client_error: brief(rule_s(|rule| rule.client_errors), config.client_errors),
        }
    }
}

/// The settings that concern images.
struct Image {
    visibility: Visibility,
    minutes: u32,
    shared_minutes: Option<u32>,
    stale_while_revalidate: Seconds,
    stale_if_error: Seconds,
    immutable: bool,
}

impl Image {
    fn life(&self) -> Life {
        let minutes = |minutes: u32| u64::from(minutes) * 60;
        // No shared cache keeps a private response.
        let shared = self.shared_minutes.filter(|_| self.visibility == Visibility::Public);
        let extra = |seconds: Seconds| Some(seconds.0.as_secs()).filter(|seconds| *seconds > 0);
        let directives = [
            ("s-maxage", shared.map(minutes)),
            ("stale-while-revalidate", extra(self.stale_while_revalidate)),
            ("stale-if-error", extra(self.stale_if_error)),
        ];
        let mut further = String::new();
        for (name, seconds) in directives {
            if let Some(seconds) = seconds {
                further.push_str(&format!(", {name}={}", seconds.min(LONGEST)));
            }
        }
        if self.immutable {
            further.push_str(", immutable");
        }
        Life::of(self.visibility, minutes(self.minutes), &further)
    }
}

impl Life {
    /// A response that no cache keeps.
    pub(crate) fn never() -> Self {
        Self {
            cache_control: HeaderValue::from_static("no-store"),
            expires_after: None,
        }
    }

    /// A response that is kept for this time; not at all if the time is zero.
    fn brief(visibility: Visibility, time: Seconds) -> Self {
        match time.0.as_secs() {
            0 => Self::never(),
            seconds => Self::of(visibility, seconds, ""),
        }
    }

    fn of(visibility: Visibility, seconds: u64, further: &str) -> Self {
        let seconds = seconds.min(LONGEST);
        let visibility = match visibility {
            Visibility::Public => "public",
            Visibility::Private => "private",
        };
        let text = format!("{visibility}, max-age={seconds}{further}");
        Self {
            cache_control: HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-store")),
            expires_after: (seconds > 0).then_some(Duration::from_secs(seconds)),
        }
    }

    /// Writes the headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        let expires = self
            .expires_after
            .and_then(|after| http_date(SystemTime::now() + after));
        if let Some(expires) = expires {
            headers.insert(EXPIRES, expires);
        }
    }
}
