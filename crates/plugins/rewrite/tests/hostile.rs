//! Hostile targets: ten thousand made-up requests against rules that redirect. Each address is resolved as browsers do
//! (WHATWG URL Standard, by the crate `url`), and leads to a host and a folder that its rule names.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use percent_encoding::percent_decode_str;
use resizer_engine::testing::Installer;
use resizer_plugin_api::engine::{HookTable, text_of_path};
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::http::header::LOCATION;
use resizer_plugin_api::{ErrorKind, Flow, Query, RequestHead, RewriteEvent};
use resizer_rewrite::Rewrite;
use url::Url;

const TARGETS: u64 = 10_000;
/// The address of the page that the browser asked for.
const OWN: &str = "https://images.example.org/any/page.jpg";

/// Rules, and the beginning of every address that they may lead to.
const RULES: &[(&str, &str)] = &[
    ("prefix = '/'\nredirect = '/{rest}'", "https://images.example.org/"),
    (
        "prefix = '/old/'\nredirect = '/new/{rest}'",
        "https://images.example.org/new/",
    ),
    ("glob = '/**'\nredirect = '//{1}'", ""),
    ("glob = '/**/*'\nredirect = '/{2}/{1}'", "https://images.example.org/"),
    ("regex = '^(.*)$'\nredirect = '/{1}'", "https://images.example.org/"),
    (
        "regex = '^/(a)?(.*)$'\nredirect = '/{1}/{2}'",
        "https://images.example.org/",
    ),
    (
        "prefix = '/'\nredirect = 'https://cdn.test/{rest}'",
        "https://cdn.test/",
    ),
    (
        "prefix = '/'\nredirect = 'http://cdn.test:81/a/{rest}?v=1'",
        "http://cdn.test:81/a/",
    ),
    (
        "regex = '(.*)'\nredirect = 'https://cdn.test/a/b{1}'\ndrop = ['*']",
        "https://cdn.test/a/b",
    ),
    (
        "glob = '/*/**'\nredirect = 'https://cdn.test/a/{1}.{2}'\nset = 'to={2}'",
        "https://cdn.test/a/",
    ),
    (
        "prefix = '/old/'\npath = '/{rest}'\n[[rules]]\nregex = '^/*(.*)'\nredirect = '/new/{1}'",
        "https://images.example.org/new/",
    ),
];

/// Parts of targets, as they stand in a request line.
const PARTS: &[&str] = &[
    "/",
    "/",
    "/",
    "//",
    "\\",
    "/\\",
    "\\/",
    "%2f",
    "%2F%2F",
    "%5c",
    "%5C%5C",
    "%252f",
    "%255c",
    ".",
    "..",
    "/../",
    "/./",
    "%2e",
    "%2E%2e",
    "%252e%252e",
    "..;/",
    "@",
    "%40",
    "user:pw@",
    ":",
    "%3a",
    ":80",
    "evil.test",
    "EVIL.TEST",
    "evil%2etest",
    "http:",
    "https://evil.test/",
    "javascript:alert(1)",
    "data:text/html,",
    "\r\n",
    "%0d%0a",
    "%0D%0ALocation:%20//evil.test",
    "\t",
    "%09",
    "%00",
    "%7f",
    "#",
    "%23",
    "?",
    "%3f",
    "%3F/..",
    ";",
    "%3b",
    "&",
    "=",
    "+",
    " ",
    "%20",
    "%2520",
    "\u{ff0f}",
    "%ef%bc%8f",
    "\u{3002}",
    "%e3%80%82",
    "\u{2025}",
    "\u{24d4}vil.test",
    "%c0%af",
    "%c0%ae",
    "%e2%80%ae",
    "%ed%a0%80",
    "%ff",
    "%u002f",
    "%",
    "%2",
    "[::1]",
    "127.0.0.1",
    "0x7f.1",
    "cdn.test",
    ".evil.test",
    "cdn.test@evil.test",
    "{rest}",
    "%7b1%7d",
    "$1",
    "<script>",
    "%22",
    "'",
    "old/",
    "/old/",
    "/new",
    "a",
    "a.jpg",
    "/b/",
];

/// SplitMix64 (Steele, Lea and Flood, 2014): the same targets in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % bound as u64) as usize
    }

    fn text(&mut self, most: usize) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| PARTS[self.below(PARTS.len())]).collect()
    }
}

/// The address of the redirect; `None` for a request that a rule refuses or leaves alone.
fn redirected(table: &HookTable, path: &str, query: &str) -> Option<String> {
    let mut head = RequestHead::get("/", "");
    (head.host, head.scheme) = ("images.example.org".into(), "https");
    let (mut path, mut query) = (path.to_owned(), Query::parse(query));
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    match (table.on_request[0].value)(&mut event) {
        Ok(Flow::Respond(reply)) => Some(reply.headers[LOCATION].to_str().unwrap().to_owned()),
        Ok(Flow::Continue) => None,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::BadRequest);
            None
        }
    }
}

#[test]
fn hostile_target_is_redirected_only_to_the_host_and_folder_of_its_rule() {
    let own = Url::parse(OWN).unwrap();
    let mut redirects = 0;
    for (rules, begins) in RULES {
        let settings = format!("[[rules]]\n{rules}");
        if begins.is_empty() {
            // Such a rule would let the path name a host.
            assert!(Installer::default().install::<Rewrite>(&settings).is_err(), "{rules}");
            continue;
        }
        let table = Installer::default().install::<Rewrite>(&settings).unwrap();
        let mut random = Random(18);
        for _ in 0..TARGETS {
            let first = ["/", "/", "/old/", "//", "/\\"][random.below(5)];
            let raw = format!("{first}{}", random.text(6));
            let query = random.text(3);
            // The path is decoded once before the plugin sees it.
            let bytes: Vec<u8> = percent_decode_str(&raw).collect();
            let Some(location) = redirected(&table, &text_of_path(&bytes), &query) else {
                continue;
            };
            redirects += 1;
            let case = || format!("{raw:?} and {query:?} by {rules}: {location}");
            assert!(location.bytes().all(|byte| byte.is_ascii_graphic()), "{}", case());
            let target = own
                .join(&location)
                .unwrap_or_else(|error| panic!("{error}: {}", case()));
            assert!(target.as_str().starts_with(begins), "{target}: {}", case());
            assert!(
                target.username().is_empty() && target.password().is_none(),
                "{}",
                case()
            );
            assert_eq!(target.fragment(), None, "{}", case());
        }
    }
    assert!(redirects > 40_000, "{redirects}");
}
