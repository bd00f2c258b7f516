//! Purges: the entries that they drop and leave, and that no older work puts entries back.

use std::sync::Arc;
use std::time::Duration;

use resizer_engine::{PurgeRequest, Purged};

use crate::store::{Object, Served, png, world};

const LONG: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(5);

fn caches(world: &str) -> String {
    format!(
        "[[plugin]]\nname = \"testsourcecache\"\nworld = \"{world}\"\nslot = 0\n\
         [[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n\
         [[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 1\n"
    )
}

/// A site with caches for originals and results, and a store whose settings say that objects never change.
async fn fast(world: &str) -> Served {
    let caches = caches(world);
    Served::new(&format!(
        "{caches}[[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nfast = true\n"
    ))
    .await
}

fn url(url: &str) -> PurgeRequest {
    PurgeRequest::Url(url.to_owned())
}

fn source(path: &str) -> PurgeRequest {
    PurgeRequest::Source(path.to_owned())
}

fn prefix(path: &str) -> PurgeRequest {
    PurgeRequest::Prefix(path.to_owned())
}

impl Served {
    async fn purge(&self, what: PurgeRequest) -> Purged {
        let said = format!("{what:?}");
        let purged = self.engine.purge(&self.site, what).await;
        purged.unwrap_or_else(|error| panic!("{said}: {error}"))
    }

    /// The number of entries that each cache dropped, in file order, the cache of originals first.
    async fn dropped(&self, what: PurgeRequest) -> Vec<u64> {
        let caches = self.purge(what).await.caches;
        caches.into_iter().map(|cache| cache.dropped.unwrap()).collect()
    }

    async fn size(&self, url: &str) -> (u32, u32) {
        self.get(url).await.png_size()
    }
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

#[tokio::test]
async fn purge_request_of_each_kind_drops_the_entries_it_names() {
    // The request, the entries dropped of 5 originals and 6 results, and the images that are produced again.
    let rows: [(PurgeRequest, [u64; 3], &[&str]); 9] = [
        (url("/a/1.png?width=4"), [1, 1, 1], &["/a/1.png?width=4"]),
        (
            url("/a/1.png?MODE=max&w=4&utm_source=mail"),
            [1, 1, 1],
            &["/a/1.png?width=4"],
        ),
        (url("/a/1.png?width=99"), [1, 0, 0], &[]),
        (source("/a/1.png"), [1, 2, 2], &["/a/1.png?width=4", "/a/1.png?width=5"]),
        (source("/a/%C3%A4.png"), [1, 1, 1], &["/a/%C3%A4.png?width=4"]),
        (source("/none.png"), [0, 0, 0], &[]),
        (
            prefix("/a/"),
            [2, 3, 3],
            &["/a/1.png?width=4", "/a/1.png?width=5", "/a/%C3%A4.png?width=4"],
        ),
        (prefix("/ab"), [2, 2, 2], &["/ab/1.png?width=4", "/abc.png?width=4"]),
        (
            PurgeRequest::All,
            [5, 6, 6],
            &[
                "/a/1.png?width=4",
                "/a/1.png?width=5",
                "/a/%C3%A4.png?width=4",
                "/ab/1.png?width=4",
                "/abc.png?width=4",
                "/b.png?width=4",
            ],
        ),
    ];
    let urls = rows.last().unwrap().2;
    for (index, (what, expected, anew)) in rows.iter().enumerate() {
        let name = format!("names {index}");
        let world = world(&name);
        let put = |side| {
            for path in ["a/1.png", "a/ä.png", "ab/1.png", "abc.png", "b.png"] {
                world.put(path, Object::of(png(side, 2 * side, 9)));
            }
        };
        put(8);
        let caches = caches(&name);
        let served = Served::new(&format!(
            "[server]\ndefault_commands = \"mode=max\"\n\
             {caches}[[plugin]]\nname = \"teststore\"\nworld = \"{name}\"\nfast = true\n"
        ))
        .await;
        for url in urls {
            assert_eq!(served.get(url).await.header("x-cache"), "miss", "{url}");
        }
        until("all is kept", || {
            world.kept[1].lock().unwrap().len() == 6 && world.originals[0].lock().unwrap().len() == 5
        })
        .await;
        put(16);
        assert_eq!(served.dropped(what.clone()).await, expected, "{what:?}");
        for url in urls {
            let cache = if anew.contains(url) { "miss" } else { "hit" };
            assert_eq!(served.get(url).await.header("x-cache"), cache, "{what:?}: {url}");
        }
    }
}

#[tokio::test]
async fn invalid_purge_request_is_an_error_and_drops_nothing() {
    let world = world("no sense");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let caches = caches("no sense");
    let served = Served::new(&format!(
        "{caches}[[plugin]]\nname = \"teststore\"\nworld = \"no sense\"\nprefix = \"/s/\"\n"
    ))
    .await;
    served.get("/s/a.png?width=4").await;
    until("it is kept", || world.kept[1].lock().unwrap().len() == 1).await;
    for (what, words) in [
        (url("http://localhost/s/a.png"), "begin with a slash"),
        (url("/s/notes.txt"), "no path of an image"),
        (url("/elsewhere/a.png"), "no source is mounted"),
        (source("a.png"), "begin with a slash"),
        (source("/s/a.png?width=4"), "a path has no query"),
        (source("/s/a%.png"), "hexadecimal"),
        (source("/s/../a.png"), "dot segment"),
        (prefix("/elsewhere/"), "no source is mounted"),
    ] {
        let said = served.engine.purge(&served.site, what.clone()).await.unwrap_err();
        assert!(said.to_string().contains(words), "{what:?}: {said}");
    }
    assert_eq!(world.kept[1].lock().unwrap().len(), 1);
}

#[tokio::test]
async fn purge_of_any_kind_empties_the_short_memories() {
    for (index, what) in [url("/a.png?width=4"), source("/a.png"), prefix("/"), PurgeRequest::All]
        .into_iter()
        .enumerate()
    {
        let name = format!("believed {index}");
        let world = world(&name);
        let served = Served::new(&format!(
            "{}[[plugin]]\nname = \"teststore\"\nworld = \"{name}\"\ncheck_modified = \"1h\"\n",
            caches(&name)
        ))
        .await;
        world.put("a.png", Object::of(png(8, 8, 9)));
        world.put("b.png", Object::of("no image"));
        let shown = served.get("/a.png?width=4").await;
        let copy = [("if-none-match", shown.header("etag"))];
        assert_eq!(served.get("/b.png?width=4").await.status, 415);
        let replaced = Object {
            validator: Some("v2"),
            ..Object::of(png(8, 16, 9))
        };
        world.put("a.png", replaced);
        world.put("b.png", Object::of(png(8, 8, 9)));
        let current = served.request("/a.png?width=4", &copy).await;
        assert_eq!(current.status, 304, "nobody asked the store");
        assert_eq!(served.get("/b.png?width=4").await.status, 415, "it is remembered");

        served.purge(what.clone()).await;
        let anew = served.request("/a.png?width=4", &copy).await;
        assert_eq!((anew.status, anew.png_size()), (200, (4, 8)), "{what:?}");
        if matches!(what, PurgeRequest::Url(_) | PurgeRequest::Source(_)) {
            assert_eq!(served.get("/b.png?width=4").await.status, 415, "another source");
            served.purge(source("/b.png")).await;
        }
        // The original was cached before it turned out to be no image. The purge has to drop it too.
        assert_eq!(served.size("/b.png?width=4").await, (4, 4), "{what:?}");
    }
}

#[tokio::test]
async fn purge_by_url_of_an_unavailable_store_drops_all_results_of_the_source() {
    let world = world("purge away");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = Served::store("purge away", &caches("purge away")).await;
    for width in 4..6 {
        served.get(&format!("/a.png?width={width}")).await;
    }
    until("all is kept", || world.kept[1].lock().unwrap().len() == 2).await;
    let away = Object {
        error: Some(resizer_plugin_api::ErrorKind::Upstream),
        ..Object::of("")
    };
    world.put("a.png", away);
    assert_eq!(served.dropped(url("/a.png?width=4")).await, [1, 2, 2]);
}

#[tokio::test]
async fn job_running_at_a_purge_puts_no_old_bytes_back() {
    for (index, what) in [url("/a.png?width=4"), source("/a.png"), prefix("/a"), PurgeRequest::All]
        .into_iter()
        .enumerate()
    {
        let name = format!("running {index}");
        let world = world(&name);
        let served = Arc::new(fast(&name).await);
        let old = Object {
            delay: Duration::from_secs(1),
            ..Object::of(png(8, 8, 9))
        };
        world.put("a.png", old);
        let running = {
            let served = Arc::clone(&served);
            tokio::spawn(async move { served.size("/a.png?width=4").await })
        };
        until("the old bytes are on their way", || world.counts().1 == 1).await;
        world.put("a.png", Object::of(png(8, 16, 9)));

        served.purge(what.clone()).await;
        assert_eq!(
            served.size("/a.png?width=4").await,
            (4, 8),
            "{what:?}: it joins nothing old"
        );
        assert!(!running.is_finished(), "what it did not join is still under way");
        assert_eq!(running.await.unwrap(), (4, 4), "who came before is served");
        // Time for the put that must not happen.
        tokio::time::sleep(Duration::from_millis(100)).await;
        for url in ["/a.png?width=4", "/a.png?width=2"] {
            let (width, height) = served.size(url).await;
            assert_eq!(height, 2 * width, "{what:?}: {url}");
        }
        assert_eq!(world.counts().1, 2, "{what:?}: the new original was kept");
    }
}

#[tokio::test]
async fn cache_that_fails_to_purge_is_named_and_the_others_are_purged() {
    let world = world("fails");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = Served::store(
        "fails",
        "[[plugin]]\nname = \"testcache\"\nworld = \"fails\"\nslot = 0\nkeeps_all = true\n\
         [[plugin]]\nname = \"testcache\"\nworld = \"fails\"\nslot = 1\n",
    )
    .await;
    served.get("/a.png?width=4").await;
    until("it is kept", || world.kept[1].lock().unwrap().len() == 1).await;
    let purged = served.purge(PurgeRequest::All).await;
    assert_eq!(purged.entries(), 1);
    let dropped = purged.caches.iter().map(|cache| (cache.plugin, cache.dropped.is_ok()));
    assert!(dropped.eq([("testcache", false), ("testcache", true)]));
    assert!(world.kept[1].lock().unwrap().is_empty());
}
