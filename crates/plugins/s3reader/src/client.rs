//! Clients of a store: one for each bucket, kept across reloads. Making them sends nothing.

use std::sync::Arc;

use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredentialProvider};
use resizer_object_storage::{Bucket, Connection, Dialect, Endpoint, Listener, fingerprint};
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, ResourceKey};

use crate::access::{self, Access};
use crate::names::{BucketName, Region};

/// The meaning of S3's codes. A 403 with an unspecific code hides whether the object exists: a user that may read but
/// not list gets it for absent objects.
static DIALECT: Dialect = Dialect {
    store: "S3",
    codes: &[
        ("KeyTooLongError", ErrorKind::NotFound),
        ("InvalidURI", ErrorKind::NotFound),
        ("InvalidObjectState", ErrorKind::Forbidden),
        ("AccountProblem", ErrorKind::Upstream),
        ("ExpiredToken", ErrorKind::Upstream),
        ("InvalidAccessKeyId", ErrorKind::Upstream),
        ("InvalidSecurity", ErrorKind::Upstream),
        ("InvalidToken", ErrorKind::Upstream),
        ("NotSignedUp", ErrorKind::Upstream),
        ("RequestExpired", ErrorKind::Upstream),
        ("RequestTimeTooSkewed", ErrorKind::Upstream),
        ("SignatureDoesNotMatch", ErrorKind::Upstream),
        ("TokenRefreshRequired", ErrorKind::Upstream),
    ],
    forbidden: ErrorKind::NotFound,
};

/// The address of the buckets and the credentials for them.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) region: Region,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) path_style: Option<bool>,
    pub(crate) access: Access,
    /// The provider of the environment's credentials, if they are used. All buckets share it.
    pub(crate) ambient: Option<Arc<AwsCredentialProvider>>,
    pub(crate) connection: Connection,
}

impl Store {
    /// The store's address for keys of caches: without the bucket, whatever the style.
    pub(crate) fn address(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.as_str().to_owned(),
            None => {
                let region = self.region.as_str();
                let country = if region.starts_with("cn-") { ".cn" } else { "" };
                format!("https://s3.{region}.amazonaws.com{country}")
            }
        }
    }

    /// Opens the resources that all buckets share. Must be called before [`Store::open`].
    pub(crate) fn share(&mut self, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        if let Access::Ambient = self.access {
            let key = ResourceKey::new(&["credentials", &self.fingerprint()]);
            let open = || access::ambient(self.builder()).map_err(|error| failed(&error));
            self.ambient = Some(hooks.resource(key, open)?);
        }
        Ok(())
    }

    /// The client of a bucket, which lives as long as an entry uses it.
    pub(crate) fn open(&self, name: &BucketName, hooks: &mut Hooks<'_>) -> Result<Arc<Bucket>, InstallError> {
        let key = ResourceKey::new(&["bucket", name.as_str(), &self.fingerprint()]);
        hooks.resource(key, || {
            let client = self.client(name).map_err(|error| failed(&error))?;
            let place = format!("bucket {} at {}", name.as_str(), self.address());
            Ok(Bucket::new(client, &place, &DIALECT))
        })
    }

    /// A fingerprint of everything that a client is made from, except the bucket.
    fn fingerprint(&self) -> String {
        let address = self.address();
        let rest = format!("{:?} {:?}", self.path_style, self.connection);
        let mut parts = vec![address.as_str(), self.region.as_str(), &rest];
        parts.extend(self.access.parts());
        fingerprint(&parts)
    }

    fn client(&self, name: &BucketName) -> object_store::Result<AmazonS3> {
        let (address, with_bucket) = self.bucket_address(name);
        let mut builder = self
            .access
            .give(self.builder())
            .with_bucket_name(name.as_str())
            .with_endpoint(address)
            .with_virtual_hosted_style_request(with_bucket);
        if let Some(shared) = self.ambient.as_deref() {
            builder = builder.with_credentials(Arc::clone(shared));
        }
        builder.build()
    }

    /// The address for the client, and whether the bucket is already in it.
    fn bucket_address(&self, name: &BucketName) -> (String, bool) {
        let address = self.address();
        // A wildcard certificate covers one label before the host, and a name with a dot would be two.
        let in_path = self
            .path_style
            .unwrap_or(self.endpoint.is_some() || name.as_str().contains('.'));
        let host = Endpoint::try_from(address.clone()).ok();
        match host.and_then(|endpoint| endpoint.with_subdomain(name.as_str())) {
            Some(with_bucket) if !in_path => (with_bucket.as_str().to_owned(), true),
            _ => (address, false),
        }
    }

    fn builder(&self) -> AmazonS3Builder {
        AmazonS3Builder::new()
            .with_region(self.region.as_str())
            .with_client_options(self.connection.client_options())
            .with_retry(self.connection.retries())
            .with_http_connector(Listener::new(self.connection))
    }
}

/// The client library refuses the settings. Its message is about TLS or about the environment.
fn failed(error: &object_store::Error) -> InstallError {
    let message = "The client of the store cannot be made.";
    InstallError::Failed(Error::new(ErrorKind::Internal, message).because(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn bucket_goes_into_the_host_or_the_path() {
        let check = |region: &str, endpoint: Option<&str>, path_style, bucket: &str, expected: (&str, bool)| {
            let store = Store {
                region: Region::try_from(region.to_owned()).unwrap(),
                endpoint: endpoint.map(|text| Endpoint::try_from(text.to_owned()).unwrap()),
                path_style,
                access: Access::Anonymous,
                ambient: None,
                connection: Connection {
                    connect_timeout: Duration::ZERO,
                    read_timeout: Duration::ZERO,
                    fetch_timeout: Duration::ZERO,
                    http: false,
                },
            };
            let found = store.bucket_address(&BucketName::try_from(bucket.to_owned()).unwrap());
            assert_eq!(
                (found.0.as_str(), found.1),
                expected,
                "{region} {endpoint:?} {path_style:?} {bucket}"
            );
        };
        let minio = Some("http://minio.example:9000");
        check(
            "eu-west-1",
            None,
            None,
            "photos",
            ("https://photos.s3.eu-west-1.amazonaws.com", true),
        );
        check(
            "eu-west-1",
            None,
            Some(true),
            "photos",
            ("https://s3.eu-west-1.amazonaws.com", false),
        );
        check(
            "eu-west-1",
            None,
            None,
            "a.b",
            ("https://s3.eu-west-1.amazonaws.com", false),
        );
        check(
            "us-east-1",
            None,
            None,
            "Old_Bucket",
            ("https://s3.us-east-1.amazonaws.com", false),
        );
        check(
            "cn-north-1",
            None,
            None,
            "photos",
            ("https://photos.s3.cn-north-1.amazonaws.com.cn", true),
        );
        check("us-east-1", minio, None, "photos", ("http://minio.example:9000", false));
        check(
            "us-east-1",
            minio,
            Some(false),
            "photos",
            ("http://photos.minio.example:9000", true),
        );
        check(
            "us-east-1",
            Some("http://10.0.0.1:9000"),
            Some(false),
            "photos",
            ("http://10.0.0.1:9000", false),
        );
    }
}
