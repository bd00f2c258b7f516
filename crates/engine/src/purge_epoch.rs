//! Purge epochs: numbers that tell work begun before a purge from work begun after it, so that no old bytes come back.
//! While a purge runs, its sources are closed: nothing of them is cached. At its end they enter a new epoch. No request
//! joins a flight of an earlier epoch, and no result of an earlier epoch is cached.
//!
//! `locate` reads the epoch of a request's source. `chain` and the short memories ask it before they cache anything.
//! `purge` closes sources.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use resizer_plugin_api::{CacheKey, Purge, SourceKey};
use tokio::sync::{RwLock as Gate, RwLockReadGuard};

/// How many purged sources and prefixes are remembered one by one. When there are more, all sources enter a new epoch.
/// That costs no more than a few results that are produced twice.
const REMEMBERED: usize = 256;

/// The epochs of all sources, and the purges under way.
#[derive(Default)]
pub(crate) struct PurgeEpochs {
    state: RwLock<State>,
    /// Read-locked by each put into a cache. A purge takes the write lock, and so waits for earlier puts.
    puts: Gate<()>,
}

#[derive(Default)]
struct State {
    /// Counts the beginnings and the ends of purges.
    last: u64,
    /// The epoch of all sources that have no later one of their own.
    of_all: u64,
    sources: HashMap<SourceKey, u64>,
    prefixes: HashMap<String, u64>,
    /// Purges under way, each under its number.
    closed: Vec<(u64, Vec<Purge>)>,
}

impl State {
    fn epoch(&self, source: &SourceKey) -> u64 {
        let prefixes = self.prefixes.iter();
        let by_prefix = prefixes.filter(|(prefix, _)| source.as_str().starts_with(*prefix));
        let by_source = self.sources.get(source);
        let purged = by_prefix.map(|(_, number)| number).chain(by_source);
        purged.copied().fold(self.of_all, u64::max)
    }

    fn remember(&mut self, what: Purge) {
        match what {
            Purge::Key(CacheKey { source, .. }) | Purge::Source(source) => _ = self.sources.insert(source, self.last),
            Purge::Prefix(prefix) => _ = self.prefixes.insert(prefix, self.last),
            Purge::All => self.of_all = self.last,
        }
        if self.of_all == self.last || self.sources.len() + self.prefixes.len() > REMEMBERED {
            self.of_all = self.last;
            self.sources.clear();
            self.prefixes.clear();
        }
    }
}

impl PurgeEpochs {
    /// The epoch that a source is in now.
    pub(crate) fn current(self: &Arc<Self>, source: &SourceKey) -> PurgeEpoch {
        PurgeEpoch {
            number: self.state.read().epoch(source),
            epochs: Arc::clone(self),
        }
    }

    /// Closes sources until the returned guard is dropped. Waits for puts into caches that are under way.
    pub(crate) async fn close(epochs: &Arc<Self>, sources: Vec<Purge>) -> Closed {
        let number = {
            let mut state = epochs.state.write();
            state.last += 1;
            let number = state.last;
            state.closed.push((number, sources));
            number
        };
        let closed = Closed {
            number,
            epochs: Arc::clone(epochs),
        };
        drop(epochs.puts.write().await);
        closed
    }
}

/// Guard of closed sources, of which nothing is cached. Its drop opens them again, in a new epoch.
pub(crate) struct Closed {
    number: u64,
    epochs: Arc<PurgeEpochs>,
}

impl Drop for Closed {
    fn drop(&mut self) {
        let mut state = self.epochs.state.write();
        state.last += 1;
        let at = state.closed.iter().position(|(number, _)| *number == self.number);
        if let Some(at) = at {
            let (_, sources) = state.closed.swap_remove(at);
            sources.into_iter().for_each(|what| state.remember(what));
        }
    }
}

/// The epoch of one source, as a request saw it. All work begun for that request belongs to this epoch.
#[derive(Clone)]
pub(crate) struct PurgeEpoch {
    number: u64,
    epochs: Arc<PurgeEpochs>,
}

impl PurgeEpoch {
    /// The number: larger than that of every earlier epoch of the source.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Runs `remember` unless the source was purged since. It runs under a lock, so it has to be quick.
    pub(crate) fn remember(&self, source: &SourceKey, remember: impl FnOnce()) {
        let state = self.epochs.state.read();
        if self.is_current(&state, source) {
            remember();
        }
    }

    /// Leave to put something of the source into caches, for as long as the guard is held. `None` if the source was
    /// purged since, or if a purge of anything is about to begin.
    pub(crate) fn put_permit(&self, source: &SourceKey) -> Option<RwLockReadGuard<'_, ()>> {
        let permit = self.epochs.puts.try_read().ok()?;
        self.is_current(&self.epochs.state.read(), source).then_some(permit)
    }

    fn is_current(&self, state: &State, source: &SourceKey) -> bool {
        let closed = state.closed.iter().flat_map(|(_, sources)| sources);
        self.number == state.epoch(source) && !closed.into_iter().any(|what| what.covers_source(source))
    }
}

impl fmt::Debug for PurgeEpoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PurgeEpoch").field(&self.number).finish()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn source(name: &str) -> SourceKey {
        SourceKey::new(name)
    }

    #[tokio::test]
    async fn work_begun_before_a_purge_is_not_cached_after_it() {
        let epochs = Arc::new(PurgeEpochs::default());
        let (lake, hill) = (source("a:lake"), source("a:hill"));
        let before = [epochs.current(&lake), epochs.current(&hill)];
        let keeps = |epoch: &PurgeEpoch, source| epoch.put_permit(source).is_some();
        assert!(keeps(&before[0], &lake));

        let putting = before[0].put_permit(&lake);
        let mut closing = Box::pin(PurgeEpochs::close(&epochs, vec![Purge::Source(lake.clone())]));
        assert!((&mut closing).now_or_never().is_none(), "the purge waits for the put");
        drop(putting);
        let closed = closing.await;
        let during = epochs.current(&lake);
        assert!(!keeps(&before[0], &lake) && !keeps(&during, &lake));
        assert!(keeps(&before[1], &hill), "another source is not held up");
        drop(closed);

        let after = epochs.current(&lake);
        assert!(keeps(&after, &lake) && !keeps(&before[0], &lake) && !keeps(&during, &lake));
        assert!(keeps(&before[1], &hill));
        assert_ne!(after.number(), before[0].number());
        let mut remembered = false;
        before[0].remember(&lake, || remembered = true);
        assert!(!remembered);
        after.remember(&lake, || remembered = true);
        assert!(remembered);
    }

    #[tokio::test]
    async fn purge_followed_by_many_others_still_covers_its_sources() {
        let check = async |what: Purge, covered: bool| {
            let epochs = Arc::new(PurgeEpochs::default());
            let lake = source("a:lake");
            let before = epochs.current(&lake);
            drop(PurgeEpochs::close(&epochs, vec![what.clone()]).await);
            assert_eq!(before.put_permit(&lake).is_none(), covered, "{what:?}");
            for other in 0..3 * REMEMBERED {
                drop(PurgeEpochs::close(&epochs, vec![Purge::Source(source(&format!("b:{other}")))]).await);
            }
            let state = epochs.state.read();
            assert!(state.sources.len() + state.prefixes.len() <= REMEMBERED);
            assert!(!before.is_current(&state, &lake), "too many to tell apart: {what:?}");
        };
        check(Purge::Source(source("a:lake")), true).await;
        check(Purge::Source(source("a:lake2")), false).await;
        check(Purge::Prefix("a:la".to_owned()), true).await;
        check(Purge::Prefix("a:lakes".to_owned()), false).await;
        check(Purge::All, true).await;
    }
}
