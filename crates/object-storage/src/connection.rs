//! Connection settings of a store: timeouts and retries, from a reader's settings.

use std::time::Duration;

use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use resizer_plugin_api::{InstallError, Seconds};
use sha2::{Digest as _, Sha256};

/// How often a request that failed for a passing reason is repeated.
const RETRIES: usize = 3;
/// The first pause before a retry, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The timeouts that readers of object stores have as settings.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// The timeout of connecting.
    pub connect_timeout: Duration,
    /// The longest silence of the store.
    pub read_timeout: Duration,
    /// The timeout of a whole fetch, which the engine enforces.
    pub fetch_timeout: Duration,
    /// Whether the connection is unencrypted HTTP.
    pub http: bool,
}

impl Connection {
    /// Builds the connection from the settings of these names.
    ///
    /// # Errors
    /// A timeout is zero, so that nothing could connect or be read.
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

    /// The client's options. They have no timeout for a whole download, as the engine enforces it.
    #[must_use]
    pub fn client_options(&self) -> ClientOptions {
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(self.connect_timeout)
            .with_read_timeout(self.read_timeout)
            .with_allow_http(self.http)
    }

    /// Few and short retries. None begins that could not end before the engine's timeout.
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

/// A fingerprint of a client's inputs, secrets included, that does not reveal them.
#[must_use]
pub fn fingerprint(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
