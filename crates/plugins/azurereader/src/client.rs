//! Clients of an account: one for each container, kept across reloads. Making them sends nothing.

use std::sync::Arc;

use object_store::azure::{AzureCredentialProvider, MicrosoftAzure, MicrosoftAzureBuilder};
use resizer_object_storage::{Bucket, Connection, Dialect, Listener, fingerprint};
use resizer_plugin_api::{Error, ErrorKind, Hooks, InstallError, ResourceKey};

use crate::account::{self, Access, Account};
use crate::names::ContainerName;

/// The meaning of the codes of Azure Blob Storage.
const CODES: &[(&str, ErrorKind)] = &[
    ("InvalidUri", ErrorKind::NotFound),
    ("InvalidResourceName", ErrorKind::NotFound),
    ("OutOfRangeInput", ErrorKind::NotFound),
    ("AuthorizationPermissionMismatch", ErrorKind::Forbidden),
    ("AuthorizationResourceTypeMismatch", ErrorKind::Forbidden),
    ("AuthorizationServiceMismatch", ErrorKind::Forbidden),
    ("InsufficientAccountPermissions", ErrorKind::Forbidden),
    ("PublicAccessNotPermitted", ErrorKind::Forbidden),
    ("NoAuthenticationInformation", ErrorKind::Forbidden),
    ("BlobArchived", ErrorKind::Forbidden),
];

/// With credentials, an unspecific 403 is about the credentials.
static SIGNED: Dialect = Dialect {
    store: "Azure Blob Storage",
    codes: CODES,
    forbidden: ErrorKind::Upstream,
};

/// Without credentials, an unspecific 403 means that the blob is forbidden.
static ANONYMOUS: Dialect = Dialect {
    store: "Azure Blob Storage",
    codes: CODES,
    forbidden: ErrorKind::Forbidden,
};

/// The address of the containers and the credentials for them.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) account: Account,
    /// The token provider of an identity. All containers share it.
    identity: Option<Arc<AzureCredentialProvider>>,
    connection: Connection,
}

impl Store {
    /// Opens the resources that all containers share.
    pub(crate) fn new(account: Account, connection: Connection, hooks: &mut Hooks<'_>) -> Result<Self, InstallError> {
        let mut store = Self {
            account,
            identity: None,
            connection,
        };
        if let Access::Identity { client, tenant } = &store.account.access {
            let key = ResourceKey::new(&["credentials", &store.fingerprint()]);
            let open = || {
                let builder = store.builder();
                account::identity(builder, client.as_deref(), tenant.as_deref()).map_err(|error| failed(&error))
            };
            let identity = hooks.resource(key, open)?;
            store.identity = Some(identity);
        }
        Ok(store)
    }

    /// The client of a container, which lives as long as an entry uses it.
    pub(crate) fn open(&self, name: &ContainerName, hooks: &mut Hooks<'_>) -> Result<Arc<Bucket>, InstallError> {
        let key = ResourceKey::new(&["container", name.as_str(), &self.fingerprint()]);
        hooks.resource(key, || {
            let client = self.client(name).map_err(|error| failed(&error))?;
            let place = format!("container {} at {}", name.as_str(), self.account.endpoint);
            let dialect = match self.account.access {
                Access::Anonymous => &ANONYMOUS,
                Access::Key(_) | Access::Signature(_) | Access::Identity { .. } => &SIGNED,
            };
            Ok(Bucket::new(client, &place, dialect))
        })
    }

    /// A fingerprint of everything that a client is made from, except the container.
    fn fingerprint(&self) -> String {
        let times = format!("{:?}", self.connection);
        let mut parts = self.account.parts();
        parts.push(&times);
        fingerprint(&parts)
    }

    fn client(&self, name: &ContainerName) -> object_store::Result<MicrosoftAzure> {
        let builder = self
            .account
            .access
            .give(self.builder())
            .with_container_name(name.as_str());
        match self.identity.as_deref() {
            Some(identity) => builder.with_credentials(Arc::clone(identity)).build(),
            None => builder.build(),
        }
    }

    fn builder(&self) -> MicrosoftAzureBuilder {
        MicrosoftAzureBuilder::new()
            .with_account(&self.account.name)
            .with_endpoint(self.account.endpoint.as_str().to_owned())
            .with_client_options(self.connection.client_options())
            .with_retry(self.connection.retries())
            .with_http_connector(Listener::new(self.connection))
    }
}

/// The client library refuses settings that were checked before. Its message could repeat a secret.
fn failed(_: &object_store::Error) -> InstallError {
    InstallError::Failed(Error::new(
        ErrorKind::Internal,
        "The client of the store cannot be made.",
    ))
}
