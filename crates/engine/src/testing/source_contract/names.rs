//! Difficult names of objects: each one is read literally, or is absent.

use std::collections::HashSet;

use super::{SourceStore, is_absent, source_path, whole};
use crate::testing::same_bytes;

/// Names with special meanings to stores, URL libraries or shells. Each is one object, and no two are the same.
const NAMES: &[&str] = &[
    "plain.jpg",
    "PLAIN.jpg",
    "with space.jpg",
    " space first.jpg",
    "two  spaces.jpg",
    " ",
    "space last.jpg ",
    "plus+sign.jpg",
    "percent%.jpg",
    "escaped%20space.jpg",
    "escaped%2Fslash.jpg",
    "escaped%252Fslash.jpg",
    "%2e%2e",
    "percent%zz.jpg",
    "escaped%00nul.jpg",
    "escaped%C3%A9.jpg",
    "%",
    "+",
    "question?mark.jpg",
    "question?width=100",
    "?",
    "hash#mark.jpg",
    "#",
    "ampersand&equals=.jpg",
    "semi;colon.jpg",
    "comma,.jpg",
    "colon:.jpg",
    "C:",
    "at@sign.jpg",
    "exclamation!.jpg",
    "single'quote.jpg",
    "double\"quote.jpg",
    "<angles>.jpg",
    "(round).jpg",
    "[square].jpg",
    "{curly}.jpg",
    "star*.jpg",
    "pipe|.jpg",
    "tilde~.jpg",
    "~",
    "$(dollar).jpg",
    "`backtick`.jpg",
    "caret^.jpg",
    "-leading-dash.jpg",
    "--",
    "'; DROP TABLE images; --.jpg",
    "{\"$ne\": null}",
    "http:",
    ".hidden.jpg",
    ".jpg",
    "..two dots first.jpg",
    "...",
    "trailing dot.",
    "trailing dots...",
    "two..dots.jpg",
    "no-extension",
    "CON",
    "nul.jpg",
    "caf\u{e9}.jpg",
    "cafe\u{301}.jpg",
    "\u{e9}",
    "e\u{301}",
    "\u{d55c}.jpg",
    "\u{1112}\u{1161}\u{11ab}.jpg",
    "Stra\u{df}e \u{130}\u{131}.jpg",
    "\u{65e5}\u{672c}\u{8a9e}.jpg",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.jpg",
    "\u{1f431}.jpg",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}.jpg",
    "\u{1f3f3}\u{fe0f}\u{200d}\u{1f308}.jpg",
    "no-break\u{a0}space.jpg",
    "right\u{202e}to-left.jpg",
    "replaced\u{fffd}.jpg",
    "zero\u{200b}width.jpg",
    "\u{feff}mark.jpg",
    "full\u{ff0e}\u{ff0e}width\u{ff0f}.jpg",
    "deep/er/and/deep er/plain.jpg",
    "folder.jpg/inside.jpg",
];

/// The content of each object is its own name, so that two names of one object show.
pub(super) async fn names(store: &dyn SourceStore) {
    let long = format!("{}.jpg", "n".repeat(196));
    let long_in_bytes = format!("{}.jpg", "\u{20ac}".repeat(65));
    let long_and_deep = format!("{}.jpg", "deep and/".repeat(90));
    let long_names = [&long, &long_in_bytes, &long_and_deep].map(String::as_str);
    let paths = NAMES
        .iter()
        .copied()
        .chain(long_names)
        .map(|name| format!("names/{name}"));
    let (held, others): (Vec<String>, Vec<String>) = paths.partition(|path| store.can_hold(path));
    assert!(
        held.iter().any(|path| path == "names/plain.jpg"),
        "every store can hold `names/plain.jpg`"
    );
    for path in &held {
        store.put(path, path.as_bytes()).await;
    }
    let source = store.source();
    let mut identities = HashSet::new();
    for path in &held {
        same_bytes(
            &whole(&*source, path).await,
            path.as_bytes(),
            &format!("the object named {path:?}"),
        );
        assert!(
            identities.insert(source.identity(&source_path(path))),
            "{path:?} has an identity of its own"
        );
    }
    for path in &others {
        is_absent(&*source, path, &format!("{path:?}, a name that cannot be addressed")).await;
    }
}
