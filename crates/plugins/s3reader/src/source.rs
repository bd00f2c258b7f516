//! Source of objects: each answer is one request to the store.

use async_trait::async_trait;
use resizer_object_storage::Bucket;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourceKey, SourcePath, Stat, Want};
use std::borrow::Cow;

use crate::{S3Reader, Served};

#[async_trait]
impl Source for S3Reader {
    fn identity(&self, path: &SourcePath) -> SourceKey {
        let address = self.store.address();
        SourceKey::new(match &self.served {
            Served::Listed(_) => format!("s3:{address}/{path}"),
            Served::One { name, folder: None, .. } => format!("s3:{address}/{}/{path}", name.as_str()),
            Served::One {
                name,
                folder: Some(folder),
                ..
            } => format!("s3:{address}/{}/{}/{path}", name.as_str(), folder.as_str()),
        })
    }

    async fn stat(&self, path: &SourcePath) -> Result<Stat, Error> {
        let (bucket, key) = self.locate(path)?;
        bucket.stat(&key).await
    }

    async fn fetch(&self, path: &SourcePath, want: Want) -> Result<Fetch, Error> {
        let (bucket, key) = self.locate(path)?;
        bucket.fetch(&key, want).await
    }
}

impl S3Reader {
    /// The bucket and the key that a path names.
    fn locate<'p>(&self, path: &'p SourcePath) -> Result<(&Bucket, Cow<'p, str>), Error> {
        let path = path.as_str();
        match &self.served {
            Served::One { bucket, folder, .. } => Ok((
                bucket,
                match folder {
                    Some(folder) => Cow::Owned(format!("{}/{path}", folder.as_str())),
                    None => Cow::Borrowed(path),
                },
            )),
            Served::Listed(buckets) => {
                let (name, key) = path
                    .split_once('/')
                    .filter(|(name, _)| !name.is_empty())
                    .ok_or_else(|| Error::not_found().because("the path does not name a bucket and an object"))?;
                match buckets.get(name) {
                    Some(bucket) => Ok((bucket, Cow::Borrowed(key))),
                    None => Err(Error::new(ErrorKind::Forbidden, "This bucket is not served.")
                        .because(format!("the bucket {name:?} is not in `buckets`"))),
                }
            }
        }
    }
}
