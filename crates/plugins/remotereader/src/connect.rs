//! Connection check: sends a request to each host that the settings name in full, for `check --connect`. Hosts behind a
//! pattern or a signed URL are unknown beforehand.

use std::sync::Arc;

use http::HeaderMap;
use reqwest::Method;
use resizer_plugin_api::{Error, InstallError};
use url::Url;

use crate::RemoteReader;
use crate::error::RemoteError;
use crate::rules::{Domain, Refusal, Scheme};
use crate::target::encoded;

impl RemoteReader {
    /// Checks that each host answers, with any status.
    pub(crate) async fn connect(self: Arc<Self>) -> Result<(), InstallError> {
        for allow in &self.rules.allow {
            let Domain::Exactly(host) = &allow.domain else {
                continue;
            };
            let Some(url) = self.probe(&host.to_string(), allow.path.as_str()) else {
                continue;
            };
            self.reach(&url).await.map_err(|error| hint(&host.to_string(), error))?;
        }
        Ok(())
    }

    async fn reach(&self, url: &Url) -> Result<(), RemoteError> {
        self.rules
            .check(url, true)
            .map_err(|refusal| RemoteError::refused(url, refusal))?;
        self.send(url, Method::HEAD, HeaderMap::new()).await.map(drop)
    }

    /// A URL of the host with the first scheme, and with the default port or, if that is not allowed, the first that
    /// is.
    fn probe(&self, host: &str, path: &str) -> Option<Url> {
        let scheme = self.rules.schemes.first()?;
        let usual = match scheme {
            Scheme::Https => 443,
            Scheme::Http => 80,
        };
        let ports = &self.rules.ports;
        let port = ports.iter().find(|port| **port == usual).or(ports.first())?;
        Url::parse(&format!("{}://{host}:{port}{}", scheme.name(), encoded(path))).ok()
    }
}

fn hint(host: &str, error: RemoteError) -> InstallError {
    match error {
        RemoteError::Address { cause, .. }
        | RemoteError::Refused {
            refusal: Refusal::Address(cause),
            ..
        } => {
            let message = format!("{host} is not read from: {cause}");
            InstallError::setting("allow_addresses", message)
        }
        error => {
            let cause = Error::from(error).cause().unwrap_or_default();
            let message = format!("{host} cannot be reached ({cause}); correct the domain, or see that it answers");
            InstallError::setting("allow", message)
        }
    }
}
