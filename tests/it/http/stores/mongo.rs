//! mongoreader before a real mongod.

use std::net::SocketAddr;

use resizer_engine::testing::Trouble;
use resizer_test_stores::mongod::{Mongod, upload};

use super::{Store, away, escaped, large, replaced, shown, wait};

const DATABASE: &str = "shop";

impl Store for Mongod {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        format!(
            "name = \"mongoreader\"\nconnection_string = \"mongodb://{address}/{DATABASE}?directConnection=true\"\n\
             server_selection_timeout = \"1s\""
        )
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        escaped(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        wait(async { upload(&self.database(DATABASE).await, "fs", name, bytes).await });
    }

    fn kill(&mut self, _: &Trouble) {
        Mongod::kill(self);
    }

    fn start(&mut self) {
        self.restart();
    }
}

#[test]
fn a_photograph_is_shown() {
    if let Some(store) = Mongod::start(&[]) {
        shown::shown(&store);
    }
}

#[test]
fn a_photograph_is_replaced() {
    if let Some(store) = Mongod::start(&[]) {
        replaced::replaced(&store);
    }
}

#[test]
fn the_store_goes_away() {
    if let Some(mut store) = Mongod::start(&[]) {
        away::away(&mut store);
    }
}

#[test]
fn a_large_object_is_relayed() {
    if let Some(store) = Mongod::start(&[]) {
        large::large(&store);
    }
}
