//! Cache tags for CDNs: the answers that carry them, and the tag that a purge names.

use resizer_engine::PurgeRequest;

use crate::store::{Object, Served, png, world};

async fn served(world: &str, tags: &str) -> Served {
    Served::new(&format!(
        "[server]\n{tags}\n\
         [[plugin]]\nname = \"testprobe\"\nmark = \"\"\n\
         [[plugin]]\nname = \"testcache\"\nworld = \"{world}\"\nslot = 0\n\
         [[plugin]]\nname = \"teststore\"\nworld = \"{world}\"\nprefix = \"/\"\n"
    ))
    .await
}

const BOTH: &str = "cache_tags = [\"surrogate-key\", \"cache-tag\"]";

/// URL, request headers, status, tags.
type Row<'r> = (&'r str, &'r [(&'static str, &'r str)], u16, &'r str);

#[tokio::test]
async fn answer_about_an_image_carries_tags_of_path_and_folders() {
    let world = world("tags");
    world.put("album/é 1.png", Object::of(png(8, 8, 9)));
    world.put("a.png", Object::of(png(8, 8, 9)));
    world.put("album/text.png", Object::of("no image"));
    let served = served("tags", BOTH).await;
    let image = "/album/%C3%A9%201.png";
    let miss = served.get(&format!("{image}?width=4")).await;
    let copy = [("if-none-match", miss.header("etag"))];
    let answers = [
        (200, miss.header("surrogate-key").to_owned()),
        (
            200,
            served
                .get(&format!("{image}?width=4"))
                .await
                .header("surrogate-key")
                .to_owned(),
        ),
        (200, served.get(image).await.header("surrogate-key").to_owned()),
    ];
    for (status, tags) in answers {
        assert_eq!((status, tags.as_str()), (200, "/ /album/ /album/%C3%A9%201.png"));
    }
    let rows: [Row<'_>; 6] = [
        (
            &format!("{image}?width=4"),
            &copy,
            304,
            "/,/album/,/album/%C3%A9%201.png",
        ),
        (
            &format!("{image}?width=4"),
            &[("range", "bytes=0-3")],
            206,
            "/,/album/,/album/%C3%A9%201.png",
        ),
        ("/album/text.png?width=4", &[], 415, "/,/album/,/album/text.png"),
        ("/album/none.png", &[], 404, "/,/album/,/album/none.png"),
        // The test's plugin makes an alias of one image, and a stand-in for another.
        ("/alias/a.png?width=4", &[], 200, "/,/a.png"),
        ("/other.png?width=4", &[], 200, "/,/other.png,/a.png"),
    ];
    for (url, headers, status, tags) in rows {
        let answer = served.request(url, headers).await;
        assert_eq!((answer.status, answer.header("cache-tag")), (status, tags), "{url}");
    }
}

#[tokio::test]
async fn answer_without_the_setting_carries_no_tags() {
    for (name, tags, expected) in [
        ("tags off", "", ("", "")),
        ("tags for one", "cache_tags = [\"surrogate-key\"]", ("/ /a.png", "")),
        ("tags for another", "cache_tags = [\"cache-tag\"]", ("", "/,/a.png")),
    ] {
        world(name).put("a.png", Object::of(png(8, 8, 9)));
        let served = served(name, tags).await;
        let answer = served.get("/a.png?width=4").await;
        assert_eq!(
            (answer.header("surrogate-key"), answer.header("cache-tag")),
            expected,
            "{name}"
        );
        let purged = served.engine.purge(&served.site, PurgeRequest::All).await.unwrap();
        assert_eq!(purged.tag.is_some(), !tags.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn purge_names_a_tag_that_all_purged_images_carry() {
    let world = world("named tag");
    for path in ["a/1.png", "a/2.png", "ab.png"] {
        world.put(path, Object::of(png(8, 8, 9)));
    }
    let served = served("named tag", BOTH).await;
    let rows = [
        (
            PurgeRequest::Url("/a/1.png?width=4".to_owned()),
            "/a/1.png",
            &["/a/1.png"][..],
        ),
        (
            PurgeRequest::Url("/alias/ab.png?width=4".to_owned()),
            "/ab.png",
            &["/ab.png"],
        ),
        (PurgeRequest::Source("/a/1.png".to_owned()), "/a/1.png", &["/a/1.png"]),
        (PurgeRequest::Prefix("/a/".to_owned()), "/a/", &["/a/1.png", "/a/2.png"]),
        (
            PurgeRequest::Prefix("/a".to_owned()),
            "/",
            &["/a/1.png", "/a/2.png", "/ab.png"],
        ),
        (PurgeRequest::All, "/", &["/a/1.png", "/a/2.png", "/ab.png"]),
    ];
    for (what, tag, meant) in rows {
        let purged = served.engine.purge(&served.site, what.clone()).await.unwrap();
        assert_eq!(purged.tag.as_deref(), Some(tag), "{what:?}");
        for path in meant {
            let answer = served.get(&format!("{path}?width=4")).await;
            let tags: Vec<_> = answer.header("cache-tag").split(',').collect();
            assert!(tags.contains(&tag), "{what:?}: {path}: {tags:?}");
        }
    }
}
