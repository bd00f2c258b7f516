//! azurereader before Azurite, which forgets everything when it ends.

use std::net::SocketAddr;

use resizer_engine::testing::FaultyProxy;
use resizer_test_stores::azurite::{ACCOUNT, Azurite, KEY};

use super::{Store, away, escaped, large, replaced, shown, wait};

const CONTAINER: &str = "photos";

impl Store for Azurite {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        format!(
            "name = \"azurereader\"\ncontainers = [\"{CONTAINER}\"]\naccount = \"{ACCOUNT}\"\naccount_key = \"{KEY}\"\n\
             endpoint = \"http://{address}/{ACCOUNT}\""
        )
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        format!("{CONTAINER}/{}", escaped(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        wait(Azurite::put(self, CONTAINER, name, bytes));
    }

    fn kill(&mut self, _: &FaultyProxy) {
        Azurite::kill(self);
    }

    fn start(&mut self) {
        self.restart();
        wait(self.create(CONTAINER, false));
    }
}

fn store() -> Option<Azurite> {
    let store = Azurite::start()?;
    wait(store.create(CONTAINER, false));
    Some(store)
}

#[test]
fn photograph_is_shown_resized_then_cached_and_untouched() {
    if let Some(store) = store() {
        shown::shown(&store);
    }
}

#[test]
fn replaced_photograph_is_shown_anew() {
    if let Some(store) = store() {
        replaced::replaced(&store);
    }
}

#[test]
fn failing_store_answers_errors_and_recovers() {
    if let Some(mut store) = store() {
        away::away(&mut store);
    }
}

#[test]
fn large_object_is_relayed_in_bounded_memory() {
    if let Some(store) = store() {
        large::large(&store);
    }
}
