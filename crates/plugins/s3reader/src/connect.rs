//! Connection check for `check --connect`: asks each bucket for an object that hardly exists, and finds the wrong
//! setting from the refusal.

use std::sync::Arc;

use resizer_object_storage::{Bucket, Failure, FailureKind, Refusal};
use resizer_plugin_api::{Error, ErrorKind, InstallError};

use crate::access::Access;
use crate::names::BucketName;
use crate::{S3Reader, Served};

/// The key of the probe. It does not matter whether the object exists.
const PROBE: &str = "resizer-check-connect";

impl S3Reader {
    /// Checks that every bucket answers.
    pub(crate) async fn connect(self: Arc<Self>) -> Result<(), InstallError> {
        match &self.served {
            Served::One { name, bucket, folder } => {
                let probe = match folder {
                    Some(folder) => format!("{}/{PROBE}", folder.as_str()),
                    None => PROBE.to_owned(),
                };
                self.check("bucket", name, bucket, &probe).await
            }
            Served::Listed(buckets) => {
                for (name, bucket) in buckets {
                    self.check("buckets", name, bucket, PROBE).await?;
                }
                Ok(())
            }
        }
    }

    async fn check(
        &self,
        setting: &'static str,
        name: &BucketName,
        bucket: &Bucket,
        probe: &str,
    ) -> Result<(), InstallError> {
        let Err(failure) = bucket.ask(probe).await else {
            return Ok(());
        };
        let address = self.store.address();
        let name = name.as_str();
        let host = if self.store.endpoint.is_some() {
            "endpoint"
        } else {
            "region"
        };
        match &failure.kind {
            FailureKind::Refused(refusal) => self.blame(setting, name, refusal, &failure),
            FailureKind::Unreachable | FailureKind::Silent | FailureKind::Broken => Err(InstallError::setting(
                host,
                format!("no store answers at {address} ({failure}); correct the address or open the way to it"),
            )),
            FailureKind::Credentials => Err(InstallError::setting(
                "access_key_id",
                format!(
                    "{failure}; set the keys here or in the environment, give this machine a role, or set `anonymous`"
                ),
            )),
        }
    }

    fn blame(
        &self,
        setting: &'static str,
        name: &str,
        refusal: &Refusal,
        failure: &Failure,
    ) -> Result<(), InstallError> {
        let region = self.store.region.as_str();
        let address = self.store.address();
        let wrong = |setting, message: String| Err(InstallError::setting(setting, message));
        let from = match self.store.access {
            Access::Ambient => " that was found in the environment",
            Access::Anonymous | Access::Keys { .. } => "",
        };
        match (refusal.status, refusal.code.as_deref().unwrap_or_default()) {
            // The object is absent, or hidden from users that may not list, or empty.
            (_, "NoSuchKey" | "AccessDenied" | "InvalidRange") | (416, _) => Ok(()),
            (_, "NoSuchBucket" | "InvalidBucketName" | "AllAccessDisabled") => wrong(
                setting,
                format!("there is no bucket {name:?} at {address}; create it or correct its name"),
            ),
            (301 | 302 | 307 | 308, "") if self.store.endpoint.is_some() && refusal.region.is_none() => wrong(
                "endpoint",
                format!(
                    "{address} redirects to another address ({failure}); name the one where the store itself answers"
                ),
            ),
            (_, "AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect") | (301 | 307, _) => {
                let right = match &refusal.region {
                    Some(right) => format!("it is in \"{right}\""),
                    None => "the store does not say where it is".to_owned(),
                };
                wrong("region", format!("the bucket {name:?} is not in \"{region}\"; {right}"))
            }
            (_, "InvalidAccessKeyId" | "NotSignedUp") => wrong(
                "access_key_id",
                format!("the store does not know the access key{from}; correct it, or its time is over"),
            ),
            (_, "SignatureDoesNotMatch") => wrong(
                "secret_access_key",
                format!("the secret does not belong to the access key{from}; copy both again"),
            ),
            (_, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => wrong(
                "session_token",
                format!("the store no longer takes the token of the access key{from} ({failure}); get new keys"),
            ),
            (_, "RequestTimeTooSkewed") => Err(InstallError::Failed(Error::new(
                ErrorKind::Upstream,
                "The clock of this machine is wrong, so the store takes no signature of it.",
            ))),
            (status, _) if status >= 500 => Err(InstallError::Failed(
                Error::new(ErrorKind::Upstream, "The store is out of order.").because(format!("{address}: {failure}")),
            )),
            _ => wrong(
                if self.store.endpoint.is_some() {
                    "endpoint"
                } else {
                    setting
                },
                format!("what answers at {address} refuses in no way that S3 does ({failure}); is it an S3 store?"),
            ),
        }
    }
}
