//! What every [`Source`] does whose store lies across a network, when the store refuses, falls silent or breaks off. A
//! plugin's `tests/contract.rs` gives the suite a source whose client was told to wait about a second for a connection
//! and for each answer, so that the suite ends soon.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use resizer_plugin_api::{Error, ErrorKind, Fetch, Source, SourcePath, Stat, Want};
use tokio::time::{Instant, sleep, timeout};

use super::trouble::{Mode, Trouble};
use super::{fail, pattern, read_all, same_bytes};

/// A store whose source reaches it through a [`Trouble`] only.
#[async_trait]
pub trait TroubledStore: Send + Sync {
    /// The source, always the same.
    fn source(&self) -> Arc<dyn Source>;
    /// What lies between the source and its store.
    fn trouble(&self) -> &Trouble;
    /// Creates an object, by another way than through the source and the proxy.
    async fn put(&self, path: &str, bytes: &[u8]);
    /// Parts of the settings that nobody may read, neither a client nor a log: passwords, keys, signatures.
    fn secrets(&self) -> Vec<String>;
}

const PATH: &str = "trouble/there.jpg";
const ABSENT: &str = "trouble/absent.jpg";
const LENGTH: usize = 3_000_000;
/// How long a source with timeouts of a second may take to give up or to recover, retries and a busy machine included.
const PATIENCE: Duration = Duration::from_secs(20);
/// More connections than any client keeps in its pool for one store, fewer than the suite lets fail.
const POOL: usize = 16;

/// Runs the whole suite. Fails, by panicking, with a sentence that says what was expected.
pub async fn trouble_contract(store: &dyn TroubledStore) {
    let bytes = pattern(6, LENGTH);
    store.put(PATH, &bytes).await;
    let suite = Suite {
        source: &*store.source(),
        trouble: store.trouble(),
        secrets: store.secrets(),
        known: timeout_is_a_failure("a stat without trouble", store.source().stat(&path(PATH))).await,
        bytes,
    };
    suite.recovers("before any trouble").await;
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
    trouble: &'s Trouble,
    secrets: Vec<String>,
    known: Result<Stat, Error>,
    bytes: Vec<u8>,
}

impl Suite<'_> {
    /// A store that does not answer is no proof that an image does not exist, nor that it does.
    async fn nothing_is_known(&self, mode: Mode) {
        self.trouble.set(mode);
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

    /// A source may ask again for what is missing. What it gives in the end is whole, or an error.
    async fn all_or_an_error(&self, mode: Mode) {
        self.trouble.set(mode);
        let what = format!("a stat in mode {mode:?}");
        match timeout_is_a_failure(&what, self.source.stat(&path(PATH))).await {
            Ok(stat) => {
                let known = self.known.as_ref().ok();
                assert_eq!(Some(&stat), known, "{what} says what it says without trouble");
            }
            Err(error) => self.blames_the_store(&error, &what),
        }
        let what = format!("the object in mode {mode:?}");
        match timeout_is_a_failure(&what, self.whole(PATH)).await {
            Ok(bytes) => same_bytes(&bytes, &self.bytes, &what),
            Err(error) => self.blames_the_store(&error, &what),
        }
    }

    /// Connections that broke may fail once more when they are used again; the store is not blamed for long.
    async fn recovers(&self, when: &str) {
        self.trouble.set(Mode::Pass);
        let since = Instant::now();
        loop {
            let what = format!("the object {when}, the store being well");
            match timeout_is_a_failure(&what, self.whole(PATH)).await {
                Ok(bytes) => return same_bytes(&bytes, &self.bytes, &what),
                Err(error) if since.elapsed() < PATIENCE => self.blames_the_store(&error, &what),
                Err(error) => fail(&format!("{what} comes at last, not {error:?}")),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn left_downloads_close(&self, mode: Mode) {
        self.trouble.set(mode);
        let what = format!("downloads that are left after their first piece in mode {mode:?}");
        let asked = (0..2 * POOL).map(|_| async {
            if let Ok(Fetch::Download(mut download)) = self.source.fetch(&path(PATH), Want::whole()).await {
                // Nobody reads the rest, whether or not this much has come.
                let _ = download.bytes.next().await;
            }
        });
        timeout_is_a_failure(&what, join_all(asked)).await;
        let since = Instant::now();
        while self.trouble.open() > POOL {
            if since.elapsed() > PATIENCE {
                let open = self.trouble.open();
                fail(&format!("{what} leave at most {POOL} connections open, not {open}"));
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn whole(&self, name: &str) -> Result<Vec<u8>, Error> {
        match self.source.fetch(&path(name), Want::whole()).await? {
            Fetch::Download(download) => read_all(download.bytes).await,
            Fetch::Unchanged => fail("`Unchanged` answers only who names a validator"),
        }
    }

    /// The error's kind leads to 502 or 504, and nobody reads what does not concern them.
    fn blames_the_store(&self, error: &Error, what: &str) {
        if !matches!(error.kind(), ErrorKind::Upstream | ErrorKind::Timeout) {
            fail(&format!("{what} fails with Upstream or Timeout, not {error:?}"));
        }
        let port = self.trouble.address().port().to_string();
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
    timeout(PATIENCE, work)
        .await
        .unwrap_or_else(|_| fail(&format!("{what} is over within {PATIENCE:?}")))
}

#[cfg(test)]
mod tests;
