//! s3reader before a server that checks signatures.

use std::net::SocketAddr;

use resizer_engine::testing::{FaultyProxy, Mode};
use resizer_test_stores::s3::{Key, S3, Visibility};

use super::{Store, away, escaped, large, replaced, shown, wait};

const BUCKET: &str = "photos";

/// It lives in this process: it is cut off in place of being ended.
impl Store for S3 {
    fn address(&self) -> SocketAddr {
        self.address()
    }

    fn entry(&self, address: SocketAddr) -> String {
        format!(
            "name = \"s3reader\"\nbuckets = [\"{BUCKET}\"]\nendpoint = \"http://{address}\"\nregion = \"eu-north-1\"\n\
             access_key_id = \"reader\"\nsecret_access_key = \"no-secret\""
        )
    }

    fn path(&self, _: SocketAddr, name: &str) -> String {
        format!("{BUCKET}/{}", escaped(name))
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        S3::put(self, BUCKET, name, bytes.to_vec());
    }

    fn kill(&mut self, proxy: &FaultyProxy) {
        proxy.set(Mode::Refuse);
    }

    fn start(&mut self) {}
}

fn store() -> S3 {
    let store = wait(S3::start("eu-north-1")).unwrap();
    store.create(BUCKET, Visibility::Private);
    store.admit(&Key::lasting("reader", "no-secret"));
    store
}

#[test]
fn photograph_is_shown_resized_then_cached_and_untouched() {
    shown::shown(&store());
}

#[test]
fn replaced_photograph_is_shown_anew() {
    replaced::replaced(&store());
}

#[test]
fn failing_store_answers_errors_and_recovers() {
    away::away(&mut store());
}

#[test]
fn large_object_is_relayed_in_bounded_memory() {
    large::large(&store());
}
