//! Storage account: its name, its address and its credentials.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use object_store::azure::{AzureConfigKey as Key, AzureCredentialProvider, MicrosoftAzureBuilder};
use percent_encoding::percent_decode_str;
use resizer_object_storage::{Contained, Endpoint};
use resizer_plugin_api::{InstallError, Secret};

use crate::Config;
use crate::connection_string;

/// The account of the storage emulator and its key, which are public.
pub(crate) const DEVELOPMENT_ACCOUNT: &str = "devstoreaccount1";
pub(crate) const DEVELOPMENT_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A storage account.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    pub(crate) access: Access,
}

/// The credentials of an account.
#[derive(Debug)]
pub(crate) enum Access {
    /// Requests are not signed.
    Anonymous,
    /// The account's key, in base64.
    Key(Secret),
    /// A shared access signature, as the pairs of a query.
    Signature(Pairs),
    /// A token that the environment provides and renews.
    Identity {
        client: Option<String>,
        tenant: Option<String>,
    },
}

/// Secret pairs of a query.
#[derive(Clone)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// The reason why a text is no credential. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AccountError {
    #[error("an account key is text in base64, as the portal shows it")]
    Key,
    #[error("a shared access signature is a query that ends `&sig=…`, as the portal shows it")]
    Signature,
}

/// The variables of the environment that are used: those that Azure sets for workload identities, service principals
/// and App Service.
const ENVIRONMENT: [(&str, Key); 6] = [
    ("AZURE_CLIENT_ID", Key::ClientId),
    ("AZURE_TENANT_ID", Key::AuthorityId),
    ("AZURE_CLIENT_SECRET", Key::ClientSecret),
    ("AZURE_FEDERATED_TOKEN_FILE", Key::FederatedTokenFile),
    ("AZURE_AUTHORITY_HOST", Key::AuthorityHost),
    ("IDENTITY_ENDPOINT", Key::MsiEndpoint),
];

impl Pairs {
    /// The pairs, for the one call that needs them.
    pub(crate) fn expose(&self) -> &[(String, String)] {
        &self.0
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pairs(…)")
    }
}

impl Account {
    /// The account that the settings describe.
    pub(crate) fn of(config: &Config) -> Result<Self, InstallError> {
        let wrong = |setting, message: &str| Err(InstallError::setting(setting, message));
        if let Some(text) = &config.connection_string {
            let identity = config.client_id.is_some() || config.tenant_id.is_some();
            let others = config.account.is_some() || config.endpoint.is_some() || config.anonymous || identity;
            if others || config.account_key.is_some() || config.sas.is_some() {
                let message = "it says all of the account; take it out, or `account`, `endpoint` and the credentials";
                return wrong("connection_string", message);
            }
            return connection_string::parse(text.expose())
                .map_err(|error| InstallError::setting("connection_string", error.to_string()));
        }
        let Some(name) = config.account.as_ref().map(|name| name.as_str().to_owned()) else {
            return wrong("account", "name the storage account, or give its `connection_string`");
        };
        let identity = config.client_id.is_some() || config.tenant_id.is_some();
        let access = match (&config.account_key, &config.sas, config.anonymous, identity) {
            (Some(key), None, false, false) => {
                Access::key(key.expose()).map_err(|error| InstallError::setting("account_key", error.to_string()))?
            }
            (None, Some(sas), false, false) => {
                Access::signature(sas.expose()).map_err(|error| InstallError::setting("sas", error.to_string()))?
            }
            (None, None, true, false) => Access::Anonymous,
            (None, None, false, _) => Access::Identity {
                client: config.client_id.clone(),
                tenant: config.tenant_id.clone(),
            },
            _ => {
                let message = "one way to ask is enough: `account_key`, `sas`, `anonymous` or an identity";
                return wrong("account", message);
            }
        };
        let endpoint = match &config.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => Endpoint::try_from(format!("https://{name}.blob.core.windows.net"))
                .map_err(|error| InstallError::setting("account", error.to_string()))?,
        };
        Ok(Self { name, endpoint, access })
    }

    /// The parts of a resource's key that identify this account and its credentials.
    pub(crate) fn parts(&self) -> Vec<&str> {
        let mut parts = vec![self.name.as_str(), self.endpoint.as_str()];
        match &self.access {
            Access::Anonymous => parts.push("anonymous"),
            Access::Key(key) => parts.extend(["key", key.expose()]),
            Access::Signature(pairs) => {
                parts.push("signature");
                parts.extend(pairs.expose().iter().flat_map(|(name, value)| [name.as_str(), value]));
            }
            Access::Identity { client, tenant } => {
                let some = |text: &Option<String>| text.is_some();
                parts.push(if some(client) { "client" } else { "identity" });
                parts.extend(client.as_deref());
                parts.push(if some(tenant) { "tenant" } else { "" });
                parts.extend(tenant.as_deref());
            }
        }
        parts
    }
}

impl Access {
    /// An account's key.
    pub(crate) fn key(text: &str) -> Result<Self, AccountError> {
        match BASE64_STANDARD.decode(text) {
            Ok(key) if !key.is_empty() => Ok(Self::Key(Secret::new(text))),
            _ => Err(AccountError::Key),
        }
    }

    /// A shared access signature, with or without a `?` before it.
    pub(crate) fn signature(text: &str) -> Result<Self, AccountError> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(String::from);
        let mut pairs = Vec::new();
        for pair in text
            .trim()
            .trim_start_matches('?')
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').ok_or(AccountError::Signature)?;
            match (decoded(name), decoded(value)) {
                (Ok(name), Ok(value)) => pairs.push((name, value)),
                _ => return Err(AccountError::Signature),
            }
        }
        if pairs.iter().any(|(name, _)| name == "sig") {
            Ok(Self::Signature(Pairs(pairs)))
        } else {
            Err(AccountError::Signature)
        }
    }

    /// Gives the credentials to a builder, except those of an identity, which all containers of an account share.
    pub(crate) fn give(&self, builder: MicrosoftAzureBuilder) -> MicrosoftAzureBuilder {
        match self {
            Self::Anonymous => builder.with_skip_signature(true),
            Self::Key(key) => builder.with_access_key(key.expose()),
            Self::Signature(pairs) => builder.with_sas_authorization(pairs.expose()),
            Self::Identity { .. } => builder,
        }
    }
}

/// The token provider of an identity, from a builder that has everything but a container.
pub(crate) fn identity(
    builder: MicrosoftAzureBuilder,
    client: Option<&str>,
    tenant: Option<&str>,
) -> object_store::Result<AzureCredentialProvider> {
    let mut builder = builder.with_container_name("credentials");
    for (name, key) in ENVIRONMENT {
        if let Ok(value) = std::env::var(name)
            && !value.is_empty()
        {
            let value = match key {
                // Azure itself sets the host with a trailing slash, which would be doubled.
                Key::AuthorityHost => value.trim_end_matches('/').to_owned(),
                _ => value,
            };
            builder = builder.with_config(key, value);
        }
    }
    if let Some(client) = client {
        builder = builder.with_client_id(client);
    }
    if let Some(tenant) = tenant {
        builder = builder.with_tenant_id(tenant);
    }
    let has = |key: Key| builder.get_config_value(&key).is_some();
    let named = has(Key::ClientId) && has(Key::AuthorityId);
    // In the order in which the client library decides.
    let from = if named && has(Key::FederatedTokenFile) {
        "the login service, for the workload identity"
    } else if named && has(Key::ClientSecret) {
        "the login service, for the client secret"
    } else {
        "the managed identity service"
    };
    let provider = Arc::clone(builder.build()?.credentials());
    Ok(Arc::new(Contained::new(provider, from)))
}
