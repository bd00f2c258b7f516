//! Metrics of requests and of the work for them.

use std::time::Duration;

use crate::store::{Object, Served, png, world};

#[tokio::test]
async fn answers_and_stages_of_requests_are_counted_once() {
    let world = world("counted");
    let slow = Object {
        delay: Duration::from_millis(100),
        ..Object::of(png(8, 8, 9))
    };
    world.put("a.png", slow);
    let cache = "[[plugin]]\nname = \"testcache\"\nworld = \"counted\"\nslot = 0\n";
    let served = Served::new(&format!(
        "{cache}[[plugin]]\nname = \"teststore\"\nworld = \"counted\"\nprefix = \"/s/\"\n"
    ))
    .await;
    let answers = futures_util::future::join_all((0..20).map(|_| served.get("/s/a.png?width=4"))).await;
    let tag = answers[0].header("etag").to_owned();
    assert_eq!(served.get("/s/a.png?width=4").await.header("x-cache"), "hit");
    let copy = [("if-none-match", tag.as_str())];
    assert_eq!(served.request("/s/a.png?width=4", &copy).await.status, 304);
    assert_eq!(served.get("/s/a.png").await.header("x-cache"), "relay");
    assert_eq!(served.get("/s/none.png").await.status, 404);
    assert_eq!(served.get("/none.png").await.status, 404);

    let check = |line: &str, expected: u64| assert_eq!(served.count(line), expected, "{line}");
    let answers = |status, plugin| format!("resizer_responses_total{{status=\"{status}\",plugin=\"{plugin}\"}}");
    check(&answers(200, "teststore"), 22);
    check(&answers(304, "teststore"), 1);
    check(&answers(404, "teststore"), 1);
    check(&answers(404, "none"), 1);
    let requests = |cache| format!("resizer_request_seconds_count{{cache=\"{cache}\"}}");
    for (cache, expected) in [
        ("miss", 1),
        ("shared", 19),
        ("hit", 1),
        ("not-modified", 1),
        ("relay", 1),
        ("none", 2),
    ] {
        check(&requests(cache), expected);
    }
    let stages = |stage| format!("resizer_stage_seconds_count{{stage=\"{stage}\"}}");
    check(&stages("locate"), 23);
    check(&stages("cache"), 21);
    for stage in ["fetch", "memory", "queue", "decode", "scale", "encode"] {
        check(&stages(stage), 1);
    }
    // The store took a tenth of a second.
    let fetched = |end| format!("resizer_stage_seconds_bucket{{stage=\"fetch\",le=\"{end}\"}}");
    check(&fetched("0.05"), 0);
    check(&fetched("30"), 1);
}
