//! Calls the handlers of one event in file order. A handler that answers or fails ends the walk; one that takes long is
//! named in the log, because it holds up all that its thread serves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use resizer_plugin_api::engine::Given;
use resizer_plugin_api::{Flow, HookResult};

use crate::flight::panicked;
use crate::stop::Stop;

/// Above this, a handler is doing what belongs into a service.
const SLOW: Duration = Duration::from_millis(5);

/// Calls each handler through `call` until one answers or fails. `now` is when the clock was last looked at, at the end
/// as at the beginning: each look costs a hit as much as a small handler.
pub(crate) fn fire<H>(
    event: &'static str,
    handlers: &[Given<H>],
    now: &mut Instant,
    mut call: impl FnMut(&H) -> HookResult,
) -> Result<(), Stop> {
    for handler in handlers {
        match watched(event, handler, now, &mut call) {
            Ok(Flow::Continue) => {}
            Ok(Flow::Respond(reply)) => {
                tracing::debug!(plugin = handler.plugin, event, "answered by a hook");
                return Err(Stop::Answer(Box::new(reply)));
            }
            Err(error) => {
                tracing::debug!(plugin = handler.plugin, event, %error, "refused by a hook");
                return Err(Stop::Error(error));
            }
        }
    }
    Ok(())
}

/// Calls one handler, which begins when the clock was last looked at; a panic is an error, and the log names the plugin.
pub(crate) fn watched<H>(
    event: &'static str,
    handler: &Given<H>,
    now: &mut Instant,
    call: impl FnOnce(&H) -> HookResult,
) -> HookResult {
    let result = catch_unwind(AssertUnwindSafe(|| call(&handler.value)));
    let ended = Instant::now();
    let took = ended - std::mem::replace(now, ended);
    if took > SLOW {
        tracing::warn!(
            plugin = handler.plugin,
            event,
            ?took,
            "a handler is slow: waiting belongs into a service"
        );
    }
    result.unwrap_or_else(|panic| {
        let error = panicked(&*panic);
        tracing::error!(
            plugin = handler.plugin,
            event,
            cause = error.cause(),
            "a handler panicked"
        );
        Err(error)
    })
}
