//! Signed addresses: the plugin `urlsigning` in the real server, alone and behind two CDNs. All signatures and tokens
//! are those of `tests/vectors/signing.json`, which another implementation made.

mod front;

use std::collections::BTreeSet;

use serde_json::Value;

use super::photographs::thumbnail;
use super::server::{Server, folder, program, run};
use front::{TrafficServer, Varnish};

const VECTORS: &str = include_str!("../../vectors/signing.json");

/// The keys of the vectors. The second has retired.
const SIGNING: &str = r#"
[[plugin]]
name = "urlsigning"
address = "http://images.example"
[[plugin.keys]]
id = "k1"
secret = "correct horse battery staple"
[[plugin.keys]]
id = "2026-11"
secret = "Zm9ydHktdHdvIGJ5dGVzIG9mIGEgc2VjcmV0IGtleQ=="
retires = "2026-01-01"
"#;

/// Sources at two prefixes, both with one photograph of 300 x 200.
const SOURCES: &str = r#"
[[plugin]]
name = "cloudfront"
[[plugin]]
name = "filereader"
prefix = "/photos/"
folder = "images"
[[plugin]]
name = "filereader"
prefix = "/private/"
folder = "images"
[[plugin]]
name = "diskcache"
folder = "cache"
"#;

fn server(entries: &str) -> Server {
    Server::start(entries, &[("lake.jpg", thumbnail())])
}

fn vectors(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).unwrap();
    all[of].as_array().unwrap().clone()
}

fn token(name: &str) -> String {
    let vectors = vectors("tokens");
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    vector["token"].as_str().unwrap().to_owned()
}

/// The address that a vector signs.
fn signed(name: &str, form: &str) -> String {
    let vectors = vectors("signatures");
    let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
    vector[form].as_str().unwrap().to_owned()
}

/// Twelve widths of an `srcset`.
fn widths() -> impl Iterator<Item = u16> {
    (1..=12).map(|step| 100 + step * 12)
}

const FORMATS: [(&str, &str); 3] = [("jpg", "image/jpeg"), ("webp", "image/webp"), ("png", "image/png")];

#[test]
fn one_token_serves_a_srcset_in_three_formats_and_nothing_else() {
    let server = server(&format!("{SIGNING}{SOURCES}"));
    let granted = token("srcset");
    let mut seen = BTreeSet::new();
    for width in widths() {
        for (format, media_type) in FORMATS {
            let response = server.get(&format!(
                "/photos/lake.jpg?width={width}&format={format}&URISigningPackage={granted}"
            ));
            assert_eq!(
                (response.status, response.header("content-type")),
                (200, Some(media_type))
            );
            if format == "jpg" {
                assert_eq!(response.jpeg_size().0, width);
            }
            seen.insert(response.header("etag").unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 36);

    let denied = |target: &str, why: &str| {
        let response = server.get(target);
        assert_eq!(response.status, 403, "{why}");
        assert_eq!(response.text(), "This address needs a valid signature.\n", "{why}");
        assert_eq!(response.header("cache-control"), Some("no-store"), "{why}");
    };
    let with = |target: &str, token: &str| format!("{target}&URISigningPackage={token}");
    denied("/photos/lake.jpg?width=100", "no token");
    denied(
        &with("/photos/lake.jpg?width=99", &granted),
        "a width outside of the range",
    );
    denied(
        &with("/photos/lake.jpg?width=100&format=gif", &granted),
        "another format",
    );
    denied(&with("/private/lake.jpg?width=100", &granted), "another prefix");
    denied(
        &with("/photos/lake.jpg?width=100", &token("expired")),
        "an expired token",
    );
    let retired = token("presets and commands");
    denied(&with("/photos/lake.jpg?mode=crop", &retired), "a retired key");
    let flipped = match granted.strip_suffix('A') {
        Some(start) => format!("{start}E"),
        None => format!("{}A", &granted[..granted.len() - 1]),
    };
    denied(&with("/photos/lake.jpg?width=100", &flipped), "flipped bits");
    denied(&signed("sixteen bytes", "with_query"), "a signature of a retired key");
}

#[test]
fn signature_names_no_result_and_key_is_in_no_log() {
    let images = folder(&format!("{SIGNING}{SOURCES}"), &[("lake.jpg", thumbnail())]);
    let server = Server::start_with(images, &[("RUST_LOG", "debug")]);
    let plain = signed("plain", "with_query");
    let semicolons = signed("plain", "with_semicolons");
    let tokened = format!("/photos/lake.jpg?URISigningPackage={}&width=400", token("srcset"));
    let first = server.get(&plain);
    assert_eq!((first.status, first.header("x-cache")), (200, Some("miss")));
    for target in [&semicolons, &tokened] {
        let again = server.get(target);
        assert_eq!((again.status, again.header("x-cache")), (200, Some("hit")), "{target}");
        assert_eq!(again.header("etag"), first.header("etag"));
        assert!(again.body == first.body);
    }
    assert_eq!(server.get(&plain.replace("width=400", "width=401")).status, 403);
    let log = server.log();
    assert!(log.contains("the signature is not that of the address"), "{log}");
    assert!(!log.contains("horse"), "{log}");
}

#[test]
fn order_of_the_plugins_opens_nothing() {
    let others = r#"
        [[plugin]]
        name = "folderresizesyntax"
        [[plugin]]
        name = "presets"
        presets_only = true
        [plugin.presets.article]
        settings = "width=120"
        [[plugin]]
        name = "image404"
        [[plugin]]
        name = "rewrite"
        [[plugin.rules]]
        prefix = "/open/"
        path = "/photos/{rest}"
        [[plugin.rules]]
        glob = "/photos/*-w*"
        path = "/photos/{1}.jpg"
        set = "width={2}"
        [[plugin.rules]]
        query = "size"
        rename = { size = "width" }
    "#;
    let rules = r#"
        [[plugin.rules]]
        prefix = "/open/"
        require = "commands"
        except = ["preset"]
        [[plugin.rules]]
        prefix = "/photos/"
        require = "commands"
        except = ["preset"]
    "#;
    let signing = format!("{SIGNING}{rules}");
    for entries in [
        format!("{signing}{others}{SOURCES}"),
        format!("{SOURCES}{others}{signing}"),
    ] {
        let server = server(&entries);
        let width = |target: &str| match server.get(target) {
            response if response.status == 200 => Ok(response.jpeg_size().0),
            response => Err(response.status),
        };
        assert_eq!(width("/photos/lake.jpg"), Ok(300));
        assert_eq!(width("/open/lake.jpg"), Ok(300));
        assert_eq!(width("/photos/lake.jpg?preset=article"), Ok(120));
        assert_eq!(width("/open/lake.jpg;preset=article"), Ok(120));
        for target in [
            "/photos/lake.jpg?width=100",
            "/photos/lake.jpg;width=100",
            "/photos/lake.jpg%3bwidth=100",
            "/photos/lake.jpg;preset=article;width=100",
            "/photos/resize(100,100)/lake.jpg",
            "/photos/%72esize(100,100)/lake.jpg",
            "/open/resize(100,100)/lake.jpg",
            "/photos/lake-w100",
            "/photos/lake.jpg?size=100",
            "/open/none.jpg?404=/private/lake.jpg",
            "/private/lake.jpg",
            "/PHOTOS/lake.jpg?width=100",
            "/open/..%2fprivate/lake.jpg",
        ] {
            assert!(
                width(target).is_err_and(|status| [400, 403, 404].contains(&status)),
                "{target}"
            );
        }
    }
    // A token bounds what is read out of the path as well.
    let images = server(&format!("{SIGNING}{others}{SOURCES}").replace("presets_only = true", ""));
    for (target, expected) in [
        ("/photos/lake-w100", Ok(100)),
        ("/photos/lake-w99", Err(403)),
        ("/photos/resize(100,100)/lake.jpg", Err(403)),
        ("/photos/lake.jpg?size=100", Err(403)),
    ] {
        let separator = if target.contains('?') { '&' } else { '?' };
        let response = images.get(&format!("{target}{separator}URISigningPackage={}", token("srcset")));
        let width = (response.status == 200).then(|| response.jpeg_size().0);
        assert_eq!(width.ok_or(response.status), expected, "{target}");
    }
    // The same addresses without the plugin: it is what refuses them.
    let server = server(&format!("{others}{SOURCES}").replace("presets_only = true", ""));
    for target in [
        "/photos/lake.jpg?width=100",
        "/photos/lake.jpg;width=100",
        "/photos/resize(100,100)/lake.jpg",
        "/open/resize(100,100)/lake.jpg",
        "/photos/lake-w100",
        "/photos/lake.jpg?size=100",
        "/private/lake.jpg",
    ] {
        assert_eq!(server.get(target).status, 200, "{target}");
    }
}

#[test]
fn redirect_to_the_cdn_keeps_the_signature() {
    let redirect = "name = \"cloudfront\"\nredirect_through = \"https://cdn.example\"";
    let server = server(&format!("{SIGNING}{SOURCES}").replace("name = \"cloudfront\"", redirect));
    let moved = server.get(&signed("plain", "with_query"));
    let target = moved
        .header("location")
        .unwrap()
        .strip_prefix("https://cdn.example")
        .unwrap();
    assert_eq!(
        (moved.status, target),
        (302, signed("plain", "with_semicolons").as_str())
    );
    assert_eq!(server.get(target).status, 200);
}

#[test]
fn token_behind_varnish_that_strips_queries_is_served_by_its_semicolon() {
    let server = server(&format!("{SIGNING}{SOURCES}"));
    let Some(varnish) = Varnish::start(server.public()) else {
        return;
    };
    let granted = token("srcset");
    for width in widths() {
        for (format, media_type) in FORMATS {
            let target = format!("/photos/lake.jpg;width={width};format={format};URISigningPackage={granted}");
            let first = varnish.get(&target);
            assert_eq!(
                (first.status, first.header("content-type")),
                (200, Some(media_type)),
                "{target}"
            );
            // Varnish has it now.
            let again = varnish.get(&format!("{target}?utm_source=mail"));
            assert_eq!((again.status, again.header("x-hits")), (200, Some("1")));
            assert!(again.body == first.body);
        }
    }
    let signature = varnish.get(&signed("plain", "with_semicolons"));
    assert_eq!(signature.status, 200);
    for target in [
        format!("/photos/lake.jpg;width=99;URISigningPackage={granted}"),
        format!("/private/lake.jpg;width=100;URISigningPackage={granted}"),
        format!("/photos/lake.jpg;width=100?URISigningPackage={granted}"),
        format!("/photos/lake.jpg;width=100;URISigningPackage={}", token("expired")),
        signed("plain", "with_query"),
        signed("sixteen bytes", "with_semicolons"),
    ] {
        assert_eq!(varnish.get(&target).status, 403, "{target}");
    }
}

#[test]
fn traffic_server_agrees_about_tokens() {
    let optional = "[[plugin.rules]]\nprefix = \"/\"\nrequire = \"always\"\n";
    let server = server(&format!("{SIGNING}{optional}{SOURCES}").replace("retires = \"2026-01-01\"", ""));
    let Some(cdn) = TrafficServer::start(server.public()) else {
        return;
    };
    let (mut granted, mut refused) = (0, 0);
    for name in [
        "srcset",
        "pattern of RFC 9246",
        "both claims",
        "expired",
        "not valid yet",
        "single use",
        "version 2",
        "foreign audience",
    ] {
        let vectors = vectors("tokens");
        let vector = vectors.iter().find(|vector| vector["name"] == name).unwrap();
        let token = vector["token"].as_str().unwrap();
        let targets = |of: &str| -> Vec<String> {
            let targets = vector[of].as_array().unwrap().iter();
            let targets = targets.map(|target| target.as_str().unwrap().to_owned());
            targets
                .filter(|target| target.starts_with("/photos/lake.jpg?"))
                .collect()
        };
        for target in targets("granted") {
            let target = format!("{target}&URISigningPackage={token}");
            assert_eq!(
                (server.get(&target).status, cdn.get(&target).status),
                (200, 200),
                "{name}: {target}"
            );
            granted += 1;
        }
        for target in targets("refused") {
            let target = format!("{target}&URISigningPackage={token}");
            assert_eq!(
                (server.get(&target).status, cdn.get(&target).status),
                (403, 403),
                "{name}: {target}"
            );
            refused += 1;
        }
    }
    assert!(granted > 4 && refused > 10, "{granted} granted, {refused} refused");
}

#[test]
fn example_of_the_page_is_accepted_by_check() {
    let page = include_str!("../../../crates/plugins/urlsigning/docs.md");
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let files = folder(&format!("{example}{SOURCES}"), &[]);
    let mut command = program(files.path(), &["check"]);
    command
        .env("SIGNING_KEY", "Zm9ydHktdHdvIGJ5dGVzIG9mIGEgc2VjcmV0IGtleQ==")
        .env("SIGNING_KEY_BEFORE", "correct horse battery staple");
    let end = run(&mut command);
    assert_eq!(end.code, 0, "{}", end.complaint);
    command.env("SIGNING_KEY", "hunter2");
    let end = run(&mut command);
    assert_ne!(end.code, 0);
    assert!(end.complaint.contains("fewer than 16 bytes"), "{}", end.complaint);
    assert!(!end.complaint.contains("hunter2"), "{}", end.complaint);
}
