//! Preconditions: whether a client that names a version or a date is sent the result, told that it has it, or refused
//! (RFC 9110, section 13). Asked by `prepare` with what the store says, before any work, and by `respond` with what came
//! with the bytes. Not here: `Range`, which is `range.rs`.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use resizer_plugin_api::engine::hex_digits;
use resizer_plugin_api::{CacheKey, Reply, http_date};

use crate::prepare::is_known;

/// As many headers as most responses have, and some room: a map that grows is filled anew each time.
pub(crate) const USUAL_HEADERS: usize = 14;

/// What tells one version of a result from another.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// Strong, in its quotes; `None` while the source's version is not known.
    etag: Option<HeaderValue>,
    /// When the source last changed.
    modified: Option<SystemTime>,
}

/// What a request's preconditions come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Nothing stands against sending the result.
    Send,
    /// The client has it.
    NotModified,
    /// The client wants no other version than one that this is not.
    Failed,
}

impl Validators {
    /// Those of the result with this key. The `ETag` is the first 128 bits of the key's digest, so that every instance
    /// gives the same to the same result of the same version of a source.
    pub(crate) fn of(key: &CacheKey, modified: Option<SystemTime>) -> Self {
        let etag = is_known(&key.validator).then(|| etag(key.digest_bytes()));
        Self { etag, modified }
    }

    /// The same version with what came with its bytes as its time.
    pub(crate) fn modified_at(&self, modified: Option<SystemTime>) -> Self {
        Self {
            etag: self.etag.clone(),
            modified,
        }
    }

    /// Whether they can tell anything before the source is read: without a version, no client may be told that what it
    /// has is current.
    pub(crate) fn name_a_version(&self) -> bool {
        self.etag.is_some()
    }

    /// Writes `ETag` and `Last-Modified`. A time in the future becomes now (RFC 9110, 8.8.2.1); one before 1970 has no
    /// form here and is left out.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Some(etag) = &self.etag {
            headers.insert(ETAG, etag.clone());
        }
        if let Some(modified) = self.modified.map(past).and_then(http_date) {
            headers.insert(LAST_MODIFIED, modified);
        }
    }

    /// The answer to a request for which its preconditions are answer enough: 304, with the headers that a 200 would
    /// have for a cache's sake, or 412.
    pub(crate) fn answer(&self, request: &HeaderMap, headers: &HeaderMap) -> Option<Reply> {
        match self.decide(request) {
            Decision::Send => None,
            Decision::NotModified => {
                let mut reply = Reply::new(StatusCode::NOT_MODIFIED);
                reply.headers.reserve(USUAL_HEADERS);
                reply.headers.extend(headers.clone());
                self.write(&mut reply.headers);
                Some(reply)
            }
            Decision::Failed => {
                let text = "The image is not the version that the request is for.\n";
                let reply = Reply::text(StatusCode::PRECONDITION_FAILED, text);
                Some(reply.header(CACHE_CONTROL, HeaderValue::from_static("no-store")))
            }
        }
    }

    /// Whether a part may be sent to a client that has the rest: there is no `If-Range`, or it names this version
    /// (RFC 9110, 13.1.5: tags compare strongly, dates exactly).
    pub(crate) fn allow_part(&self, request: &HeaderMap) -> bool {
        let Some(condition) = request.get(IF_RANGE) else {
            return true;
        };
        let tag = self.etag.as_ref() == Some(condition);
        tag || date(request, &IF_RANGE).is_some_and(|date| Some(date) == self.seconds())
    }

    /// RFC 9110, 13.2.2: `If-Match` before `If-Unmodified-Since`, then `If-None-Match` before `If-Modified-Since`; the
    /// date counts only where the tag is not given. Requests are GET or HEAD, always.
    fn decide(&self, request: &HeaderMap) -> Decision {
        const PRECONDITIONS: [HeaderName; 4] = [IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH, IF_MODIFIED_SINCE];
        // Most requests have none, and few headers.
        if !request.keys().any(|name| PRECONDITIONS.contains(name)) {
            return Decision::Send;
        }
        let modified_after = |since: u64| self.seconds().is_some_and(|modified| modified > since);
        let failed = if request.contains_key(IF_MATCH) {
            !self.is_named(request, &IF_MATCH, |tag| tag)
        } else {
            date(request, &IF_UNMODIFIED_SINCE).is_some_and(modified_after)
        };
        if failed {
            return Decision::Failed;
        }
        let current = if request.contains_key(IF_NONE_MATCH) {
            // Compared weakly: a `W/` that a proxy added does not matter.
            self.is_named(request, &IF_NONE_MATCH, |tag| tag.strip_prefix("W/").unwrap_or(tag))
        } else {
            let since = date(request, &IF_MODIFIED_SINCE).filter(|_| self.seconds().is_some());
            since.is_some_and(|since| !modified_after(since))
        };
        if current { Decision::NotModified } else { Decision::Send }
    }

    /// Whether a list of tags has this one, or is `*`. Splitting at commas is enough although a tag may hold some: ours
    /// holds none, so no piece of another is taken for it.
    fn is_named(&self, request: &HeaderMap, name: &HeaderName, form: fn(&str) -> &str) -> bool {
        // What nearly every client sends.
        if self.etag.is_some() && request.get(name) == self.etag.as_ref() {
            return true;
        }
        let lines = request.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
        let is_ours = |tag: &str| self.etag.as_ref().is_some_and(|etag| etag == form(tag));
        lines
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || is_ours(tag))
    }

    /// The source's time as HTTP tells it: in whole seconds.
    fn seconds(&self) -> Option<u64> {
        seconds(self.modified?)
    }
}

/// The time, or now if it is later than that. Most images are older than the process, for which nobody need look at the
/// clock.
fn past(time: SystemTime) -> SystemTime {
    static PASSED: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
    if time <= *PASSED {
        time
    } else {
        time.min(SystemTime::now())
    }
}

/// The first 128 bits of a digest, in quotes.
fn etag(digest: [u8; 32]) -> HeaderValue {
    const QUOTE: u8 = b'"';
    let mut tag = [QUOTE; 34];
    let (digits, _) = tag[1..33].as_chunks_mut::<2>();
    for (digits, byte) in digits.iter_mut().zip(digest) {
        *digits = hex_digits(byte);
    }
    HeaderValue::from_bytes(&tag).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The one date of a header. What is no date is ignored, as is a second one.
fn date(request: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let mut lines = request.get_all(name).into_iter();
    let date = httpdate::parse_http_date(lines.next()?.to_str().ok()?).ok()?;
    lines.next().is_none().then_some(seconds(date)?)
}

fn seconds(time: SystemTime) -> Option<u64> {
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Decision::{Failed, NotModified, Send};
    use super::*;

    // The example date of RFC 9110, 5.6.7, in its three forms, and a second on either side of it.
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const OBSOLETE: [&str; 2] = ["Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"];
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    /// A version `"v"`, changed half a second after that date.
    fn version() -> Validators {
        Validators {
            etag: Some(HeaderValue::from_static("\"v\"")),
            modified: Some(UNIX_EPOCH + Duration::from_millis(784_111_777_500)),
        }
    }

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn preconditions_are_decided_as_rfc_9110_says() {
        let check = |lines: &[(&'static str, &str)], expected| {
            assert_eq!(version().decide(&headers(lines)), expected, "{lines:?}");
        };
        let (match_, none_match) = ("if-match", "if-none-match");
        let (modified, unmodified) = ("if-modified-since", "if-unmodified-since");
        check(&[], Send);

        for same in [
            "\"v\"",
            "W/\"v\"",
            "\"a\", \"v\"",
            "\"a\",W/\"v\" ,\"b\"",
            "*",
            "\"a,b\", \"v\"",
        ] {
            check(&[(none_match, same)], NotModified);
        }
        for other in ["", "\"V\"", "v", "\"a\"", "\"v", "\"a\"v\"", "w/\"v\""] {
            check(&[(none_match, other)], Send);
        }
        check(&[(none_match, "\"a\""), (none_match, "\"v\"")], NotModified);

        for same in ["\"v\"", "\"a\", \"v\"", "*"] {
            check(&[(match_, same)], Send);
        }
        for other in ["\"a\"", "W/\"v\"", ""] {
            check(&[(match_, other)], Failed);
        }

        check(&[(modified, DATE)], NotModified);
        check(&[(modified, OBSOLETE[0])], NotModified);
        check(&[(modified, OBSOLETE[1])], NotModified);
        check(&[(modified, AFTER)], NotModified);
        check(&[(modified, BEFORE)], Send);
        check(&[(modified, "yesterday")], Send);
        check(&[(modified, DATE), (modified, DATE)], Send);
        check(&[(unmodified, DATE)], Send);
        check(&[(unmodified, AFTER)], Send);
        check(&[(unmodified, BEFORE)], Failed);
        check(&[(unmodified, "yesterday")], Send);

        // The tag decides where both are given, and a refusal comes before a 304.
        check(&[(none_match, "\"a\""), (modified, DATE)], Send);
        check(&[(none_match, "\"v\""), (modified, BEFORE)], NotModified);
        check(&[(match_, "\"v\""), (unmodified, BEFORE)], Send);
        check(&[(match_, "\"a\""), (none_match, "\"v\"")], Failed);
        check(&[(match_, "\"v\""), (none_match, "\"v\"")], NotModified);
        check(&[(unmodified, DATE), (modified, DATE)], NotModified);
    }

    #[test]
    fn what_is_not_known_is_not_compared() {
        let nothing = Validators {
            etag: None,
            modified: None,
        };
        let check = |name, value, expected| {
            assert_eq!(nothing.decide(&headers(&[(name, value)])), expected, "{name}: {value}");
        };
        check("if-none-match", "\"v\"", Send);
        check("if-modified-since", AFTER, Send);
        check("if-unmodified-since", BEFORE, Send);
        check("if-match", "\"v\"", Failed);
        check("if-match", "*", Send);
    }

    #[test]
    fn a_part_is_sent_only_of_the_version_that_the_client_has() {
        let check = |value: &str, expected| {
            assert_eq!(
                version().allow_part(&headers(&[("if-range", value)])),
                expected,
                "{value}"
            );
        };
        assert!(version().allow_part(&HeaderMap::new()));
        check("\"v\"", true);
        check("W/\"v\"", false);
        check("\"a\"", false);
        check("*", false);
        check(DATE, true);
        check(BEFORE, false);
        check(AFTER, false);
    }

    #[test]
    fn last_modified_is_in_the_past_and_has_a_form() {
        let check = |modified, expected: Option<&str>| {
            let mut written = HeaderMap::new();
            Validators { etag: None, modified }.write(&mut written);
            assert_eq!(
                written.get(LAST_MODIFIED).map(|value| value.to_str().unwrap()),
                expected
            );
        };
        check(version().modified, Some(DATE));
        check(Some(UNIX_EPOCH), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        check(Some(UNIX_EPOCH - Duration::from_millis(1)), None);
        check(None, None);
        let mut written = HeaderMap::new();
        let modified = Some(SystemTime::now() + Duration::from_secs(3600));
        Validators { etag: None, modified }.write(&mut written);
        let shown = httpdate::parse_http_date(written[LAST_MODIFIED].to_str().unwrap()).unwrap();
        assert!(shown <= SystemTime::now(), "a time to come is not shown");
    }
}
