//! Source of blobs: each answer is one request to the store.

use async_trait::async_trait;
use resizer_object_storage::Bucket;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourceKey, SourcePath, Stat, Want};

use crate::AzureReader;

#[async_trait]
impl Source for AzureReader {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        SourceKey::new(format!("{}{path}", self.identities()))
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        let (container, key) = self.locate(path)?;
        container.stat(key).await
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let (container, key) = self.locate(path)?;
        container.fetch(key, want).await
    }
}

impl AzureReader {
    /// The prefix of the identities of all blobs here.
    pub(crate) fn identities(&self) -> String {
        format!("azure:{}/", self.store.account.endpoint)
    }

    /// The container and the blob that a path names.
    fn locate<'p>(&self, path: &'p SourcePath) -> Result<(&Bucket, &'p str), Error> {
        let (name, key) = path
            .as_str()
            .split_once('/')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| Error::not_found().because("the path does not name a container and a blob"))?;
        match self.containers.get(name) {
            Some(container) => Ok((container, key)),
            None => Err(Error::new(ErrorKind::Forbidden, "This container is not served.")
                .because(format!("the container {name:?} is not in `containers`"))),
        }
    }
}
