//! Waiting with a limit, for what is mostly there at once: a cache in memory, a walk that ends in it. Used by `walk` and
//! `chain`; where the wait is certain, tokio's own `timeout` does.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// What the future gives, if that takes no longer than `limit`, counted from the first time that it has to wait. One that
/// never waits costs neither a timer nor a look at the clock.
///
/// # Errors
/// It took longer.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    if let Poll::Ready(ready) = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await {
        return Ok(ready);
    }
    timeout(limit, future).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_waits_is_waited_for_as_long_as_the_limit() {
        let check = async |takes: u64, expected: Option<u64>| {
            let work = async {
                tokio::time::sleep(Duration::from_secs(takes)).await;
                takes
            };
            assert_eq!(within(Duration::from_secs(5), work).await.ok(), expected);
        };
        check(4, Some(4)).await;
        check(6, None).await;
        assert_eq!(within(Duration::ZERO, async { 1 }).await.ok(), Some(1));
    }
}
