//! Negative cache: remembers for a short time that a store said 404 or 403, so that a missing image costs its store one
//! question. Filled by `locate` after a stat and after a fetch, asked before either, emptied by `purge`. Plugins are
//! asked about a missing image each time.
//!
//! The key has the prefix beside the source, because one entry of `plugins.toml` may be refused what another may read.

use std::time::{Duration, Instant};

use moka::sync::Cache;
use resizer_plugin_api::engine::MountedSource;
use resizer_plugin_api::{Error, ErrorKind, SourceKey, UrlPrefix};

use crate::purge_epoch::PurgeEpoch;
use crate::site::Site;

/// Bytes that all entries may take together. A bound in bytes, because clients choose how many names there are and how
/// long.
const MOST_BYTES: u64 = 4 << 20;
/// Bytes that an entry takes beside its name, roughly.
const OVERHEAD: usize = 300;

/// The cache.
#[derive(Debug)]
pub(crate) struct NegativeCache(Cache<(UrlPrefix, SourceKey), Refusal>);

#[derive(Clone, Debug)]
struct Refusal {
    error: Error,
    at: Instant,
}

impl NegativeCache {
    pub(crate) fn new() -> Self {
        let weight = |(prefix, source): &(UrlPrefix, SourceKey), _: &Refusal| {
            let bytes = prefix.as_str().len() + source.as_str().len() + OVERHEAD;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MOST_BYTES).weigher(weight).build())
    }

    /// The error that the store answered with, within its time to live.
    pub(crate) fn known(&self, site: &Site, mount: &MountedSource, source: &SourceKey) -> Option<Error> {
        let time = time_to_live(site, mount);
        if time.is_zero() {
            return None;
        }
        let refusal = self.0.get(&(mount.prefix.clone(), source.clone()))?;
        (refusal.at.elapsed() < time).then_some(refusal.error)
    }

    /// Notes an error if it says that the source is missing or forbidden. An entry that is still in force keeps its
    /// time.
    pub(crate) fn note(
        &self,
        site: &Site,
        mount: &MountedSource,
        epoch: &PurgeEpoch,
        source: &SourceKey,
        error: &Error,
    ) {
        let is_refusal = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden);
        if !is_refusal || time_to_live(site, mount).is_zero() || self.known(site, mount, source).is_some() {
            return;
        }
        let refusal = Refusal {
            error: error.clone(),
            at: Instant::now(),
        };
        let name = (mount.prefix.clone(), source.clone());
        epoch.remember(source, || self.0.insert(name, refusal));
    }

    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SourceKey) -> bool) {
        let meant = self.0.iter().filter(|(name, _)| is_meant(&name.1));
        meant.for_each(|(name, _)| self.0.invalidate(&*name));
    }
}

/// The time to live of an entry: `missing_memory`. Where stats are asked for, it is not longer than that of a stat.
fn time_to_live(site: &Site, mount: &MountedSource) -> Duration {
    let time = site.server().missing_memory.0;
    if mount.policy.fast {
        time
    } else {
        time.min(mount.policy.check_modified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_with_names_of_any_length_stay_within_the_bound() {
        let cache = NegativeCache::new();
        let prefix: UrlPrefix = "/a/".parse().unwrap();
        for name in 0..2_000 {
            let source = SourceKey::new(format!("{name}").repeat(1 + name % 2_000));
            let refusal = Refusal {
                error: Error::not_found(),
                at: Instant::now(),
            };
            cache.0.insert((prefix.clone(), source), refusal);
        }
        cache.0.run_pending_tasks();
        let kept = cache.0.iter().map(|(name, _)| name.1.as_str().len() as u64);
        let bytes: u64 = kept.sum();
        assert!((1..=MOST_BYTES).contains(&bytes), "{bytes} bytes");
    }
}
