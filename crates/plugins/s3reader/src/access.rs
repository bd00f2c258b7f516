//! Credentials of an entry: none, those of the settings, or those of the environment.

use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Key, AwsCredentialProvider};
use resizer_object_storage::Contained;
use resizer_plugin_api::{InstallError, Secret};

use crate::Config;

/// The credentials of one entry.
#[derive(Debug)]
pub(crate) enum Access {
    /// Requests are not signed.
    Anonymous,
    /// The keys in the settings.
    Keys {
        id: String,
        secret: Secret,
        token: Option<Secret>,
    },
    /// The credentials of the environment, renewed before they expire.
    Ambient,
}

/// The variables of the environment that are used. Addresses and options of the store are not among them: the settings
/// alone decide what is read.
const ENVIRONMENT: &[(&str, Key)] = &[
    ("AWS_ACCESS_KEY_ID", Key::AccessKeyId),
    ("AWS_SECRET_ACCESS_KEY", Key::SecretAccessKey),
    ("AWS_SESSION_TOKEN", Key::Token),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", Key::WebIdentityTokenFile),
    ("AWS_ROLE_ARN", Key::RoleArn),
    ("AWS_ROLE_SESSION_NAME", Key::RoleSessionName),
    ("AWS_ENDPOINT_URL_STS", Key::StsEndpoint),
    (
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        Key::ContainerCredentialsRelativeUri,
    ),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", Key::ContainerCredentialsFullUri),
    (
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        Key::ContainerAuthorizationTokenFile,
    ),
    ("AWS_EC2_METADATA_SERVICE_ENDPOINT", Key::MetadataEndpoint),
];

impl Access {
    /// The credentials that the settings ask for.
    pub(crate) fn of(config: &Config) -> Result<Self, InstallError> {
        let keys = (&config.access_key_id, &config.secret_access_key);
        match (config.anonymous, keys) {
            (true, (None, None)) if config.session_token.is_none() => Ok(Self::Anonymous),
            (true, _) => {
                let message = "requests are either anonymous or signed; take out `anonymous` or the keys";
                Err(InstallError::setting("anonymous", message))
            }
            (false, (Some(id), Some(secret))) => {
                sendable("access_key_id", id)?;
                sendable("secret_access_key", secret.expose())?;
                if let Some(token) = &config.session_token {
                    sendable("session_token", token.expose())?;
                }
                Ok(Self::Keys {
                    id: id.clone(),
                    secret: secret.clone(),
                    token: config.session_token.clone(),
                })
            }
            (false, (Some(_), None)) => Err(InstallError::setting(
                "secret_access_key",
                "`access_key_id` needs its secret beside it",
            )),
            (false, (None, Some(_))) => Err(InstallError::setting(
                "access_key_id",
                "`secret_access_key` needs the name of its key beside it",
            )),
            (false, (None, None)) if config.session_token.is_some() => Err(InstallError::setting(
                "session_token",
                "a session token belongs to an access key; set `access_key_id` and `secret_access_key` too",
            )),
            (false, (None, None)) => Ok(Self::Ambient),
        }
    }

    /// The parts of a resource's key that identify these credentials.
    pub(crate) fn parts(&self) -> [&str; 4] {
        match self {
            Self::Anonymous => ["anonymous", "", "", ""],
            Self::Ambient => ["ambient", "", "", ""],
            Self::Keys { id, secret, token } => [
                "keys",
                id,
                secret.expose(),
                token.as_ref().map(Secret::expose).unwrap_or_default(),
            ],
        }
    }

    /// Gives the credentials to a builder, except those of the environment, which all buckets of a store share.
    pub(crate) fn give(&self, builder: AmazonS3Builder) -> AmazonS3Builder {
        match self {
            Self::Anonymous => builder.with_skip_signature(true),
            Self::Ambient => builder,
            Self::Keys { id, secret, token } => {
                let builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose());
                match token {
                    Some(token) => builder.with_token(token.expose()),
                    None => builder,
                }
            }
        }
    }
}

/// The provider of the environment's credentials, from a builder that has everything but a bucket.
pub(crate) fn ambient(builder: AmazonS3Builder) -> object_store::Result<AwsCredentialProvider> {
    let mut builder = builder.with_bucket_name("credentials");
    let mut found = Vec::new();
    for (name, key) in ENVIRONMENT {
        if let Ok(value) = std::env::var(name)
            && !value.is_empty()
        {
            builder = builder.with_config(*key, value);
            found.push(*name);
        }
    }
    let has = |name: &str| found.contains(&name);
    // In the order in which the client library decides.
    let from = if has("AWS_ACCESS_KEY_ID") || has("AWS_SECRET_ACCESS_KEY") {
        "the environment"
    } else if has("AWS_WEB_IDENTITY_TOKEN_FILE") && has("AWS_ROLE_ARN") {
        "the token service, for the web identity"
    } else if has("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || (has("AWS_CONTAINER_CREDENTIALS_FULL_URI") && has("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    {
        "the container's credential service"
    } else {
        "the instance metadata service"
    };
    let provider = Arc::clone(builder.build()?.credentials());
    Ok(Arc::new(Contained::new(provider, from)))
}

/// Refuses text that cannot stand in a header, since keys are often pasted or read with a line break at the end.
fn sendable(setting: &'static str, text: &str) -> Result<(), InstallError> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let message = "it is empty or holds a space, a line break or another character that no key has";
    Err(InstallError::setting(setting, message))
}
