//! Source policies: the settings that all readers share, as the engine follows them.

use crate::store::{Object, Served, png, world};

/// A site with a cache, and a store with these settings.
async fn served(world: &str, settings: &str) -> Served {
    Served::new(&format!(
        "[[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nprefix = \"/\"\n{settings}\n"
    ))
    .await
}

#[tokio::test]
async fn fast_source_is_fetched_without_a_stat() {
    let world = world("fast");
    world.put("a.png", Object::of(png(8, 8, 9)));
    let served = served("fast", "fast = true").await;
    let first = served.get("/a.png?width=4").await;
    assert_eq!((first.status, first.header("x-cache")), (200, "miss"));
    assert_eq!(world.counts(), (0, 1), "stats and fetches for the first request");
    let tag = first.header("etag").to_owned();
    assert_ne!(tag, "", "the version that came with the bytes");

    let replaced = Object {
        validator: Some("v2"),
        ..Object::of(png(8, 8, 200))
    };
    world.put("a.png", replaced);
    let again = served.get("/a.png?width=4").await;
    assert_eq!((again.header("x-cache"), again.header("etag")), ("hit", tag.as_str()));
    let revalidated = served.request("/a.png?width=4", &[("if-none-match", &tag)]).await;
    assert_eq!(revalidated.status, 304);
    assert_eq!(world.counts(), (0, 1), "stats and fetches after all of these");

    let other_size = served.get("/a.png?width=5").await;
    assert_eq!(other_size.header("x-cache"), "miss");
    assert_eq!(world.counts(), (0, 2));
    assert_eq!(served.get("/absent.png?width=4").await.status, 404);
}

#[tokio::test]
async fn untrusted_data_with_any_extension_is_always_processed() {
    let world = world("untrusted");
    let source = png(8, 8, 9);
    world.put("a.png", Object::of(source.clone()));
    world.put("noext", Object::of(source.clone()));
    world.put("page.png", Object::of("<html><script>alert(1)</script></html>"));
    let served = served("untrusted", "untrusted_data = true").await;
    for url in ["/a.png", "/a.png?process=no", "/a.png?cache=always"] {
        let answer = served.get(url).await;
        assert_eq!((answer.status, answer.png_size()), (200, (8, 8)), "{url}");
        assert_ne!(answer.body, source, "{url}");
    }
    let nameless = served.get("/noext?format=png").await;
    assert_eq!((nameless.status, nameless.png_size()), (200, (8, 8)));
    assert_eq!(served.get("/page.png").await.status, 415);
}

#[tokio::test]
async fn unmodified_file_is_cached_if_the_setting_and_the_url_allow_it() {
    let world = world("unmodified");
    let source = png(8, 8, 9);
    for name in ["a.png", "b.png"] {
        world.put(name, Object::of(source.clone()));
    }
    let served = served("unmodified", "cache_unmodified_files = true").await;
    let kept = || world.kept[0].lock().unwrap().len();
    assert_eq!(served.get("/b.png?cache=no").await.body, source);
    assert_eq!(kept(), 0);
    assert_eq!(served.get("/a.png").await.body, source);
    assert_eq!(kept(), 1);
    let again = served.get("/a.png").await;
    assert_eq!((again.header("x-cache"), &again.body[..]), ("hit", &source[..]));
}
