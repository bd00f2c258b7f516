//! The moment at which nobody waits for a piece of work any more. Raised by a flight's last waiter; read by the codecs
//! (which stop) and by the pool (which counts how long they took to).

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use resizer_imaging::Cancel;

/// Shared between a flight and the work it pays for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaving {
    cancel: Cancel,
    at: Arc<OnceLock<Instant>>,
}

impl Leaving {
    /// Nobody waits any more.
    pub(crate) fn leave(&self) {
        self.at.get_or_init(Instant::now);
        self.cancel.cancel();
    }

    /// What the codecs look at.
    pub(crate) fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// When it happened, if it did.
    pub(crate) fn at(&self) -> Option<Instant> {
        self.at.get().copied()
    }
}
