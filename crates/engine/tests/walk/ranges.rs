//! Range requests for results and for relayed sources.

use std::time::{Duration, UNIX_EPOCH};

use resizer_plugin_api::{Body, RequestHead};

use crate::store::{Answer, Object, Served, png, world};

/// The store's object: a PNG's signature, then bytes that differ from their neighbours.
fn source() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..5000_u32).map(|n| (n % 251) as u8));
    bytes
}

fn is_part(answer: &Answer, whole: &[u8], first: usize, last: usize) {
    let range = format!("bytes {first}-{last}/{}", whole.len());
    assert_eq!((answer.status, answer.header("content-range")), (206, range.as_str()));
    assert_eq!(answer.body, whole[first..=last], "{range}");
    assert!(!answer.header("etag").is_empty() && !answer.header("content-type").is_empty());
}

#[tokio::test]
async fn range_of_a_result_answers_206_or_416() {
    let world = world("parts");
    world.put("a.png", Object::of(png(64, 64, 9)));
    let cache = "[[plugin]]\nname = \"testcache\"\nworld = \"parts\"\nslot = 0\n";
    for more in ["", cache] {
        let served = Served::store("parts", more).await;
        let url = "/a.png?width=32";
        let whole = served.get(url).await;
        assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
        let length = whole.body.len();
        is_part(&served.request(url, &[("range", "bytes=0-9")]).await, &whole.body, 0, 9);
        is_part(
            &served.request(url, &[("range", "bytes=10-")]).await,
            &whole.body,
            10,
            length - 1,
        );
        is_part(
            &served.request(url, &[("range", "bytes=-7")]).await,
            &whole.body,
            length - 7,
            length - 1,
        );
        let several = served.request(url, &[("range", "bytes=0-1,4-5")]).await;
        assert_eq!((several.status, &several.body), (200, &whole.body));
        let behind = served.request(url, &[("range", "bytes=100000-")]).await;
        let expected = format!("bytes */{length}");
        assert_eq!(
            (behind.status, behind.header("content-range")),
            (416, expected.as_str())
        );
    }
}

#[tokio::test]
async fn if_range_of_another_version_answers_the_whole() {
    let world = world("if-range");
    let object = Object {
        // The example date of RFC 9110, 5.6.7.
        modified: Some(UNIX_EPOCH + Duration::from_secs(784_111_777)),
        ..Object::of(source())
    };
    world.put("a.png", object);
    let served = Served::store("if-range", "").await;
    let etag = served.get("/a.png").await.header("etag").to_owned();
    let weak = format!("W/{etag}");
    let rows = [
        (etag.as_str(), 206),
        ("\"other\"", 200),
        (weak.as_str(), 200),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 206),
        ("Sun, 06 Nov 1994 08:49:38 GMT", 200),
    ];
    for (condition, status) in rows {
        let headers = [("range", "bytes=2000-2099"), ("if-range", condition)];
        let answer = served.request("/a.png", &headers).await;
        assert_eq!(answer.status, status, "{condition}");
        assert_eq!(answer.body.len(), if status == 206 { 100 } else { source().len() });
    }
    let current = [("range", "bytes=2000-2099"), ("if-none-match", &etag)];
    assert_eq!(
        served.request("/a.png", &current).await.status,
        304,
        "a 304 comes before a 206"
    );
}

#[tokio::test]
async fn range_of_a_relayed_source_fetches_only_the_part() {
    let world = world("relayed parts");
    let whole = source();
    world.put("a.png", Object::of(whole.clone()));
    let served = Served::store("relayed parts", "").await;
    // The range, the bytes that come, and the fetches: the head too, where the part does not tell the type.
    let rows = [
        ("bytes=0-1999", 0, 1999, vec![Some(0..=1999)]),
        ("bytes=0-9", 0, 9, vec![Some(0..=1023), Some(0..=9)]),
        ("bytes=3000-3009", 3000, 3009, vec![Some(0..=1023), Some(3000..=3009)]),
        ("bytes=-8", 5000, 5007, vec![Some(0..=1023), Some(5000..=5007)]),
    ];
    for (range, first, last, asked) in rows {
        world.ranges.lock().unwrap().clear();
        let answer = served.request("/a.png", &[("range", range)]).await;
        is_part(&answer, &whole, first, last);
        assert_eq!(answer.header("content-type"), "image/png", "{range}");
        assert_eq!(*world.ranges.lock().unwrap(), asked, "{range}");
    }
    let behind = served.request("/a.png", &[("range", "bytes=6000-")]).await;
    assert_eq!((behind.status, behind.header("content-range")), (416, "bytes */5008"));
}

#[tokio::test]
async fn range_of_a_source_replaced_since_its_stat_is_of_the_new_version() {
    let world = world("changed parts");
    let served = Served::store("changed parts", "").await;
    let changed = |bytes: &[u8]| Object {
        fetched_validator: Some("v2"),
        ..Object::of(bytes.to_vec())
    };
    world.put("a.png", changed(&source()));
    let answer = served.request("/a.png", &[("range", "bytes=3000-3009")]).await;
    // Cut from the whole: a part of the new version, under the new version's tag.
    is_part(&answer, &source(), 3000, 3009);
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..Object::of(source())
        },
    );
    assert_eq!(answer.header("etag"), served.get("/a.png").await.header("etag"));
}

#[tokio::test]
async fn range_of_a_source_without_stat_answers_206() {
    let world = world("parts unasked");
    world.put(
        "a.png",
        Object {
            validator: None,
            ..Object::of(source())
        },
    );
    let served = Served::store("parts unasked", "").await;
    let answer = served.request("/a.png", &[("range", "bytes=3000-3009")]).await;
    is_part(&answer, &source(), 3000, 3009);
}

#[tokio::test]
async fn range_of_a_head_request_is_ignored() {
    world("head").put("a.png", Object::of(source()));
    let served = Served::store("head", "").await;
    let mut head = RequestHead::get("/a.png", "");
    head.method = http::Method::HEAD;
    head.headers.insert("range", "bytes=0-9".parse().unwrap());
    let reply = served.engine.handle(served.site.clone(), head).await;
    assert_eq!((reply.status.as_u16(), reply.body.length()), (200, Some(5008)));
    assert!(!matches!(reply.body, Body::Empty));
}

#[tokio::test]
async fn range_of_a_relayed_source_takes_no_more_memory_than_the_whole() {
    let world = world("part in memory");
    let mut bytes = source();
    bytes.resize(100 << 10, 7);
    world.put("a.png", Object::of(bytes.clone()));
    // A quarter is for sources: room for one relay, not for two.
    let store = "[server]\nmemory_limit = \"600KiB\"\n[[plugin]]\nname = \"teststore\"\nworld = \"part in memory\"\n\
                 prefix = \"/\"\nfetch_timeout = \"1s\"\n";
    let served = Served::new(store).await;
    let part = served.request("/a.png", &[("range", "bytes=50000-50009")]).await;
    is_part(&part, &bytes, 50_000, 50_009);
}
