//! Source caches: when an original is cached, found again, and downloaded to its end although its clients have left.

use std::time::Duration;

use crate::store::{Object, Served, World, png, world};

const LONG: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

/// An object that its store sends slowly.
fn slow() -> Object {
    Object {
        delay: Duration::from_millis(300),
        ..Object::of(png(8, 8, 9))
    }
}

fn source_cache(world: &str, slot: usize, more: &str) -> String {
    format!("[[plugin]]\nname = \"testsourcecache\"\nworld = \"{world}\"\nslot = {slot}\n{more}\n")
}

/// A site with a source cache and, at `/`, a store with these settings.
async fn served(world: &str, store: &str) -> Served {
    let cache = source_cache(world, 0, "");
    Served::new(&format!(
        "{cache}[[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\n{store}\n"
    ))
    .await
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waited = async {
        while !is_so() {
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(LONG, waited)
        .await
        .unwrap_or_else(|_| panic!("it takes too long until {what}"));
}

fn originals(world: &World) -> usize {
    world.originals[0].lock().unwrap().len()
}

/// Sends a request, and cancels it as soon as the store was asked for the bytes.
async fn left(served: &Served, world: &World, url: &str) {
    let before = world.counts().1;
    tokio::select! {
        answer = served.get(url) => panic!("{url} was answered with {} before its client left", answer.status),
        () = until("the store is asked", || world.counts().1 > before) => {}
    }
}

#[tokio::test]
async fn second_size_of_a_cached_source_needs_no_fetch() {
    for (name, settings) in [
        ("originals", "check_modified = \"0s\""),
        ("fast originals", "fast = true"),
    ] {
        let world = world(name);
        world.put("a.png", Object::of(png(8, 8, 9)));
        let served = served(name, settings).await;
        for width in 1..=6 {
            let answer = served.get(&format!("/a.png?width={width}")).await;
            assert_eq!(answer.png_size(), (width, width), "{name}");
            until("the original is kept", || originals(&world) == 1).await;
        }
        assert_eq!(world.counts().1, 1, "{name}: fetches");
        let misses = served.count("resizer_cache_lookups_total{plugin=\"testsourcecache\",outcome=\"miss\"}");
        let hits = served.count("resizer_cache_lookups_total{plugin=\"testsourcecache\",outcome=\"hit\"}");
        assert_eq!(misses, 1, "{name}");
        // A request that comes before the first flight has ended gets the original from it, and asks no cache.
        assert!((1..=5).contains(&hits), "{name}: {hits} hits");
    }
}

#[tokio::test]
async fn cached_source_gives_the_version_it_came_with() {
    let modified = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let object = Object {
        modified: Some(modified),
        ..Object::of(png(8, 8, 9))
    };
    for settings in ["check_modified = \"0s\"", "fast = true"] {
        let with = format!("versions {settings}").replace('"', "");
        world(&with).put("a.png", object.clone());
        let cached = served(&with, settings).await;
        cached.get("/a.png?width=3").await;
        until("the original is kept", || originals(&world(&with)) == 1).await;
        let hit = cached.get("/a.png?width=4").await;
        assert_eq!(world(&with).counts().1, 1, "{settings}: fetches");

        // Without the cache. The same store, so that the keys are the same.
        let direct = Served::new(&format!(
            "[[plugin]]\nname = \"teststore\"\nworld = \"{with}\"\n{settings}\n"
        ))
        .await;
        let fetched = direct.get("/a.png?width=4").await;
        for header in ["etag", "last-modified"] {
            assert!(!hit.header(header).is_empty(), "{settings}: {header}");
            assert_eq!(hit.header(header), fetched.header(header), "{settings}: {header}");
        }
    }
}

#[tokio::test]
async fn replaced_source_is_fetched_again() {
    let world = world("replaced original");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = served("replaced original", "check_modified = \"0s\"").await;
    served.get("/a.png?width=4").await;
    until("the original is kept", || originals(&world) == 1).await;
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..Object::of(png(6, 3, 9))
        },
    );
    assert_eq!(served.get("/a.png?width=2").await.png_size(), (2, 1));
    assert_eq!(world.counts().1, 2);
}

#[tokio::test]
async fn source_newer_than_its_stat_is_cached_under_the_version_that_came() {
    let world = world("another version");
    world.put(
        "a.png",
        Object {
            fetched_validator: Some("v2"),
            ..Object::of(png(8, 8, 9))
        },
    );
    let served = served("another version", "check_modified = \"0s\"").await;
    served.get("/a.png?width=4").await;
    until("the original is kept", || originals(&world) == 1).await;
    let keys: Vec<_> = world.originals[0].lock().unwrap().keys().cloned().collect();
    assert_eq!(keys[0].validator.as_str(), "v2");
    served.get("/a.png?width=5").await;
    assert_eq!(world.counts().1, 2, "what lies under v2 is not taken for v1");
}

#[tokio::test]
async fn url_that_avoids_source_caches_gives_the_same_result() {
    let world = world("passed by");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let result_cache = "[[plugin]]\nname = \"testcache\"\nworld = \"passed by\"\nslot = 0\n";
    let served = Served::store(
        "passed by",
        &format!("{result_cache}{}", source_cache("passed by", 0, "")),
    )
    .await;
    let first = served.get("/a.png?width=4&scache=no").await;
    assert_eq!((first.header("x-cache"), originals(&world)), ("miss", 0));
    let again = served.get("/a.png?width=4").await;
    assert_eq!(
        (again.header("x-cache"), again.header("etag")),
        ("hit", first.header("etag"))
    );
    let source = world.objects.lock().unwrap()["a.png"].bytes.clone();
    assert_eq!(
        served.get("/a.png?scache=mem").await.body,
        source,
        "it asks for nothing by itself"
    );
}

#[tokio::test]
async fn source_cache_that_breaks_off_is_a_miss_and_a_nearer_one_is_refilled() {
    for (name, more, fetches) in [
        ("refilled", "streams = true", 1),
        ("broken", "streams = true\nbreaks = true", 2),
    ] {
        let world = world(name);
        world.put("a.png", Object::of(png(8, 8, 9)));
        let caches = format!("{}{}", source_cache(name, 0, ""), source_cache(name, 1, more));
        let served = Served::store(name, &caches).await;
        served.get("/a.png?width=4").await;
        until("the original is kept", || {
            world.originals.iter().all(|kept| kept.lock().unwrap().len() == 1)
        })
        .await;
        world.originals[0].lock().unwrap().clear();
        assert_eq!(served.get("/a.png?width=5").await.png_size(), (5, 5), "{name}");
        assert_eq!(world.counts().1, fetches, "{name}: fetches");
        until("the nearer cache has it again", || originals(&world) == 1).await;
    }
}

#[tokio::test]
async fn cached_source_beyond_a_new_limit_is_refused() {
    let world = world("limit");
    let source = png(200, 200, 9);
    let length = source.len();
    world.put("a.png", Object::of(source));
    let generous = Served::store("limit", &source_cache("limit", 0, "")).await;
    assert_eq!(generous.get("/a.png?width=4").await.status, 200);
    until("the original is kept", || originals(&world) == 1).await;
    let limit = format!("[server]\nmax_source_bytes = {}\n", length - 1);
    let strict = Served::store("limit", &format!("{limit}{}", source_cache("limit", 0, ""))).await;
    assert_eq!(strict.get("/a.png?width=4").await.status, 422);
}

#[tokio::test]
async fn download_for_a_source_cache_goes_on_without_clients() {
    let world = world("left");
    world.put("a.png", slow());
    let served = served("left", "check_modified = \"0s\"").await;
    left(&served, &world, "/a.png?width=4").await;
    assert_eq!(
        served.get("/a.png?width=5").await.png_size(),
        (5, 5),
        "who comes meanwhile shares it"
    );
    assert_eq!(world.counts().1, 1);

    world.put("b.png", slow());
    left(&served, &world, "/b.png?width=4").await;
    until("the original is kept although nobody waits", || originals(&world) == 2).await;
    assert_eq!(served.get("/b.png?width=5").await.png_size(), (5, 5));
    assert_eq!(world.counts().1, 2);
    assert_eq!(served.count("resizer_flights_abandoned_total{kind=\"source\"}"), 0);
}

#[tokio::test]
async fn download_without_a_source_cache_is_cancelled_with_its_clients() {
    for (name, url) in [
        ("left alone", "/a.png?width=4"),
        ("left unkept", "/a.png?width=4&scache=no"),
    ] {
        let world = world(name);
        world.put("a.png", slow());
        let served = match name {
            "left alone" => Served::store(name, "").await,
            _ => served(name, "check_modified = \"0s\"").await,
        };
        left(&served, &world, url).await;
        until("the download is given up", || {
            served.count("resizer_flights_abandoned_total{kind=\"source\"}") == 1
        })
        .await;
        assert_eq!(originals(&world), 0, "{name}");
    }
}

#[tokio::test]
async fn download_without_clients_ends_at_its_timeout() {
    let world = world("left too long");
    world.put(
        "a.png",
        Object {
            delay: Duration::from_secs(3600),
            ..Object::of(png(8, 8, 9))
        },
    );
    let served = served("left too long", "check_modified = \"0s\"\nfetch_timeout = \"300ms\"").await;
    left(&served, &world, "/a.png?width=4").await;
    for _ in 0..2 {
        assert_eq!(served.get("/a.png?width=4").await.status, 504);
    }
    assert!(world.counts().1 > 1, "the second of these began a download of its own");
    assert_eq!(originals(&world), 0);
}

#[tokio::test]
async fn download_without_clients_on_a_full_server_is_cancelled() {
    let world = world("left full");
    world.put("a.png", slow());
    let limits = "[server]\nqueue = 0\nwork_threads = 1\n";
    let served = Served::store("left full", &format!("{limits}{}", source_cache("left full", 0, ""))).await;
    left(&served, &world, "/a.png?width=4").await;
    until("the download is given up", || {
        served.count("resizer_flights_abandoned_total{kind=\"source\"}") == 1
    })
    .await;
}
