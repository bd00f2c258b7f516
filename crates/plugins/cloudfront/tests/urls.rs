//! Tests of the CloudFront plugin: the path and query that it makes of a URL, and its redirects.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use http::Extensions;
use http::header::LOCATION;
use resizer_cloudfront::CloudFront;
use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::{ClientCommands, DefaultsEvent, ErrorKind, Flow, Query, RequestHead, RewriteEvent};

const REDIRECT: &str = "redirect_through = 'https://cdn.test'";

/// A request's way through the plugin; the path as the engine decodes it.
struct Outcome {
    path: String,
    query: String,
    /// Status and address of a redirect.
    redirect: Option<(u16, String)>,
}

fn install(settings: &str) -> HookTable {
    Installer::default().install::<CloudFront>(settings).unwrap()
}

fn send(table: &HookTable, path: &str, query: &str) -> Result<Outcome, ErrorKind> {
    let head = RequestHead::get("/", "");
    let head_path = path;
    let (mut path, mut query) = (path.to_owned(), Query::parse(query));
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_request[0].value)(&mut event).map_err(|error| error.kind())?;
    let told = state.get::<ClientCommands>();
    for (key, value) in told.into_iter().flat_map(|told| told.query.iter()) {
        assert!(query.get(key).is_some(), "authorizers know of {key}={value}");
    }
    let told = told.is_some_and(|told| told.behind_semicolon);
    let mut redirect = None;
    let mut defaults = Query::default();
    for handler in &table.on_rewrite_defaults {
        let mut event = DefaultsEvent::new(&head, &path, &query, &mut state, &mut defaults);
        if let Flow::Respond(reply) = (handler.value)(&mut event).unwrap() {
            let location = reply.headers[LOCATION].to_str().unwrap().to_owned();
            redirect = Some((reply.status.as_u16(), location));
        }
    }
    assert!(defaults.is_empty());
    let query = query.to_string();
    assert_eq!(told, head_path != path, "authorizers know of the `;`");
    Ok(Outcome { path, query, redirect })
}

#[test]
fn plugin_with_and_without_redirects_hooks_only_what_it_needs() {
    let rows = |settings: &str| {
        let table = install(settings);
        (
            table.on_request.len(),
            table.on_rewrite_defaults.len(),
            table.on_rewrite.len(),
        )
    };
    assert_eq!(rows(""), (1, 0, 0), "without redirects it only reads");
    assert_eq!(rows(REDIRECT), (1, 1, 0));
}

#[test]
fn commands_in_the_path_move_into_the_query() {
    let table = install("");
    let check = |path: &str, query: &str, expected: (&str, &str)| {
        let outcome = send(&table, path, query).unwrap();
        assert_eq!(
            (outcome.path.as_str(), outcome.query.as_str()),
            expected,
            "{path}?{query}"
        );
    };
    check("/a.jpg;width=100;crop=auto", "", ("/a.jpg", "width=100&crop=auto"));
    check("/a.jpg;width=100&crop=auto", "", ("/a.jpg", "width=100&crop=auto"));
    check("/a.jpg;crop=0,0,10,10;;w=5;", "", ("/a.jpg", "crop=0,0,10,10&w=5"));
    check("/a.jpg.ashx;w=5", "", ("/a.jpg.ashx", "w=5"));
    check("/a.jpg;w=5;w=6", "", ("/a.jpg", "w=6"));
    check("/a.jpg;bare;k=a=b", "", ("/a.jpg", "bare&k=a%3Db"));
    check("/f/a.jpg;404=/b/c.jpg", "", ("/f/a.jpg", "404=/b/c.jpg"));
    check("/a.jpg;x=1%3B2", "", ("/a.jpg", "x=1%3B2"));
    check("/a.jpg;", "", ("/a.jpg", ""));
    // The query's keys win, whatever their case and even when they are empty.
    check("/a.jpg;width=100;mode=max", "width=50", ("/a.jpg", "width=50&mode=max"));
    check("/a.jpg;width=100", "WIDTH=", ("/a.jpg", "WIDTH"));
    // Without a semicolon nothing changes.
    check("/a.jpg", "width=50&width=60", ("/a.jpg", "width=50&width=60"));
    check("/what?.jpg", "", ("/what?.jpg", ""));
}

#[test]
fn encoded_question_mark_beside_commands_is_refused() {
    let table = install("");
    for path in ["/a.jpg?width=5;height=6", "/a.jpg;width=5?height=6"] {
        assert_eq!(send(&table, path, "").err(), Some(ErrorKind::BadRequest), "{path}");
    }
}

#[test]
fn request_without_a_query_is_not_redirected() {
    let check = |settings: &str, path: &str, query: &str, expected: Option<(u16, &str)>| {
        let redirect = send(&install(settings), path, query).unwrap().redirect;
        let redirect = redirect.as_ref().map(|(status, location)| (*status, location.as_str()));
        assert_eq!(redirect, expected, "{path}?{query}");
    };
    check(
        REDIRECT,
        "/f/a.jpg",
        "width=100&crop=auto",
        Some((302, "https://cdn.test/f/a.jpg;width=100;crop=auto")),
    );
    let permanent = format!("{REDIRECT}\nredirect_permanent = true");
    check(&permanent, "/a.jpg", "w=1", Some((301, "https://cdn.test/a.jpg;w=1")));
    let deeper = "redirect_through = 'http://cdn.test:8080/images/'";
    check(
        deeper,
        "/a.jpg",
        "w=1",
        Some((302, "http://cdn.test:8080/images/a.jpg;w=1")),
    );
    check(
        REDIRECT,
        "//evil.test/a.jpg",
        "w=1",
        Some((302, "https://cdn.test//evil.test/a.jpg;w=1")),
    );

    check(REDIRECT, "/a.jpg", "", None);
    check(REDIRECT, "/a.jpg;width=100", "", None);
    check(REDIRECT, "/a.jpg;width=100", "height=5", None);
    check(REDIRECT, "/a.jpg;", "height=5", None);
    check(REDIRECT, "/what?.jpg", "w=1", None);
    check("", "/a.jpg", "width=100", None);
}

#[test]
fn redirected_request_comes_back_as_the_same_request() {
    let table = install(REDIRECT);
    for (path, query) in [
        ("/a b+ü.jpg", "width=5"),
        ("/100%.jpg", "width=5"),
        ("/a%20b.jpg", "width=5"),
        ("/a#b&c=d'\"<>.jpg", "width=5"),
        ("/line\r\nSet-Cookie: a=b.jpg", "width=5"),
        ("/a.jpg", "crop=(10,20,30,40)&bgcolor=%23fff&bare"),
        ("/a.jpg", "text=a%3Bb%26c%3Dd%25e%2Bf+g%3Fh%23i%0D%0Aj%C3%BC"),
        ("/a.jpg", "404=../../b.png&url=https://x.test/?q"),
    ] {
        let (status, location) = send(&table, path, query).unwrap().redirect.unwrap();
        assert_eq!(status, 302);
        let rest = location.strip_prefix("https://cdn.test").unwrap();
        let legal = |c: char| c.is_ascii_alphanumeric() || "-._~/!$&'()*+,=:@;%".contains(c);
        assert!(rest.chars().all(legal), "{rest}");
        assert!(
            !rest.split('/').any(|segment| segment == ".." || segment == "."),
            "{rest}"
        );
        // The CDN passes the path on as it is, or with its semicolons encoded; the engine decodes it once.
        for rest in [rest.to_owned(), rest.replace(';', "%3B")] {
            let decoded = percent_encoding::percent_decode_str(&rest).decode_utf8().unwrap();
            let back = send(&table, &decoded, "").unwrap();
            assert_eq!(back.redirect, None, "no circle");
            assert_eq!(
                (back.path.as_str(), back.query),
                (path, Query::parse(query).to_string()),
                "{location}"
            );
        }
    }
}

#[test]
fn wrong_settings_are_refused_with_a_remedy() {
    let check = |settings: &str, expected: &str| {
        let found = Installer::default()
            .install::<CloudFront>(settings)
            .map(drop)
            .unwrap_err()
            .to_string();
        assert!(found.contains(expected), "{settings}: {found}");
    };
    for wrong in [
        "",
        "cdn.test",
        "//cdn.test",
        "ftp://cdn.test",
        "https://",
        "https:///a",
        "https://a?b",
        "https://a b",
    ] {
        check(
            &format!("redirect_through = {wrong:?}"),
            "`redirect_through`: an address is a scheme and a host",
        );
    }
    check("redirect_permanent = true", "`redirect_permanent`");
    check("redirectThrough = 'https://cdn.test'", "redirectThrough");
}
