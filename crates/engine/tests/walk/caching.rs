//! Result caches: when a result is cached, found, shared and relayed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::store::{Object, Served, png, world};

fn caches(world: &str) -> String {
    (0..2)
        .map(|slot| format!("[[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = {slot}\n"))
        .collect()
}

#[tokio::test]
async fn query_written_in_another_way_finds_the_same_result() {
    let world = world("found again");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = Served::store("found again", &caches("found again")).await;
    let first = served.get("/a.png?width=4&mode=max").await;
    assert_eq!((first.status, first.header("x-cache")), (200, "miss"));
    for url in [
        "/a.png?mode=max&width=4",
        "/a.png?W=4&MODE=Max",
        "/a.png?width=4&mode=max&utm_source=mail",
    ] {
        let again = served.get(url).await;
        assert_eq!((again.header("x-cache"), &again.body), ("hit", &first.body), "{url}");
        assert_eq!(again.header("etag"), first.header("etag"), "{url}");
    }
    assert_eq!(served.get("/a.png?width=5&mode=max").await.header("x-cache"), "miss");
}

#[tokio::test]
async fn hit_in_a_farther_cache_refills_the_nearer() {
    let world = world("refill");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = Served::store("refill", &caches("refill")).await;
    served.get("/a.png?width=4").await;
    assert!(world.kept.iter().all(|kept| kept.lock().unwrap().len() == 1));
    world.kept[0].lock().unwrap().clear();
    assert_eq!(served.get("/a.png?width=4").await.header("x-cache"), "hit");
    assert_eq!(world.kept[0].lock().unwrap().len(), 1);
}

#[tokio::test]
async fn process_and_cache_in_any_combination_are_decided_apart() {
    let world = world("apart");
    let source = png(8, 8, 9);
    world.put("a.png", Object::of(source.clone()));
    let served = Served::store("apart", &caches("apart")).await;
    // Path and query, size of the answer, whether it is the unchanged source, entries cached afterwards.
    let rows = [
        ("/a.png", true, 0),
        ("/a.png?mode=max", true, 0),
        ("/a.png?width=4&cache=no", false, 0),
        ("/a.png?width=4&process=no", true, 0),
        ("/a.png?process=always&cache=no", false, 0),
        ("/a.png?process=no&cache=no", true, 0),
        ("/a.png?cache=no", true, 0),
        ("/a.png?process=default&cache=default", true, 0),
        ("/a.png?cache=always", true, 1),
        ("/a.png?width=4", false, 2),
        ("/a.png?process=always", false, 3),
        ("/a.png?useresizingpipeline=true", false, 3),
        // The same bytes as without commands, under the same key.
        ("/a.png?width=4&process=no&cache=always", true, 3),
        ("/a.png?width=5&cache=always", false, 4),
    ];
    for (url, untouched, kept) in rows {
        let answer = served.get(url).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "image/png"),
            "{url}"
        );
        assert_eq!(answer.body == source, untouched, "{url}");
        assert_eq!(world.kept[0].lock().unwrap().len(), kept, "{url}");
    }
}

#[tokio::test]
async fn relayed_file_that_is_no_image_is_octet_stream() {
    let world = world("relay");
    world.put("page.png", Object::of("<html><script>alert(1)</script></html>"));
    world.put(
        "drawing.png",
        Object::of("<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
    );
    let served = Served::store("relay", "").await;
    let page = served.get("/page.png").await;
    assert_eq!(
        (page.header("content-type"), page.header("x-content-type-options")),
        ("application/octet-stream", "nosniff")
    );
    let drawing = served.get("/drawing.png").await;
    assert_eq!(drawing.header("content-type"), "image/svg+xml");
    assert!(drawing.header("content-security-policy").contains("sandbox"));
}

#[tokio::test]
async fn simultaneous_requests_for_one_result_share_fetch_and_decode() {
    let world = world("many");
    world.put(
        "a.png",
        Object {
            delay: Duration::from_millis(100),
            ..Object::of(png(8, 8, 9))
        },
    );
    let served = Served::store("many", "").await;
    let answers = futures_util::future::join_all((0..50).map(|_| served.get("/a.png?width=4"))).await;
    assert!(answers.iter().all(|answer| answer.png_size() == (4, 4)));
    assert_eq!(
        answers
            .iter()
            .filter(|answer| answer.header("x-cache") == "miss")
            .count(),
        1
    );
    assert_eq!(world.counts().1, 1);
    assert_eq!(served.count("resizer_decodes_total"), 1);
}

#[tokio::test]
async fn simultaneous_requests_for_sizes_of_one_source_share_its_fetch() {
    let world = world("sizes");
    world.put(
        "a.png",
        Object {
            delay: Duration::from_millis(100),
            ..Object::of(png(8, 8, 9))
        },
    );
    let served = Served::store("sizes", "").await;
    let urls: Vec<_> = (1..=6).map(|width| format!("/a.png?width={width}")).collect();
    let answers = futures_util::future::join_all(urls.iter().map(|url| served.get(url))).await;
    for (answer, width) in answers.iter().zip(1..) {
        assert_eq!(answer.png_size(), (width, width));
    }
    assert_eq!(world.fetches.load(Ordering::SeqCst), 1);
}
