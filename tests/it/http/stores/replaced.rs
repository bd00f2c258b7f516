//! Photograph that is replaced under its name. If the store is asked again, the new one appears, and the old one never
//! under the new one's ETag. If objects are configured never to change, the old one stays.

use std::collections::HashMap;
use std::time::Duration;

use super::pixels::{LAKE, Picture, UPSIDE_DOWN};
use super::{Stage, Store, said};
use crate::http::client::Response;
use crate::http::photographs::{lake, upside_down};
use crate::http::server::eventually;

pub(crate) fn replaced(store: &dyn Store) {
    store.put("fresh.jpg", lake());
    store.put("fast.jpg", lake());
    let stage = Stage::before(
        store,
        &[("/fresh/", "check_modified = \"1s\""), ("/fast/", "fast = true")],
    );
    let server = &stage.server;
    let small = format!("{}?width=200", stage.url(store, "/fresh/", "fresh.jpg"));
    let whole = stage.url(store, "/fresh/", "fresh.jpg");
    let kept = format!("{}?width=200", stage.url(store, "/fast/", "fast.jpg"));
    let mut names = Names::default();
    let old = [
        names.look(&small, &server.get(&small)),
        names.look(&whole, &server.get(&whole)),
    ];
    assert_eq!(old, [Shows::Lake; 2]);
    let before = server.get(&kept);
    assert_eq!(show(&before), Shows::Lake);

    // Some validators count in seconds, which is no fault of the server's.
    std::thread::sleep(Duration::from_millis(1100));
    store.put("fresh.jpg", upside_down());
    store.put("fast.jpg", upside_down());
    for target in [&small, &whole] {
        eventually(&format!("{target} shows the new photograph"), || {
            (names.look(target, &server.get(target)) == Shows::UpsideDown).then_some(())
        });
        for _ in 0..10 {
            assert_eq!(
                names.look(target, &server.get(target)),
                Shows::UpsideDown,
                "{target} stays new"
            );
        }
        let (etag, _) = names
            .0
            .iter()
            .find(|(key, shows)| key.0 == *target && **shows == Shows::Lake)
            .unwrap();
        let known = server.request("GET", target, &[("If-None-Match", &etag.1)]);
        assert_eq!(known.status, 200, "{target}: whoever has the old one gets the new one");
    }
    let after = server.get(&kept);
    assert_eq!(
        (after.header("etag"), after.header("x-cache"), &after.body),
        (before.header("etag"), Some("hit"), &before.body),
        "{kept}: what is said never to change stays"
    );
}

/// Which photograph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shows {
    Lake,
    UpsideDown,
}

/// The bytes that each ETag of each address stood for so far.
#[derive(Default)]
struct Names(HashMap<(String, String), Shows>);

impl Names {
    /// Which photograph it is; an ETag that has stood for another one fails.
    fn look(&mut self, target: &str, response: &Response) -> Shows {
        let shows = show(response);
        let etag = response.header("etag").unwrap().to_owned();
        let before = self.0.insert((target.to_owned(), etag), shows);
        assert!(
            before.is_none_or(|before| before == shows),
            "{target}: one ETag for two photographs"
        );
        shows
    }
}

fn show(response: &Response) -> Shows {
    assert_eq!(response.status, 200, "{}", said(response));
    if response.body == lake() {
        return Shows::Lake;
    }
    if response.body == upside_down() {
        return Shows::UpsideDown;
    }
    let picture = Picture::of_jpeg(&response.body);
    if picture.distance(&LAKE) < picture.distance(&UPSIDE_DOWN) {
        Shows::Lake
    } else {
        Shows::UpsideDown
    }
}
