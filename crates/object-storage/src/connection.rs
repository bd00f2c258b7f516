//! How patiently a store is spoken to, out of a reader's settings.

use std::time::Duration;

use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use resizer_plugin_api::{InstallError, Seconds};
use sha2::{Digest as _, Sha256};

/// How often a request is sent again that failed in a way that may pass.
const RETRIES: usize = 3;
/// The first pause before a request is sent again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The times that readers of object stores have as settings.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the store may be silent.
    pub read_timeout: Duration,
    /// How long the whole may take; the engine gives up then.
    pub fetch_timeout: Duration,
    /// Whether the store is spoken to in clear text.
    pub http: bool,
}

impl Connection {
    /// Out of the settings of these names.
    ///
    /// # Errors
    /// A time of zero, in which nothing connects and nothing is read.
    pub fn new(
        connect_timeout: Seconds,
        read_timeout: Seconds,
        fetch_timeout: Seconds,
        http: bool,
    ) -> Result<Self, InstallError> {
        for (setting, time) in [("connect_timeout", connect_timeout), ("read_timeout", read_timeout)] {
            if time.0.is_zero() {
                let message = "without any time nothing is answered; give it some, as in \"5s\"";
                return Err(InstallError::setting(setting, message));
            }
        }
        Ok(Self {
            connect_timeout: connect_timeout.0,
            read_timeout: read_timeout.0,
            fetch_timeout: fetch_timeout.0,
            http,
        })
    }

    /// For the client. There is no limit to a whole download here: that is the engine's.
    #[must_use]
    pub fn client_options(&self) -> ClientOptions {
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(self.connect_timeout)
            .with_read_timeout(self.read_timeout)
            .with_allow_http(self.http)
    }

    /// Few and short retries. None begins that could not end before the engine gives up.
    #[must_use]
    pub fn retries(&self) -> RetryConfig {
        RetryConfig {
            backoff: BackoffConfig {
                init_backoff: PAUSES.0,
                max_backoff: PAUSES.1,
                base: 2.0,
            },
            max_retries: RETRIES,
            retry_timeout: self.fetch_timeout.saturating_sub(self.read_timeout),
        }
    }
}

/// Names what a client was built from, secrets included, without telling them.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
