//! Responses for good, damaged and forbidden images, as a client sees them.

use std::os::unix::ffi::OsStrExt as _;
use std::time::{Duration, SystemTime};

use super::photographs::{lake, thumbnail};
use super::server::{IMAGES, Server};

const DECODES: &str = "resizer_decodes_total";

/// Names of files are bytes. That of the first is Latin-1, that of the second UTF-8.
#[test]
fn file_name_that_is_not_utf8_is_served_byte_for_byte() {
    let server = Server::start(IMAGES, &[]);
    let images = server.folder().join("images");
    let latin_1 = images.join(std::ffi::OsStr::from_bytes(b"caf\xe9.jpg"));
    if std::fs::write(&latin_1, lake()).is_err() {
        // This file system takes UTF-8 only.
        return;
    }
    std::fs::write(images.join("caf\u{e9}.jpg"), thumbnail()).unwrap();
    assert!(server.get("/caf%E9.jpg").body == lake());
    assert!(server.get("/caf%C3%A9.jpg").body == thumbnail());
    assert_eq!(server.get("/caf%E9.jpg?width=20").status, 200);
    for other in [
        "/caf%E8.jpg",
        "/caf.jpg",
        "/caf%F4%8F%BF%A9.jpg",
        "/%C0%AE%C0%AE/plugins.jpg",
    ] {
        assert_eq!(server.get(other).status, 404, "{other}");
    }
}

#[test]
fn photograph_is_resized_and_revalidated_with_304() {
    let server = Server::start(IMAGES, &[("a b+ü.jpg", lake())]);
    let target = "/a%20b+%C3%BC.jpg?width=400";
    let response = server.get(target);
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("image/jpeg"))
    );
    // 2400x1600 at 400 wide is 400x266.67, rounded.
    assert_eq!(jpeg_size(&response.body), (400, 267));
    assert_eq!(response.header("x-cache"), Some("miss"));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert!(response.header("last-modified").is_some());
    let timing = response.header("server-timing").unwrap();
    for stage in [
        "locate", "fetch", "memory", "queue", "decode", "scale", "encode", "total",
    ] {
        assert!(timing.contains(&format!("{stage};dur=")), "{stage} in {timing}");
    }
    let etag = response.header("etag").unwrap();
    let again = server.request("GET", target, &[("If-None-Match", etag)]);
    assert_eq!(
        (again.status, again.body.len(), again.header("etag")),
        (304, 0, Some(etag))
    );
    let head = server.request("HEAD", target, &[]);
    assert_eq!(
        head.header("content-length"),
        Some(response.body.len().to_string().as_str())
    );
}

#[test]
fn damaged_source_is_refused_and_not_decoded_again() {
    let whole = lake();
    let middle = whole.len() / 2;
    let mut flipped = whole.to_vec();
    flipped[middle..middle + 4096].fill(0xFF);
    let truncated = &whole[..middle];
    let huge = jpeg_of_claimed_size(60_000, 60_000);
    let server = Server::start(
        IMAGES,
        &[
            ("good.jpg", whole),
            ("corrupted.jpg", &flipped),
            ("truncated.jpg", truncated),
            ("empty.jpg", b""),
            ("text.jpg", b"not an image at all"),
            ("huge.jpg", &huge),
        ],
    );
    assert_eq!(server.get("/good.jpg?width=20").status, 200);
    let memory = server.peak_memory();
    let cases = [
        ("corrupted", 422),
        ("truncated", 422),
        ("empty", 422),
        ("text", 415),
        ("huge", 422),
    ];
    for (name, status) in cases {
        let first = server.get(&format!("/{name}.jpg?width=20"));
        assert_eq!(first.status, status, "{name}: {}", first.text());
        assert!(
            first.text().ends_with(".\n"),
            "a sentence for {name}: {:?}",
            first.text()
        );
        assert_eq!(first.header("cache-control"), Some("no-store"), "{name}");
        let decodes = server.metric(DECODES);
        assert_eq!(server.get(&format!("/{name}.jpg?width=21")).status, status, "{name}");
        assert_eq!(
            server.metric(DECODES),
            decodes,
            "{name}: the second request costs no decode"
        );
    }
    let jump = server.peak_memory().saturating_sub(memory);
    assert!(jump < 32 << 20, "memory jumped by {jump} bytes");
    assert_eq!(server.get("/good.jpg?width=22").status, 200, "the server lives");
}

#[test]
fn mislabelled_image_is_decoded_by_its_bytes() {
    let png = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/mark.png")).unwrap();
    let server = Server::start(IMAGES, &[("really-a.jpg", &png)]);
    let response = server.get("/really-a.jpg?width=40");
    // The name decides the output format, the bytes decide the decoder.
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert_eq!(jpeg_size(&response.body).0, 40);
}

#[test]
fn path_out_of_the_folder_answers_404() {
    let server = Server::start(IMAGES, &[("a.jpg", lake())]);
    std::fs::write(server.folder().join("secret.jpg"), lake()).unwrap();
    std::os::unix::fs::symlink("../secret.jpg", server.folder().join("images/link.jpg")).unwrap();
    for target in [
        "/../secret.jpg",
        "/%2e%2e/secret.jpg",
        "/%2e%2e%2fsecret.jpg",
        "/..%2fsecret.jpg",
        "/x/../../secret.jpg",
        "/..%5csecret.jpg",
        "/%c0%ae%c0%ae/secret.jpg",
        "/a.jpg%00.jpg",
        "/C:/secret.jpg",
        "//secret.jpg",
        "/link.jpg",
        "/images/a.jpg",
        "/a.jpg/",
    ] {
        for query in ["", "?width=10"] {
            let response = server.get(&format!("{target}{query}"));
            assert_eq!(response.status, 404, "{target}{query}");
            assert!(!response.text().contains("images"), "{target}: {}", response.text());
        }
    }
    assert_eq!(server.get("/a.jpg?width=10").status, 200);
}

#[test]
fn file_older_than_http_dates_is_served_without_last_modified() {
    let server = Server::start(IMAGES, &[("old.jpg", lake())]);
    let file = std::fs::File::options()
        .append(true)
        .open(server.folder().join("images/old.jpg"))
        .unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH - Duration::from_secs(86_400))
        .unwrap();
    for target in ["/old.jpg", "/old.jpg?width=10"] {
        let response = server.get(target);
        assert_eq!(
            (response.status, response.header("last-modified")),
            (200, None),
            "{target}"
        );
        assert!(response.header("etag").is_some(), "{target}");
    }
}

/// Width and height from a JPEG's frame header (ITU T.81, B.2.2).
fn jpeg_size(jpeg: &[u8]) -> (u16, u16) {
    let mut at = 2;
    loop {
        let marker = jpeg[at + 1];
        let number = |offset: usize| u16::from_be_bytes([jpeg[at + offset], jpeg[at + offset + 1]]);
        if (0xC0..=0xC2).contains(&marker) {
            return (number(7), number(5));
        }
        at += 2 + usize::from(number(2));
    }
}

/// The lake's JPEG with another size in its frame header.
fn jpeg_of_claimed_size(width: u16, height: u16) -> Vec<u8> {
    let mut jpeg = lake().to_vec();
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0] || pair == [0xFF, 0xC2])
        .unwrap();
    jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    jpeg
}
