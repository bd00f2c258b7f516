//! Memory budget: claims of caches, bodies until their clients have them, and sources.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use resizer_engine::{Environment, load};
use resizer_plugin_api::engine::Resources;
use resizer_plugin_api::{Body, ByteSize, Claim, Hooks, InstallError, Metrics, Plugin, RequestHead, register};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::store::{Object, Served, png, world};

/// A cache that claims memory and caches nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    size: ByteSize,
}

struct Claims(#[expect(dead_code, reason = "held, not read")] Claim);

impl Plugin for Claims {
    const NAME: &'static str = "testclaim";
    const SUMMARY: &'static str = "A cache that claims memory.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let claims = Arc::new(Self(hooks.claim("size", config.size)?));
        hooks.on_stop(&claims, |_| async { Ok(()) });
        Ok(())
    }
}
register!(Claims);

fn claiming(size: &str) -> String {
    format!("[[plugin]]\nname = \"testclaim\"\nsize = \"{size}\"\n")
}

fn admitted(served: &Served) -> u64 {
    ["sources", "pixels"]
        .map(|share| served.count(&format!("resizer_admitted_bytes{{for=\"{share}\"}}")))
        .iter()
        .sum()
}

#[tokio::test]
async fn claim_of_a_cache_lowers_the_limit_of_one_image() {
    let world = world("claims");
    world.put("a.png", Object::of(png(600, 600, 9)));
    // Decoding and encoding take between 1.5 and 2.5 MB. Pixels get five eighths of the memory that the claim leaves.
    let limit = "[server]\nmemory_limit = \"4MiB\"\n";
    let url = "/a.png?width=599";
    let free = Served::store("claims", limit).await;
    assert_eq!(free.get(url).await.status, 200);
    let claimed = Served::store("claims", &format!("{limit}{}", claiming("2MiB"))).await;
    let answer = claimed.get(url).await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("`memory_limit`"), "{}", answer.text());
    assert_eq!(
        claimed.count("resizer_memory_claimed_bytes{plugin=\"testclaim\",for=\"size\"}"),
        2 << 20
    );
}

#[tokio::test]
async fn claims_beyond_half_of_the_memory_are_an_error_at_their_setting() {
    let check = |text: &str, expected: &[&str]| {
        let (metrics, resources) = (Metrics::default(), Resources::default());
        let path = Path::new("plugins.toml");
        let nothing = Environment::of::<&str, &str>([]);
        let (loaded, problems) = load(path, text, &nothing, &[], &resources, &metrics);
        let report = problems.render(path, text);
        assert_eq!(loaded.is_none(), !expected.is_empty(), "{report}");
        for part in expected {
            assert!(report.contains(part), "{report}");
        }
    };
    let limit = "[server]\nmemory_limit = \"64MiB\"\n";
    let (most, more) = (claiming("32MiB"), claiming("33MiB"));
    check(&format!("{limit}{most}"), &[]);
    check(
        &format!("{limit}{more}"),
        &["plugins.toml:5", "size = \"33MiB\"", "33MiB", "64MiB", "32MiB or less"],
    );
    check(
        &format!("{limit}{}{most}", claiming("1MiB")),
        &["plugins.toml:8", "33MiB", "31MiB or less"],
    );
}

#[tokio::test]
async fn body_counts_until_its_client_has_it() {
    let world = world("unsent");
    world.put("a.png", Object::of(png(300, 300, 9)));
    let served = Served::store("unsent", "").await;
    let head = || RequestHead::get("/a.png", "width=200");
    let reply = served.engine.handle(Arc::clone(&served.site), head()).await;
    let Body::Bytes(body) = reply.body else {
        panic!("{:?}", reply.body)
    };
    let length = body.len() as u64;
    // The job and its source are gone, or will be in a moment.
    let until = Instant::now() + Duration::from_secs(10);
    while admitted(&served) > length && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(admitted(&served), length, "the result and no more");
    let part = body.slice(..body.len() / 2);
    drop(body);
    assert_eq!(admitted(&served), length, "half of it holds all of it");
    drop(part);
    // The maker of the result may hold it for a moment longer.
    let until = Instant::now() + Duration::from_secs(10);
    while admitted(&served) > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(admitted(&served), 0);
}

#[tokio::test]
async fn body_that_a_cache_holds_in_memory_is_not_counted_again() {
    let world = world("shared");
    world.put("a.png", Object::of(png(300, 300, 9)));
    let served = Served::store(
        "shared",
        "[[plugin]]\nname = \"testcache\"\nworld = \"shared\"\nslot = 0\n",
    )
    .await;
    let made = served.get("/a.png?width=200").await;
    drop(made);
    let until = Instant::now() + Duration::from_secs(10);
    while admitted(&served) > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let head = RequestHead::get("/a.png", "width=200");
    let reply = served.engine.handle(Arc::clone(&served.site), head).await;
    assert_eq!(reply.headers["x-cache"], "hit");
    assert_eq!(admitted(&served), 0);
}

#[tokio::test]
async fn source_held_in_memory_counts_whole_while_it_is_sent() {
    let world = world("whole");
    let blob = vec![7; 2 << 20];
    for whole in [false, true] {
        world.put(
            "a.jpg",
            Object {
                whole,
                ..Object::of(blob.clone())
            },
        );
        let served = Served::store("whole", "").await;
        let head = RequestHead::get("/a.jpg", "");
        let reply = served.engine.handle(Arc::clone(&served.site), head).await;
        assert_eq!(reply.status.as_u16(), 200);
        let counted = admitted(&served);
        assert_eq!(counted >= blob.len() as u64, whole, "{counted} bytes");
        drop(reply);
    }
}

#[tokio::test]
async fn request_beyond_the_places_to_wait_for_memory_is_refused_at_once() {
    let world = world("waits");
    // Each takes more than half of the share for sources. So the second waits for the first, in the only other place.
    for name in ["a.png", "b.png", "c.png"] {
        let mut bytes = png(4, 4, 9);
        bytes.resize(1 << 20, 0);
        let stalls = name == "a.png";
        world.put(
            name,
            Object {
                stalls,
                ..Object::of(bytes)
            },
        );
    }
    let server = "[server]\nqueue = 1\nwork_threads = 1\nmemory_limit = \"4MiB\"\ndeadline = \"2s\"\n";
    let served = Served::store("waits", server).await;
    let begun = async {
        while admitted(&served) < 1 << 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let second = async {
        begun.await;
        served.get("/b.png?width=2").await
    };
    let third = async {
        while served.count("resizer_flights_started_total{kind=\"source\"}") < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let begun = Instant::now();
        (served.get("/c.png?width=2").await, begun.elapsed())
    };
    let (first, second, (third, took)) = tokio::join!(served.get("/a.png?width=2"), second, third);
    assert_eq!((third.status, third.header("retry-after")), (503, "1"));
    assert!(took < Duration::from_millis(500), "at once, not after {took:?}");
    assert_eq!(first.status, 504);
    // Either is right, as it depends on when the first gave up.
    assert!([200, 503, 504].contains(&second.status), "{}", second.status);
}
