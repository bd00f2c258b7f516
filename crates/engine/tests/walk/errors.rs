//! Errors: the status and the text of each failure, and that a known failure costs no work.

use std::time::Duration;

use resizer_plugin_api::ErrorKind;

use crate::store::{Object, Served, png, world};

#[tokio::test]
async fn store_error_of_each_kind_becomes_its_status_without_the_cause() {
    let world = world("statuses");
    let served = Served::store("statuses", "").await;
    for (kind, status) in [
        (ErrorKind::Forbidden, 403),
        (ErrorKind::NotFound, 404),
        (ErrorKind::Upstream, 502),
        (ErrorKind::Timeout, 504),
    ] {
        world.put(
            "a.png",
            Object {
                error: Some(kind),
                ..Object::of(png(4, 4, 9))
            },
        );
        let answer = served.get("/a.png?width=2").await;
        assert_eq!(answer.status, status, "{kind:?}");
        assert!(!answer.text().contains("secret"), "{}", answer.text());
        assert_eq!(
            answer.header("cache-control"),
            if status == 404 { "" } else { "no-store" }
        );
    }
}

#[tokio::test]
async fn undecodable_source_asked_for_again_is_not_fetched_again() {
    let world = world("no image");
    let served = Served::store("no image", "").await;
    let whole = png(64, 64, 7);
    let cases: [(&str, Vec<u8>, u16); 4] = [
        ("empty.png", vec![], 422),
        ("text.png", b"this is no image at all".to_vec(), 415),
        ("cut.png", whole[..whole.len() / 2].to_vec(), 422),
        ("huge.png", huge_by_header(), 422),
    ];
    for (name, bytes, status) in cases {
        world.put(name, Object::of(bytes));
        let first = served.get(&format!("/{name}?width=2")).await;
        assert_eq!(first.status, status, "{name}: {}", first.text());
        assert!(first.text().ends_with(".\n"), "a sentence: {}", first.text());
        let (decodes, (_, fetches)) = (served.count("resizer_decodes_total"), world.counts());
        let second = served.get(&format!("/{name}?width=3")).await;
        assert_eq!((second.status, second.text()), (status, first.text()), "{name}");
        assert_eq!(
            served.count("resizer_decodes_total"),
            decodes,
            "{name}: no second decode"
        );
        assert_eq!(world.counts().1, fetches, "{name}: no second fetch");
    }
}

#[tokio::test]
async fn undecodable_source_with_a_new_version_is_tried_again() {
    let world = world("mended");
    let served = Served::store("mended", "").await;
    world.put("a.png", Object::of("garbage"));
    assert_eq!(served.get("/a.png?width=2").await.status, 415);
    world.put(
        "a.png",
        Object {
            validator: Some("v2"),
            ..Object::of(png(4, 4, 9))
        },
    );
    assert_eq!(served.get("/a.png?width=2").await.png_size(), (2, 2));
}

#[tokio::test]
async fn failure_older_than_failure_memory_is_forgotten() {
    let world = world("forgotten");
    let served = Served::store("forgotten", "[server]\nfailure_memory = \"0s\"").await;
    world.put("a.png", Object::of("garbage"));
    assert_eq!(served.get("/a.png?width=2").await.status, 415);
    assert_eq!(served.get("/a.png?width=2").await.status, 415);
    assert_eq!(world.counts().1, 2);
}

#[tokio::test]
async fn source_cut_short_is_502_and_not_remembered() {
    let world = world("half");
    let served = Served::store("half", "").await;
    world.put(
        "a.png",
        Object {
            cut: true,
            ..Object::of(png(4, 4, 9))
        },
    );
    assert_eq!(served.get("/a.png?width=2").await.status, 502);
    world.put("a.png", Object::of(png(4, 4, 9)));
    assert_eq!(
        served.get("/a.png?width=2").await.status,
        200,
        "nothing is held against the image"
    );
}

#[tokio::test]
async fn request_beyond_a_timeout_or_the_deadline_is_504() {
    let world = world("slow");
    world.put(
        "a.png",
        Object {
            delay: Duration::from_secs(60),
            ..Object::of(png(4, 4, 9))
        },
    );
    let served = Served::store("slow", "[server]\ndeadline = \"100ms\"").await;
    assert_eq!(
        served.get("/a.png?width=2").await.status,
        504,
        "the deadline of the request"
    );
    let text = "[[plugin]]\nname = \"teststore\"\nworld = \"slow\"\nprefix = \"/\"\nfetch_timeout = \"100ms\"\n";
    let answer = Served::new(text).await.get("/a.png?width=2").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (504, "1"),
        "the source's own time"
    );
}

#[tokio::test]
async fn image_beyond_a_limit_is_422_and_names_the_limit() {
    let world = world("never fits");
    world.put("a.png", Object::of(png(400, 400, 9)));
    for (setting, url) in [
        ("memory_limit = \"64KiB\"", "/a.png?width=399"),
        ("max_source_bytes = \"50B\"", "/a.png?width=4"),
        ("max_source_pixels = 1000", "/a.png?width=4"),
        ("max_source_side = 399", "/a.png?width=4"),
        ("max_output_side = 10", "/a.png?width=11"),
        ("max_output_pixels = 100", "/a.png?width=11"),
    ] {
        let served = Served::store("never fits", &format!("[server]\n{setting}")).await;
        let answer = served.get(url).await;
        let name = setting.split(' ').next().unwrap();
        assert_eq!(answer.status, 422, "{setting}: {}", answer.text());
        assert!(answer.text().contains(name), "{setting}: {}", answer.text());
    }
}

#[tokio::test]
async fn too_large_output_size_is_not_remembered_for_the_source() {
    let world = world("wish");
    world.put("a.png", Object::of(png(40, 40, 9)));
    let served = Served::store("wish", "[server]\nmax_output_side = 10").await;
    assert_eq!(served.get("/a.png?width=11").await.status, 422);
    assert_eq!(served.get("/a.png?width=5").await.status, 200);
}

#[tokio::test]
async fn request_with_a_full_queue_is_503_before_any_fetch() {
    let world = world("full");
    let served = Served::store("full", "[server]\nqueue = 0\nwork_threads = 1").await;
    world.put(
        "slow.png",
        Object {
            delay: Duration::from_millis(300),
            ..Object::of(png(4, 4, 9))
        },
    );
    world.put("b.png", Object::of(png(4, 4, 9)));
    let (first, second) = tokio::join!(served.get("/slow.png?width=2"), async {
        while world.counts().1 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        served.get("/b.png?width=2").await
    });
    assert_eq!(first.status, 200);
    assert_eq!((second.status, second.header("retry-after")), (503, "1"));
    assert_eq!(world.counts().1, 1, "refused before its source was fetched");
}

/// A PNG whose header claims 60000 by 60000 pixels. Its CRC is right, so that only the limit can refuse it.
fn huge_by_header() -> Vec<u8> {
    let mut bytes = png(4, 4, 9);
    bytes[16..20].copy_from_slice(&60_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&60_000_u32.to_be_bytes());
    let crc = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// CRC-32 as in annex D of the PNG specification.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            }
        })
    })
}
