//! What was asked for and is not there, or may not be read: believed for a short while, so that a name that many ask for
//! costs its store one question. Noted where a store is asked (`locate`) and where its bytes are fetched; looked at before
//! either. What plugins say of a missing image is asked each time. Forgotten by `purge`.
//!
//! By prefix as well as by source: one entry of `plugins.toml` may be refused what another may read.

use std::time::{Duration, Instant};

use moka::sync::Cache;
use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{Error, ErrorKind, SourceKey, UrlPrefix};

use crate::generation::Generation;
use crate::site::Site;

/// Bytes that all names together may take; clients choose how many there are, and how long.
const MOST_BYTES: u64 = 4 << 20;
/// What an entry takes beside its name, roughly.
const OVERHEAD: usize = 300;

/// The memory.
#[derive(Debug)]
pub(crate) struct Missing(Cache<(UrlPrefix, SourceKey), Absent>);

#[derive(Clone, Debug)]
struct Absent {
    error: Error,
    at: Instant,
}

impl Missing {
    pub(crate) fn new() -> Self {
        let weight = |(prefix, source): &(UrlPrefix, SourceKey), _: &Absent| {
            let bytes = prefix.as_str().len() + source.as_str().len() + OVERHEAD;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST_BYTES).weigher(weight).build())
    }

    /// What the store said, if that was not too long ago.
    pub(crate) fn known(&self, site: &Site, mount: &MountedSource, source: &SourceKey) -> Option<Error> {
        let life = life(site, mount);
        if life.is_zero() {
            return None;
        }
        let absent = self.0.get(&(mount.prefix.clone(), source.clone()))?;
        (absent.at.elapsed() < life).then_some(absent.error)
    }

    /// Notes that a store has just said no. What is known already is not believed for longer.
    pub(crate) fn note(
        &self,
        site: &Site,
        mount: &MountedSource,
        generation: &Generation,
        source: &SourceKey,
        error: &Error,
    ) {
        let says_no = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden);
        if !says_no || life(site, mount).is_zero() || self.known(site, mount, source).is_some() {
            return;
        }
        let absent = Absent {
            error: error.clone(),
            at: Instant::now(),
        };
        let name = (mount.prefix.clone(), source.clone());
        generation.remember(source, || self.0.insert(name, absent));
    }

    /// Forgets the sources that are meant.
    pub(crate) fn forget(&self, is_meant: impl Fn(&SourceKey) -> bool) {
        let meant = self.0.iter().filter(|(name, _)| is_meant(&name.1));
        meant.for_each(|(name, _)| self.0.invalidate(&*name));
    }
}

/// How long a store's no is believed: where it is asked whether images changed, no longer than its yes.
fn life(site: &Site, mount: &MountedSource) -> Duration {
    let life = site.server().missing_memory.0;
    if mount.policy.fast {
        life
    } else {
        life.min(mount.policy.check_modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_take_no_more_than_their_share() {
        let missing = Missing::new();
        let prefix: UrlPrefix = "/a/".parse().unwrap();
        for name in 0..2_000 {
            let source = SourceKey::new(format!("{name}").repeat(1 + name % 2_000));
            let absent = Absent {
                error: Error::not_found(),
                at: Instant::now(),
            };
            missing.0.insert((prefix.clone(), source), absent);
        }
        missing.0.run_pending_tasks();
        let kept = missing.0.iter().map(|(name, _)| name.1.as_str().len() as u64);
        let bytes: u64 = kept.sum();
        assert!((1..=MOST_BYTES).contains(&bytes), "{bytes} bytes");
    }
}
