//! remotereader before nginx, as any web server with images.

use std::net::SocketAddr;

use resizer_engine::testing::{FaultyProxy, Mode};
use resizer_test_stores::nginx::Nginx;

use super::{Stage, Store, away, escaped, large, replaced, shown};
use crate::http::photographs::lake;

/// The store is trusted here, so that its files may be relayed.
const TRUSTED: &str = "untrusted_data = false\nmax_bytes = \"400MB\"";

struct Remote {
    origin: Nginx,
    trust: &'static str,
}

impl Store for Remote {
    fn address(&self) -> SocketAddr {
        self.origin.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        let (ip, port, trust) = (address.ip(), address.port(), self.trust);
        format!(
            "name = \"remotereader\"\nallow = [{{ domain = \"{ip}\" }}]\nallow_addresses = [\"{ip}\"]\n\
             schemes = [\"http\"]\nports = [{port}]\n{trust}"
        )
    }

    fn path(&self, address: SocketAddr, name: &str) -> String {
        format!("{address}/{}", escaped(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.origin.put(name, bytes).unwrap();
    }

    fn kill(&mut self, proxy: &FaultyProxy) {
        proxy.set(Mode::Refuse);
    }

    fn start(&mut self) {}
}

fn store(trust: &'static str) -> Option<Remote> {
    Nginx::start(None).map(|origin| Remote { origin, trust })
}

#[test]
fn photograph_is_shown_resized_then_cached_and_untouched() {
    if let Some(store) = store(TRUSTED) {
        shown::shown(&store);
    }
}

#[test]
fn replaced_photograph_is_shown_anew() {
    if let Some(store) = store(TRUSTED) {
        replaced::replaced(&store);
    }
}

#[test]
fn failing_store_answers_errors_and_recovers() {
    if let Some(mut store) = store(TRUSTED) {
        away::away(&mut store);
    }
}

#[test]
fn large_object_is_relayed_in_bounded_memory() {
    if let Some(store) = store(TRUSTED) {
        large::large(&store);
    }
}

/// Others decide what is there: nothing of it leaves but pictures that the server has made.
#[test]
fn untrusted_data_is_never_relayed() {
    let Some(store) = store("") else { return };
    store.put("photo.jpg", lake());
    store.put("page.jpg", b"<html><script>alert(1)</script></html>");
    let stage = Stage::before(&store, &[("/", "")]);
    for query in ["", "?process=no", "?cache=no", "?width=2400"] {
        let photo = stage.server.get(&(stage.url(&store, "/", "photo.jpg") + query));
        assert_eq!(
            (photo.status, photo.header("content-type")),
            (200, Some("image/jpeg")),
            "{query}"
        );
        assert!(photo.body != lake(), "{query}: a photograph made anew");
        let page = stage.server.get(&(stage.url(&store, "/", "page.jpg") + query));
        assert_eq!(page.status, 415, "{query}");
    }
}
