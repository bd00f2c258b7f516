//! Unavailable stores: the answers while a store fails or is silent, and after it is back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use resizer_plugin_api::{Body, ErrorKind, RequestHead};

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
async fn cached_result_is_served_while_the_store_fails() {
    let world = world("away");
    let served = served("away", "").await;
    for kind in [ErrorKind::Upstream, ErrorKind::Timeout] {
        world.put("a.png", Object::of(png(8, 8, 9)));
        let before = served.get("/a.png?width=4").await;
        assert_eq!(before.status, 200);
        let tag = before.header("etag").to_owned();
        // Its stat is cached, its bytes are not.
        world.put("cold.png", Object::of(png(8, 8, 9)));
        let known = served.request("/cold.png?width=4", &[("if-none-match", "*")]).await;
        assert_eq!(known.status, 304);
        world.put("a.png", failing(kind));
        world.put("cold.png", failing(kind));
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
        let cold = served.get("/cold.png?width=4").await;
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
async fn removed_image_is_not_served_while_the_store_fails() {
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
async fn store_failure_without_stale_if_error_is_502() {
    let world = world("told");
    let served = served("told", "stale_if_error = \"0s\"").await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.put("a.png", failing(ErrorKind::Upstream));
    let answer = served.get("/a.png?width=4").await;
    assert_eq!((answer.status, answer.header("retry-after")), (502, "1"));
}

/// A store that accepts connections and never answers. Its timeout is as long as that of the whole request, as an
/// operator may set it.
#[tokio::test]
async fn cached_result_is_served_while_the_store_is_silent() {
    let world = world("silent");
    let served = served("silent", "deadline = \"1s\"").await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    let silent = Object {
        hangs: true,
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", silent);
    for _ in 0..2 {
        let answer = served.get("/a.png?width=4").await;
        assert_eq!((answer.status, answer.header("x-cache")), (200, "hit"));
    }
}

#[tokio::test]
async fn revalidations_of_a_silent_store_are_bounded() {
    const IMAGES: usize = 200;
    const FEW: usize = 64;
    let world = world("few");
    let served = served("few", "").await;
    let each = |object: &dyn Fn() -> Object| (0..IMAGES).for_each(|n| world.put(&format!("{n}.png"), object()));
    let get_each = async |what: &str| {
        for n in 0..IMAGES {
            let answer = served.get(&format!("/{n}.png?width=4")).await;
            assert_eq!(answer.status, 200, "{what}");
        }
    };
    each(&|| Object::of(png(8, 8, 9)));
    get_each("all is well").await;
    each(&|| failing(ErrorKind::Upstream));
    get_each("the store fails").await;
    each(&|| Object {
        hangs: true,
        ..Object::of(png(8, 8, 9))
    });
    let (before, since) = (world.counts().0, Instant::now());
    while world.counts().0 < before + FEW {
        assert!(since.elapsed() < Duration::from_secs(20), "it is asked again");
        tokio::time::sleep(Duration::from_millis(100)).await;
        get_each("the store is silent").await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    get_each("the store is silent").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.counts().0, before + FEW);
}

#[tokio::test]
async fn stat_beyond_its_timeout_blames_the_store() {
    let world = world("too long");
    let silent = Object {
        hangs: true,
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", silent);
    let store = "[[plugin]]\nname = \"teststore\"\nworld = \"too long\"\nprefix = \"/\"\nfetch_timeout = \"100ms\"\n";
    let answer = Served::new(store).await.get("/a.png?width=4").await;
    assert_eq!(answer.status, 504);
    assert!(answer.text().contains("store"), "{}", answer.text());
}

/// The stat is cached for ten minutes, but a 404 of the fetch comes first.
#[tokio::test]
async fn image_lost_since_its_stat_is_404() {
    let world = world("gone since");
    let served = Served::new(
        "[[plugin]]\nname = \"testcache\"\nworld = \"gone since\"\nslot = 0\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"gone since\"\nprefix = \"/\"\ncheck_modified = \"10m\"\n",
    )
    .await;
    world.put("a.png", Object::of(png(8, 8, 9)));
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.objects.lock().unwrap().clear();
    assert_eq!(served.get("/a.png?width=4").await.header("x-cache"), "hit");
    assert_eq!(served.get("/a.png").await.status, 404);
    assert_eq!(served.get("/a.png?width=4").await.status, 404);
}

#[tokio::test]
async fn dropped_stream_of_a_silent_store_returns_its_memory() {
    let world = world("left a relay");
    let served = served("left a relay", "").await;
    let stalls = Object {
        stalls: true,
        ..Object::of(png(64, 64, 9).repeat(20))
    };
    world.put("a.png", stalls);
    let held = || served.count("resizer_admitted_bytes{for=\"sources\"}");
    let head = RequestHead::get("/a.png", "");
    let reply = served.engine.handle(Arc::clone(&served.site), head).await;
    let Body::Stream { mut stream, .. } = reply.body else {
        panic!("{reply:?}")
    };
    assert!(stream.next().await.unwrap().is_ok(), "the first bytes come");
    assert!(held() > 0, "there are more to come");
    drop(stream);
    let since = Instant::now();
    while held() > 0 {
        assert!(
            since.elapsed() < Duration::from_secs(20),
            "before its source's half minute is over"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
