//! That no client and no cache is told that an old result is current.

use crate::store::{Object, Served, png, world};

#[tokio::test]
async fn what_the_client_has_is_not_sent_again_and_not_made_again() {
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
async fn bytes_newer_than_their_stat_are_kept_under_their_own_validator() {
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
async fn a_store_that_is_not_asked_gives_its_validator_with_the_bytes() {
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
