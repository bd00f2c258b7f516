//! Lazy timeout: a timeout whose timer starts only when the future has to wait. For futures that are mostly ready at
//! once: a cache in memory, a walk that ends in one. Elsewhere tokio's own `timeout` does.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Runs `future` for `limit` at most, counted from the first time that it has to wait. A future that never waits costs
/// neither a timer nor a look at the clock.
///
/// # Errors
/// The future took longer.
pub(crate) async fn lazy_timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
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
    async fn future_beyond_the_limit_times_out() {
        let check = async |takes: u64, expected: Option<u64>| {
            let work = async {
                tokio::time::sleep(Duration::from_secs(takes)).await;
                takes
            };
            assert_eq!(lazy_timeout(Duration::from_secs(5), work).await.ok(), expected);
        };
        check(4, Some(4)).await;
        check(6, None).await;
        assert_eq!(lazy_timeout(Duration::ZERO, async { 1 }).await.ok(), Some(1));
    }
}
