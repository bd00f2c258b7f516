//! Objects of the S3 server, and its answers to admitted clients.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::{
    ETag, ETagCondition, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, StreamingBlob, Timestamp,
};
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use sha2::{Digest as _, Sha256};

use super::{State, Visibility};

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) visibility: Visibility,
    pub(super) objects: HashMap<String, Object>,
}

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    bytes: Bytes,
    /// A digest of the bytes, as with Amazon, but of another kind.
    entity_tag: String,
    modified: SystemTime,
}

/// The handler of admitted requests.
#[derive(Debug)]
pub(super) struct Objects(pub(super) Arc<State>);

/// The secrets that requests are signed with.
#[derive(Debug)]
pub(super) struct Secrets(pub(super) Arc<State>);

/// The access check: clients without a key may read public buckets only.
#[derive(Debug)]
pub(super) struct Gate(pub(super) Arc<State>);

impl Object {
    pub(super) fn new(bytes: Bytes) -> Self {
        let digest = Sha256::digest(&bytes);
        Self {
            entity_tag: digest[..16].iter().map(|byte| format!("{byte:02x}")).collect(),
            modified: SystemTime::now(),
            bytes,
        }
    }

    /// Checks the conditions of a request.
    fn meets(&self, only: Option<&ETagCondition>, not: Option<&ETagCondition>) -> S3Result<()> {
        let is = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(entity_tag) => entity_tag.value() == self.entity_tag,
        };
        if only.is_some_and(|only| !is(only)) {
            return Err(s3_error!(PreconditionFailed));
        }
        if not.is_some_and(is) {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

impl State {
    fn object(&self, bucket: &str, key: &str) -> S3Result<Object> {
        let buckets = self.buckets.lock();
        let bucket = buckets.get(bucket).ok_or_else(|| s3_error!(NoSuchBucket))?;
        match bucket.objects.get(key) {
            Some(object) => Ok(object.clone()),
            None if self.tells_absence.load(Ordering::Relaxed) => Err(s3_error!(NoSuchKey)),
            None => Err(s3_error!(AccessDenied)),
        }
    }
}

#[async_trait]
impl S3 for Objects {
    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let object = self.0.object(&input.bucket, &input.key)?;
        object.meets(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let length = object.bytes.len() as u64;
        let part = match input.range {
            Some(range) => Some(range.check(length)?),
            None => None,
        };
        let content_range = part
            .as_ref()
            .map(|part| format!("bytes {}-{}/{length}", part.start, part.end - 1));
        let bytes = match part {
            Some(part) => object.bytes.slice(part.start as usize..part.end as usize),
            None => object.bytes,
        };
        Ok(S3Response::new(GetObjectOutput {
            content_length: Some(bytes.len() as i64),
            content_range,
            body: Some(StreamingBlob::from(Body::from(bytes))),
            e_tag: Some(ETag::Strong(object.entity_tag)),
            last_modified: Some(Timestamp::from(object.modified)),
            ..GetObjectOutput::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        let object = self.0.object(&input.bucket, &input.key)?;
        object.meets(input.if_match.as_ref(), input.if_none_match.as_ref())?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(object.bytes.len() as i64),
            e_tag: Some(ETag::Strong(object.entity_tag)),
            last_modified: Some(Timestamp::from(object.modified)),
            ..HeadObjectOutput::default()
        }))
    }
}

#[async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, id: &str) -> S3Result<SecretKey> {
        match self.0.keys.lock().get(id) {
            Some((key, _)) => Ok(SecretKey::from(key.secret.clone())),
            None => Err(s3_error!(InvalidAccessKeyId)),
        }
    }
}

#[async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() {
            return Ok(());
        }
        let buckets = self.0.buckets.lock();
        let bucket = context.s3_path().get_bucket_name().and_then(|name| buckets.get(name));
        match bucket {
            Some(bucket) if bucket.visibility == Visibility::Private => Err(s3_error!(AccessDenied)),
            _ => Ok(()),
        }
    }
}
