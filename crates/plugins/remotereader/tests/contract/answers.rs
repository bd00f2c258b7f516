//! Faulty origins: their responses, and the requests that they get.

use resizer_engine::testing::{Installer, read_all};
use std::sync::atomic::{AtomicUsize, Ordering};

use resizer_plugin_api::{ErrorKind, Fetch, Validator, Want};
use resizer_test_stores::http_origin::{Answer, Asked, HttpOrigin, Then};

use super::{Reader, origin};

const BYTES: &[u8] = b"0123456789abcdefghij";
const CHUNKED: (&str, &str) = ("Transfer-Encoding", "chunked");

/// A body in two chunks.
fn chunked(body: &[u8]) -> Vec<u8> {
    let (one, two) = body.split_at(body.len() / 2);
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    [chunk(one), chunk(two), b"0\r\n\r\n".to_vec()].concat()
}

async fn kind_of(more: &str, answer: Answer) -> ErrorKind {
    let (_origin, reader) = origin(more, move |_| answer.clone()).await;
    let error = reader.read("a.jpg").await.unwrap_err();
    assert!(error.cause().is_some(), "the log hears why: {error:?}");
    assert!(!error.message().contains("127.0.0.1"), "{}", error.message());
    error.kind()
}

#[tokio::test]
async fn status_of_the_origin_decides_the_kind_of_error() {
    let check = async |status: u16, expected: ErrorKind| {
        let (_origin, reader) = origin("", move |_| Answer::new(status, &[], b"")).await;
        assert_eq!(
            reader.read("a.jpg").await.unwrap_err().kind(),
            expected,
            "a fetch with {status}"
        );
        assert_eq!(
            reader.stat("a.jpg").await.unwrap_err().kind(),
            expected,
            "a stat with {status}"
        );
    };
    for status in [404, 410] {
        check(status, ErrorKind::NotFound).await;
    }
    for status in [401, 403] {
        check(status, ErrorKind::Forbidden).await;
    }
    for status in [
        204, 206, 300, 304, 305, 400, 402, 405, 416, 429, 451, 500, 501, 502, 503, 504,
    ] {
        check(status, ErrorKind::Upstream).await;
    }
}

#[tokio::test]
async fn malformed_response_is_an_upstream_failure() {
    let raw = |bytes: &[u8], then| Answer {
        bytes: bytes.to_vec(),
        then,
    };
    let long = [("Content-Length", "100")];
    for (answer, expected) in [
        (raw(b"", Then::Close), ErrorKind::Upstream),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n", Then::Close), ErrorKind::Upstream),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Le", Then::Close), ErrorKind::Upstream),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", Then::Close),
            ErrorKind::Upstream,
        ),
        (raw(b"", Then::Hang), ErrorKind::Timeout),
        (raw(b"HTTP/1.1 200 OK\r\n", Then::Hang), ErrorKind::Timeout),
        (Answer::new(200, &long, BYTES).then(Then::Close), ErrorKind::Upstream),
        (Answer::new(200, &long, BYTES).then(Then::Hang), ErrorKind::Timeout),
        (
            Answer::new(200, &[CHUNKED], b"5\r\n01234\r\n").then(Then::Close),
            ErrorKind::Upstream,
        ),
        (
            Answer::new(200, &[CHUNKED], b"5\r\n01234\r\n").then(Then::Hang),
            ErrorKind::Timeout,
        ),
        (
            Answer::new(200, &[("Content-Encoding", "gzip")], BYTES),
            ErrorKind::Upstream,
        ),
        (
            Answer::new(200, &[("Content-Encoding", "br")], BYTES),
            ErrorKind::Upstream,
        ),
    ] {
        let what = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert_eq!(kind_of("", answer).await, expected, "{what:?}");
    }
}

#[tokio::test]
async fn body_arrives_with_and_without_content_length() {
    for answer in [
        Answer::new(200, &[], BYTES),
        Answer::new(203, &[], BYTES),
        Answer::new(200, &[CHUNKED], &chunked(BYTES)),
        Answer::new(200, &[("Content-Encoding", "identity")], BYTES),
        Answer {
            bytes: [b"HTTP/1.0 200 OK\r\n\r\n", BYTES].concat(),
            then: Then::Close,
        },
    ] {
        let (_origin, reader) = origin("", move |_| answer.clone()).await;
        assert_eq!(reader.read("a.jpg").await.unwrap(), BYTES);
    }
}

#[tokio::test]
async fn image_above_max_bytes_is_refused() {
    let check = async |limit: u64, answer: &Answer, fits: bool| {
        let (answer, more) = (answer.clone(), format!("max_bytes = {limit}"));
        let (_origin, reader) = origin(&more, move |_| answer.clone()).await;
        let read = reader.read("a.jpg").await.map_err(|error| error.kind());
        let expected = if fits {
            Ok(BYTES.to_vec())
        } else {
            Err(ErrorKind::TooLarge)
        };
        assert_eq!(read, expected, "{limit}");
    };
    let (said, unsaid) = (
        Answer::new(200, &[], BYTES),
        Answer::new(200, &[CHUNKED], &chunked(BYTES)),
    );
    for answer in [said, unsaid] {
        check(20, &answer, true).await;
        check(19, &answer, false).await;
        check(0, &answer, false).await;
    }
}

/// An origin that ignores HEAD, ranges and conditions.
fn simple(headers: &'static [(&'static str, &'static str)]) -> impl Fn(&Asked) -> Answer + Send + Sync + 'static {
    move |asked| match asked.method.as_str() {
        "GET" => Answer::new(200, headers, BYTES),
        _ => Answer::new(405, &[], b""),
    }
}

#[tokio::test]
async fn range_of_an_origin_without_ranges_is_cut_out_of_the_whole() {
    let whole = chunked(BYTES);
    let (_said, said) = origin("", simple(&[])).await;
    let (_unsaid, unsaid) = origin("", move |_| Answer::new(200, &[CHUNKED], &whole)).await;
    for (reader, length) in [(said, Some(20)), (unsaid, None)] {
        for range in [0..=0, 0..=19, 0..=u64::MAX, 3..=5, 9..=10, 19..=19, 15..=50] {
            let download = reader.download("a.jpg", Some(range.clone())).await.unwrap();
            assert_eq!(download.stat.length, length, "of the whole");
            let last = (*range.end()).min(19) as usize;
            let found = read_all(download.bytes).await.unwrap();
            assert_eq!(found, &BYTES[*range.start() as usize..=last], "{range:?}");
        }
        for range in [20..=20, 20..=u64::MAX, u64::MAX..=u64::MAX] {
            let error = reader.download("a.jpg", Some(range.clone())).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BadRequest, "{range:?}");
        }
    }
}

#[tokio::test]
async fn wrong_content_range_is_an_error() {
    let check = async |content_range: &'static str, body: &'static [u8], expected: Result<Option<u64>, ErrorKind>| {
        let headers = [("Content-Range", content_range)];
        let (_origin, reader) = origin("", move |_| Answer::new(206, &headers, body)).await;
        let part = async {
            let download = reader.download("a.jpg", Some(5..=9)).await?;
            let length = download.stat.length;
            read_all(download.bytes).await.map(|bytes| (length, bytes))
        };
        let found = part.await.map_err(|error| error.kind());
        assert_eq!(
            found,
            expected.map(|length| (length, body.to_vec())),
            "{content_range:?}"
        );
    };
    check("bytes 5-9/20", b"56789", Ok(Some(20))).await;
    check("bytes 5-9/*", b"56789", Ok(None)).await;
    check("bytes 5-7/8", b"567", Ok(Some(8))).await;
    check("bytes 5-7/*", b"567", Ok(None)).await;
    for wrong in [
        "",
        "bytes 0-4/20",
        "bytes 5-8/20",
        "bytes 5-10/20",
        "bytes 4-9/20",
        "bytes 5-9/6",
        "lines 5-9/20",
    ] {
        check(wrong, b"56789", Err(ErrorKind::Upstream)).await;
    }
    check("bytes 5-9/20", b"567", Err(ErrorKind::Upstream)).await;
}

#[tokio::test]
async fn stat_of_an_origin_that_refuses_head_uses_get() {
    const HEADERS: &[(&str, &str)] = &[("ETag", "\"v\""), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")];
    for status in [400, 401, 403, 405, 500, 501] {
        for parts in [true, false] {
            let (_origin, reader) = origin("", move |asked| match (asked.method.as_str(), asked.header("range")) {
                ("HEAD", _) => Answer::new(status, &[], b""),
                (_, "bytes=0-0") if parts => Answer::new(
                    206,
                    &[HEADERS, &[("Content-Range", "bytes 0-0/20")]].concat(),
                    &BYTES[..1],
                ),
                _ => Answer::new(200, HEADERS, BYTES),
            })
            .await;
            let stat = reader.stat("a.jpg").await.unwrap();
            assert_eq!(
                stat,
                reader.download("a.jpg", None).await.unwrap().stat,
                "{status} {parts}"
            );
            assert_eq!(stat.validator, Some(Validator::new("\"v\"")));
            assert_eq!(stat.length, Some(20));
        }
    }
    let (_origin, empty) = origin("", |asked| match asked.method.as_str() {
        "HEAD" => Answer::new(405, &[], b""),
        _ => Answer::new(416, &[("Content-Range", "bytes */0"), ("ETag", "\"e\"")], b""),
    })
    .await;
    let stat = empty.stat("a.jpg").await.unwrap();
    assert_eq!((stat.length, stat.validator), (Some(0), Some(Validator::new("\"e\""))));
}

#[tokio::test]
async fn validator_is_the_etag_or_the_time_of_the_last_change() {
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let check = async |headers: &'static [(&'static str, &'static str)], named: bool| {
        let (origin, reader) = origin("", simple(headers)).await;
        let stat = reader.stat("a.jpg").await.unwrap();
        assert_eq!(stat, reader.download("a.jpg", None).await.unwrap().stat, "{headers:?}");
        assert_eq!(stat.validator.is_some(), named, "{headers:?}");
        let want = |validator: Validator| Want::whole().with_unless(validator);
        if let Some(validator) = stat.validator {
            // This origin answers 200 to every request.
            let again = reader.fetch("a.jpg", want(validator)).await.unwrap();
            assert!(matches!(again, Fetch::Unchanged), "{headers:?}: {again:?}");
        }
        let other = reader.fetch("a.jpg", want(Validator::new("\"other\""))).await.unwrap();
        assert!(matches!(other, Fetch::Download(_)), "{headers:?}: {other:?}");
        assert_eq!(origin.asked().last().unwrap().header("if-none-match"), "\"other\"");
    };
    check(&[("ETag", "\"a\"")], true).await;
    check(&[("ETag", "W/\"a\"")], true).await;
    check(&[("Last-Modified", DATE)], true).await;
    check(&[("Last-Modified", "yesterday")], false).await;
    check(&[], false).await;

    let (origin, reader) = origin("", |asked| match asked.header("if-none-match") {
        "W/\"a\"" => Answer::new(304, &[("ETag", "W/\"a\"")], b""),
        _ => Answer::new(200, &[("ETag", "W/\"b\"")], BYTES),
    })
    .await;
    let want = |validator| Want::whole().with_unless(Validator::new(validator));
    let known = reader.fetch("a.jpg", want("W/\"a\"")).await.unwrap();
    assert!(matches!(known, Fetch::Unchanged), "{known:?}");
    let other = reader.fetch("a.jpg", want("W/\"c\"")).await.unwrap();
    assert!(matches!(other, Fetch::Download(_)), "{other:?}");
    let unquotable = reader.fetch("a.jpg", want("\"\r\nX: y\"")).await.unwrap();
    assert!(matches!(unquotable, Fetch::Download(_)), "{unquotable:?}");
    assert_eq!(origin.asked().last().unwrap().header("x"), "");
}

#[tokio::test]
async fn request_to_an_origin_has_only_the_necessary_headers() {
    let (origin, reader) = origin("", |_| Answer::new(200, &[("Set-Cookie", "a=b")], BYTES)).await;
    for _ in 0..2 {
        reader.read("b c/d.jpg").await.unwrap();
    }
    for asked in origin.asked() {
        assert_eq!((asked.method.as_str(), asked.target.as_str()), ("GET", "/b%20c/d.jpg"));
        assert_eq!(asked.header("user-agent"), "Resizer");
        assert_eq!(asked.header("accept-encoding"), "identity");
        assert_eq!(asked.header("host"), reader.authority);
        let mut names: Vec<&str> = asked.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "host", "user-agent"]);
    }
    let signed = reader.signed(&format!("http://{}/x%2Fy%20z.jpg?c=d&e#f", reader.authority));
    reader.source().fetch(&signed, Want::whole()).await.unwrap();
    assert_eq!(origin.asked().last().unwrap().target, "/x%2Fy%20z.jpg?c=d&e");
}

#[tokio::test]
async fn connection_is_kept_across_requests_and_reloads() {
    let origin = HttpOrigin::start(|_| Answer::new(200, &[], BYTES)).await.unwrap();
    let installer = Installer::default();
    let before = Reader::installed(&installer, origin.address(), "");
    for _ in 0..10 {
        before.read("a.jpg").await.unwrap();
    }
    let after = Reader::installed(&installer, origin.address(), "fast = true");
    drop(before);
    after.read("a.jpg").await.unwrap();
    assert_eq!(origin.connections(), 1);
    let other = Reader::installed(&installer, origin.address(), "user_agent = 'other'");
    other.read("a.jpg").await.unwrap();
    assert_eq!(origin.connections(), 2);
    assert_eq!(origin.asked().last().unwrap().header("user-agent"), "other");
}

/// The origin closes the connection while the next request is on its way.
#[tokio::test]
async fn request_on_a_dying_connection_is_repeated_once() {
    let turn = AtomicUsize::new(0);
    let (origin, reader) = origin("", move |_| match turn.fetch_add(1, Ordering::SeqCst) {
        0 | 2 => Answer::new(200, &[], BYTES),
        _ => Answer {
            bytes: Vec::new(),
            then: Then::Close,
        },
    })
    .await;
    reader.read("a.jpg").await.unwrap();
    reader.read("a.jpg").await.unwrap();
    assert_eq!(origin.asked().len(), 3);
    let error = reader.read("a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Upstream, "{error:?}");
    assert_eq!(origin.asked().len(), 5);
}

#[tokio::test]
async fn dead_idle_connection_is_replaced() {
    // The client notices the closed connection at its next request, or shortly before.
    let (origin, reader) = origin("", |_| Answer::new(200, &[], BYTES).then(Then::Close)).await;
    for _ in 0..20 {
        reader.read("a.jpg").await.unwrap();
    }
    assert_eq!(origin.connections(), 20);
}
