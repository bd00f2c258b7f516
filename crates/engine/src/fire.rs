//! Event dispatch: calls the handlers of one event in file order. A handler that answers or fails ends the walk. The
//! log names a slow handler, because it holds up every client of its thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use resizer_imaging::SizeLimits;
use resizer_plugin_api::engine::{Given, RewriteHandler};
use resizer_plugin_api::{Flow, HookResult};

use crate::changes::{of_query, of_text};
use crate::draft::Draft;
use crate::flight::panicked;
use crate::stop::Stop;
use crate::trail::Trail;

/// A handler that takes longer does work that belongs into a service.
const SLOW: Duration = Duration::from_millis(5);

/// Calls each handler through `call` until one answers or fails.
pub(crate) fn fire<H>(
    event: &'static str,
    handlers: &[Given<H>],
    trail: &mut Trail,
    mut call: impl FnMut(&H) -> HookResult,
) -> Result<(), Stop> {
    for handler in handlers {
        match watched(event, handler, trail, &mut call) {
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

/// [`fire`] for handlers that may rewrite the draft.
pub(crate) fn fire_on_draft(
    event: &'static str,
    handlers: &[Given<RewriteHandler>],
    draft: &mut Draft,
    trail: &mut Trail,
) -> Result<(), Stop> {
    for handler in handlers {
        let before = trail
            .records_changes()
            .then(|| (draft.path.clone(), draft.query.clone(), limits_of(draft)));
        let fired = fire(event, std::slice::from_ref(handler), trail, |handler| {
            handler(&mut draft.event())
        });
        if let Some((path, query, limits)) = before {
            let mut changes: Vec<String> = of_text("path", &path, &draft.path).into_iter().collect();
            changes.extend(of_query(&query, &draft.query));
            let limits = Some(limits_of(draft)).filter(|now| *now != limits);
            changes.extend(limits.map(|limits| format!("the size is limited: {limits}")));
            changes.extend(fired.as_ref().err().map(Stop::in_words));
            trail.changed(event, handler.plugin, changes);
        }
        fired?;
    }
    Ok(())
}

fn limits_of(draft: &Draft) -> SizeLimits {
    draft.state.get().copied().unwrap_or_default()
}

/// Calls one handler. It is timed from the last reading of the trail's clock. A panic becomes an error, and the log
/// names the plugin.
pub(crate) fn watched<H>(
    event: &'static str,
    handler: &Given<H>,
    trail: &mut Trail,
    call: impl FnOnce(&H) -> HookResult,
) -> HookResult {
    let result = catch_unwind(AssertUnwindSafe(|| call(&handler.value)));
    let took = trail.lap();
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
