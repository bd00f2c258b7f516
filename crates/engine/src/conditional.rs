//! Preconditions (RFC 9110, section 13): decide between the result, 304 and 412 for a request with a version or a date.
//! `prepare` asks with the stat, before any work, and `respond` asks with the version that came with the bytes.
//! `Range` is in `range.rs`.

use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use http::StatusCode;
use http::header::{
    CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED,
};
use resizer_plugin_api::engine::hex_digits;
use resizer_plugin_api::{CacheKey, Reply, http_date};

/// Room for the headers of most responses, and some more. A map that grows is filled anew each time.
pub(crate) const USUAL_HEADERS: usize = 14;

/// The validators of one version of a result.
#[derive(Clone, Debug)]
pub(crate) struct Validators {
    /// Strong, in its quotes. `None` while the source's version is not known.
    etag: Option<HeaderValue>,
    /// When the source last changed.
    modified: Option<SystemTime>,
}

/// The outcome of a request's preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Decision {
    /// Send the result.
    Send,
    /// 304: the client has this version.
    NotModified,
    /// 412: the client demands another version.
    Failed,
}

impl Validators {
    /// The validators of the result with this key. The `ETag` is the first 128 bits of the key's digest, so that every
    /// instance gives the same tag to the same result of the same version of a source.
    pub(crate) fn of(key: &CacheKey, modified: Option<SystemTime>) -> Self {
        let etag = key.validator.names_a_version().then(|| etag(key.digest_bytes()));
        Self { etag, modified }
    }

    /// The same version, with the time that came with its bytes.
    pub(crate) fn modified_at(&self, modified: Option<SystemTime>) -> Self {
        Self {
            etag: self.etag.clone(),
            modified,
        }
    }

    /// Whether there is an `ETag`. Without one, no client may be told before the source is read that its copy is
    /// current.
    pub(crate) fn name_a_version(&self) -> bool {
        self.etag.is_some()
    }

    /// Writes `ETag` and `Last-Modified`. A time in the future becomes now (RFC 9110, 8.8.2.1). A time before 1970 is
    /// left out, because `http_date` cannot write it.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if let Some(etag) = &self.etag {
            headers.insert(ETAG, etag.clone());
        }
        if let Some(modified) = self.modified.map(past).and_then(http_date) {
            headers.insert(LAST_MODIFIED, modified);
        }
    }

    /// The answer if the preconditions decide it: 412, or 304 with the headers of a 200 that matter to a cache. `None`
    /// if the result is to be sent.
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

    /// Whether a part may be sent: there is no `If-Range`, or its tag or date is that of this version. Tags compare
    /// strongly, dates exactly (RFC 9110, 13.1.5).
    pub(crate) fn allow_part(&self, request: &HeaderMap) -> bool {
        let Some(condition) = request.get(IF_RANGE) else {
            return true;
        };
        let tag = self.etag.as_ref() == Some(condition);
        tag || date(request, &IF_RANGE).is_some_and(|date| Some(date) == self.seconds())
    }

    /// Decides in the order of RFC 9110, 13.2.2: `If-Match` before `If-Unmodified-Since`, then `If-None-Match` before
    /// `If-Modified-Since`. A date counts only without the tag. Requests are always GET or HEAD.
    fn decide(&self, request: &HeaderMap) -> Decision {
        const PRECONDITIONS: [HeaderName; 4] = [IF_MATCH, IF_UNMODIFIED_SINCE, IF_NONE_MATCH, IF_MODIFIED_SINCE];
        // A short way out: most requests have few headers, and no precondition.
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

    /// Whether a list of tags holds this version's tag, or is `*`. Other tags may contain commas, and are then split
    /// into pieces. No piece equals this version's tag, which has no comma.
    fn is_named(&self, request: &HeaderMap, name: &HeaderName, form: fn(&str) -> &str) -> bool {
        // The form that nearly every client sends.
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

    /// The source's time in whole seconds, as HTTP has it.
    fn seconds(&self) -> Option<u64> {
        seconds(self.modified?)
    }
}

/// The earlier of `time` and now. Most images are older than this process, so that the clock need not be read.
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

/// The date of a header. A header with no valid date, or with two lines, is ignored.
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

    // The example date of RFC 9110, 5.6.7, in its three forms, and the seconds before and after.
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
    fn preconditions_in_any_combination_are_decided_in_the_order_of_rfc_9110() {
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

        // The tag decides where tag and date are given. A 412 comes before a 304.
        check(&[(none_match, "\"a\""), (modified, DATE)], Send);
        check(&[(none_match, "\"v\""), (modified, BEFORE)], NotModified);
        check(&[(match_, "\"v\""), (unmodified, BEFORE)], Send);
        check(&[(match_, "\"a\""), (none_match, "\"v\"")], Failed);
        check(&[(match_, "\"v\""), (none_match, "\"v\"")], NotModified);
        check(&[(unmodified, DATE), (modified, DATE)], NotModified);
    }

    #[test]
    fn preconditions_without_validators_are_not_met() {
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
    fn if_range_of_another_version_allows_no_part() {
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
    fn last_modified_outside_of_1970_to_now_is_clamped_or_left_out() {
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
        assert!(shown <= SystemTime::now(), "a time in the future is not shown");
    }
}
