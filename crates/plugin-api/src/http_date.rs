//! HTTP dates (RFC 9110, 5.6.7): writes a time as a header's value. Used by the engine for `Last-Modified`, by plugins
//! for `Expires`. Reading such a date is left to `httpdate`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// The first second of the year 10,000, which the form has no place for.
const YEAR_10_000: Duration = Duration::from_secs(253_402_300_800);

/// A time in whole seconds as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. `None` before 1970 and after 9999.
#[must_use]
pub fn http_date(time: SystemTime) -> Option<HeaderValue> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    if since >= YEAR_10_000 {
        return None;
    }
    HeaderValue::try_from(httpdate::fmt_http_date(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_date_of_a_time_is_written_in_whole_seconds() {
        let check = |second: u64, nanosecond: u32, expected: Option<&str>| {
            let date = http_date(UNIX_EPOCH + Duration::new(second, nanosecond));
            assert_eq!(date.as_ref().map(|date| date.to_str().unwrap()), expected, "{second}");
        };
        // The first is RFC 9110's example.
        check(784_111_777, 500_000_000, Some("Sun, 06 Nov 1994 08:49:37 GMT"));
        check(784_111_777 + 16, 0, Some("Sun, 06 Nov 1994 08:49:53 GMT"));
        check(0, 0, Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        check(253_402_300_799, 999_999_999, Some("Fri, 31 Dec 9999 23:59:59 GMT"));
        check(253_402_300_800, 0, None);
        assert_eq!(http_date(UNIX_EPOCH - Duration::from_nanos(1)), None);
    }
}
