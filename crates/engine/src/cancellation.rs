//! Cancellation of work that nobody waits for any more. A flight's last waiter cancels. The codecs read the token and
//! stop, and the pool measures how long they took to stop.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use resizer_imaging::Cancel;

/// Shared between a flight and its work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cancellation {
    token: Cancel,
    at: Arc<OnceLock<Instant>>,
}

impl Cancellation {
    /// Cancels the work. The first call counts.
    pub(crate) fn cancel(&self) {
        self.at.get_or_init(Instant::now);
        self.token.cancel();
    }

    /// The token that the codecs read.
    pub(crate) fn token(&self) -> &Cancel {
        &self.token
    }

    /// When the work was cancelled, if it was.
    pub(crate) fn cancelled_at(&self) -> Option<Instant> {
        self.at.get().copied()
    }
}
