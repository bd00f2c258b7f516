//! Connection check for `check --connect`: asks each container for a blob that hardly exists, and finds the wrong
//! setting from the refusal.

use std::sync::Arc;

use resizer_object_storage::{Failure, FailureKind, Refusal};
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::AzureReader;
use crate::account::Access;

/// The name of the probe. It does not matter whether the blob exists.
const PROBE: &str = "resizer-check-connect";

impl AzureReader {
    /// Checks that every container answers.
    pub(crate) async fn connect(self: Arc<Self>) -> Result<(), InstallError> {
        for (name, container) in &self.containers {
            if let Err(failure) = container.ask(PROBE).await {
                self.blame(name.as_str(), &failure)?;
            }
        }
        Ok(())
    }

    fn blame(&self, container: &str, failure: &Failure) -> Result<(), InstallError> {
        let endpoint = &self.store.account.endpoint;
        match &failure.kind {
            FailureKind::Refused(refusal) => self.blame_refusal(container, refusal, failure),
            FailureKind::Unreachable | FailureKind::Silent | FailureKind::Broken => Err(InstallError::setting(
                self.origin.address,
                format!("no store answers at {endpoint} ({failure}); correct the address or open the way to it"),
            )),
            FailureKind::Credentials => Err(InstallError::setting(
                self.origin.credentials,
                format!("{failure}; give this machine an identity, or set `account_key`, `sas` or `anonymous`"),
            )),
        }
    }

    fn blame_refusal(&self, container: &str, refusal: &Refusal, failure: &Failure) -> Result<(), InstallError> {
        let endpoint = &self.store.account.endpoint;
        let wrong = |setting, message: String| Err(InstallError::setting(setting, message));
        match (refusal.status, refusal.code.as_deref().unwrap_or_default()) {
            (_, "BlobNotFound" | "InvalidRange") | (416, _) => Ok(()),
            (404, "ContainerNotFound" | "ResourceNotFound") => wrong(
                "containers",
                format!(
                    "there is no container {container:?} at {endpoint} that can be seen so; create it or correct its name"
                ),
            ),
            (401 | 403 | 409, _) => {
                let hint = match self.store.account.access {
                    Access::Anonymous => "the container is not public; make it so, or give credentials",
                    Access::Key(_) => "the key is not one of this account's; copy it again",
                    Access::Signature(_) => {
                        "the signature is wrong, its time is over, or it does not allow reading blobs; make another"
                    }
                    Access::Identity { .. } => "give the identity the role Storage Blob Data Reader",
                };
                wrong(
                    self.origin.credentials,
                    format!("the store does not let us read the container {container:?} ({failure}); {hint}"),
                )
            }
            (status, _) if status >= 500 => Err(InstallError::Failed(
                Error::new(ErrorKind::Upstream, "The store is out of order.").because(format!("{endpoint}: {failure}")),
            )),
            _ => wrong(
                self.origin.address,
                format!("what answers at {endpoint} refuses in no way that Azure Blob Storage does ({failure})"),
            ),
        }
    }
}
