//! Azure plugin: serves containers of Azure Blob Storage. This file has its settings and hooks. `account` and
//! `connection_string` have the account and its credentials, `names` types of single settings, `client` the clients.
//! `source` answers the engine, `redirect` sends clients to the store, and `connect` finds a wrong setting. The page
//! for operators is `docs.md`. The engine does caching. Requests, retries and errors are those of
//! `resizer_object_storage`.

mod account;
mod client;
mod connect;
mod connection_string;
mod names;
mod redirect;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use resizer_object_storage::{Bucket, Connection, Endpoint};
use resizer_plugin_api::{Hooks, InstallError, Plugin, Seconds, Secret, UrlPrefix, reader_settings, register};

use crate::account::{Access, Account};
use crate::client::Store;
pub use crate::names::{AccountName, ContainerName, NameError};

register!(AzureReader, docs = "../docs.md");

reader_settings! {
    prefix = "/azure/", check_modified = "5m", untrusted_data = false;

    /// The settings of one entry.
    pub struct Config {
        /// The containers that are served. With the prefix `/azure/`, the URL `/azure/photos/a/b.jpg` is the blob
        /// `a/b.jpg` of the container `photos`. Any other container is forbidden.
        pub containers: Vec<ContainerName>,
        /// The account with its credentials, as the portal shows it. `"UseDevelopmentStorage=true"` is the storage
        /// emulator on this machine.
        pub connection_string: Option<Secret>,
        /// The name of the storage account, instead of a connection string.
        pub account: Option<AccountName>,
        /// The account's key.
        pub account_key: Option<Secret>,
        /// A shared access signature, which may read blobs.
        pub sas: Option<Secret>,
        /// Send requests without credentials, for public containers.
        #[serde(default)]
        pub anonymous: bool,
        /// The managed identity to use if this machine has several, or the client of a workload identity. Without other
        /// credentials the plugin uses the identity of the machine or container.
        pub client_id: Option<String>,
        /// The tenant of a workload identity, if the environment does not name it.
        pub tenant_id: Option<String>,
        /// The address of the account's blobs, if it is not `https://<account>.blob.core.windows.net`. An address that
        /// begins with `http://` is used without encryption.
        pub endpoint: Option<Endpoint>,
        /// Redirect clients to the blob's own URL for images that need no processing. They can read it there only if
        /// the container is public, and they learn its address.
        #[serde(default)]
        pub redirect_to_blob_if_unmodified: bool,
        /// The timeout of connecting to the store.
        #[serde(default = "default_connect_timeout")]
        pub connect_timeout: Seconds,
        /// The longest silence of the store before and during a response.
        #[serde(default = "default_read_timeout")]
        pub read_timeout: Seconds,
    }
}

fn default_connect_timeout() -> Seconds {
    resizer_plugin_api::built_in("3s")
}

fn default_read_timeout() -> Seconds {
    resizer_plugin_api::built_in("10s")
}

/// Serves containers.
#[derive(Debug)]
pub struct AzureReader {
    prefix: UrlPrefix,
    store: Store,
    origin: Origin,
    containers: BTreeMap<ContainerName, Arc<Bucket>>,
}

/// The settings that name the account and its credentials.
#[derive(Clone, Copy, Debug)]
struct Origin {
    address: &'static str,
    credentials: &'static str,
}

impl Origin {
    fn of(config: &Config, account: &Account) -> Self {
        if config.connection_string.is_some() {
            return Self {
                address: "connection_string",
                credentials: "connection_string",
            };
        }
        Self {
            address: if config.endpoint.is_some() {
                "endpoint"
            } else {
                "account"
            },
            credentials: match account.access {
                Access::Anonymous => "anonymous",
                Access::Key(_) => "account_key",
                Access::Signature(_) => "sas",
                Access::Identity { client: Some(_), .. } => "client_id",
                Access::Identity { client: None, .. } => "account",
            },
        }
    }
}

impl Plugin for AzureReader {
    const NAME: &'static str = "azurereader";
    const SUMMARY: &'static str = "Serves images from Azure Blob Storage.";
    type Config = Config;

    fn install(config: Config, hooks: &mut Hooks<'_>) -> Result<(), InstallError> {
        let policy = config.policy();
        if config.containers.is_empty() {
            let message = "name the containers to serve; none is served that is not listed";
            return Err(InstallError::setting("containers", message));
        }
        if config.redirect_to_blob_if_unmodified && config.untrusted_data {
            let message = "untrusted images never leave as they are, so there is nothing to redirect";
            return Err(InstallError::setting("redirect_to_blob_if_unmodified", message));
        }
        let account = Account::of(&config)?;
        let origin = Origin::of(&config, &account);
        let http = account.endpoint.is_http();
        let connection = Connection::new(config.connect_timeout, config.read_timeout, config.fetch_timeout, http)?;
        let store = Store::new(account, connection, hooks)?;
        let opened = config.containers.into_iter().map(|name| {
            let container = store.open(&name, hooks)?;
            Ok((name, container))
        });
        let containers = opened.collect::<Result<_, InstallError>>()?;
        let reader = Arc::new(Self {
            prefix: config.prefix.clone(),
            store,
            origin,
            containers,
        });
        hooks.add_source(config.prefix, Arc::clone(&reader) as _, policy);
        if config.redirect_to_blob_if_unmodified {
            hooks.on_pre_handle(&reader, Self::redirect);
        }
        hooks.on_connect(&reader, Self::connect);
        Ok(())
    }
}
