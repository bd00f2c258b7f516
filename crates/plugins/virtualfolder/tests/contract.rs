//! Source contract for a virtual folder, and its prefix.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and may wait for the disk"
)]

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use resizer_engine::testing::{Installer, SourceStore, source_contract};
use resizer_plugin_api::Source;
use resizer_virtualfolder::VirtualFolder;

struct Served {
    folder: tempfile::TempDir,
    source: Arc<dyn Source>,
}

#[async_trait]
impl SourceStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let finished = self.folder.path().join("unfinished");
        fs::write(&finished, bytes).unwrap();
        fs::rename(finished, path).unwrap();
    }

    async fn remove(&self, path: &str) {
        fs::remove_file(self.folder.path().join(path)).unwrap();
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn virtual_folder_satisfies_the_source_contract() {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!("folder = {:?}", folder.path().to_str().unwrap());
    let table = Installer::default().install::<VirtualFolder>(&settings).unwrap();
    let source = Arc::clone(&table.sources[0].value.source);
    source_contract(&Served { folder, source }).await;
}

#[test]
fn folder_is_served_below_its_prefix() {
    let prefix = |settings: &str| {
        let table = Installer::default().install::<VirtualFolder>(settings).unwrap();
        table.sources[0].value.prefix.as_str().to_owned()
    };
    assert_eq!(prefix("folder = 'a'"), "/virtual/");
    assert_eq!(prefix("folder = 'a'\nprefix = '/archive/'"), "/archive/");
    let refused = Installer::default().install::<VirtualFolder>("prefix = '/archive/'");
    assert!(refused.map(|_| ()).unwrap_err().to_string().contains("folder"));
}
