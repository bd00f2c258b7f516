//! azurereader before Azurite, which forgets everything when it ends.

use std::net::SocketAddr;

use resizer_engine::testing::Trouble;
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

    fn kill(&mut self, _: &Trouble) {
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
fn a_photograph_is_shown() {
    if let Some(store) = store() {
        shown::shown(&store);
    }
}

#[test]
fn a_photograph_is_replaced() {
    if let Some(store) = store() {
        replaced::replaced(&store);
    }
}

#[test]
fn the_store_goes_away() {
    if let Some(mut store) = store() {
        away::away(&mut store);
    }
}

#[test]
fn a_large_object_is_relayed() {
    if let Some(store) = store() {
        large::large(&store);
    }
}
