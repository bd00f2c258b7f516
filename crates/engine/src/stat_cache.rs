//! Stat cache: the last answer of a store about each source, and when the store gave it. `locate` decides for how long
//! an answer is used, `purge` removes answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use foldhash::quality::RandomState;
use moka::ops::compute::{CompResult, Op};
use moka::sync::Cache;
use parking_lot::Mutex;
use resizer_plugin_api::{SourceKey, Stat, UrlPrefix, Validator};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::located::Located;
use crate::purge_epoch::PurgeEpoch;

/// How many sources of one prefix are revalidated in the background at once. Nobody waits for these answers, so nothing
/// else bounds the tasks that a silent store would collect.
const REVALIDATIONS: usize = 64;

/// The cache.
pub(crate) struct StatCache {
    stats: Cache<SourceKey, CachedStat, RandomState>,
    /// By prefix, so that a silent store holds up no other store.
    revalidations: Mutex<HashMap<UrlPrefix, Arc<Semaphore>>>,
}

/// One answer of a store.
#[derive(Clone, Debug)]
pub(crate) struct CachedStat {
    pub(crate) stat: Stat,
    /// When the store was asked.
    pub(crate) asked: Instant,
    /// When the store was last asked again, if it has not answered that question.
    pub(crate) retried: Option<Instant>,
}

impl StatCache {
    /// A cache with room for `entries` sources.
    pub(crate) fn new(entries: u64) -> Self {
        let stats = Cache::builder().max_capacity(entries);
        Self {
            stats: stats.build_with_hasher(RandomState::default()),
            revalidations: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, key: &SourceKey) -> Option<CachedStat> {
        self.stats.get(key)
    }

    /// The version of the source that requests are answered with at present.
    pub(crate) fn version(&self, key: &SourceKey) -> Option<Validator> {
        self.get(key)?.stat.validator
    }

    /// Caches an answer, unless the store has told nothing or the source was purged since the question.
    pub(crate) fn insert(&self, epoch: &PurgeEpoch, key: SourceKey, stat: Stat, asked: Instant) {
        if stat != Stat::unknown() {
            let retried = None;
            let source = key.clone();
            let cached = CachedStat { stat, asked, retried };
            epoch.remember(&source, || self.stats.insert(key, cached));
        }
    }

    /// Replaces an answer by the stat that came with the source's bytes. Does nothing for a store whose stats have no
    /// validator: its results are looked up without one, now and later.
    pub(crate) fn update(&self, located: &Located, stat: Stat) {
        if located.stat.validator.is_some() && stat.validator.is_some() {
            self.insert(&located.epoch, located.key.clone(), stat, Instant::now());
        }
    }

    /// Notes that the store is being asked again. `false` if another request noted so first, or if the entry `before`
    /// is no longer in the cache: an entry that was replaced or removed never comes back.
    pub(crate) fn note_retry(&self, key: &SourceKey, before: &CachedStat) -> bool {
        let noted = self.stats.entry_by_ref(key).and_compute_with(|now| match now {
            Some(now) if now.value().asked == before.asked && now.value().retried == before.retried => {
                Op::Put(CachedStat {
                    retried: Some(Instant::now()),
                    ..before.clone()
                })
            }
            _ => Op::Nop,
        });
        matches!(noted, CompResult::ReplacedWith(_))
    }

    /// Leave to revalidate one source of this prefix in the background; `None` if too many are being revalidated.
    pub(crate) fn revalidation_permit(&self, prefix: &UrlPrefix) -> Option<OwnedSemaphorePermit> {
        let mut revalidations = self.revalidations.lock();
        let new = || Arc::new(Semaphore::new(REVALIDATIONS));
        let permits = revalidations.entry(prefix.clone()).or_insert_with(new);
        Arc::clone(permits).try_acquire_owned().ok()
    }

    pub(crate) fn remove(&self, key: &SourceKey) {
        self.stats.invalidate(key);
    }

    pub(crate) fn remove_all(&self, is_meant: impl Fn(&SourceKey) -> bool) {
        let meant = self.stats.iter().filter(|(source, _)| is_meant(source));
        meant.for_each(|(source, _)| self.stats.invalidate(&*source));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_of_a_replaced_or_removed_entry_changes_nothing() {
        let (cache, key) = (StatCache::new(9), SourceKey::new("a"));
        let answer = |version: &'static str| CachedStat {
            stat: Stat::known(Validator::new(version), 1, None),
            asked: Instant::now(),
            retried: None,
        };
        let now = || {
            cache
                .get(&key)
                .map(|cached| (cached.stat.validator, cached.retried.is_some()))
        };
        let old = answer("old");
        cache.stats.insert(key.clone(), old.clone());
        assert!(cache.note_retry(&key, &old));
        assert_eq!(now(), Some((Some(Validator::new("old")), true)));
        assert!(!cache.note_retry(&key, &old), "another request is asking");
        cache.stats.insert(key.clone(), answer("new"));
        assert!(!cache.note_retry(&key, &old));
        assert_eq!(
            now(),
            Some((Some(Validator::new("new")), false)),
            "the store answered another request"
        );
        cache.remove(&key);
        assert!(!cache.note_retry(&key, &old));
        assert_eq!(now(), None, "another request learned that the source is gone");
    }
}
