//! Source contract for a real `mongod`, and this plugin's handling of names, ids, damaged files, users and servers that
//! restart.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod connect;
mod files;
mod settings;
mod store_failures;

use std::sync::Arc;

use async_trait::async_trait;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use resizer_engine::testing::{Installer, SourceStore, read_all, source_contract};
use resizer_mongoreader::MongoReader;
use resizer_plugin_api::{ByteRange, Download, Error, Fetch, Source, SourcePath, Want};
use resizer_test_stores::mongod::{Mongod, upload};

/// A bucket in a database of its own, and the plugin that serves it.
struct Served {
    database: Database,
    source: Arc<dyn Source>,
    /// Ends with the last test that uses it.
    server: Arc<Mongod>,
}

fn install(settings: &str) -> Arc<dyn Source> {
    let table = Installer::default().install::<MongoReader>(settings).unwrap();
    Arc::clone(&table.sources[0].value.source)
}

impl Served {
    async fn new(name: &str) -> Option<Self> {
        let server = Mongod::shared().await?;
        let settings = format!(
            "connection_string = '{}'\ndatabase = '{name}'",
            server.connection_string()
        );
        Some(Self {
            database: server.database(name).await,
            source: install(&settings),
            server,
        })
    }

    async fn upload(&self, name: &str, bytes: &[u8]) -> mongodb::bson::Bson {
        upload(&self.database, "fs", name, bytes).await
    }
}

async fn download(source: &dyn Source, path: &str, range: Option<ByteRange>) -> Result<Download, Error> {
    let want = Want::whole().with_range(range);
    match source.fetch(&SourcePath::parse(path).unwrap(), want).await? {
        Fetch::Download(download) => Ok(download),
        Fetch::Unchanged => panic!("nothing was said to be known"),
    }
}

async fn read(source: &dyn Source, path: &str) -> Result<Vec<u8>, Error> {
    read_all(download(source, path, None).await?.bytes).await
}

#[async_trait]
impl SourceStore for Served {
    fn source(&self) -> Arc<dyn Source> {
        Arc::clone(&self.source)
    }

    async fn put(&self, path: &str, bytes: &[u8]) {
        self.upload(path, bytes).await;
    }

    async fn remove(&self, path: &str) {
        let files = self.database.collection::<Document>("fs.files");
        while let Some(file) = files.find_one(doc! { "filename": path }).await.unwrap() {
            let id = file.get("_id").unwrap().clone();
            self.database.gridfs_bucket(None).delete(id).await.unwrap();
        }
    }

    fn can_hold(&self, _: &str) -> bool {
        true
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_satisfies_the_source_contract() {
    let Some(served) = Served::new("contract").await else {
        return;
    };
    source_contract(&served).await;
}
