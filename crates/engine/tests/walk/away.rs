//! What is served while a store is away, and what when it is back.

use std::time::{Duration, Instant};

use resizer_plugin_api::ErrorKind;

use crate::store::{Object, Served, png, world};

async fn served(world: &str, server: &str) -> Served {
    let cache = format!("[[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n");
    Served::store(world, &format!("[server]\n{server}\n{cache}")).await
}

fn failing(kind: ErrorKind) -> Object {
    Object {
        error: Some(kind),
        ..Object::of(png(8, 8, 9))
    }
}

#[tokio::test]
async fn what_the_caches_hold_is_served_while_the_store_is_away() {
    let world = world("away");
    let served = served("away", "").await;
    for kind in [ErrorKind::Upstream, ErrorKind::Timeout] {
        world.put("a.png", Object::of(png(8, 8, 9)));
        let before = served.get("/a.png?width=4").await;
        assert_eq!(before.status, 200);
        let tag = before.header("etag").to_owned();
        world.put("a.png", failing(kind));
        for _ in 0..3 {
            let now = served.get("/a.png?width=4").await;
            assert_eq!(
                (now.header("x-cache"), now.header("etag")),
                ("hit", tag.as_str()),
                "{kind:?}"
            );
        }
        assert_eq!(
            served
                .request("/a.png?width=4", &[("if-none-match", &tag)])
                .await
                .status,
            304
        );
        let cold = served
            .get(&format!(
                "/a.png?height={}",
                if kind == ErrorKind::Timeout { 3 } else { 2 }
            ))
            .await;
        assert_eq!(cold.status, kind.status().as_u16(), "nothing holds this one");
        let stats = world.counts().0;
        served.get("/a.png?width=4").await;
        assert_eq!(world.counts().0, stats, "a store that has just failed is left alone");

        let back = Object {
            validator: Some("v2"),
            ..Object::of(png(8, 8, 200))
        };
        world.put("a.png", back);
        let since = Instant::now();
        while served.get("/a.png?width=4").await.header("etag") == tag {
            assert!(since.elapsed() < Duration::from_secs(20), "the new version shows");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn a_store_that_says_no_is_believed() {
    let world = world("says no");
    let served = served("says no", "").await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.objects.lock().unwrap().clear();
    assert_eq!(served.get("/a.png?width=4").await.status, 404);
    world.put("a.png", failing(ErrorKind::Upstream));
    assert_eq!(
        served.get("/a.png?width=4").await.status,
        502,
        "it was gone when last asked about"
    );
}

#[tokio::test]
async fn a_failure_is_an_answer_where_that_is_set() {
    let world = world("told");
    let served = served("told", "stale_if_error = \"0s\"").await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.put("a.png", failing(ErrorKind::Upstream));
    let answer = served.get("/a.png?width=4").await;
    assert_eq!((answer.status, answer.header("retry-after")), (502, "1"));
}
