//! Large relay: an object of 300 MB passes through the server in memory that does not grow with it.

use super::{Stage, Store};

const LENGTH: usize = 300_000_000;

pub(crate) fn large(store: &dyn Store) {
    let block: Vec<u8> = (0..1_000_000_u32).map(|place| (place % 251) as u8).collect();
    store.put("large.jpg", &block.repeat(LENGTH / block.len()));
    store.put("small.jpg", &block);
    let stage = Stage::before(store, &[("/", "fetch_timeout = \"5m\"")]);
    let server = &stage.server;
    let small = server.get(&stage.url(store, "/", "small.jpg"));
    assert!(small.status == 200 && small.body == block);
    let before = server.peak_memory();
    let large = server.get(&stage.url(store, "/", "large.jpg"));
    assert_eq!((large.status, large.body.len()), (200, LENGTH));
    assert!(
        large.body.chunks(block.len()).all(|piece| piece == block),
        "every byte is right"
    );
    let grown = server.peak_memory() - before;
    assert!(grown < 48 << 20, "relaying 300 MB took {grown} bytes of memory");
}
