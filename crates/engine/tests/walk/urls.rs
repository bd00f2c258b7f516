//! URL settings of the server: fake extensions, default commands, dropped query keys.

use crate::store::{Object, Served, png, world};

async fn served(name: &str, settings: &str) -> Served {
    world(name).put("a.png", Object::of(png(8, 8, 9)));
    Served::store(name, &format!("[server]\n{settings}")).await
}

#[tokio::test]
async fn fake_extension_is_removed_once() {
    let check = async |settings: &str, rows: &[(&str, u16)]| {
        let served = served("fake extensions", settings).await;
        for (path, status) in rows {
            let answer = served.get(&format!("{path}?width=2")).await;
            assert_eq!(answer.status, *status, "{settings}: {path}");
        }
    };
    let rows = [
        ("/a.png", 200),
        ("/a.png.ashx", 200),
        ("/a.png.ASHX", 200),
        ("/a.png..ashx", 200),
        ("/a.png%2eashx", 200),
        ("/a.png.ashx.ashx", 404),
        ("/a.png.axd", 404),
        ("/a.ashx", 404),
        ("/.ashx", 404),
    ];
    check("", &rows).await;
    check("fake_extensions = []", &[("/a.png", 200), ("/a.png.ashx", 404)]).await;
    let others = "fake_extensions = [\"cgi\", \".axd\"]";
    check(
        others,
        &[
            ("/a.png.cgi", 200),
            ("/a.png.axd", 200),
            ("/a.png.cgi.axd", 404),
            ("/a.png.ashx", 404),
        ],
    )
    .await;
}

#[tokio::test]
async fn path_with_and_without_fake_extension_is_one_image() {
    let served = served("one name", "").await;
    let names = [
        served.get("/a.png?width=2").await,
        served.get("/a.png.ashx?width=2").await,
    ];
    assert_eq!(names[0].header("etag"), names[1].header("etag"));
}

#[tokio::test]
async fn default_command_fills_only_a_missing_key() {
    let served = served("default commands", "default_commands = \"scale=both; mode=max\"").await;
    // The source is 8x8, so that it becomes 16 wide only if it may grow.
    assert_eq!(served.get("/a.png?width=16").await.png_size(), (16, 16));
    assert_eq!(served.get("/a.png?width=16&scale=down").await.png_size(), (8, 8));
    assert_eq!(
        served.get("/a.png?width=16&scale=").await.png_size(),
        (8, 8),
        "present though empty"
    );
    assert_eq!(
        served.get("/a.png").await.header("x-cache"),
        "relay",
        "they ask for nothing by themselves"
    );
}

#[tokio::test]
async fn default_of_a_plugin_beats_the_servers() {
    // The default of `testprobe` for `width` is 3.
    world("default order").put("a.png", Object::of(png(8, 8, 9)));
    let text = "[server]\ndefault_commands = \"width=5\"\n[[plugin]]\nname = \"testprobe\"\nmark = \"1\"\n";
    let served = Served::store("default order", text).await;
    assert_eq!(served.get("/a.png").await.png_size(), (3, 3));
}

#[tokio::test]
async fn dropped_query_key_reaches_no_plugin_and_no_result() {
    let served = served("dropped", "drop_query_keys = [\"Height\", \"v\"]").await;
    assert_eq!(served.get("/a.png?height=2&v=7").await.header("x-cache"), "relay");
    assert_eq!(
        served.get("/a.png?width=4&HEIGHT=2&mode=stretch").await.png_size(),
        (4, 4)
    );
}
