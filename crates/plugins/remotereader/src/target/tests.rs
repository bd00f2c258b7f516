//! URLs at the origin for a client's URLs.

use http::Extensions;
use resizer_plugin_api::engine::{HookTable, Resources};
use resizer_plugin_api::{Hooks, Metrics, Query, RequestHead, Source as _};

use super::*;
use crate::resolver::System;

/// A key, and a URL that ImageResizer signed with it.
const KEY: &str = "ag383ht23sag#laf#lafF#oyfafqewt;2twfqw";
const FLICKR: &str = "aHR0cDovL2Zhcm03LnN0YXRpYy5mbGlja3IuY29tLzYwMjEvNTk1OTg1NDE3OF8xYzJlYzZiZDc3X2IuanBn";

fn reader(settings: &str) -> RemoteReader {
    let (mut table, resources, metrics) = (HookTable::default(), Resources::default(), Metrics::default());
    let mut hooks = Hooks::new("remotereader", 0, &mut table, &resources, &metrics);
    RemoteReader::new(toml::from_str(settings).unwrap(), System, &mut hooks).unwrap()
}

fn any(more: &str) -> RemoteReader {
    reader(&format!(
        "allow = [{{ domain = 'a.example' }}, {{ domain = '*.b.example' }}]\nsigning_key = '{KEY}'\n{more}"
    ))
}

fn target(reader: &RemoteReader, path: &str) -> Result<Target, ErrorKind> {
    let path = SourcePath::parse(path).unwrap();
    reader.target(&path).map_err(|error| Error::from(error).kind())
}

fn url_of(reader: &RemoteReader, path: &str) -> Result<String, ErrorKind> {
    target(reader, path).map(|target| String::from(target.url))
}

#[test]
fn host_and_path_become_a_url() {
    let reader = any("");
    let check = |path: &str, expected: Result<&str, ErrorKind>| {
        assert_eq!(url_of(&reader, path), expected.map(str::to_owned), "{path}");
    };
    check("a.example/b/c.jpg", Ok("https://a.example/b/c.jpg"));
    check("a_example/b_c.jpg", Ok("https://a.example/b_c.jpg"));
    check("x_y_b_example/c.jpg", Ok("https://x.y.b.example/c.jpg"));
    check("A.EXAMPLE/B.JPG", Ok("https://a.example/B.JPG"));
    check("a.example:443/c.jpg", Ok("https://a.example/c.jpg"));
    check("a.example:80/c.jpg", Ok("https://a.example:80/c.jpg"));
    check("a.example//b//c.jpg", Ok("https://a.example//b//c.jpg"));
    check("a.example/", Ok("https://a.example/"));
    // A decoded path is not decoded again, and contains neither query nor fragment.
    check("a.example/b c+d.jpg", Ok("https://a.example/b%20c+d.jpg"));
    check("a.example/%2F.jpg", Ok("https://a.example/%252F.jpg"));
    check("a.example/%2e%2e/b.jpg", Ok("https://a.example/%252e%252e/b.jpg"));
    check("a.example/b?c#d.jpg", Ok("https://a.example/b%3Fc%23d.jpg"));
    check("a.example/ä🐱.jpg", Ok("https://a.example/%C3%A4%F0%9F%90%B1.jpg"));
    check("a.example/http://b/c.jpg", Ok("https://a.example/http://b/c.jpg"));
    for (path, expected) in [
        ("c.example/d.jpg", ErrorKind::Forbidden),
        ("b.example/d.jpg", ErrorKind::Forbidden),
        ("a.example:8080/d.jpg", ErrorKind::Forbidden),
        ("u@a.example/d.jpg", ErrorKind::BadRequest),
        ("@a.example/d.jpg", ErrorKind::BadRequest),
        ("@signed/d.jpg", ErrorKind::BadRequest),
        ("a.example?b/d.jpg", ErrorKind::BadRequest),
        ("a.example#b/d.jpg", ErrorKind::BadRequest),
        ("a.example:x/d.jpg", ErrorKind::BadRequest),
        ("/a.example/d.jpg", ErrorKind::BadRequest),
        ("1.2.3.4.5/d.jpg", ErrorKind::BadRequest),
        (" /d.jpg", ErrorKind::BadRequest),
    ] {
        check(path, Err(expected));
    }
    let http_first = any("schemes = ['http', 'https']");
    assert_eq!(
        url_of(&http_first, "a.example/b.jpg").unwrap(),
        "http://a.example/b.jpg"
    );
}

/// Path and query of a request after `rewrite`.
fn rewritten(reader: &RemoteReader, path: &str, query: &str) -> Result<(String, String), ErrorKind> {
    let (head, mut path, mut query) = (RequestHead::get("", ""), path.to_owned(), Query::parse(query));
    let (mut any_extension, mut state) = (false, Extensions::default());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any_extension, &mut state);
    reader.rewrite(&mut event).map_err(|error| error.kind())?;
    Ok((path, query.to_string()))
}

#[test]
fn url_signed_by_imageresizer_is_the_target() {
    let reader = reader(&format!(
        "signing_key = '{KEY}'\nallow_all_signed_requests = true\nschemes = ['https', 'http']"
    ));
    let query = format!("width=100&urlb64={FLICKR}&hmac=k_RU-UFkOaA");
    let (path, query) = rewritten(&reader, "/remote.png", &query).unwrap();
    assert_eq!(query, "width=100");
    assert_eq!(
        extension(&path),
        Some("jpg"),
        "that of the URL, not that of the request"
    );
    let below = path.strip_prefix("/remote/").unwrap();
    let found = target(&reader, below).unwrap();
    assert_eq!(
        found.url.as_str(),
        "http://farm7.static.flickr.com/6021/5959854178_1c2ec6bd77_b.jpg"
    );
    assert!(found.signed);
    let identity = reader.identity(&SourcePath::parse(below).unwrap());
    assert_eq!(identity.as_str(), format!("{}#signed", found.url));

    let forged = below.replace("k_RU-UFkOaA", "k_RU-UFkOaE");
    assert_eq!(target(&reader, &forged), Err(ErrorKind::Forbidden));
    let unsigned = below.replace("/k_RU-UFkOaA", "").replace("@signed", "@unsigned");
    assert_eq!(target(&reader, &unsigned), Err(ErrorKind::Forbidden));
    for path in [&forged, &unsigned] {
        let refused = reader.identity(&SourcePath::parse(path).unwrap());
        assert_ne!(refused, identity, "what is cached of the image is not found by {path}");
    }
}

#[test]
fn request_without_urlb64_is_not_rewritten() {
    let reader = any("");
    let same = |path: &str, query: &str| {
        assert_eq!(rewritten(&reader, path, query).unwrap().0, path, "{path}?{query}");
    };
    same("/remote.jpg", "width=1");
    same("/remote/a.example/b.jpg", "urlb64=x");
    same("/remotely.jpg", "urlb64=x");
    same("/remote.jpg/b.jpg", "urlb64=x");
    same("/other.jpg", "urlb64=x");
    // `https://a.example/b.php?c=d.png`, `…/b`, `…/b.jpg#c`
    let becomes = |prefix: &str, path: &str, query: &str, expected: &str| {
        let reader = any(&format!("prefix = '{prefix}'"));
        assert_eq!(rewritten(&reader, path, query).unwrap().0, expected, "{path}?{query}");
    };
    let php = "aHR0cHM6Ly9hLmV4YW1wbGUvYi5waHA_Yz1kLnBuZw";
    let bare = "aHR0cHM6Ly9hLmV4YW1wbGUvYg";
    becomes(
        "/remote/",
        "/remote.jpg",
        &format!("URLB64={php}"),
        &format!("/remote/@unsigned/{php}/remote.php"),
    );
    becomes(
        "/remote/",
        "/remote",
        &format!("urlb64={bare}"),
        &format!("/remote/@unsigned/{bare}/remote.jpg"),
    );
    becomes(
        "/x/y/",
        "/x/y.png",
        &format!("urlb64={bare}&hmac="),
        &format!("/x/y/@signed/{bare}//remote.png"),
    );
    becomes(
        "/",
        "/remote.gif",
        &format!("urlb64={bare}&hmac=ab"),
        &format!("/@signed/{bare}/ab/remote.gif"),
    );
    for query in [
        "urlb64=",
        "urlb64=!",
        "urlb64=YQ",
        &format!("urlb64={bare}&hmac=../x"),
        &format!("urlb64={bare}&hmac=a/b"),
    ] {
        assert_eq!(
            rewritten(&reader, "/remote.jpg", query),
            Err(ErrorKind::BadRequest),
            "{query}"
        );
    }
}

/// A URL with `urlb64` and no `hmac` is treated as one of the human-friendly form, and may have a query.
#[test]
fn unsigned_url_is_checked_against_the_rules_for_unsigned_urls() {
    let reader = any("");
    let check = |urlb64: &str, expected: Result<&str, ErrorKind>| {
        let found = url_of(&reader, &format!("@unsigned/{urlb64}/remote.jpg"));
        assert_eq!(found, expected.map(str::to_owned), "{urlb64}");
    };
    check(
        "aHR0cHM6Ly9hLmV4YW1wbGUvYi5waHA_Yz1kLnBuZw",
        Ok("https://a.example/b.php?c=d.png"),
    );
    // `https://a.example/x%2Fy%20z.jpg#c`
    check(
        "aHR0cHM6Ly9hLmV4YW1wbGUveCUyRnklMjB6LmpwZyNj",
        Ok("https://a.example/x%2Fy%20z.jpg"),
    );
    // `https://a.example/x/../%2e%2E/y.jpg`
    check(
        "aHR0cHM6Ly9hLmV4YW1wbGUveC8uLi8lMmUlMkUveS5qcGc",
        Ok("https://a.example/y.jpg"),
    );
    check(FLICKR, Err(ErrorKind::Forbidden));
    check("YQ", Err(ErrorKind::BadRequest));
}
