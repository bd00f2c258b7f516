//! Tests of the rewrite plugin: the path, query or answer that rules make of a URL, and what is wrong in a rule.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::HookTable;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::http::header::LOCATION;
use resizer_plugin_api::{ClientCommands, ErrorKind, Flow, Query, RequestHead, RewriteEvent};
use resizer_rewrite::Rewrite;

fn install(settings: &str) -> HookTable {
    Installer::default().install::<Rewrite>(settings).unwrap()
}

fn head(host: &'static str, scheme: &'static str) -> RequestHead {
    let mut head = RequestHead::get("/", "");
    (head.host, head.scheme) = (host.into(), scheme);
    head
}

/// Path and query, or status and address of the answer.
fn sent(table: &HookTable, head: &RequestHead, url: &str) -> Result<String, ErrorKind> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut path, mut query) = (path.to_owned(), Query::parse(query));
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(head, &mut path, &mut query, &mut any, &mut state);
    match (table.on_request[0].value)(&mut event).map_err(|error| error.kind())? {
        Flow::Continue if query.is_empty() => Ok(path),
        Flow::Continue => Ok(format!("{path}?{query}")),
        Flow::Respond(reply) => {
            let location = reply.headers.get(LOCATION).map(|location| location.to_str().unwrap());
            Ok(format!("{} {}", reply.status.as_u16(), location.unwrap_or_default())
                .trim()
                .to_owned())
        }
    }
}

fn check(settings: &str, rows: &[(&str, &str)]) {
    let table = install(settings);
    for (url, expected) in rows {
        let found = sent(&table, &head("localhost:8080", "http"), url).unwrap();
        assert_eq!(found, *expected, "{url} by {settings}");
    }
}

#[test]
fn path_is_rewritten_by_prefix_glob_and_regex() {
    check(
        "[[rules]]\nprefix = '/photos/'\npath = '/s3/bucket/{rest}'",
        &[
            ("/photos/a.jpg?width=5", "/s3/bucket/a.jpg?width=5"),
            ("/photos/b/c d.jpg", "/s3/bucket/b/c d.jpg"),
            ("/Photos/a.jpg", "/Photos/a.jpg"),
            ("/x/photos/a.jpg", "/x/photos/a.jpg"),
        ],
    );
    check(
        "[[rules]]\nglob = '/*/a(1).*'\npath = '/{2}/{1}'\nignore_case = true",
        &[("/b/A(1).jpg", "/jpg/b"), ("/b/c/a(1).jpg", "/b/c/a(1).jpg")],
    );
    check(
        "[[rules]]\nglob = '/**/thumb/*'\npath = '/{1}/{2}'",
        &[
            ("/a/b/thumb/c.jpg", "/a/b/c.jpg"),
            ("/a/thumb/b/c.jpg", "/a/thumb/b/c.jpg"),
        ],
    );
    check(
        "[[rules]]\nregex = '^/u/(?<id>[0-9]+)/(.*)$'\npath = '/{{{id}/{2}/{0}'",
        &[("/u/17/a.png", "/{17/a.png//u/17/a.png"), ("/u/x/a.png", "/u/x/a.png")],
    );
}

#[test]
fn query_is_changed_apart_from_the_path() {
    check(
        "[[rules]]\nprefix = '/'\ndrop = ['v', 'quality']\nrename = { size = 'width' }\n\
         set = 'format=webp'\ndefault = 'height=9;quality=80'",
        &[
            (
                "/a.jpg?v=1&size=5&Format=png",
                "/a.jpg?width=5&format=webp&height=9&quality=80",
            ),
            // Other spellings are the same key.
            (
                "/a.jpg?w=7&size=5&h=3&thumbnail=gif",
                "/a.jpg?h=3&width=5&format=webp&quality=80",
            ),
        ],
    );
    check(
        "[[rules]]\nprefix = '/'\ndrop = ['*']\nset = 'w=1'",
        &[("/a.jpg?x=1&y", "/a.jpg?w=1")],
    );
    check(
        "[[rules]]\nregex = '-([0-9]+)x[.]jpg$'\nset = 'width={1}'",
        &[("/a-40x.jpg", "/a-40x.jpg?width=40")],
    );
}

#[test]
fn rules_run_in_order_until_the_last_one() {
    let rule = |last: bool| {
        format!(
            "[[rules]]\nprefix = '/a/'\npath = '/b/{{rest}}'\nlast = {last}\n\
             [[rules]]\nprefix = '/b/'\npath = '/c/{{rest}}'\n"
        )
    };
    check(&rule(false), &[("/a/x.jpg", "/c/x.jpg"), ("/b/x.jpg", "/c/x.jpg")]);
    check(&rule(true), &[("/a/x.jpg", "/b/x.jpg"), ("/b/x.jpg", "/c/x.jpg")]);
}

#[test]
fn host_scheme_and_key_narrow_a_rule() {
    let found = |condition: &str, host: &'static str, scheme: &'static str, url: &str| {
        let table = install(&format!("[[rules]]\n{condition}\npath = '/new.jpg'"));
        sent(&table, &head(host, scheme), url).unwrap().starts_with("/new.jpg")
    };
    assert!(found("host = 'Img.test'", "img.TEST:8080", "http", "/a.jpg"));
    assert!(found("host = '[::1]'", "[::1]", "http", "/a.jpg"));
    assert!(!found("host = 'img.test'", "www.img.test", "http", "/a.jpg"));
    assert!(found("scheme = 'https'", "a", "https", "/a.jpg"));
    assert!(!found("scheme = 'https'", "a", "http", "/a.jpg"));
    assert!(found("query = 'width'", "a", "http", "/a.jpg?W=5"));
    assert!(found("query = 'v=2'", "a", "http", "/a.jpg?V=2"));
    assert!(!found("query = 'v=2'", "a", "http", "/a.jpg?v=3"));
    assert!(!found("host = 'a'\nquery = 'v'", "a", "http", "/a.jpg"));
}

#[test]
fn redirect_and_refusal_answer() {
    check(
        "[[rules]]\nglob = '/old/**'\nredirect = 'https://cdn.test/new/{1}'\nredirect_status = 301\ndrop = ['v']",
        &[("/old/a b.jpg?w=5&v=1", "301 https://cdn.test/new/a%20b.jpg?w=5")],
    );
    check(
        "[[rules]]\nprefix = '/p/'\nredirect = '/q?a=1'",
        &[("/p/x?b=2", "302 /q?a=1")],
    );
    check(
        "[[rules]]\nprefix = '/gone/'\nrefuse = 410",
        &[("/gone/a.jpg", "410"), ("/a.jpg", "/a.jpg")],
    );
}

/// Whatever the path holds, a redirect goes to the host that the rule names, and has one line.
#[test]
fn path_of_a_client_adds_no_host_query_or_header_to_a_redirect() {
    let hostile = [
        "//evil.test/",
        "/\\evil.test/",
        "/@evil.test/",
        "/a\r\nX: 1",
        "/?x=1#y",
        "/...//evil.test",
    ];
    let near = install("[[rules]]\nprefix = '/'\nredirect = '/{rest}'");
    let far = install("[[rules]]\nprefix = '/'\nredirect = 'https://cdn.test/{rest}'");
    for path in hostile {
        let head = head("a", "http");
        let (mut path_now, mut query) = (path.to_owned(), Query::default());
        for (table, begins) in [(&near, "/"), (&far, "https://cdn.test/")] {
            let (mut any, mut state) = (false, Extensions::new());
            let mut event = RewriteEvent::new(&head, &mut path_now, &mut query, &mut any, &mut state);
            let Flow::Respond(reply) = (table.on_request[0].value)(&mut event).unwrap() else {
                unreachable!("the rule matches every path")
            };
            let location = reply.headers[LOCATION].to_str().unwrap();
            assert!(location.starts_with(begins), "{path}: {location}");
            assert!(
                !location.starts_with("//") && !location.contains(['\\', '?', '#', '@']),
                "{path}: {location}"
            );
        }
    }
}

#[test]
fn part_of_a_path_does_not_lead_out_of_the_folder() {
    let table = install("[[rules]]\nprefix = '/photos/'\npath = '/s3/bucket/{rest}'");
    for url in [
        "/photos/../secret.jpg",
        "/photos/a/../../b.jpg",
        "/photos/./a.jpg",
        "/photos/..",
    ] {
        assert_eq!(
            sent(&table, &head("a", "http"), url),
            Err(ErrorKind::BadRequest),
            "{url}"
        );
    }
    let table = install("[[rules]]\nprefix = '/old/'\nredirect = 'https://cdn.test/new/{rest}?from=/..'");
    for url in ["/old/../a.jpg", "/old/?/../../a.jpg", "/old/a/.."] {
        let (path, mut query) = (url.to_owned(), Query::default());
        let (mut path, mut any, mut state) = (path, false, Extensions::new());
        let head = head("a", "http");
        let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
        let refused = (table.on_request[0].value)(&mut event).map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(ErrorKind::BadRequest), "{url}");
    }
    check(
        "[[rules]]\nprefix = '/old/'\nredirect = '/new/{rest}?from=/..'",
        &[("/old/a..b/...", "302 /new/a..b/...?from=/..")],
    );
}

#[test]
fn fault_in_a_rule_is_told_with_its_number() {
    let check = |rule: &str, parts: &[&str]| {
        let settings = format!("[[rules]]\nprefix = '/a/'\nrefuse = 404\n[[rules]]\n{rule}");
        let message = Installer::default()
            .install::<Rewrite>(&settings)
            .unwrap_err()
            .to_string();
        for part in parts {
            assert!(message.contains(part), "{rule}: {message}");
        }
    };
    check("path = '/b'", &["rule 2", "prefix = \"/\""]);
    check("prefix = '/a/'", &["rule 2", "changes nothing"]);
    check("prefix = 'a/'\nrefuse = 404", &["rule 2", "`a/`", "begin with a `/`"]);
    check(
        "prefix = '/a/'\nglob = '/b'\nrefuse = 404",
        &["one of `prefix`, `glob` and `regex`"],
    );
    check("regex = '('\nrefuse = 404", &["`(` is no regular expression"]);
    check("prefix = '/a/'\npath = '/{name}'", &["`{name}`"]);
    check("prefix = '/a/'\npath = '/{rest'", &["without its `}`"]);
    check("glob = '/a/*'\npath = '/{2}'", &["`{2}`"]);
    check("prefix = '/a/'\nrefuse = 200", &["403, 404, 410"]);
    check(
        "prefix = '/a/'\nredirect = '/b'\nredirect_status = 303",
        &["301, 302, 307, 308"],
    );
    check("prefix = '/a/'\nredirect = '/b'\nrefuse = 404", &["both"]);
    check("prefix = '/a/'\nredirect_status = 301", &["no `redirect`"]);
    for address in [
        "{rest}",
        "//evil.test/",
        "https://{rest}",
        "https://{rest}/a",
        "ftp://a/b",
        "https://cdn.test",
    ] {
        check(
            &format!("prefix = '/a/'\nredirect = '{address}'"),
            &["a scheme and a host"],
        );
    }
}

#[test]
fn command_with_a_part_of_the_path_or_a_new_name_is_the_clients() {
    let table = install(
        "[[rules]]\nregex = '^/a-w([0-9]+)'\nset = 'width={1};mode=crop'\ndefault = 'height=1{1}'\n\
         [[rules]]\nquery = 'size'\nrename = { size = 'zoom' }\n",
    );
    let check = |url: &str, expected: &str| {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (head, mut path, mut query) = (head("localhost", "http"), path.to_owned(), Query::parse(query));
        let (mut any, mut state) = (false, Extensions::new());
        let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
        (table.on_request[0].value)(&mut event).unwrap();
        let told = state.get::<ClientCommands>().map(|commands| commands.query.to_string());
        assert_eq!(told.unwrap_or_default(), expected, "{url}");
    };
    check("/a-w60.jpg", "width=60&height=160");
    check("/a-w60.jpg?height=5", "width=60");
    check("/b.jpg?size=2", "zoom=2");
    check("/b.jpg?width=2", "");
}
