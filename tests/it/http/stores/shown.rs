//! A photograph in a real store, as a visitor sees it: resized, then from the cache, and as it is.

use super::pixels::{LAKE, Picture};
use super::{Stage, Store, said};
use crate::http::photographs::lake;

/// Encoding at quality 90 and another filter than a mean put a result three steps of 255 apart; another photograph is
/// ten times as far.
const ALIKE: f64 = 6.0;

pub(crate) fn shown(store: &dyn Store) {
    let name = "photos/a b+\u{fc}.jpg";
    store.put(name, lake());
    store.put("photos/text.jpg", b"<html>no image at all</html>");
    let stage = Stage::before(store, &[("/fresh/", ""), ("/fast/", "fast = true")]);
    let server = &stage.server;

    for prefix in ["/fresh/", "/fast/"] {
        let url = stage.url(store, prefix, name);
        let small = format!("{url}?width=200");
        let first = server.get(&small);
        assert_eq!(first.status, 200, "{small}: {}", said(&first));
        assert_eq!(first.header("content-type"), Some("image/jpeg"));
        let picture = Picture::of_jpeg(&first.body);
        assert_eq!(picture.size(), (200, 133), "2400x1600 at 200 wide");
        let distance = picture.distance(&LAKE);
        assert!(
            distance < ALIKE,
            "{small} is {distance} of 255 away from the photograph"
        );
        let again = server.get(&small);
        assert_eq!(
            (again.header("x-cache"), &again.body),
            (Some("hit"), &first.body),
            "{small}"
        );
        let etag = first.header("etag").unwrap();
        let known = server.request("GET", &small, &[("If-None-Match", etag)]);
        assert_eq!((known.status, known.body.len()), (304, 0), "{small}");

        untouched(&stage, &url);
        let text = server.get(&stage.url(store, prefix, "photos/text.jpg"));
        assert_eq!(
            (
                text.status,
                text.header("content-type"),
                text.header("x-content-type-options")
            ),
            (200, Some("application/octet-stream"), Some("nosniff")),
            "what is no image leaves as bytes"
        );
        let absent = stage.url(store, prefix, "photos/absent.jpg");
        for absent in [format!("{absent}?width=200"), absent] {
            assert_eq!(server.get(&absent).status, 404, "{absent}");
        }
    }
}

/// As it is, whole and in parts.
fn untouched(stage: &Stage, url: &str) {
    let server = &stage.server;
    let length = lake().len();
    let whole = server.get(url);
    assert_eq!(whole.status, 200, "{url}: {}", said(&whole));
    assert!(whole.body == lake(), "{url} is the photograph, byte for byte");
    let expected = [
        ("content-type", "image/jpeg"),
        ("content-length", &length.to_string()),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in expected {
        assert_eq!(whole.header(name), Some(value), "{name} of {url}");
    }
    let head = server.request("HEAD", url, &[]);
    assert_eq!(
        (head.status, head.header("content-length"), head.body.len()),
        (200, whole.header("content-length"), 0),
        "HEAD {url}"
    );
    let etag = whole.header("etag").unwrap();
    let known = server.request("GET", url, &[("If-None-Match", etag)]);
    assert!([200, 304].contains(&known.status), "{url}: {}", known.status);
    for range in [0..1, 100..5100, length / 2..length / 2 + 70_000, length - 10..length] {
        let header = format!("bytes={}-{}", range.start, range.end - 1);
        let part = server.request("GET", url, &[("Range", &header)]);
        // Without knowing the version beforehand, the whole is as true an answer.
        if part.status == 206 {
            let expected = format!("bytes {}-{}/{length}", range.start, range.end - 1);
            assert_eq!(part.header("content-range"), Some(expected.as_str()), "{url} {header}");
            assert!(part.body == lake()[range], "{url} {header}");
        } else {
            assert!(
                url.starts_with("/fast/"),
                "{url} {header} is a part, not {}",
                part.status
            );
            assert!((part.status, part.body.as_slice()) == (200, lake()), "{url} {header}");
        }
    }
}
