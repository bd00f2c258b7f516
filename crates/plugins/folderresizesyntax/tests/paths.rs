//! Tests of the folder resize syntax plugin: the path and the defaults that it makes of a path.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use resizer_engine::testing::Installer;
use resizer_folderresizesyntax::FolderResizeSyntax;
use resizer_plugin_api::http::Extensions;
use resizer_plugin_api::{ClientCommands, DefaultsEvent, Query, RequestHead, RewriteEvent};

/// The path and the defaults.
fn read(path: &str) -> (String, String) {
    let table = Installer::default().install::<FolderResizeSyntax>("").unwrap();
    let head = RequestHead::get("/", "");
    let (mut path, mut query) = (path.to_owned(), Query::default());
    let (mut any, mut state, mut defaults) = (false, Extensions::new(), Query::default());
    let mut event = RewriteEvent::new(&head, &mut path, &mut query, &mut any, &mut state);
    (table.on_rewrite[0].value)(&mut event).unwrap();
    let mut event = DefaultsEvent::new(&head, &path, &query, &mut state, &mut defaults);
    (table.on_rewrite_defaults[0].value)(&mut event).unwrap();
    assert!(query.is_empty(), "the query's own keys win");
    let told = state.get::<ClientCommands>().map(|commands| commands.query.to_string());
    assert_eq!(
        told.unwrap_or_default(),
        defaults.to_string(),
        "authorizers know of them"
    );
    (path, defaults.to_string())
}

#[test]
fn sizes_in_the_path_become_defaults() {
    let check = |path: &str, expected: (&str, &str)| {
        let (found, defaults) = read(path);
        assert_eq!((found.as_str(), defaults.as_str()), expected, "{path}");
    };
    check("/resize(100,50)/a.jpg", ("/a.jpg", "maxwidth=100&maxheight=50"));
    check(
        "/p/resize(100,50,PNG)/q/a.jpg",
        ("/p/q/a.jpg", "maxwidth=100&maxheight=50&format=png"),
    );
    check("/Resize( 40 , 0 )/a.jpg", ("/a.jpg", "maxwidth=40"));
    check("/resize(0,0)/a.jpg", ("/a.jpg", ""));
    check(
        "/resize(1,2)/resize(3,0,gif)/a.jpg",
        ("/a.jpg", "maxwidth=3&maxheight=2&format=gif"),
    );
}

#[test]
fn folder_of_another_form_stays_a_part_of_the_path() {
    for path in [
        "/a.jpg",
        "/resize/a.jpg",
        "/resize(1)/a.jpg",
        "/resize(1,2,3)/a.jpg",
        "/resize(1,2,png,4)/a.jpg",
        "/resize(-1,2)/a.jpg",
        "/resize(wide,2)/a.jpg",
        "/resize(99999999999,2)/a.jpg",
        "/presize(1,2)/a.jpg",
        "/resize(1,2)b/a.jpg",
        "/réésize(1,2)/a.jpg",
        "/re",
    ] {
        assert_eq!(read(path), (path.to_owned(), String::new()));
    }
}
