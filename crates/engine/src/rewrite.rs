//! The second step of a walk: plugins rewrite path and query, add defaults to those of the server, have the last word;
//! then the query is parsed into instructions and the request is frozen.

use std::time::Instant;

use resizer_imaging::Instructions;
use resizer_plugin_api::{DefaultsEvent, ImageRequest};

use crate::fire::fire;
use crate::site::Site;
use crate::stop::Stop;
use crate::walk::Draft;

/// Fires the three rewrite events in their order and freezes what they made.
pub(crate) fn rewrite(site: &Site, mut draft: Draft, now: &mut Instant) -> Result<ImageRequest, Stop> {
    let table = &site.table;
    fire("on_rewrite", &table.on_rewrite, now, |handler| {
        handler(&mut draft.event())
    })?;

    // Before those of the plugins, which know better: of two defaults for one key the later holds.
    let mut defaults = site.server().default_commands.query().clone();
    fire("on_rewrite_defaults", &table.on_rewrite_defaults, now, |handler| {
        handler(&mut DefaultsEvent::new(
            &draft.head,
            &draft.path,
            &draft.query,
            &mut draft.state,
            &mut defaults,
        ))
    })?;
    // What the URL has stays, even with an empty value, as ImageResizer counts presence.
    for (key, value) in defaults.iter() {
        if !draft.query.contains(key) {
            draft.query.set(key, value);
        }
    }

    fire("on_post_rewrite", &table.on_post_rewrite, now, |handler| {
        handler(&mut draft.event())
    })?;

    let (instructions, ignored) = Instructions::parse(draft.query.iter());
    for ignored in ignored {
        tracing::debug!(path = draft.path, "{ignored}");
    }
    Ok(ImageRequest::new(
        draft.head,
        draft.path,
        draft.query,
        instructions,
        draft.state,
    ))
}
