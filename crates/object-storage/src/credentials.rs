//! Contained credential provider: tells its failures from the store's, and turns its panics into failures. A token file
//! with a line break makes the client library panic.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use object_store::{CredentialProvider, Result};

use crate::failure;

/// A credential provider of the client library whose panics become errors.
pub struct Contained<T> {
    provider: Arc<dyn CredentialProvider<Credential = T>>,
    from: &'static str,
}

/// The failure to get credentials. The text holds no secret.
#[derive(Debug, thiserror::Error)]
#[error("no credentials from {from}: {reason}")]
pub(crate) struct NoCredentials {
    from: &'static str,
    reason: String,
}

impl<T: 'static> Contained<T> {
    /// Contains a provider. `from` names the origin of its credentials, for example "the instance metadata service".
    #[must_use]
    pub fn new(provider: Arc<dyn CredentialProvider<Credential = T>>, from: &'static str) -> Self {
        Self { provider, from }
    }
}

/// Hides the provider, since providers and credentials of the client library print their contents.
impl<T> fmt::Debug for Contained<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contained")
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Send + Sync + 'static> CredentialProvider for Contained<T> {
    type Credential = T;

    async fn get_credential(&self) -> Result<Arc<T>> {
        let reason = match contained(self.provider.get_credential()).await {
            Ok(Ok(credential)) => return Ok(credential),
            Ok(Err(error)) => failure::deepest(&error),
            Err(_) => "the token cannot be sent; is there a line break in its file?".to_owned(),
        };
        let source = Box::new(NoCredentials {
            from: self.from,
            reason,
        });
        Err(object_store::Error::Generic {
            store: "credentials",
            source,
        })
    }
}

/// Awaits a call into the client library. A panic becomes an error.
pub(crate) async fn contained<F: Future>(call: F) -> Result<F::Output, Box<dyn Any + Send>> {
    AssertUnwindSafe(call).catch_unwind().await
}
