//! Tests of the plugin: the suite that every source passes, and the place where it is mounted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use resizer_engine::testing::{Installer, SourceStore, source_contract};
use resizer_plugin_api::bytes::Bytes;
use resizer_plugin_api::{Source, Stat, Validator, async_trait};

use crate::source::ShelfReader;

/// A shelf as the suite writes to it.
#[derive(Default)]
struct Filled {
    shelf: Arc<ShelfReader>,
    version: AtomicU64,
}

#[async_trait]
impl SourceStore for Filled {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.shelf) as _
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        let version = self.version.fetch_add(1, Ordering::Relaxed);
        let stat = Stat::known(Validator::new(version.to_string()), bytes.len() as u64, None);
        self.shelf.put(path, Some((stat, Bytes::copy_from_slice(bytes))));
    }

    async fn remove(&self, path: &str) {
        self.shelf.put(path, None);
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_passes_the_contract() {
    source_contract(&Filled::default()).await;
}

#[test]
fn source_is_mounted_at_its_prefix() {
    let table = Installer::default().install::<ShelfReader>("shelf = 'a'").unwrap();
    assert_eq!(table.sources[0].value.prefix.as_str(), "/shelfreader/");
}
