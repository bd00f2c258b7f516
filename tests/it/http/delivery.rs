//! Delivery to CDNs and browsers: cache control, validators, ranges, redirects, and commands in the path where queries
//! are stripped.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::photographs::lake;
use super::server::{IMAGES, Server};

const DECODES: &str = "resizer_decodes_total";
/// The example date of RFC 9110, 5.6.7, as a time and in words; and a second before and after it.
const MODIFIED: u64 = 784_111_777;
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

/// A server with one photograph, last changed on that date, and these entries after its source.
fn server(more: &str) -> Server {
    let server = Server::start(&format!("{IMAGES}\n{more}"), &[("a.jpg", lake())]);
    let file = std::fs::File::options()
        .write(true)
        .open(server.folder().join("images/a.jpg"));
    let modified = UNIX_EPOCH + Duration::from_secs(MODIFIED);
    file.unwrap().set_modified(modified).unwrap();
    server
}

fn entry(name: &str, settings: &str) -> String {
    format!("[[plugin]]\nname = \"{name}\"\n{settings}\n")
}

#[test]
fn response_of_each_status_has_its_cache_control() {
    let rules = "minutes = 60\nstale_if_error = \"1d\"\nrules = [{ prefix = \"/b/\", minutes = 1 }]";
    let more = entry("clientcache", rules) + &entry("filereader", "prefix = \"/b/\"\nfolder = \"images\"");
    let server = server(&more);
    std::fs::write(server.folder().join("images/text.jpg"), "no image").unwrap();
    let check = |target: &str, headers: &[(&str, &str)], status: u16, expected: &str| {
        let response = server.request("GET", target, headers);
        let found = (response.status, response.header("cache-control"));
        assert_eq!(found, (status, Some(expected)), "{target} {headers:?}");
        response
    };
    let general = "public, max-age=3600, stale-if-error=86400";
    let first = check("/a.jpg?width=20", &[], 200, general);
    let etag = first.header("etag").unwrap();
    let again = check("/a.jpg?width=20", &[("If-None-Match", etag)], 304, general);
    for name in ["etag", "last-modified", "cache-control", "date", "expires"] {
        assert!(again.header(name).is_some(), "a 304 has {name} (RFC 9110, 15.4.5)");
    }
    assert_eq!(
        (again.header("etag"), again.header("last-modified")),
        (Some(etag), Some(DATE))
    );
    check("/a.jpg?width=20", &[("Range", "bytes=0-9")], 206, general);
    check("/a.jpg", &[], 200, general);
    check(
        "/b/a.jpg?width=20",
        &[],
        200,
        "public, max-age=60, stale-if-error=86400",
    );
    check("/none.jpg?width=20", &[], 404, "public, max-age=10");
    check("/b/none.jpg", &[], 404, "public, max-age=10");
    check("/text.jpg?width=20", &[], 415, "no-store");
    check("/100%.jpg", &[], 400, "no-store");
    check("/a.jpg?width=20", &[("If-Match", "\"other\"")], 412, "no-store");
    check("/a.jpg?width=20", &[("Range", "bytes=9999999-")], 416, "no-store");
}

#[test]
fn valid_copy_of_the_client_answers_304_and_costs_no_decode() {
    let server = server("");
    for target in ["/a.jpg?width=20", "/a.jpg"] {
        let whole = server.get(target);
        assert_eq!(whole.header("last-modified"), Some(DATE));
        let etag = whole.header("etag").unwrap();
        let (weak, list) = (format!("W/{etag}"), format!("\"a\", {etag}"));
        let decodes = server.metric(DECODES);
        let rows: [(&[(&str, &str)], u16); 12] = [
            (&[("If-None-Match", etag)], 304),
            (&[("If-None-Match", &weak)], 304),
            (&[("If-None-Match", &list)], 304),
            (&[("If-None-Match", "*")], 304),
            (&[("If-None-Match", "\"a\""), ("If-None-Match", etag)], 304),
            (&[("If-Modified-Since", DATE)], 304),
            (&[("If-Modified-Since", AFTER)], 304),
            (&[("If-None-Match", etag), ("If-Modified-Since", BEFORE)], 304),
            (&[("If-None-Match", etag), ("Range", "bytes=0-9")], 304),
            (&[("If-Match", "\"a\"")], 412),
            (&[("If-Match", &weak)], 412),
            (&[("If-Unmodified-Since", BEFORE)], 412),
        ];
        for (headers, status) in rows {
            for method in ["GET", "HEAD"] {
                let response = server.request(method, target, headers);
                assert_eq!(response.status, status, "{method} {target} {headers:?}");
            }
        }
        assert_eq!(server.metric(DECODES), decodes, "nothing was decoded");
        let rows: [&[(&str, &str)]; 6] = [
            &[("If-None-Match", "\"a\"")],
            &[("If-None-Match", "\"a\""), ("If-Modified-Since", DATE)],
            &[("If-Modified-Since", BEFORE)],
            &[("If-Modified-Since", "yesterday")],
            &[("If-Match", etag)],
            &[("If-Unmodified-Since", DATE)],
        ];
        for headers in rows {
            let response = server.request("GET", target, headers);
            assert_eq!(
                (response.status, &response.body),
                (200, &whole.body),
                "{target} {headers:?}"
            );
        }
    }
}

#[test]
fn range_of_a_result_or_an_original_answers_206() {
    let server = server(&entry("memcache", ""));
    for target in ["/a.jpg?width=200", "/a.jpg"] {
        let whole = server.get(target);
        let (length, etag) = (whole.body.len(), whole.header("etag").unwrap());
        assert_eq!(whole.header("accept-ranges"), Some("bytes"));
        let middle = length / 2;
        let rows = [
            ("bytes=0-0".to_owned(), 0..1),
            ("bytes=0-4999".to_owned(), 0..5000),
            (format!("bytes={middle}-{}", middle + 99), middle..middle + 100),
            (format!("bytes={middle}-"), middle..length),
            ("bytes=-10".to_owned(), length - 10..length),
        ];
        for (range, expected) in rows {
            let part = server.request("GET", target, &[("Range", &range), ("If-Range", etag)]);
            let content_range = format!("bytes {}-{}/{length}", expected.start, expected.end - 1);
            let found = (part.status, part.header("content-range"));
            assert_eq!(found, (206, Some(content_range.as_str())), "{target} {range}");
            assert_eq!(part.header("content-length"), Some(expected.len().to_string().as_str()));
            for same in ["etag", "last-modified", "content-type"] {
                assert_eq!(part.header(same), whole.header(same), "{target} {range}: {same}");
            }
            assert!(part.body == whole.body[expected], "{target} {range}: other bytes");
        }
        for headers in [
            [("Range", "bytes=0-9"), ("If-Range", "\"a\"")],
            [("Range", "bytes=0-9"), ("If-Range", BEFORE)],
            [("Range", "bytes=0-9,20-29"), ("If-Range", etag)],
            [("Range", "lines=0-9"), ("If-Range", etag)],
        ] {
            let response = server.request("GET", target, &headers);
            assert!(
                response.status == 200 && response.body == whole.body,
                "{target} {headers:?}"
            );
        }
        let behind = server.request("GET", target, &[("Range", &format!("bytes={length}-"))]);
        let expected = format!("bytes */{length}");
        assert_eq!(
            (behind.status, behind.header("content-range")),
            (416, Some(expected.as_str()))
        );
        let head = server.request("HEAD", target, &[("Range", "bytes=0-9")]);
        assert_eq!(
            (head.status, head.header("content-length")),
            (200, whole.header("content-length"))
        );
    }
}

#[test]
fn commands_in_the_path_answer_as_in_the_query() {
    let server = server(&entry("cloudfront", ""));
    let etag = |target: &str| {
        let response = server.get(target);
        assert_eq!(response.status, 200, "{target}: {}", response.status);
        response.header("etag").unwrap().to_owned()
    };
    let by_query = etag("/a.jpg?width=40&height=40&crop=auto");
    for target in [
        "/a.jpg;width=40;height=40;crop=auto",
        "/a.jpg;width=40&height=40;crop=auto",
        "/a.jpg%3Bwidth=40%3bheight=40%3Bcrop=auto",
        "/a.jpg.ashx;width=40;height=40;crop=auto",
        "/a.jpg;width=999;height=40?width=40&crop=auto",
    ] {
        assert_eq!(etag(target), by_query, "{target}");
    }
    assert_eq!(server.get("/a.jpg;width=60").jpeg_size(), (60, 40));
    assert_eq!(server.get("/a.jpg;width=60%3Fheight=5").status, 400);
    assert_eq!(server.get("/none.jpg;width=60").status, 404);
    assert_eq!(server.get("/plugins.toml;width=60").status, 404);
}

#[test]
fn query_outside_the_cdn_is_redirected_through_it() {
    let settings = "redirect_through = \"https://cdn.test/i\"";
    let cloudfront = entry("cloudfront", settings) + &entry("clientcache", "redirects = \"5m\"");
    let found = |server: &Server, target: &str| {
        let response = server.get(target);
        (response.status, response.header("location").map(str::to_owned))
    };
    let redirect = |status, location: &str| (status, Some(location.to_owned()));
    let images = server(&cloudfront);
    assert_eq!(
        found(&images, "/a.jpg?width=40"),
        redirect(302, "https://cdn.test/i/a.jpg;width=40")
    );
    assert_eq!(
        images.get("/a.jpg?width=40").header("cache-control"),
        Some("public, max-age=300")
    );
    let target = "/f/a%20%C3%BC.jpg.ashx?bgcolor=%23fff&crop=0,0,9,9";
    let location = "https://cdn.test/i/f/a%20%C3%BC.jpg;bgcolor=%2523fff;crop=0,0,9,9";
    assert_eq!(found(&images, target), redirect(302, location));
    // Requests from the CDN are served in either syntax. A path that is not an image's is not redirected.
    assert_eq!(found(&images, "/a.jpg;width=40"), (200, None));
    assert_eq!(found(&images, "/a.jpg%3Bwidth=40?v=1"), (200, None));
    assert_eq!(found(&images, "/a.jpg"), (200, None));
    assert_eq!(found(&images, "/plugins.toml?width=40"), (404, None));

    let permanent = entry("cloudfront", &format!("{settings}\nredirect_permanent = true"));
    let drop_keys = format!("[server]\ndrop_query_keys = [\"v\"]\n{IMAGES}{permanent}");
    let images = Server::start(&drop_keys, &[("a.jpg", lake())]);
    assert_eq!(
        found(&images, "/a.jpg?width=40&v=1"),
        redirect(301, "https://cdn.test/i/a.jpg;width=40")
    );
    assert_eq!(
        found(&images, "/a.jpg?v=1"),
        (200, None),
        "the CDN's own key is no query"
    );
}

#[test]
fn longest_prefix_of_several_folders_answers() {
    let folders = [
        entry("filereader", "prefix = \"/photos/\"\nfolder = \"photos\""),
        entry(
            "filereader",
            "prefix = \"/photos/raw/\"\nfolder = \"raw\"\nrequire_image_extension = false",
        ),
    ];
    let folder = super::server::folder(&format!("{IMAGES}{}", folders.concat()), &[("a.jpg", lake())]);
    let wide = |width: &str| {
        let pairs = [("width", width)];
        let job = resizer_imaging::Job {
            instructions: resizer_imaging::Instructions::parse(pairs).0,
            format: resizer_imaging::Format::Jpeg,
            limits: resizer_imaging::Limits::default(),
        };
        resizer_imaging::run(lake(), &job, &resizer_imaging::Cancel::new())
            .unwrap()
            .bytes
    };
    for (name, width) in [("photos", "90"), ("raw", "60")] {
        std::fs::create_dir_all(folder.path().join(name).join("raw")).unwrap();
        std::fs::write(folder.path().join(name).join("a.jpg"), wide(width)).unwrap();
        std::fs::write(folder.path().join(name).join("plain"), wide(width)).unwrap();
    }
    std::fs::write(folder.path().join("photos/raw/hidden.jpg"), wide("30")).unwrap();
    std::fs::write(folder.path().join("raw/secret.txt"), "<script>").unwrap();
    let server = Server::start_in(folder);
    // `process=always` keeps the size: it tells the folder.
    let check = |target: &str, expected: Option<u16>| {
        let response = server.get(&format!("{target}?process=always"));
        let width = (response.status == 200).then(|| response.jpeg_size().0);
        assert_eq!(width, expected, "{target}: {}", response.status);
    };
    check("/a.jpg", Some(2400));
    check("/photos/a.jpg", Some(90));
    check("/photos/raw/a.jpg", Some(60));
    check("/photos/raw/plain", Some(60));
    check("/photos/plain", None);
    check("/photos/raw/hidden.jpg", None);
    let small = server.get("/photos/raw/plain?width=20");
    assert_eq!(
        (small.status, small.header("content-type"), small.jpeg_size().0),
        (200, Some("image/jpeg"), 20)
    );
    let relayed = server.get("/photos/raw/plain");
    assert_eq!(
        (relayed.status, relayed.header("content-type")),
        (200, Some("image/jpeg"))
    );
    let text = server.get("/photos/raw/secret.txt");
    assert_eq!(
        (text.status, text.header("content-type")),
        (200, Some("application/octet-stream"))
    );
    assert_eq!(server.get("/photos/raw/secret.txt?width=20").status, 415);
}

#[test]
fn modification_date_in_the_future_is_sent_as_now() {
    let server = server("");
    let file = std::fs::File::options()
        .write(true)
        .open(server.folder().join("images/a.jpg"));
    file.unwrap()
        .set_modified(SystemTime::now() + Duration::from_secs(86_400 * 365))
        .unwrap();
    let response = server.get("/a.jpg?width=20");
    let (date, modified) = (
        response.header("date").unwrap(),
        response.header("last-modified").unwrap(),
    );
    assert_eq!(
        date[12..16],
        modified[12..16],
        "Last-Modified: {modified}, but it is {date}"
    );
}
