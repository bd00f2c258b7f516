//! Tests of the default settings plugin: the scale that it adds, and where it adds none.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use resizer_defaultsettings::DefaultSettings;
use resizer_engine::testing::Installer;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::{Query, RequestHead, RewriteEvent};

fn with_scale(settings: &str, query: &str) -> String {
    let table = Installer::default().install::<DefaultSettings>(settings).unwrap();
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = ("/a.jpg".to_owned(), Query::parse(query));
    let (mut any, mut state) = (false, Extensions::new());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_post_rewrite[0].value)(&mut event).unwrap();
    query.to_string()
}

#[test]
fn scale_follows_the_kind_of_size() {
    let settings = "explicit_size_scale_mode = 'both'\nmax_size_scale_mode = 'UpscaleCanvas'";
    let check = |query: &str, expected: &str| assert_eq!(with_scale(settings, query), expected, "{query}");
    check("width=5", "width=5&scale=both");
    check("h=5&mode=crop", "h=5&mode=crop&scale=both");
    check("maxwidth=5", "maxwidth=5&scale=canvas");
    check("width=5&mode=Max", "width=5&mode=Max&scale=canvas");
    check("width=5&maxheight=5", "width=5&maxheight=5&scale=both");
    // An empty value asks for nothing.
    check("width=&maxheight=5", "width&maxheight=5&scale=canvas");
    check("width=5&scale=", "width=5&scale=both");
    // The URL decides, or asks for no size.
    check("width=5&scale=up", "width=5&scale=up");
    check("format=png", "format=png");
    check("", "");
}

#[test]
fn scale_is_down_without_settings() {
    assert_eq!(with_scale("", "w=5"), "w=5&scale=down");
}

#[test]
fn unknown_scale_is_refused_with_the_known_ones() {
    let refused = Installer::default().install::<DefaultSettings>("max_size_scale_mode = 'sideways'");
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("sideways") && message.contains("canvas"), "{message}");
}
