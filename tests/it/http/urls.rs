//! Addresses of the URL generators, asked of the server: each is served with the size that its vector says. The command
//! `url` writes them.

use std::path::Path;

use serde_json::Value;

use super::client::Response;
use super::photographs::thumbnail;
use super::server::{IMAGES, Server, folder, program, run};

const CLOUDFRONT: &str = "[[plugin]]\nname = \"cloudfront\"\n";

fn vectors() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/vectors.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    vectors["urls"].as_array().unwrap().clone()
}

/// A server with a photograph of 300 x 200 at the path of each vector.
fn server(plugins: &str, vectors: &[&Value]) -> Server {
    let folder = folder(&format!("{plugins}{IMAGES}"), &[]);
    for vector in vectors {
        let path = vector["path"].as_str().unwrap().trim_start_matches('/');
        let path = folder.path().join("images").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, thumbnail()).unwrap();
    }
    Server::start_in(folder)
}

/// The target of a request at the server: the address without its base.
fn target(vector: &Value) -> &str {
    let url = vector["url"].as_str().unwrap();
    let mut bases = vector["generator"]["bases"].as_array().into_iter().flatten();
    let base = bases.find_map(|base| url.strip_prefix(base.as_str().unwrap().trim_end_matches('/')));
    base.unwrap_or(url)
}

/// Width and height out of the header of a JPEG, a PNG (section 11.2.2) or a lossy WebP (RFC 6386, section 9.1).
fn size(response: &Response) -> (u32, u32) {
    let at = |offset: usize| u32::from(response.body[offset]);
    match response.header("content-type") {
        Some("image/png") => (at(18) << 8 | at(19), at(22) << 8 | at(23)),
        Some("image/webp") if response.body[12..16] == *b"VP8 " => {
            ((at(27) & 0x3F) << 8 | at(26), (at(29) & 0x3F) << 8 | at(28))
        }
        _ => {
            let (width, height) = response.jpeg_size();
            (width.into(), height.into())
        }
    }
}

#[track_caller]
fn check(server: &Server, vectors: &[&Value]) {
    assert!(vectors.len() > 2, "too few vectors");
    for vector in vectors {
        let response = server.get(target(vector));
        let name = &vector["name"];
        assert_eq!(response.status, 200, "{name}");
        assert_eq!(response.header("content-type"), vector["type"].as_str(), "{name}");
        let (width, height) = size(&response);
        assert_eq!(serde_json::json!([width, height]), vector["size"], "{name}");
    }
}

#[test]
fn address_is_served_with_its_size() {
    let vectors = vectors();
    let (semicolons, queries): (Vec<&Value>, Vec<&Value>) = vectors
        .iter()
        .partition(|vector| vector["generator"]["semicolons"] == true);
    check(&server("", &queries), &queries);
    check(&server(CLOUDFRONT, &semicolons), &semicolons);
}

/// In builds with the plugin that verifies signatures and tokens.
#[test]
fn signed_address_passes_the_verification_and_an_altered_one_does_not() {
    if !resizer_host::KNOWN_PLUGINS.contains(&"urlsigning") {
        return;
    }
    let vectors = vectors();
    let is_permitted = |vector: &&Value| {
        let generator = &vector["generator"];
        generator["key"].is_object() || generator["token"].is_string()
    };
    let (permitted, others): (Vec<&Value>, Vec<&Value>) = vectors.iter().partition(is_permitted);
    let keys = permitted.iter().map(|vector| &vector["generator"]["key"]);
    let mut keys: Vec<String> = keys
        .filter(|key| key.is_object())
        .map(|key| format!("[[plugin.keys]]\nid = {}\nsecret = {}\n", key["id"], key["secret"]))
        .collect();
    keys.sort();
    keys.dedup();
    let plugins = format!("[[plugin]]\nname = \"urlsigning\"\n{}{CLOUDFRONT}", keys.concat());
    let server = server(&plugins, &permitted);
    check(&server, &permitted);
    for vector in &permitted {
        let target = target(vector);
        let other = if target.contains("kid=") {
            target.replace("kid=", "kid=x")
        } else {
            // A width that the token does not permit.
            target.replace("width=1", "width=")
        };
        for altered in [other, target.replacen(".jpg", ".jpg?a=b&", 1), format!("{target}A")] {
            assert_eq!(server.get(&altered).status, 403, "{altered}");
        }
    }
    assert_eq!(server.get(target(others[0])).status, 403);
}

#[test]
fn command_writes_addresses_and_shows_no_key() {
    let folder = folder("", &[]);
    std::fs::write(folder.path().join("key"), "correct horse battery staple\n").unwrap();
    let url = |line: &str| {
        let mut arguments = vec!["url"];
        arguments.extend(line.split(' '));
        run(program(folder.path(), &arguments).env_remove("RESIZER_URL_KEY"))
    };
    let check = |line: &str, expected: &str| {
        let end = url(line);
        assert_eq!(
            (end.code, end.output.trim_end()),
            (0, expected),
            "{line}: {}",
            end.complaint
        );
    };
    check("/a.jpg", "/a.jpg");
    check(
        "/a.jpg --width 1 --height 2 --max-width 3 --max-height 4 --mode max --scale both --anchor topleft",
        "/a.jpg?width=1&height=2&maxwidth=3&maxheight=4&mode=max&scale=both&anchor=topleft",
    );
    check(
        "/a.jpg --crop 1,2.5,-3,0 --dpr 1.5 --rotate -90 --flip x --background #fff --format jpeg --quality 80",
        "/a.jpg?crop=1,2.5,-3,0&dpr=1.5&rotate=-90&flip=x&bgcolor=%23fff&format=jpg&quality=80",
    );
    check(
        "/a.jpg --command s.sepia=true --preset p,q --zoom 2 --command a=b=c",
        "/a.jpg?zoom=2&preset=p,q&s.sepia=true&a=b%3Dc",
    );
    // The first of the vectors that the server's own verification passes.
    check(
        "/photos/lake.jpg --width 400 --sign k1 --expires 1800000000 --key-file key --semicolon",
        "/photos/lake.jpg;width=400;kid=k1;exp=1800000000;sig=4-bw4Ry84IRGs6Ok_SyEEcyfHTXWyX1E1OmNQY40KwI",
    );
    check(
        "/a.jpg --picture webp,png --attribute loading=lazy",
        "<picture><source type=\"image/webp\" srcset=\"/a.jpg?format=webp\">\
         <img src=\"/a.jpg?format=png\" alt=\"\" loading=\"lazy\"></picture>",
    );
    for (line, code, part) in [
        ("/a.jpg --sign k1", 1, "RESIZER_URL_KEY"),
        ("/a.jpg --sign k1 --key-file none", 1, "none"),
        ("/a.jpg --sign k/1 --key-file key", 1, "A-Z"),
        ("a.jpg", 1, "slash"),
        ("/a.jpg --width 0", 1, "65535"),
        ("/a;b.jpg --semicolons", 1, ";"),
        ("/a.jpg --mode corp", 2, "aspectcrop"),
        ("/a.jpg --srcset 1x,2", 2, "1x,2"),
        ("/a.jpg --zoom 2 --dpr 2", 2, "--dpr"),
        ("/a.jpg --key-file key", 2, "--sign"),
        ("/a.jpg --alt text", 2, "--picture"),
    ] {
        let end = url(line);
        assert_eq!((end.code, end.output.as_str()), (code, ""), "{line}");
        assert!(end.complaint.contains(part), "{line}: {}", end.complaint);
        assert!(!end.complaint.contains("horse"), "{line}");
    }
}
