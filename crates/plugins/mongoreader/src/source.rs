//! Source of GridFS files. A stat is one query. A fetch is a second one, for the chunks, and a further one for each
//! megabyte after the first.

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use mongodb::Collection;
use mongodb::bson::RawDocumentBuf;
use resizer_plugin_api::{ByteStream, Download, Error, Fetch, Source, SourceKey, SourcePath, Stat, Want};

use crate::MongoReader;
use crate::error::StoreError;
use crate::file::StoredFile;
use crate::reading::Reading;
use crate::store::Link;

#[async_trait]
impl Source for MongoReader {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        let Self {
            hosts,
            database,
            bucket,
            ..
        } = self;
        SourceKey::new(format!("mongodb:{hosts}/{database}/{bucket}/{path}"))
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        match self.find(path).await {
            Ok((_, file)) => Ok(file.stat()),
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        self.begin(path, want).await.map_err(|error| self.failed(error))
    }
}

impl MongoReader {
    /// One of the bucket's two collections: `files` or `chunks`.
    pub(crate) fn collection(&self, link: &Link, name: &str) -> Collection<RawDocumentBuf> {
        let database = link.database(&self.database);
        database.collection(&format!("{}.{name}", self.bucket))
    }

    async fn find(&self, path: &SourcePath) -> Result<(Link, StoredFile), StoreError> {
        let link = self.store.link().await?;
        let file = StoredFile::find(&link, &self.collection(&link, "files"), path.as_str()).await?;
        Ok((link, file))
    }

    async fn begin(&self, path: &SourcePath, want: Want) -> Result<Fetch, StoreError> {
        let (link, file) = self.find(path).await?;
        let stat = file.stat();
        if want.unless.is_some() && want.unless == stat.validator {
            return Ok(Fetch::Unchanged);
        }
        let chunks = self.collection(&link, "chunks");
        let bytes: ByteStream = match Reading::begin(link, &chunks, file, want.range).await? {
            None => Box::pin(stream::empty()),
            Some(mut reading) => {
                // The first batch came with the answer to the query, and shows early whether there are bytes to send.
                let first = reading.next().await?;
                Box::pin(stream::iter(first.map(Ok)).chain(self.rest(reading)))
            }
        };
        Ok(Fetch::Download(Download::new(stat, bytes)))
    }

    fn rest(&self, reading: Reading) -> ByteStream {
        let reader = self.clone();
        let pieces = stream::try_unfold(reading, |mut reading| async move {
            Ok(reading.next().await?.map(|piece| (piece, reading)))
        });
        Box::pin(pieces.map_err(move |error| reader.failed(error)))
    }

    fn failed(&self, error: StoreError) -> Error {
        error.into_answer(&self.database, &self.bucket)
    }
}
