//! Store failure contract: the behaviour of a [`Source`] whose store, across a network, refuses, is silent or breaks
//! off. A plugin's `tests/contract.rs` passes a source whose timeouts for a connection and for each answer are about a
//! second, so that the suite ends soon.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourcePath, Stat, Want};
use tokio::time::{Instant, sleep, timeout};

use super::faulty_proxy::{FaultyProxy, Mode};
use super::{fail, pattern, read_all, same_bytes};

/// A store that its source reaches only through a [`FaultyProxy`].
#[async_trait]
pub trait FaultyStore: Send + Sync {
    /// The source, always the same.
    fn source(&self) -> Arc<dyn Source>;
    /// The proxy between the source and its store.
    fn proxy(&self) -> &FaultyProxy;
    /// Creates an object, not through the source or the proxy.
    async fn put(&self, path: &str, bytes: &[u8]);
    /// Secret parts of the settings, which neither a client nor a log may show: passwords, keys, signatures.
    fn secrets(&self) -> Vec<String>;
}

const PATH: &str = "proxy/there.jpg";
const ABSENT: &str = "proxy/absent.jpg";
const LENGTH: usize = 3_000_000;
/// The time in which a source with timeouts of a second has to give up or to recover, with retries and on a busy
/// machine.
const TIMEOUT: Duration = Duration::from_secs(20);
/// More connections than any client keeps in its pool for one store, and fewer than the suite drops.
const POOL: usize = 16;

/// Runs the whole suite. A failure panics with a sentence about what was expected.
pub async fn store_failure_contract(store: &dyn FaultyStore) {
    let bytes = pattern(6, LENGTH);
    store.put(PATH, &bytes).await;
    let suite = Suite {
        source: &*store.source(),
        proxy: store.proxy(),
        secrets: store.secrets(),
        known: timeout_is_a_failure("a stat without proxy", store.source().stat(&path(PATH))).await,
        bytes,
    };
    suite.recovers("before any proxy").await;
    for mode in [Mode::Refuse, Mode::Silent] {
        suite.nothing_is_known(mode).await;
        suite.recovers(&format!("after {mode:?}")).await;
    }
    for after in [0, 1, 20, 300, 65_000, 1_500_000, LENGTH as u64 - 1] {
        for mode in [Mode::Cut { after }, Mode::Stall { after }] {
            suite.all_or_an_error(mode).await;
            suite.recovers(&format!("after {mode:?}")).await;
        }
    }
    suite.left_downloads_close(Mode::Pass).await;
    suite.left_downloads_close(Mode::Stall { after: 100_000 }).await;
    suite.recovers("in the end").await;
}

struct Suite<'s> {
    source: &'s dyn Source,
    proxy: &'s FaultyProxy,
    secrets: Vec<String>,
    known: Result<Stat, Error>,
    bytes: Vec<u8>,
}

impl Suite<'_> {
    /// A store that does not answer proves neither that an image exists, nor that it does not.
    async fn nothing_is_known(&self, mode: Mode) {
        self.proxy.set(mode);
        for name in [PATH, ABSENT] {
            let what = format!("a stat of {name} in mode {mode:?}");
            match timeout_is_a_failure(&what, self.source.stat(&path(name))).await {
                Ok(stat) if stat == Stat::unknown() => {}
                Err(error) => self.blames_the_store(&error, &what),
                other => fail(&format!("{what} fails, not {other:?}")),
            }
            let what = format!("a fetch of {name} in mode {mode:?}");
            match timeout_is_a_failure(&what, self.whole(name)).await {
                Err(error) => self.blames_the_store(&error, &what),
                Ok(bytes) => fail(&format!("{what} fails, not {} bytes", bytes.len())),
            }
        }
    }

    /// A source may fetch a missing part again. In the end its download is whole, or an error.
    async fn all_or_an_error(&self, mode: Mode) {
        self.proxy.set(mode);
        let what = format!("a stat in mode {mode:?}");
        match timeout_is_a_failure(&what, self.source.stat(&path(PATH))).await {
            Ok(stat) => {
                let known = self.known.as_ref().ok();
                assert_eq!(Some(&stat), known, "{what} says what it says without proxy");
            }
            Err(error) => self.blames_the_store(&error, &what),
        }
        let what = format!("the object in mode {mode:?}");
        match timeout_is_a_failure(&what, self.whole(PATH)).await {
            Ok(bytes) => same_bytes(&bytes, &self.bytes, &what),
            Err(error) => self.blames_the_store(&error, &what),
        }
    }

    /// A broken connection may fail once more when it is used again, but the source recovers soon.
    async fn recovers(&self, when: &str) {
        self.proxy.set(Mode::Pass);
        let since = Instant::now();
        loop {
            let what = format!("the object {when}, the store being well");
            match timeout_is_a_failure(&what, self.whole(PATH)).await {
                Ok(bytes) => return same_bytes(&bytes, &self.bytes, &what),
                Err(error) if since.elapsed() < TIMEOUT => self.blames_the_store(&error, &what),
                Err(error) => fail(&format!("{what} comes at last, not {error:?}")),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn left_downloads_close(&self, mode: Mode) {
        self.proxy.set(mode);
        let what = format!("downloads that are left after their first piece in mode {mode:?}");
        let asked = (0..2 * POOL).map(|_| async {
            if let Ok(Fetch::Download(mut download)) = self.source.fetch(&path(PATH), Want::whole()).await {
                // The rest is never read, whether or not this piece has come.
                let _ = download.bytes.next().await;
            }
        });
        timeout_is_a_failure(&what, join_all(asked)).await;
        let since = Instant::now();
        while self.proxy.open() > POOL {
            if since.elapsed() > TIMEOUT {
                let open = self.proxy.open();
                fail(&format!("{what} leave at most {POOL} connections open, not {open}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn whole(&self, name: &str) -> Result<Vec<u8>, Error> {
        match self.source.fetch(&path(name), Want::whole()).await? {
            Fetch::Download(download) => read_all(download.bytes).await,
            Fetch::Unchanged => fail("`Unchanged` answers only a fetch with a validator"),
        }
    }

    /// The error leads to 502 or 504. Its message shows no address, its cause no secret.
    fn blames_the_store(&self, error: &Error, what: &str) {
        if !matches!(error.kind(), ErrorKind::Upstream | ErrorKind::Timeout) {
            fail(&format!("{what} fails with Upstream or Timeout, not {error:?}"));
        }
        let port = self.proxy.address().port().to_string();
        for part in ["127.0.0.1", "localhost", &port] {
            if error.message().contains(part) {
                fail(&format!(
                    "{what}: the client does not hear {part:?}, yet {:?}",
                    error.message()
                ));
            }
        }
        let cause = error
            .cause()
            .unwrap_or_else(|| fail(&format!("{what}: the log hears why: {error:?}")));
        for secret in &self.secrets {
            if error.message().contains(secret) || cause.contains(secret) || format!("{error:?}").contains(secret) {
                fail(&format!("{what}: nobody hears a secret, yet {error:?}"));
            }
        }
    }
}

fn path(name: &str) -> SourcePath {
    SourcePath::parse(name).unwrap_or_else(|error| fail(&format!("{name:?} is a source path: {error}")))
}

async fn timeout_is_a_failure<T: Debug>(what: &str, work: impl Future<Output = T>) -> T {
    timeout(TIMEOUT, work)
        .await
        .unwrap_or_else(|_| fail(&format!("{what} is over within {TIMEOUT:?}")))
}

#[cfg(test)]
mod tests;
