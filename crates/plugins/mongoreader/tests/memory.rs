//! Memory of a large file while it is relayed. This binary has no other test, since it counts every allocation.

use futures_util::TryStreamExt as _;
use peak_alloc::PeakAlloc;
use resizer_engine::testing::Installer;
use resizer_mongoreader::MongoReader;
use resizer_plugin_api::{Fetch, SourcePath, Want};
use resizer_test_stores::mongod::{Mongod, upload};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const LENGTH: usize = 300_000_000;

#[tokio::test]
async fn relay_of_a_large_file_takes_constant_memory() {
    let Some(server) = Mongod::start(&[]) else {
        return;
    };
    upload(&server.database("images").await, "fs", "large.jpg", &vec![7; LENGTH]).await;
    let settings = format!("connection_string = 'mongodb://{}/images'", server.address());
    let table = Installer::default().install::<MongoReader>(&settings).unwrap();
    let source = &table.sources[0].value.source;

    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let path = SourcePath::parse("large.jpg").unwrap();
    let Fetch::Download(download) = source.fetch(&path, Want::whole()).await.unwrap() else {
        panic!("nothing was said to be known")
    };
    let received = download.bytes.try_fold(0, async |sum, piece| Ok(sum + piece.len()));
    assert_eq!(received.await.unwrap(), LENGTH);
    let used = MEMORY.peak_usage() - before;
    assert!(used < 16_000_000, "300 MB were relayed through {used} bytes");
}
