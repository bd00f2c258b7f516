//! mongoreader before a real mongod.

use std::net::SocketAddr;

use resizer_engine::testing::FaultyProxy;
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

    fn kill(&mut self, _: &FaultyProxy) {
        Mongod::kill(self);
    }

    fn start(&mut self) {
        self.restart();
    }
}

#[test]
fn photograph_is_shown_resized_then_cached_and_untouched() {
    if let Some(store) = Mongod::start(&[]) {
        shown::shown(&store);
    }
}

#[test]
fn replaced_photograph_is_shown_anew() {
    if let Some(store) = Mongod::start(&[]) {
        replaced::replaced(&store);
    }
}

#[test]
fn failing_store_answers_errors_and_recovers() {
    if let Some(mut store) = Mongod::start(&[]) {
        away::away(&mut store);
    }
}

#[test]
fn large_object_is_relayed_in_bounded_memory() {
    if let Some(store) = Mongod::start(&[]) {
        large::large(&store);
    }
}
