//! Which purges were and which are under way, so that no work begun before one puts old bytes back. While a purge runs, its
//! sources are closed: nothing of them is kept. When it has ended they begin another generation: work of an earlier one is
//! neither joined by newcomers nor kept. `locate` notes a request's generation; `chain` and the short memories ask it
//! before they keep anything; `purge` closes.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use resizer_plugin_api::{CacheKey, Purge, SourceKey};
use tokio::sync::{RwLock as Gate, RwLockReadGuard};

/// How many purges are remembered apart. When there are more, all sources begin another generation, which costs no more
/// than a few results that are made twice.
const REMEMBERED: usize = 256;
/// Which purges were and which are under way.
#[derive(Default)]
pub(crate) struct Purges {
    state: RwLock<State>,
    /// Held by whoever puts something into a cache; a purge waits for those who began before it.
    keeping: Gate<()>,
}

#[derive(Default)]
struct State {
    /// Counts purges, at their begin and at their end.
    last: u64,
    /// The generation of all sources that were not purged after it.
    of_all: u64,
    sources: HashMap<SourceKey, u64>,
    prefixes: HashMap<String, u64>,
    /// Under way, each under its number.
    closed: Vec<(u64, Vec<Purge>)>,
}

impl State {
    fn generation(&self, source: &SourceKey) -> u64 {
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

impl Purges {
    /// The generation that a source is in.
    pub(crate) fn generation(self: &Arc<Self>, source: &SourceKey) -> Generation {
        Generation {
            number: self.state.read().generation(source),
            purges: Arc::clone(self),
        }
    }

    /// Closes sources until what comes back is dropped. Waits for those who are keeping something.
    pub(crate) async fn close(purges: &Arc<Self>, sources: Vec<Purge>) -> Closed {
        let number = {
            let mut state = purges.state.write();
            state.last += 1;
            let number = state.last;
            state.closed.push((number, sources));
            number
        };
        let closed = Closed {
            number,
            purges: Arc::clone(purges),
        };
        drop(purges.keeping.write().await);
        closed
    }
}

/// Sources of which nothing is kept; as this is dropped, they begin another generation.
pub(crate) struct Closed {
    number: u64,
    purges: Arc<Purges>,
}

impl Drop for Closed {
    fn drop(&mut self) {
        let mut state = self.purges.state.write();
        state.last += 1;
        let at = state.closed.iter().position(|(number, _)| *number == self.number);
        if let Some(at) = at {
            let (_, sources) = state.closed.swap_remove(at);
            sources.into_iter().for_each(|what| state.remember(what));
        }
    }
}

/// What a request, and all work begun for it, knows of a source is of this generation.
#[derive(Clone)]
pub(crate) struct Generation {
    number: u64,
    purges: Arc<Purges>,
}

impl Generation {
    /// Tells it from others of the same source.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Runs what remembers something of the source, unless the source was purged since. It must be quick.
    pub(crate) fn remember(&self, source: &SourceKey, remember: impl FnOnce()) {
        let state = self.purges.state.read();
        if self.is_current(&state, source) {
            remember();
        }
    }

    /// Leave to put something of the source into caches for as long as this is held; `None` if the source was purged
    /// since, or a purge of anything is about to begin.
    pub(crate) fn keep(&self, source: &SourceKey) -> Option<RwLockReadGuard<'_, ()>> {
        let leave = self.purges.keeping.try_read().ok()?;
        self.is_current(&self.purges.state.read(), source).then_some(leave)
    }

    fn is_current(&self, state: &State, source: &SourceKey) -> bool {
        let closed = state.closed.iter().flat_map(|(_, sources)| sources);
        self.number == state.generation(source) && !closed.into_iter().any(|what| what.covers_source(source))
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Generation").field(&self.number).finish()
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
    async fn what_was_begun_before_a_purge_is_not_kept_after_it() {
        let purges = Arc::new(Purges::default());
        let (lake, hill) = (source("a:lake"), source("a:hill"));
        let before = [purges.generation(&lake), purges.generation(&hill)];
        let keeps = |generation: &Generation, source| generation.keep(source).is_some();
        assert!(keeps(&before[0], &lake));

        let putting = before[0].keep(&lake);
        let mut closing = Box::pin(Purges::close(&purges, vec![Purge::Source(lake.clone())]));
        assert!((&mut closing).now_or_never().is_none(), "it waits for the put");
        drop(putting);
        let closed = closing.await;
        let during = purges.generation(&lake);
        assert!(!keeps(&before[0], &lake) && !keeps(&during, &lake));
        assert!(keeps(&before[1], &hill), "another source is not held up");
        drop(closed);

        let after = purges.generation(&lake);
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
    async fn a_purge_covers_what_it_names_and_is_not_forgotten_over_later_ones() {
        let check = async |what: Purge, covered: bool| {
            let purges = Arc::new(Purges::default());
            let lake = source("a:lake");
            let before = purges.generation(&lake);
            drop(Purges::close(&purges, vec![what.clone()]).await);
            assert_eq!(before.keep(&lake).is_none(), covered, "{what:?}");
            for other in 0..3 * REMEMBERED {
                drop(Purges::close(&purges, vec![Purge::Source(source(&format!("b:{other}")))]).await);
            }
            let state = purges.state.read();
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
