//! Rewritten addresses behind a CDN: objects of a bucket under a path of their own, with keys of their own.

use resizer_test_stores::s3::{Asked, Key, S3, Visibility};

use super::{Cdn, lake};
use crate::http::server::Server;
use crate::http::stores::wait;

/// A bucket whose objects are shown below `/photos/` and nowhere else, at sizes that pages call `size`.
fn origin(store: &S3) -> String {
    format!(
        r#"
        [[plugin]]
        name = "rewrite"
        [[plugin.rules]]
        prefix = "/s3/"
        refuse = 404
        [[plugin.rules]]
        prefix = "/photos/"
        path = "/s3/bucket/{{rest}}"
        [[plugin.rules]]
        query = "size"
        rename = {{ size = "width" }}

        [[plugin]]
        name = "s3reader"
        buckets = ["bucket"]
        endpoint = "http://{}"
        region = "eu-north-1"
        access_key_id = "reader"
        secret_access_key = "no-secret"

        [[plugin]]
        name = "memcache"

        [[plugin]]
        name = "clientcache"
        "#,
        store.address()
    )
}

#[test]
fn object_of_a_bucket_is_served_under_the_path_of_a_rule() {
    let store = wait(S3::start("eu-north-1")).unwrap();
    store.create("bucket", Visibility::Private);
    store.admit(&Key::lasting("reader", "no-secret"));
    store.put("bucket", "a.jpg", lake().to_vec());
    store.put("bucket", "b/size=1&c.jpg", lake().to_vec());
    let server = Server::start(&origin(&store), &[]);
    let Some(cdn) = Cdn::start(&[server.public()], true) else {
        return;
    };
    let get = |target: &str| {
        let response = cdn.get(target, &[]);
        let cdn = response.header("x-cdn").unwrap_or_default().to_owned();
        let cache = response.header("x-cache").unwrap_or_default().to_owned();
        (response, cdn, cache)
    };
    let once = Asked {
        heads: 1,
        gets: 1,
        lists: 0,
    };

    // The path is changed, and the query stays.
    let (first, cdn_says, cache_says) = get("/photos/a.jpg?width=200");
    assert_eq!(first.status, 200);
    assert_eq!((cdn_says.as_str(), cache_says.as_str()), ("MISS", "miss"));
    assert_eq!(first.jpeg_size(), (200, 133), "2400 x 1600 at 200 wide");
    assert_eq!(first.header("cache-control"), Some("public, max-age=86400"));
    assert_eq!(store.asked(), once);
    let (second, cdn_says, _) = get("/photos/a.jpg?width=200");
    assert_eq!((cdn_says.as_str(), &second.body), ("HIT", &first.body));

    // The query is changed by a rule of its own: another address to the CDN, and the same result to the server.
    let (renamed, cdn_says, cache_says) = get("/photos/a.jpg?size=200");
    assert_eq!((cdn_says.as_str(), cache_says.as_str()), ("MISS", "hit"));
    assert_eq!(
        (&renamed.body, renamed.header("etag")),
        (&first.body, first.header("etag"))
    );
    assert_eq!(store.asked(), once);

    // A name that looks like a query is a name.
    let (odd, ..) = get("/photos/b/size=1%26c.jpg?size=100");
    assert_eq!((odd.status, odd.jpeg_size()), (200, (100, 67)));

    // The bucket has no other address, and no rule leads out of it.
    for (target, status) in [
        ("/s3/bucket/a.jpg?width=200", 404),
        ("/a.jpg?width=200", 404),
        ("/photos/none.jpg?width=200", 404),
        ("/photos/%2e%2e/other/a.jpg?width=200", 400),
        ("/photos/b%2f%2e%2e%2f%2e%2e/other/a.jpg?width=200", 400),
    ] {
        assert_eq!(get(target).0.status, status, "{target}");
    }
}
