//! Hostile targets for the rewrite plugin: ten thousand made-up paths and queries, none of which leads to a host or
//! into a folder that no rule names. Addresses are resolved by the parser of browsers' URL standard.

use resizer_engine::testing::Installer;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::http::header::LOCATION;
use resizer_plugin_api::{ErrorKind, Flow, Query, RequestHead, RewriteEvent};
use resizer_rewrite::Rewrite;
use url::Url;

/// Pieces that parsers of paths and URLs have been misled by.
const PIECES: &[&str] = &[
    "/",
    "//",
    "\\",
    ".",
    "..",
    "../",
    "/..",
    "%2e%2e",
    "%2f",
    "%5c",
    "%00",
    "@",
    ":",
    ":80",
    "http:",
    "https://evil.test",
    "//evil.test",
    "evil.test",
    "@evil.test",
    "javascript:",
    "\r\n",
    "\r\nLocation: https://evil.test",
    "\t",
    "\0",
    " ",
    "?",
    "#",
    "&",
    "=",
    ";",
    "{rest}",
    "{{",
    "{1}",
    "$1",
    "\u{202e}",
    "\u{ff0e}\u{ff0e}\u{ff0f}",
    "\u{2215}",
    "\u{10ffc0}\u{10ffae}",
    "\u{e9}",
    "a",
    "b.jpg",
    "xn--",
];

const RULES: &str = r#"
    [[rules]]
    prefix = "/photos/"
    path = "/s3/bucket/{rest}"
    set = "from={rest}"
    last = true
    [[rules]]
    regex = '^/named/(?<name>.*?)/(?<rest>.*)$'
    path = "/people/{name}.d/{rest}"
    last = true
    [[rules]]
    prefix = "/near/"
    redirect = "/{rest}"
    [[rules]]
    prefix = "/far/"
    redirect = "https://cdn.test/{rest}"
    redirect_status = 301
    [[rules]]
    glob = "/by/*/**"
    redirect = "https://cdn.test/{1}/at/{2}?kept=1"
"#;

/// The places where the rules begin, and one where none does.
const BEGINNINGS: &[&str] = &["/photos/", "/named/", "/near/", "/far/", "/by/", "/"];

/// A xorshift generator (Marsaglia, 2003): the same targets in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn text(&mut self, most: usize) -> String {
        let length = self.below(most + 1);
        (0..length).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

fn has_dots(path: &str) -> bool {
    path.split('/').any(|segment| matches!(segment, "." | ".."))
}

#[test]
fn hostile_target_leads_to_no_host_and_no_folder_that_no_rule_names() {
    let table = Installer::default().install::<Rewrite>(RULES).unwrap();
    let head = RequestHead::get("/", "");
    let base = Url::parse("http://origin.test/x/y").unwrap();
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut seen = [0; 3];
    for _ in 0..10_000 {
        let begins = BEGINNINGS[chance.below(BEGINNINGS.len())];
        let asked = format!("{begins}{}", chance.text(8));
        let mut query = Query::parse(&chance.text(5));
        let (mut path, mut any, mut state) = (asked.clone(), false, Extensions::new());
        let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
        match (table.on_request[0].value)(&mut event) {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::BadRequest, "{asked:?}");
                assert!(has_dots(&asked), "only dots are refused, and not {asked:?}");
                seen[0] += 1;
            }
            Ok(Flow::Respond(reply)) => {
                let location = reply.headers[LOCATION].to_str().unwrap();
                let host = base.join(location).unwrap().host_str().unwrap().to_owned();
                let named = if asked.starts_with("/near/") {
                    "origin.test"
                } else {
                    "cdn.test"
                };
                assert_eq!(host, named, "{asked:?} leads to {location}");
                seen[1] += 1;
            }
            Ok(Flow::Continue) => {
                let inside = match begins {
                    "/photos/" => path.starts_with("/s3/bucket/") && !has_dots(&path),
                    _ if path != asked => path.starts_with("/people/") && !has_dots(&path),
                    _ => true,
                };
                assert!(inside, "{asked:?} becomes {path:?}");
                seen[2] += 1;
            }
        }
    }
    // Proves that the targets reach refusals, redirects and rewrites.
    assert!(seen.iter().all(|times| *times > 100), "{seen:?}");
}
