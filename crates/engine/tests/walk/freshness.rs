//! Freshness: for how long a stat and a 404 of a store are used, and revalidation in the background. Answers while a
//! store fails are in `away`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_engine::PurgeRequest;
use resizer_plugin_api::ErrorKind;

use crate::store::{Object, Served, World, png, world};

const LONG: Duration = Duration::from_secs(20);
/// The `check_modified` of the tests of revalidation.
const LIFE: Duration = Duration::from_millis(200);

async fn served(world: &str, server: &str, store: &str) -> Served {
    Served::new(&format!(
        "[server]\n{server}\n\
         [[plugin]]\nname = \"testprobe\"\nmark = \"\"\n\
         [[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nprefix = \"/\"\n{store}\n"
    ))
    .await
}

fn replace(world: &World, object: Object) {
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..object
        },
    );
}

fn image() -> Object {
    Object::of(png(8, 8, 9))
}

impl Served {
    async fn tag(&self) -> String {
        let answer = self.get("/a.png?width=4").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("etag").to_owned()
    }
}

#[tokio::test]
async fn stale_stat_is_served_while_one_revalidation_runs() {
    let world = world("revalidate");
    let served = served(
        "revalidate",
        "stale_while_revalidate = \"1h\"",
        "check_modified = \"200ms\"",
    )
    .await;
    world.put("a.png", image());
    let old = served.tag().await;
    // A store that does not answer holds up no request.
    replace(&world, Object { hangs: true, ..image() });
    tokio::time::sleep(LIFE).await;
    let since = Instant::now();
    let tags = futures_util::future::join_all((0..50).map(|_| served.tag())).await;
    assert!(since.elapsed() < Duration::from_secs(10), "nobody waited for the store");
    assert!(tags.iter().all(|tag| *tag == old));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.counts().0, 2, "the first time, and once for all of these");
}

#[tokio::test]
async fn revalidated_stat_serves_the_new_version() {
    let world = world("revalidated");
    let served = served(
        "revalidated",
        "stale_while_revalidate = \"1h\"",
        "check_modified = \"200ms\"",
    )
    .await;
    world.put("a.png", image());
    let old = served.tag().await;
    replace(&world, image());
    tokio::time::sleep(LIFE).await;
    assert_eq!(served.tag().await, old, "to the first who asks after the interval");
    let since = Instant::now();
    while served.tag().await == old {
        assert!(since.elapsed() < LONG, "the new version shows");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.objects.lock().unwrap().clear();
    tokio::time::sleep(LIFE).await;
    let since = Instant::now();
    while served.get("/a.png?width=4").await.status != 404 {
        assert!(since.elapsed() < LONG, "what is gone is gone");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn stale_stat_without_stale_while_revalidate_is_not_served() {
    for (name, server, store) in [
        ("by default", "", "check_modified = \"200ms\""),
        (
            "every request asks",
            "stale_while_revalidate = \"1h\"",
            "check_modified = \"0s\"",
        ),
        (
            "too old",
            "stale_while_revalidate = \"1ms\"",
            "check_modified = \"200ms\"",
        ),
    ] {
        let world = world(name);
        let served = served(name, server, store).await;
        world.put("a.png", image());
        let old = served.tag().await;
        replace(&world, image());
        tokio::time::sleep(LIFE + Duration::from_millis(50)).await;
        assert_ne!(served.tag().await, old, "{name}");
    }
}

#[tokio::test]
async fn failed_revalidation_is_repeated() {
    let world = world("revalidate fails");
    let server = "stale_while_revalidate = \"1h\"\nstale_if_error = \"0s\"";
    let served = served("revalidate fails", server, "check_modified = \"200ms\"").await;
    world.put("a.png", image());
    let old = served.tag().await;
    let failing = Object {
        error: Some(ErrorKind::Upstream),
        ..image()
    };
    replace(&world, failing);
    tokio::time::sleep(LIFE).await;
    assert_eq!(served.tag().await, old);
    replace(&world, image());
    let since = Instant::now();
    while served.tag().await == old {
        assert!(since.elapsed() < LONG, "the new version shows");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn missing_image_is_asked_for_once_until_it_is_purged() {
    let forbidden = Object {
        error: Some(ErrorKind::Forbidden),
        ..image()
    };
    let lost = Object {
        fetch_error: Some(ErrorKind::NotFound),
        ..image()
    };
    // The object, the settings of its store, the status, and the numbers of stats and fetches.
    let rows = [
        ("absent", None, "check_modified = \"1h\"", 404, (1, 0)),
        ("forbidden", Some(forbidden), "check_modified = \"1h\"", 403, (1, 0)),
        ("lost", Some(lost), "check_modified = \"1h\"", 404, (1, 1)),
        ("absent and fast", None, "fast = true", 404, (0, 1)),
    ];
    let purges = [
        PurgeRequest::Source("/a.png".to_owned()),
        PurgeRequest::Url("/a.png?width=4".to_owned()),
        PurgeRequest::Prefix("/".to_owned()),
        PurgeRequest::All,
    ];
    for ((name, object, store, status, asked), purge) in rows.into_iter().zip(purges) {
        let world = world(name);
        let served = served(name, "missing_memory = \"1h\"", store).await;
        if let Some(object) = object {
            world.put("a.png", object);
        }
        for url in ["/a.png?width=4", "/a.png?width=4", "/a.png?width=5", "/a.png"] {
            assert_eq!(served.get(url).await.status, status, "{name}: {url}");
        }
        assert_eq!(world.counts(), asked, "{name}");
        world.put("a.png", image());
        assert_eq!(served.get("/a.png?width=4").await.status, status, "{name}: remembered");
        served.engine.purge(&served.site, purge).await.unwrap();
        assert_eq!(served.get("/a.png?width=4").await.status, 200, "{name}: purged");
    }
}

#[tokio::test]
async fn missing_image_is_cached_no_longer_than_check_modified() {
    for (name, server, store) in [
        ("asked each time", "missing_memory = \"1h\"", "check_modified = \"0s\""),
        ("no memory", "missing_memory = \"0s\"", "check_modified = \"1h\""),
        ("no memory and fast", "missing_memory = \"0s\"", "fast = true"),
        (
            "its time is over",
            "missing_memory = \"1ms\"",
            "check_modified = \"1h\"",
        ),
    ] {
        let world = world(name);
        let served = served(name, server, store).await;
        assert_eq!(served.get("/a.png?width=4").await.status, 404, "{name}");
        tokio::time::sleep(Duration::from_millis(5)).await;
        world.put("a.png", image());
        assert_eq!(served.get("/a.png?width=4").await.status, 200, "{name}");
    }
}

#[tokio::test]
async fn missing_image_in_the_negative_cache_still_fires_on_image_missing() {
    for (name, store) in [
        ("substitutes", "check_modified = \"1h\""),
        ("fast substitutes", "fast = true"),
    ] {
        let world = world(name);
        world.put("a.png", image());
        let served = served(name, "missing_memory = \"1h\"", store).await;
        // The test's plugin lets /a.png stand in for this image.
        for width in 2..5 {
            let answer = served.get(&format!("/other.png?width={width}")).await;
            assert_eq!((answer.status, answer.png_size()), (200, (width, width)), "{name}");
        }
    }
}

#[tokio::test]
async fn cached_result_of_a_fast_source_is_served_after_the_image_is_lost() {
    let world = world("fast and lost");
    let served = served("fast and lost", "missing_memory = \"1h\"", "fast = true").await;
    world.put("a.png", image());
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
    world.objects.lock().unwrap().clear();
    assert_eq!(served.get("/a.png?width=5").await.status, 404);
    let kept = served.get("/a.png?width=4").await;
    assert_eq!((kept.status, kept.header("x-cache")), (200, "hit"));
}

#[tokio::test]
async fn refusal_at_one_mount_is_not_used_at_another() {
    let (world, other) = (world("may"), world("may not"));
    // Both mounts have the same keys.
    let served = Served::new(
        "[server]\nmissing_memory = \"1h\"\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"may\"\nprefix = \"/may/\"\ncheck_modified = \"1h\"\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"may not\"\nstore = \"may\"\nprefix = \"/not/\"\ncheck_modified = \"1h\"\n",
    )
    .await;
    world.put("a.png", image());
    other.put(
        "a.png",
        Object {
            error: Some(ErrorKind::Forbidden),
            ..image()
        },
    );
    assert_eq!(served.get("/not/a.png?width=4").await.status, 403);
    assert_eq!(served.get("/may/a.png?width=4").await.status, 200);
}

#[tokio::test]
async fn refusal_from_before_a_purge_is_not_cached_after_it() {
    let world = world("no before");
    let served = Arc::new(served("no before", "missing_memory = \"1h\"", "fast = true").await);
    let slow = Object {
        delay: Duration::from_millis(500),
        fetch_error: Some(ErrorKind::NotFound),
        ..image()
    };
    world.put("a.png", slow);
    let running = {
        let served = Arc::clone(&served);
        tokio::spawn(async move { served.get("/a.png?width=4").await.status })
    };
    let since = Instant::now();
    while world.counts().1 == 0 {
        assert!(since.elapsed() < LONG, "the store is asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.put("a.png", image());
    let purge = PurgeRequest::Source("/a.png".to_owned());
    served.engine.purge(&served.site, purge).await.unwrap();
    assert_eq!(running.await.unwrap(), 404);
    assert_eq!(served.get("/a.png?width=4").await.status, 200);
}
