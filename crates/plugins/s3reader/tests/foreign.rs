//! Source contract for another S3 server, which shares nothing with the first but the protocol.

use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::{Installer, SourceStore, source_contract};
use resizer_plugin_api::Source;
use resizer_s3reader::S3Reader;
use resizer_test_stores::moto::Moto;

struct Foreign {
    moto: Moto,
    source: Arc<dyn Source>,
}

#[async_trait]
impl SourceStore for Foreign {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.moto.put("photos", path, bytes).await;
    }

    async fn remove(&self, path: &str) {
        self.moto.remove("photos", path).await;
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_of_a_foreign_server_satisfies_the_source_contract() {
    let Some(moto) = Moto::start() else { return };
    moto.create("photos").await;
    let settings = format!(
        "endpoint = 'http://{}'\nbucket = 'photos'\naccess_key_id = 'any'\nsecret_access_key = 'any'",
        moto.address()
    );
    let table = Installer::default().install::<S3Reader>(&settings).unwrap();
    let source = Arc::clone(&table.sources[0].value.source);
    source_contract(&Foreign { moto, source }).await;
}
