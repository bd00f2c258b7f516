//! Connection string parser, without any IO. The driver's message about a wrong string can repeat a part of the
//! password, so the messages here name the wrong part without repeating it.

use std::num::NonZeroU32;

use mongodb::options::{ConnectionString, HostInfo};
use resizer_plugin_api::{InstallError, ResourceKey, Secret};
use sha2::{Digest as _, Sha256};

use crate::store::Timeouts;

/// A connection string whose parts are all valid. No server has been asked yet.
pub(crate) struct Connection {
    secret: Secret,
    parsed: ConnectionString,
}

impl Connection {
    /// Reads a connection string.
    pub(crate) fn parse(secret: &Secret) -> Result<Self, InstallError> {
        let text = secret.expose();
        let parsed = ConnectionString::parse(text).map_err(|_| wrong(hint(text)))?;
        #[expect(deprecated, reason = "the message for this option names its successor")]
        if parsed.socket_timeout.is_some() {
            return Err(wrong(
                "the option `socketTimeoutMS` has no effect; remove it and set `read_timeout`",
            ));
        }
        Ok(Self {
            secret: secret.clone(),
            parsed,
        })
    }

    /// The driver's form of the string.
    pub(crate) fn into_parsed(self) -> ConnectionString {
        self.parsed
    }

    /// The key of the client for these settings, which reveals none of them.
    pub(crate) fn key(&self, timeouts: Timeouts, max_connections: NonZeroU32) -> ResourceKey {
        let digest = Sha256::digest(self.secret.expose());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        ResourceKey::new(&[
            "client",
            &digest,
            &format!("{timeouts:?}"),
            &max_connections.to_string(),
        ])
    }

    /// The database to read: that of the settings, otherwise that of the connection string.
    pub(crate) fn database(&self, setting: Option<&str>) -> Result<String, InstallError> {
        let Some(name) = setting.or(self.parsed.default_database.as_deref()) else {
            let message = "name the database here or in the connection string, as in \"mongodb://host/images\"";
            return Err(InstallError::setting("database", message));
        };
        if name.is_empty() || name.len() > 63 || name.chars().any(|c| c.is_control() || "/\\. \"$".contains(c)) {
            let message = "a database has a name of at most 63 bytes without spaces and without any of /\\.\"$";
            return Err(InstallError::setting("database", message));
        }
        Ok(name.to_owned())
    }

    /// Whether the string names a user.
    pub(crate) fn has_user(&self) -> bool {
        self.parsed.credential.is_some()
    }

    /// The servers, sorted, so that two spellings of one replica set name the same sources.
    pub(crate) fn hosts(&self) -> String {
        match &self.parsed.host_info {
            HostInfo::HostIdentifiers(hosts) => {
                let mut hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
                hosts.sort();
                hosts.join(",")
            }
            HostInfo::DnsRecord(name) => name.clone(),
            // A kind of host that a later driver may add.
            _ => String::new(),
        }
    }
}

fn wrong(message: impl Into<String>) -> InstallError {
    InstallError::setting("connection_string", message)
}

/// The invalid part of a connection string. The message repeats only the name of an option, and only if no password can
/// be among the options.
fn hint(text: &str) -> String {
    if !text.starts_with("mongodb://") && !text.starts_with("mongodb+srv://") {
        return "a connection string begins with \"mongodb://\" or \"mongodb+srv://\"".to_owned();
    }
    let (before, options) = text.split_once('?').unwrap_or((text, ""));
    if options.contains('@') || ConnectionString::parse(before).is_err() {
        return "what comes before the options is not as in \"mongodb://user:password@host:27017/database\"; a user or \
                a password with one of : / ? # [ ] @ % has these percent-encoded, `mongodb+srv` takes one host and no \
                port"
            .to_owned();
    }
    let options: Vec<&str> = options.split('&').collect();
    if options.iter().any(|option| !option.contains('=')) {
        return "each option behind the `?` is written as `name=value`, with `&` between two".to_owned();
    }
    let fine_without = |index: &usize| {
        let others = [&options[..*index], &options[index + 1..]].concat();
        ConnectionString::parse(format!("{before}?{}", others.join("&"))).is_ok()
    };
    match (0..options.len()).find(fine_without) {
        Some(index) => {
            let name = options[index].split('=').next().unwrap_or_default();
            format!(
                "the option `{name}` is not known here, has a value that it cannot have, or contradicts another one"
            )
        }
        None => {
            "several of the options behind the `?` are not known here or have values that they cannot have".to_owned()
        }
    }
}
