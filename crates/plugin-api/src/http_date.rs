//! Times as HTTP writes them (RFC 9110, 5.6.7), ready to be a header's value. The same few are written again and again: the
//! time of an image that everybody asks for, a time that is so far ahead of this second. Each thread remembers some. Used by
//! the engine for `Last-Modified`, by plugins for `Expires`. Not here: reading such a time, which is `httpdate`'s.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderValue;

/// How many times each thread remembers.
const REMEMBERED: usize = 16;
/// The first second of the year 10,000, which the form has no place for.
const YEAR_10_000: u64 = 253_402_300_800;

thread_local! {
    static WRITTEN: RefCell<[Option<(u64, HeaderValue)>; REMEMBERED]> = RefCell::default();
}

/// A time in whole seconds as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. `None` before 1970 and after 9999.
#[must_use]
pub fn http_date(time: SystemTime) -> Option<HeaderValue> {
    let second = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    if second >= YEAR_10_000 {
        return None;
    }
    WRITTEN.with_borrow_mut(|written| {
        let place = &mut written[(second % REMEMBERED as u64) as usize];
        match place {
            Some((of, date)) if *of == second => Some(date.clone()),
            _ => {
                let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(second));
                let date = HeaderValue::try_from(date).ok()?;
                *place = Some((second, date.clone()));
                Some(date)
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_written_as_itself() {
        let check = |second: u64, nanosecond: u32, expected: Option<&str>| {
            let date = http_date(UNIX_EPOCH + Duration::new(second, nanosecond));
            assert_eq!(date.as_ref().map(|date| date.to_str().unwrap()), expected, "{second}");
        };
        // RFC 9110's example, what shares its place, and itself again.
        for _ in 0..2 {
            check(784_111_777, 500_000_000, Some("Sun, 06 Nov 1994 08:49:37 GMT"));
            check(784_111_777 + 16, 0, Some("Sun, 06 Nov 1994 08:49:53 GMT"));
            check(784_111_778, 0, Some("Sun, 06 Nov 1994 08:49:38 GMT"));
        }
        check(0, 0, Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        check(YEAR_10_000 - 1, 999_999_999, Some("Fri, 31 Dec 9999 23:59:59 GMT"));
        check(YEAR_10_000, 0, None);
        assert_eq!(http_date(UNIX_EPOCH - Duration::from_nanos(1)), None);
    }
}
