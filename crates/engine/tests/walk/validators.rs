//! Validators: no client and no cache is told that an old result is current.

use std::time::{Duration, UNIX_EPOCH};

use crate::store::{Object, Served, png, world};

#[tokio::test]
async fn request_with_the_current_etag_is_304_without_work() {
    let world = world("304");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = Served::store("304", "").await;
    for url in ["/a.png?width=4", "/a.png"] {
        let etag = served.get(url).await.header("etag").to_owned();
        assert!(etag.starts_with('"'), "strong: {etag}");
        let before = (world.counts().1, served.count("resizer_decodes_total"));
        let check = [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"other\", {etag}"),
            "*".to_owned(),
        ];
        for header in check {
            let answer = served.request(url, &[("if-none-match", &header)]).await;
            assert_eq!(
                (answer.status, answer.body.len(), answer.header("etag")),
                (304, 0, etag.as_str()),
                "{header}"
            );
        }
        assert_eq!(
            (world.counts().1, served.count("resizer_decodes_total")),
            before,
            "nothing fetched, nothing made"
        );
        assert_eq!(served.request(url, &[("if-none-match", "\"other\"")]).await.status, 200);
        world.put(
            "a.png",
            Object {
                validator: Some("v2"),
                ..Object::of(png(8, 8, 10))
            },
        );
        assert_eq!(
            served.request(url, &[("if-none-match", &etag)]).await.status,
            200,
            "the source changed"
        );
        world.put("a.png", Object::of(png(8, 8, 9)));
    }
}

#[tokio::test]
async fn bytes_newer_than_their_stat_are_cached_under_their_own_validator() {
    let world = world("newer");
    let cache = "[[plugin]]\nname = \"testcache\"\nworld = \"newer\"\nslot = 0\n";
    let served = Served::store("newer", cache).await;
    world.put(
        "a.png",
        Object {
            fetched_validator: Some("v2"),
            ..Object::of(png(8, 8, 9))
        },
    );
    let answer = served.get("/a.png?width=4").await;
    let kept: Vec<_> = world.kept[0]
        .lock()
        .unwrap()
        .keys()
        .map(|key| key.validator.as_str().to_owned())
        .collect();
    assert_eq!(kept, ["v2"]);
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..Object::of(png(8, 8, 9))
        },
    );
    let again = served.get("/a.png?width=4").await;
    assert_eq!(
        (again.header("x-cache"), again.header("etag")),
        ("hit", answer.header("etag"))
    );
}

#[tokio::test]
async fn source_without_stat_gets_its_validator_with_the_bytes() {
    let world = world("not asked");
    let cache = "[[plugin]]\nname = \"testcache\"\nworld = \"not asked\"\nslot = 0\n";
    let served = Served::store("not asked", cache).await;
    world.put(
        "a.png",
        Object {
            validator: None,
            ..Object::of(png(8, 8, 9))
        },
    );
    let first = served.get("/a.png?width=4").await;
    let etag = first.header("etag").to_owned();
    assert!(!etag.is_empty());
    let hit = served.get("/a.png?width=4").await;
    assert_eq!((hit.header("x-cache"), hit.header("etag")), ("hit", etag.as_str()));
    let revalidated = served.request("/a.png?width=4", &[("if-none-match", &etag)]).await;
    assert_eq!(revalidated.status, 304, "by the stored entry's validator");
    assert_eq!(world.counts().1, 1);
}

#[tokio::test]
async fn request_decided_by_its_preconditions_needs_no_fetch() {
    let world = world("dates");
    let served = Served::store("dates", "").await;
    let object = Object {
        modified: Some(UNIX_EPOCH + Duration::from_millis(784_111_777_250)),
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", object);
    // The example date of RFC 9110, 5.6.7, and an hour before it.
    let (date, before) = ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 07:49:37 GMT");
    for url in ["/a.png?width=4", "/a.png"] {
        let first = served.get(url).await;
        let (etag, fetches) = (first.header("etag").to_owned(), world.counts().1);
        assert_eq!(first.header("last-modified"), date, "{url}");
        let rows: [(&[(&'static str, &str)], u16); 8] = [
            (&[("if-modified-since", date)], 304),
            (&[("if-modified-since", before)], 200),
            (&[("if-none-match", "\"other\""), ("if-modified-since", date)], 200),
            (&[("if-match", &etag)], 200),
            (&[("if-match", "\"other\"")], 412),
            (&[("if-unmodified-since", date)], 200),
            (&[("if-unmodified-since", before)], 412),
            (&[("if-match", &etag), ("if-none-match", &etag)], 304),
        ];
        // A request that comes before the last flight has quite ended joins it, and fetches nothing itself.
        let joined = || served.count("resizer_flights_joined_total{kind=\"result\"}");
        for (headers, status) in rows {
            let before = (world.counts().1, joined());
            let answer = served.request(url, headers).await;
            assert_eq!(answer.status, status, "{url} {headers:?}");
            if status == 304 {
                let validators = (answer.header("etag"), answer.header("last-modified"));
                assert_eq!(
                    (validators, answer.body.len()),
                    ((etag.as_str(), date), 0),
                    "{headers:?}"
                );
            }
            assert_eq!(
                (world.counts().1, joined()) != before,
                status == 200,
                "{url} {headers:?}: only a 200 fetches, or joins a fetch"
            );
        }
        assert!(world.counts().1 > fetches);
    }
    assert_eq!(served.request("/none.png", &[("if-none-match", "*")]).await.status, 404);
}

#[tokio::test]
async fn source_older_than_1970_has_no_last_modified() {
    let world = world("before 1970");
    let object = Object {
        modified: Some(UNIX_EPOCH - Duration::from_secs(1)),
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", object);
    let served = Served::store("before 1970", "").await;
    let answer = served.get("/a.png?width=4").await;
    assert_eq!((answer.status, answer.header("last-modified")), (200, ""));
}

#[tokio::test]
async fn stat_older_than_the_bytes_is_replaced() {
    let world = world("proved old");
    let text = "[[plugin]]\nname = \"testcache\"\nworld = \"proved old\"\nslot = 0\n\
                [[plugin]]\nname = \"teststore\"\nworld = \"proved old\"\nprefix = \"/\"\ncheck_modified = \"600000ms\"\n";
    let served = Served::new(text).await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..Object::of(png(8, 8, 10))
        },
    );
    assert_eq!(
        served.get("/a.png?width=4").await.header("x-cache"),
        "hit",
        "by settings, for ten minutes"
    );
    let new = served.get("/a.png?width=5").await;
    assert_eq!(new.header("x-cache"), "miss");
    let again = served.get("/a.png?width=5").await;
    assert_eq!(
        (again.header("x-cache"), again.header("etag")),
        ("hit", new.header("etag"))
    );
    assert_eq!(
        served.get("/a.png?width=4").await.header("x-cache"),
        "miss",
        "the old version is served no longer"
    );
}

#[tokio::test]
async fn stat_without_a_validator_stays_so_after_a_fetch_with_one() {
    let world = world("no version");
    let text = "[[plugin]]\nname = \"testcache\"\nworld = \"no version\"\nslot = 0\n\
                [[plugin]]\nname = \"teststore\"\nworld = \"no version\"\nprefix = \"/\"\ncheck_modified = \"10m\"\n";
    let served = Served::new(text).await;
    let put = |fetched_validator, shade| {
        let object = Object {
            validator: None,
            fetched_validator,
            ..Object::of(png(8, 8, shade))
        };
        world.put("a.png", object);
    };
    put(Some("v1"), 9);
    let first = served.get("/a.png?width=4").await;
    let again = served.get("/a.png?width=4").await;
    let same = ("hit", first.header("etag"));
    assert_eq!((again.header("x-cache"), again.header("etag")), same, "made once");
    put(Some("v2"), 200);
    for url in ["/a.png?width=5", "/a.png"] {
        assert_eq!(served.get(url).await.status, 200);
        let kept = served.get("/a.png?width=4").await;
        assert_eq!(
            (kept.header("x-cache"), kept.header("etag")),
            same,
            "what is kept stays, not now this and then that"
        );
    }
}
